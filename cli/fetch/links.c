/* links: what the tree's links make of the changed files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/gitstream.h"
#include "cli/fetch/hooks.h"
#include "findings/reach.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	LINKS_ENTRY_MAX = SCAN_PATH_MAX + 128,
	LINKS_ID_AT = 12, /* behind "120000 blob " */
	/* Of the work tree: how deep, and how many of one folder. */
	LINKS_DEPTH_MAX = 2,
	LINKS_FOLDER_MAX = 500
};

struct links {
	struct fetch_job *j;
	struct blobs *blobs;
	char entry[LINKS_ENTRY_MAX];
	size_t n;
};

static int
links_entry(struct links *l, struct err *e)
{
	const struct view entry = { l->entry, l->n };
	AUTO_STR struct str target = STR_INIT;
	char id[SCAN_ID + 1] = "";
	struct view path;
	uint32_t mode;

	l->entry[l->n] = '\0';
	l->n = 0;
	if (scan_tree_entry(entry, &mode, &path, e) == -1)
		return -1;
	if ((mode & SCAN_MODE_TYPE) != SCAN_MODE_LINK || l->j->links_full)
		return 0;
	(void)snprintf(id, sizeof(id), "%.*s", SCAN_ID, entry.p + LINKS_ID_AT);
	if (blobs_text(l->blobs, id, SCAN_PATH_MAX, &target, e) == 0)
		l->j->links_full = !reach_add(
		    l->j->reach, path.p, str_view(&target));
	else if (e->code != ERR_LIMIT) /* one that leads nowhere */
		return -1;
	return 0;
}

static int
links_on_tree(struct view piece, void *arg, struct err *e)
{
	struct links *l = arg;

	while (piece.len > 0) {
		const char *end = memchr(piece.p, '\0', piece.len);
		size_t n = end == NULL ? piece.len : (size_t)(end - piece.p);

		if (n > sizeof(l->entry) - 1 - l->n)
			return err_set(e, ERR_LIMIT, "a path is over %d bytes",
			    (int)SCAN_PATH_MAX);
		memcpy(l->entry + l->n, piece.p, n);
		l->n += n;
		if (end == NULL)
			return 0;
		if (links_entry(l, e) == -1)
			return -1;
		piece = view_from(piece, n + 1);
	}
	return 0;
}

/* One of the work tree, as if the tree had it. */
static void
links_of_place(struct fetch_job *j, const char *path)
{
	AUTO_FREE char *full = path_join(j->top, path);
	AUTO_FREE char *target = xmalloc(SCAN_PATH_MAX + 1);
	const ssize_t len = readlink(full, target, SCAN_PATH_MAX);
	struct view to = { target, len < 0 ? 0 : (size_t)len };
	const size_t n = strlen(j->top);
	AUTO_STR struct str from_top = STR_INIT;

	if (to.len == 0 || j->links_full)
		return;
	/* What is said from the root on: from the top. */
	if (to.len > n && memcmp(to.p, j->top, n) == 0 && to.p[n] == '/') {
		for (const char *p = path; (p = strchr(p, '/')) != NULL; p++)
			str_add(&from_top, "../");
		str_addv(&from_top, view_from(to, n + 1));
		to = str_view(&from_top);
	}
	j->links_full = !reach_add(j->reach, path, to);
}

/* Of the work tree, that git may never have heard of: at its top, and in
 * folders like .claude and .github there, where programs look for settings;
 * where the tree has such a path it is the tree's. */
static int
links_of_folder(struct fetch_job *j, const char *path, int depth, struct err *e)
{
	AUTO_FREE char *full = path_join(j->top, path);
	struct dirent *x;
	int rc = 0, n = 0;
	DIR *d;

	if ((d = opendir(full)) == NULL)
		return depth > 0 ? 0 : err_sys(e, ERR_IO, "open %s", full);
	while (rc == 0 && (x = readdir(d)) != NULL) {
		AUTO_FREE char *at = depth == 0 ? xstrdup(x->d_name)
						: path_join(path, x->d_name);

		if (strcmp(x->d_name, ".") == 0 ||
		    strcmp(x->d_name, "..") == 0 || strcmp(at, ".git") == 0)
			continue;
		if (depth > 0 && ++n > LINKS_FOLDER_MAX)
			break;
		if (x->d_type == DT_LNK || x->d_type == DT_UNKNOWN)
			links_of_place(j, at);
		else if (x->d_type == DT_DIR && depth < LINKS_DEPTH_MAX &&
		    at[0] == '.')
			rc = links_of_folder(j, at, depth + 1, e);
	}
	(void)closedir(d);
	return rc;
}

int
fetch_load_links(struct fetch_job *j, struct err *e)
{
	const char *const argv[] = { "ls-tree", "-r", "-z", "--full-tree",
		j->to, NULL };
	struct links *l = xcalloc(1, sizeof(*l));
	int rc = -1;

	j->reach = reach_new();
	l->j = j;
	if (links_of_folder(j, "", 0, e) == 0 &&
	    (l->blobs = blobs_open(j, e)) != NULL)
		rc = gitstream_all(j, argv, NULL, links_on_tree, l, e);
	blobs_close(l->blobs);
	free(l);
	reach_settle(j->reach);
	return rc;
}

const char *
fetch_reached(const struct fetch_job *j, const struct scan_change *c)
{
	char as[SCAN_PATH_MAX + 1];

	return reach_of(j->reach, c, as);
}

static void
links_on_change(const struct scan_change *c, void *arg)
{
	struct fetch_job *j = arg;
	char as[SCAN_PATH_MAX + 1];
	const char *id = reach_of(j->reach, c, as);

	if (id != NULL)
		finding_add(&j->findings, id, c->path, 0,
		    "through a link of the tree it is %s", as);
}

int
fetch_find_reached(struct fetch_job *j, struct err *e)
{
	if (j->links_full)
		finding_add(&j->findings, "too-large", "", 0,
		    "not looked at: over %d links, or one that is too long",
		    (int)REACH_LINKS_MAX);
	return scan_raw(str_view(&j->raw), links_on_change, j, e);
}
