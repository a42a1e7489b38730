/* hooks: what this clone's git runs from within the work tree, and whom it
 * trusts. */
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/hooks.h"
#include "cli/program.h"
#include "findings/reach.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"
#include "lib/base/path.h"

enum {
	HOOKS_PATH_MAX = 4096,
	HOOKS_SCRIPT_MAX = 64 << 10,
	HOOKS_SCRIPTS_MAX = 500,
	HOOKS_HOPS_MAX = 40 /* as a kernel follows */
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

/* The hooks that git knows, and what a folder of hooks that is the top of a
 * tree has of it. */
static const char *const hooks_names[] = { "applypatch-msg", "pre-applypatch",
	"post-applypatch", "pre-commit", "pre-merge-commit",
	"prepare-commit-msg", "commit-msg", "post-commit", "pre-rebase",
	"post-checkout", "post-merge", "pre-push", "pre-receive", "update",
	"proc-receive", "post-receive", "post-update", "reference-transaction",
	"push-to-checkout", "pre-auto-gc", "post-rewrite", "sendemail-validate",
	"fsmonitor-watchman", "p4-changelist", "p4-prepare-changelist",
	"p4-post-changelist", "p4-pre-submit", "post-index-change", NULL };

static void
hooks_put(struct fetch_job *j, const char *path, int how)
{
	static int hows[HOOKS_READ * 2];
	const int *had = map_get(j->hooks, path);

	how |= had == NULL ? 0 : *had;
	hows[how] = how;
	(void)map_put(j->hooks, path, &hows[how]);
}

/* One more to be read, once. */
static void
hooks_read(struct fetch_job *j, const char *path)
{
	const int *had = map_get(j->hooks, path);

	if ((had != NULL && (*had & HOOKS_READ) != 0) ||
	    j->nscripts == HOOKS_SCRIPTS_MAX)
		return;
	if (j->scripts == NULL)
		j->scripts = xcalloc(HOOKS_SCRIPTS_MAX, sizeof(*j->scripts));
	j->scripts[j->nscripts++] = xstrdup(path);
}

/* An absolute path without links: of the tree, it is one that git obeys.  The
 * top itself never is. */
static void
hooks_add(struct fetch_job *j, const char *path, int how)
{
	const size_t n = strlen(j->top);
	const char *in;

	if (strncmp(path, j->top, n) != 0 || path[n] != '/')
		return;
	in = path + n + 1;
	if (in[0] == '\0' || strcmp(in, ".git") == 0 ||
	    strncmp(in, ".git/", 5) == 0)
		return;
	if ((how & HOOKS_READ) != 0)
		hooks_read(j, in);
	hooks_put(j, in, how);
}

static void
hooks_up(char *way)
{
	char *slash = strrchr(way, '/');

	if (slash != NULL)
		*slash = '\0';
}

/* A file or folder that git obeys, there or not: where it is, and each link on
 * the way, for who changes one chooses what is at its end. */
void
fetch_obeyed(struct fetch_job *j, const char *path, int how)
{
	AUTO_FREE char *target = xmalloc(HOOKS_PATH_MAX);
	AUTO_FREE char *way = xcalloc(1, HOOKS_PATH_MAX);
	AUTO_FREE char *left = xstrdup(path);
	struct view rest = view_of(left), part;
	int hops = 0;

	while (rest.len > 0 && view_split(&rest, '/', &part)) {
		const size_t at = strlen(way);
		char *next;
		ssize_t n;

		if (part.len == 0 || view_is(part, "."))
			continue;
		if (view_is(part, "..")) {
			hooks_up(way);
			continue;
		}
		if (part.len + 2 > HOOKS_PATH_MAX - at)
			return;
		way[at] = '/';
		memcpy(way + at + 1, part.p, part.len);
		way[at + 1 + part.len] = '\0';
		n = readlink(way, target, HOOKS_PATH_MAX - 1);
		if (n <= 0)
			continue;
		target[n] = '\0';
		hooks_add(j, way, HOOKS_ALL);
		if (++hops > HOOKS_HOPS_MAX)
			return;
		if (target[0] == '/')
			way[0] = '\0';
		else
			hooks_up(way);
		next = xasprintf("%s/%.*s", target, (int)rest.len,
		    rest.len == 0 ? "" : rest.p);
		free(left);
		left = next;
		rest = view_of(left);
	}
	hooks_add(j, way, how);
}

/* What a hook starts, that is no link. */
static void
hooks_script(struct fetch_job *j, const char *folder, const char *path)
{
	AUTO_STR struct str text = STR_INIT_MAX(HOOKS_SCRIPT_MAX);
	struct err none = ERR_INIT;
	struct stat st;

	if (!view_ends(view_of(path), ".sample") && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode) && access(path, X_OK) == 0 &&
	    path_read(path, HOOKS_SCRIPT_MAX, &text, &none) == 0)
		fetch_script(j, folder, str_view(&text));
}

