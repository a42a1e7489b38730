#include "agentd/sandbox/profile.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

char *
profile_root(const struct sandbox_host *h, const char *name, struct err *e)
{
	AUTO_FREE char *root = xasprintf("%s/images/%s", h->home, name);
	AUTO_FREE char *tar = xasprintf("%s.tar", root);
	char version[128];
	struct stat st;
	ssize_t n;

	if (!path_component_ok(name)) {
		(void)err_set(e, ERR_INVALID, "no profile is called that");
		return NULL;
	}
	n = readlink(root, version, sizeof(version) - 1);
	if (n > 0) {
		version[n] = '\0';
		free(root);
		root = path_component_ok(version)
		    ? xasprintf("%s/images/%s", h->home, version)
		    : xstrdup("");
	}
	if ((lstat(root, &st) == 0 && S_ISDIR(st.st_mode)) ||
	    access(tar, F_OK) == 0)
		return STEAL(root);
	(void)err_set(e, ERR_NOTFOUND,
	    "the profile %s is not built here: coffer profile build %s", name,
	    name);
	return NULL;
}
