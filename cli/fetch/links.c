/* links: what the tree's links make of the changed files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fetch/gitstream.h"
#include "cli/fetch/hooks.h"
#include "findings/reach.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	LINKS_ENTRY_MAX = SCAN_PATH_MAX + 128,
	LINKS_ID_AT = 12 /* behind "120000 blob " */
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

int
fetch_load_links(struct fetch_job *j, struct err *e)
{
	const char *const argv[] = { "ls-tree", "-r", "-z", "--full-tree",
		j->to, NULL };
	struct links *l = xcalloc(1, sizeof(*l));
	int rc = -1;

	j->reach = reach_new();
	l->j = j;
	if ((l->blobs = blobs_open(j, e)) != NULL)
		rc = gitstream_all(j, argv, NULL, links_on_tree, l, e);
	blobs_close(l->blobs);
	free(l);
	reach_settle(j->reach);
	fetch_follow_hooks(j);
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
