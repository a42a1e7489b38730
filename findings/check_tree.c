#include <stdlib.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/fold.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/map.h"

enum {
	NAMES_BYTES_MAX = 64 << 20, /* of names that are kept */
	NAMES_FOLDERS_MAX = 20000,
	NAMES_LINKS_MAX = 100000,
	NAMES_PARTS_MAX = 256 /* of one path */
};

/* What a folder has of a repository. */
enum {
	NAMES_HEAD = 1,
	NAMES_OBJECTS = 2,
	NAMES_REFS = 4,
	NAMES_CHANGED = 8, /* one of these is of the change */
	NAMES_WHOLE = NAMES_HEAD | NAMES_OBJECTS | NAMES_REFS | NAMES_CHANGED
};

struct check_names {
	struct findings *out;
	struct check_changed *list;
	size_t n, cap, at;
	size_t bytes;
	struct map *folded; /* of added paths and their folders: the name */
	struct map *twins; /* what those in other letters read like: the name */
	struct map *gone;  /* folders of deleted paths */
	struct map *folders; /* bits of a repository, as a number */
	struct map *links;   /* of the tree */
	bool full;
	char last[SCAN_PATH_MAX + 1]; /* the tree's path before */
};

static char names_here; /* the value of a map that is a set */

struct check_names *
check_names_new(struct findings *out)
{
	struct check_names *n = xcalloc(1, sizeof(*n));

	n->out = out;
	n->folded = map_new();
	n->twins = map_new();
	n->gone = map_new();
	n->folders = map_new();
	n->links = map_new();
	return n;
}

static void
names_free_values(struct map *m)
{
	size_t cursor = 0;
	void *value;

	while (map_next(m, &cursor, NULL, &value))
		free(value);
	map_free(m);
}

void
check_names_free(struct check_names *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->n; i++)
		free(n->list[i].path);
	free(n->list);
	names_free_values(n->folded);
	names_free_values(n->twins);
	names_free_values(n->folders);
	map_free(n->gone);
	map_free(n->links);
	free(n);
}

/* Is there room for so many bytes of names?  Said once when there is not. */
static bool
names_room(struct check_names *n, size_t bytes)
{
	if (n->full || bytes > NAMES_BYTES_MAX - n->bytes) {
		if (!n->full)
			finding_add(n->out, "too-large", "", 0,
			    "not looked at: the names are too many");
		n->full = true;
		return false;
	}
	n->bytes += bytes;
	return true;
}

static void
names_collide(struct check_names *n, struct view name, const char *other)
{
	finding_add(n->out, "case-collision", other, 0,
	    "where case does not matter it is the same as %.*s",
	    (int)(name.len > 200 ? 200 : name.len), name.p);
}

/* Is there a name whose letters look like those of this one? */
static void
names_twin(struct check_names *n, const char *folded, struct view name)
{
	const char *twin = map_count(n->twins) == 0 ? NULL
						    : map_get(n->twins, folded);

	if (twin != NULL && !view_is(name, twin))
		finding_add(n->out, "homoglyph", twin, 0,
		    "its name reads like %.*s and is another",
		    (int)(name.len > 200 ? 200 : name.len), name.p);
}

/* twin has room for a path. */
static void
names_add_twin(struct check_names *n, struct view part, char twin[FOLD_MAX])
{
	if (fold_skeleton(part, twin, FOLD_MAX) > 0 &&
	    map_get(n->twins, twin) == NULL && names_room(n, 2 * part.len))
		(void)map_put(n->twins, twin, view_dup(part));
}

/* The folders of path, and path itself, from the top. */
static void
names_add_folded(struct check_names *n, struct view path)
{
	char folded[FOLD_MAX];

	for (size_t i = 1, parts = 0;
	     i <= path.len && parts < NAMES_PARTS_MAX && !n->full; i++) {
		struct view part = { path.p, i };
		const char *known;

		if (i < path.len && path.p[i] != '/')
			continue;
		parts++;
		(void)fold_path(part, folded, sizeof(folded));
		known = map_get(n->folded, folded);
		if (known == NULL && names_room(n, 2 * i))
			(void)map_put(n->folded, folded, view_dup(part));
		else if (known != NULL && !view_is(part, known))
			names_collide(n, part, known);
		names_add_twin(n, part, folded);
	}
}

