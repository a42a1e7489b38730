#include <dirent.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "server/githttp/githttp_priv.h"

/*
 * A receive-pack that ends by a signal leaves its quarantine (it must not free
 * memory in a handler).  Which one is not known, so all go when no push of that
 * project runs: nobody else makes any.
 */

static bool
quarantine_in_use(const struct githttp *g, int64_t project)
{
	const struct xch *x;

	TAILQ_FOREACH(x, &g->all, link)
	if (x->kind == XCH_RECEIVE && x->project == project &&
	    x->pipe != NULL && !gitpipe_exited(x->pipe))
		return true;
	return false;
}

static void
quarantine_clear(struct githttp *g, int64_t project)
{
	AUTO_FREE char *repo = gitenv_repo(g->spec.env, project);
	AUTO_FREE char *objects = path_join(repo, "objects");
	DIR *d = opendir(objects);
	struct dirent *x;

	if (d == NULL)
		return;
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL) {
		struct err e = ERR_INIT;
		AUTO_FREE char *path = NULL;

		if (strncmp(x->d_name, "tmp_objdir-incoming-", 20) != 0)
			continue;
		path = path_join(objects, x->d_name);
		if (path_rmtree(path, &e) == -1)
			log_warn("githttp quarantine-left project=%lld err=%s",
			    (long long)project, log_val(e.msg));
	}
	(void)closedir(d);
}

void
quarantine_sweep(struct githttp *g, int64_t project, bool killed)
{
	if (killed)
		(void)map_put_u64(g->left, (uint64_t)project, g);
	if (map_get_u64(g->left, (uint64_t)project) == NULL ||
	    quarantine_in_use(g, project))
		return;
	(void)map_del_u64(g->left, (uint64_t)project);
	quarantine_clear(g, project);
}
