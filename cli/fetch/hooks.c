/* hooks: what this clone's git runs from within the work tree, and whom it
 * trusts. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/hooks.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	HOOKS_PATH_MAX = 4096
};

/* A path of any of the user's configurations, as git takes it; "": none. */
static int
hooks_config(struct fetch_job *j, const char *key, const char *url, char *out,
    struct err *e)
{
	const char *const argv[] = { "config", "--path",
		url == NULL ? "--get" : "--get-urlmatch", key, url, NULL };
	const struct fetch_git g = {
		.place = FETCH_CLONE, .argv = argv, .own_hooks = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git_run(j, &g, &r, e);
	struct view v = view_trim(str_view(&r.out));

	out[0] = '\0';
	if (rc == 0 && r.code == 0 && v.len >= HOOKS_PATH_MAX)
		rc = err_set(e, ERR_LIMIT, "%s", key);
	else if (rc == 0 && r.code == 0 && v.len > 0) {
		memcpy(out, v.p, v.len);
		out[v.len] = '\0';
	}
	program_result_release(&r);
	return rc;
}

int
fetch_load_trust(struct fetch_job *j, struct err *e)
{
	static const char *const keys[FETCH_TRUST] = { "http.sslCAInfo",
		"http.sslCAPath" };
	AUTO_FREE char *set = xmalloc(HOOKS_PATH_MAX);

	for (size_t i = 0; i < FETCH_TRUST; i++) {
		if (hooks_config(j, keys[i], j->c->url, set, e) == -1)
			return -1;
		if (set[0] != '\0')
			j->trust[i] = xstrdup(set);
	}
	return 0;
}

int
fetch_load_hooks(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *set = xmalloc(HOOKS_PATH_MAX);
	AUTO_FREE char *path = NULL;
	const size_t n = strlen(j->top);
	char *real;

	if (hooks_config(j, "core.hooksPath", NULL, set, e) == -1)
		return -1;
	if (set[0] == '\0')
		return 0;
	path = set[0] == '/' ? xstrdup(set) : path_join(j->top, set);
	/* One that is not there yet is told by its name. */
	if ((real = realpath(path, NULL)) == NULL)
		real = xstrdup(path);
	if (strncmp(real, j->top, n) == 0 && real[n] == '/')
		j->hooks = xstrdup(real + n + 1);
	else if (strcmp(real, j->top) == 0)
		j->hooks = xstrdup("");
	free(real);
	while (j->hooks != NULL && strncmp(j->hooks, "./", 2) == 0)
		memmove(j->hooks, j->hooks + 2, strlen(j->hooks) - 1);
	return 0;
}

bool
fetch_is_hook(const struct fetch_job *j, const char *path)
{
	size_t n;

	if (j->hooks == NULL)
		return false;
	n = strlen(j->hooks);
	while (n > 0 && j->hooks[n - 1] == '/')
		n--;
	/* The folder itself may become a link. */
	return n == 0 ? strchr(path, '/') == NULL
		      : strncmp(path, j->hooks, n) == 0 &&
		(path[n] == '/' || path[n] == '\0');
}

static void
hooks_on_change(const struct scan_change *c, void *arg)
{
	struct fetch_job *j = arg;

	if (c->new_mode != 0 && fetch_is_hook(j, c->path))
		finding_add(&j->findings, "hook", c->path, 0,
		    "the git of this clone runs it (core.hooksPath)");
}

int
fetch_find_hooks(struct fetch_job *j, struct err *e)
{
	return j->hooks == NULL
	    ? 0
	    : scan_raw(str_view(&j->raw), hooks_on_change, j, e);
}