static void
names_add_gone(struct check_names *n, struct view path)
{
	for (size_t i = path.len; i-- > 1;) {
		AUTO_FREE char *folder = NULL;

		if (path.p[i] != '/')
			continue;
		folder = view_dup((struct view){ path.p, i });
		if (map_get(n->gone, folder) != NULL || !names_room(n, i))
			return;
		(void)map_put(n->gone, folder, &names_here);
	}
}

/* One of the things by which git takes a folder for a repository. */
static void
names_mark(struct check_names *n, struct view folder, int bits)
{
	AUTO_FREE char *key = view_dup(folder);
	int *known = map_get(n->folders, key);

	if (known == NULL) {
		if (map_count(n->folders) == NAMES_FOLDERS_MAX)
			finding_add(n->out, "too-large", "", 0,
			    "not looked at: folders like a repository's are "
			    "too many");
		if (map_count(n->folders) >= NAMES_FOLDERS_MAX ||
		    !names_room(n, folder.len))
			return;
		known = xcalloc(1, sizeof(*known));
		(void)map_put(n->folders, key, known);
	}
	*known |= bits;
}

static bool
names_is(struct view part, const char *name)
{
	return part.len == strlen(name) &&
	    strncasecmp(part.p, name, part.len) == 0;
}

static void
names_look(struct check_names *n, struct view path, int changed)
{
	size_t start = 0, parts = 0;

	for (size_t i = 0; i <= path.len && parts < NAMES_PARTS_MAX; i++) {
		struct view part = { path.p + start, i - start };
		struct view folder = { path.p, start == 0 ? 0 : start - 1 };
		bool last = i == path.len;

		if (!last && path.p[i] != '/')
			continue;
		if (last && names_is(part, "HEAD"))
			names_mark(n, folder, NAMES_HEAD | changed);
		else if (last && names_is(part, "commondir"))
			names_mark(
			    n, folder, NAMES_OBJECTS | NAMES_REFS | changed);
		else if (names_is(part, "objects"))
			names_mark(n, folder, NAMES_OBJECTS | changed);
		else if (names_is(part, "refs") ||
		    (last && names_is(part, "packed-refs")))
			names_mark(n, folder, NAMES_REFS | changed);
		start = i + 1;
		parts++;
	}
}

