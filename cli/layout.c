#include "cli/layout.h"

#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/path.h"

bool
layout_is_home(const char *home)
{
	AUTO_FREE char *instance = path_join(home, "instance");
	AUTO_FREE char *token = path_join(home, "secrets/admin.token");

	return access(instance, R_OK) == 0 && access(token, F_OK) == 0;
}

bool
layout_is_ready(const char *home)
{
	AUTO_FREE char *run = path_join(home, "run");
	AUTO_FREE char *log = path_join(home, "log");

	return layout_is_home(home) && access(run, X_OK) == 0 &&
	    access(log, F_OK) == 0;
}
