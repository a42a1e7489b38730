#include "server/git/packs.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "server/git/git_env.h"

int
packs_program(char **path, struct err *e)
{
	char self[PATH_MAX];
	AUTO_FREE char *found = NULL;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return err_sys(e, ERR_IO, "/proc/self/exe");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	found = path_join(self, "../libexec/coffer/coffer-packs");
	if (access(found, X_OK) == -1)
		return err_sys(e, ERR_NOTFOUND, "%s", found);
	*path = STEAL(found);
	return 0;
}

void
packs_drop(const struct git_env *v, int64_t project)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/%" PRId64, gitenv_packs(v), project);
	AUTO_FREE char *gone = NULL;
	char tag[17];

	rnd_hex(tag, 8);
	gone = xasprintf("%s/.gone-%s", gitenv_packs(v), tag);
	if (rename(path, gone) == -1 && errno != ENOENT)
		log_error("packs drop project=%" PRId64 " err=%s", project,
		    log_val(strerror(errno)));
}
