#include "cli/layout.h"

#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/path.h"

bool
layout_is_ready(const char *home)
{
	AUTO_FREE char *instance = path_join(home, "instance");
	AUTO_FREE char *token = path_join(home, "secrets/admin.token");

	return access(instance, R_OK) == 0 && access(token, F_OK) == 0;
}
