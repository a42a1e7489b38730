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
	AUTO_FREE char *link = NULL;
	AUTO_FREE char *root = NULL;
	char version[128];
	struct stat st;
	ssize_t n;

	if (!path_component_ok(name)) {
		(void)err_set(e, ERR_INVALID, "no profile is called that");
		return NULL;
	}
	link = xasprintf("%s/images/%s/current", h->home, name);
	n = readlink(link, version, sizeof(version) - 1);
	if (n > 0) {
		version[n] = '\0';
		root = xasprintf(
		    "%s/images/%s/%s/root", h->home, name, version);
	}
	if (n <= 0 || !path_component_ok(version) || lstat(root, &st) == -1 ||
	    !S_ISDIR(st.st_mode)) {
		(void)err_set(e, ERR_NOTFOUND,
		    "the profile %s is not built here: coffer profile build %s",
		    name, name);
		return NULL;
	}
	return STEAL(root);
}