void
check_names_change(struct check_names *n, const struct scan_change *c)
{
	struct view path = view_of(c->path);

	if (!names_room(n, path.len + sizeof(*n->list)))
		return;
	if (n->n == n->cap) {
		n->cap = n->cap == 0 ? 64 : 2 * n->cap;
		n->list = xrealloc(n->list, n->cap * sizeof(*n->list));
	}
	n->list[n->n++] = (struct check_changed){ .path = view_dup(path),
		.old_type = c->old_mode & SCAN_MODE_TYPE,
		.new_type = c->new_mode & SCAN_MODE_TYPE,
		.added = c->status == 'A' };
	if (c->status == 'D') {
		names_add_gone(n, path);
		return;
	}
	if (c->status == 'A')
		names_add_folded(n, path);
	names_look(n, path, NAMES_CHANGED);
	if ((c->new_mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK)
		(void)map_put(n->links, c->path, &names_here);
}

/* Where the folders end that a path has in common with the one before. */
static size_t
names_common(const struct check_names *n, struct view path)
{
	size_t end = 0;

	for (size_t i = 0; i < path.len && n->last[i] == path.p[i]; i++)
		if (path.p[i] == '/')
			end = i;
	return end;
}

void
check_names_tree(struct check_names *n, struct view path, uint32_t mode)
{
	size_t from;

	if (path.len > SCAN_PATH_MAX || path.len == 0)
		return;
	from = names_common(n, path);
	for (size_t i = from + 1, parts = 0;
	     i <= path.len && parts < NAMES_PARTS_MAX; i++) {
		struct view part = { path.p, i };
		char folded[FOLD_MAX];
		const char *known;

		if (i < path.len && path.p[i] != '/')
			continue;
		parts++;
		(void)fold_path(part, folded, sizeof(folded));
		known = map_get(n->folded, folded);
		if (known != NULL && !view_is(part, known))
			names_collide(n, part, known);
		names_twin(n, folded, part);
	}
	names_look(n, path, 0);
	memcpy(n->last, path.p, path.len);
	n->last[path.len] = '\0';
	if ((mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK) {
		if (map_count(n->links) < NAMES_LINKS_MAX &&
		    names_room(n, path.len))
			(void)map_put(n->links, n->last, &names_here);
		else if (map_count(n->links) >= NAMES_LINKS_MAX)
			finding_add(n->out, "too-large", "", 0,
			    "not looked at: the links are too many");
	}
}

void
check_names_binary(struct check_names *n, const char *path)
{
	/* Contents come in the order of the changes. */
	while (n->at < n->n && strcmp(n->list[n->at].path, path) != 0)
		n->at++;
	if (n->at < n->n)
		n->list[n->at].binary = true;
}

void
check_names_link(struct check_names *n, const char *path, struct view target)
{
	char way[2 * SCAN_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);
	struct view rest = target, part;

	memcpy(way, path, len);
	way[len] = '\0';
	while (rest.len > 0 && view_split(&rest, '/', &part)) {
		if (part.len == 0 || view_is(part, "."))
			continue;
		if (view_is(part, "..")) {
			while (len > 0 && way[--len] != '/')
				;
		} else {
			if (len + part.len + 2 > sizeof(way))
				return; /* check_link refuses it */
			if (len > 0)
				way[len++] = '/';
			memcpy(way + len, part.p, part.len);
			len += part.len;
		}
		way[len] = '\0';
		if (rest.len > 0 && map_get(n->links, way) != NULL) {
			finding_add(n->out, "symlink-chain", path, 0,
			    "the link goes through the link %s: where it ends "
			    "depends on that",
			    way);
			return;
		}
	}
}

static void
names_end_changed(struct check_names *n, const struct check_changed *c)
{
	char folded[FOLD_MAX];
	const char *below;

	if (c->new_type == SCAN_MODE_LINK && map_get(n->gone, c->path) != NULL)
		finding_add(n->out, "folder-to-link", c->path, 0,
		    "a folder becomes a link: what used the folder goes "
		    "elsewhere");
	else if (c->new_type != 0 && map_get(n->gone, c->path) != NULL)
		finding_add(
		    n->out, "file-type", c->path, 0, "a folder becomes a file");
	if (c->new_type != 0)
		return;
	(void)fold_path(view_of(c->path), folded, sizeof(folded));
	below = map_get(n->folded, folded);
	if (below != NULL && strcmp(below, c->path) == 0)
		finding_add(n->out, "file-type", c->path, 0,
		    "a %s becomes a folder",
		    c->old_type == SCAN_MODE_LINK ? "link" : "file");
}

void
check_names_end(struct check_names *n)
{
	const char *folder, *twin, *known;
	size_t cursor = 0, at = 0;
	void *bits, *name;

	/* Whoever told no tree: the names of the change itself. */
	while (n->last[0] == '\0' && map_next(n->twins, &at, &twin, &name))
		if ((known = map_get(n->folded, twin)) != NULL)
			names_twin(n, twin, view_of(known));

	for (size_t i = 0; i < n->n; i++)
		names_end_changed(n, &n->list[i]);
	while (map_next(n->folders, &cursor, &folder, &bits))
		if (*(const int *)bits == NAMES_WHOLE)
			finding_add(n->out, "embedded-repository", folder, 0,
			    "the folder is a git repository inside the tree: "
			    "git there obeys its configuration");
}

const struct check_changed *
check_names_list(const struct check_names *n, size_t *count)
{
	*count = n->n;
	return n->list;
}