/* Those of a folder by git's names, there or not. */
static void
hooks_named(struct fetch_job *j, const char *folder)
{
	for (size_t i = 0; hooks_names[i] != NULL; i++) {
		AUTO_FREE char *path = path_join(folder, hooks_names[i]);

		fetch_obeyed(j, path, HOOKS_FILE | HOOKS_READ);
	}
}

/* Is the folder the top of the tree, by whatever name? */
static bool
hooks_is_top(const struct fetch_job *j, const char *path)
{
	struct stat top, st;

	return stat(j->top, &top) == 0 && stat(path, &st) == 0 &&
	    top.st_dev == st.st_dev && top.st_ino == st.st_ino;
}

static int
hooks_entries(struct fetch_job *j, const char *path, struct err *e)
{
	struct dirent *x;
	DIR *d;

	if ((d = opendir(path)) == NULL)
		return errno != EACCES ? 0
				       : err_sys(e, ERR_IO, "open %s", path);
	while ((x = readdir(d)) != NULL) {
		AUTO_FREE char *entry = path_join(path, x->d_name);

		if (strcmp(x->d_name, ".") == 0 || strcmp(x->d_name, "..") == 0)
			continue;
		fetch_obeyed(j, entry, HOOKS_ALL);
		hooks_script(j, path, entry);
	}
	(void)closedir(d);
	return 0;
}

/* The folder that git has for them, and where its entries lead. */
static int
hooks_folder(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "rev-parse", "--git-path", "hooks",
		NULL };
	const struct fetch_git g = {
		.place = FETCH_CLONE, .argv = argv, .own_hooks = true
	};
	AUTO_FREE char *set = xmalloc(HOOKS_PATH_MAX);
	AUTO_FREE char *path = NULL;

	if (fetch_git_line(j, &g, set, HOOKS_PATH_MAX, e) == -1)
		return -1;
	if (set[0] == '\0')
		return 0;
	path = set[0] == '/' ? xstrdup(set) : path_join(j->top, set);
	if (hooks_is_top(j, path)) {
		hooks_named(j, j->top);
		return 0;
	}
	fetch_obeyed(j, path, HOOKS_ALL);
	/* husky's own folder starts those beside it. */
	if (view_ends(view_of(path), "/_")) {
		AUTO_FREE char *up = path_join(path, "..");

		hooks_named(j, up);
	}
	return hooks_entries(j, path, e);
}

int
fetch_load_hooks(struct fetch_job *j, struct err *e)
{
	j->hooks = map_new();
	return hooks_folder(j, e) == -1 ? -1
					: fetch_configured(j, fetch_obeyed, e);
}

/* Through the links of the tree that there will be, too. */
void
fetch_follow_hooks(struct fetch_job *j)
{
	AUTO_FREE char *end = xmalloc(SCAN_PATH_MAX + 1);
	struct map *more = map_new();
	const char *path;
	size_t cursor = 0;
	void *how;

	while (map_next(j->hooks, &cursor, &path, &how))
		if (reach_end(j->reach, path, end))
			(void)map_put(more, end, how);
	for (cursor = 0; map_next(more, &cursor, &path, &how);)
		hooks_put(j, path, *(int *)how);
	map_free(more);
}

/* It, something in it, or what it would be in: a folder may become a link. */
static bool
hooks_is(const char *hook, int how, const char *path)
{
	size_t n = strlen(hook), m = strlen(path);

	if (strncasecmp(hook, path, n > m ? m : n) != 0)
		return false;
	if (n >= m)
		return n == m ? true : hook[m] == '/';
	if (path[n] != '/')
		return false;
	return (how & HOOKS_ALL) != 0 ||
	    ((how & HOOKS_FOLDER) != 0 && strchr(path + n + 1, '/') == NULL);
}

bool
fetch_is_hook(const struct fetch_job *j, const char *path)
{
	const char *hook;
	size_t cursor = 0;
	void *how;

	while (map_next(j->hooks, &cursor, &hook, &how))
		if (hooks_is(hook, *(int *)how, path))
			return true;
	return false;
}

static void
hooks_on_change(const struct scan_change *c, void *arg)
{
	struct fetch_job *j = arg;

	if (c->new_mode != 0 && fetch_is_hook(j, c->path))
		finding_add(&j->findings, "hook", c->path, 0,
		    "the git of this clone runs it, or obeys it (its hooks and "
		    "configuration)");
}

int
fetch_find_hooks(struct fetch_job *j, struct err *e)
{
	return scan_raw(str_view(&j->raw), hooks_on_change, j, e);
}
