#include "findings/check.h"

#include <stdlib.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/policy.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	CHECK_FILES_MAX = 5000
};

struct check {
	struct findings *out;
	struct check_file file;
	size_t files;
	/* Folders that together look like a repository inside the tree. */
	bool seen_head, seen_objects, seen_refs;
};

struct check *
check_new(struct findings *out)
{
	struct check *k = xcalloc(1, sizeof(*k));

	k->out = out;
	return k;
}

void
check_free(struct check *k)
{
	free(k);
}

static void
check_note_repository(struct check *k, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;

	if (strcasecmp(base, "HEAD") == 0)
		k->seen_head = true;
	if (strstr(path, "objects/") != NULL)
		k->seen_objects = true;
	if (strstr(path, "refs/") != NULL)
		k->seen_refs = true;
}

void
check_change(struct check *k, const struct scan_change *c)
{
	k->out->seen.files++;
	if (strcmp(c->path, FINDINGS_POLICY_PATH) == 0)
		finding_add(k->out, "fetch-policy", c->path, 0,
		    "the policy of these checks is %s",
		    c->status == 'A'       ? "added"
			: c->status == 'D' ? "deleted"
					   : "changed");
	if (k->files++ == CHECK_FILES_MAX)
		finding_add(k->out, "too-large", "", 0,
		    "more than %d files are changed", (int)CHECK_FILES_MAX);
	if (k->files > CHECK_FILES_MAX)
		return;
	check_mode(c, k->out);
	check_name(c, k->out);
	check_autorun(c, k->out);
	if (c->status != 'D')
		check_note_repository(k, c->path);
	if (c->status == 'D' && check_is_test(c->path))
		finding_add(k->out, "test-deleted", c->path, 0,
		    "a file of tests is deleted");
}

void
check_tree(struct check *k, const char *path, uint32_t mode)
{
	(void)k;
	(void)path;
	(void)mode;
}

static void
check_enter(struct check *k, const char *path, uint32_t kind)
{
	size_t n = strnlen(path, SCAN_PATH_MAX);

	memcpy(k->file.path, path, n);
	k->file.path[n] = '\0';
	k->file.binary = false;
	k->file.kind = kind;
	k->file.is_test = check_is_test(path);
}

static uint32_t
check_kind(const struct scan_change *c)
{
	uint32_t type = c->new_mode & SCAN_MODE_TYPE;

	return type == SCAN_MODE_LINK || type == SCAN_MODE_SUBMODULE ? type : 0;
}

bool
check_file(
    struct check *k, const struct scan_change *c, const struct check_content *b)
{
	check_enter(k, c->path, check_kind(c));
	if (k->file.kind == SCAN_MODE_LINK)
		check_link(c->path, b->head, k->out);
	if (k->file.kind != 0)
		return false;
	if (c->status != 'D')
		k->file.binary = check_binary(&k->file, b, k->out);
	return !k->file.binary;
}

void
check_line(struct check *k, const struct scan_line *l)
{
	if (l->kind == '+')
		k->out->seen.added++;
	else
		k->out->seen.removed++;
	findings_look_at(k->out, l->text);
	check_text(l, &k->file, k->out);
	findings_look_at(k->out, (struct view){ .p = NULL });
}

void
check_file_end(struct check *k)
{
	k->file.path[0] = '\0';
}

bool
check_wants_both(const struct scan_change *c)
{
	(void)c;
	return false;
}

void
check_both(struct check *k, const struct scan_change *c, struct view was,
    struct view is)
{
	(void)k;
	(void)c;
	(void)was;
	(void)is;
}

void
check_commit(struct check *k, const struct check_commit *c)
{
	k->out->seen.commits++;
	(void)c;
}

void
check_unread(struct check *k, const char *path, const char *why)
{
	finding_add(k->out, "too-large", path, 0, "not looked at: %s", why);
}

void
check_end(struct check *k)
{
	if (k->seen_head && k->seen_objects && k->seen_refs)
		finding_add(k->out, "embedded-repository", "", 0,
		    "the change adds a git repository inside the tree");
}

/* From what git prints: the kinds of the paths, by their names. */
struct check_diff {
	struct check *k;
	struct map *kinds;
	uint32_t link, submodule;
};

static void
check_diff_on_change(const struct scan_change *c, void *arg)
{
	struct check_diff *d = arg;

	if (check_kind(c) == SCAN_MODE_LINK)
		(void)map_put(d->kinds, c->path, &d->link);
	else if (check_kind(c) == SCAN_MODE_SUBMODULE)
		(void)map_put(d->kinds, c->path, &d->submodule);
	check_change(d->k, c);
}

static void
check_diff_on_line(const struct scan_line *l, void *arg)
{
	struct check_diff *d = arg;
	const uint32_t *kind = map_get(d->kinds, l->path);

	if (strcmp(l->path, d->k->file.path) != 0) {
		check_enter(d->k, l->path, kind == NULL ? 0 : *kind);
		if (l->kind == '+' && d->k->file.kind == 0 && l->line == 1)
			d->k->file.binary = check_binary(&d->k->file,
			    &(struct check_content){ .size = l->text.len,
				.head = l->text,
				.tail = l->text },
			    d->k->out);
	}
	if (l->kind == '+' && d->k->file.kind == SCAN_MODE_LINK)
		check_link(l->path, l->text, d->k->out);
	if (d->k->file.kind == 0)
		check_line(d->k, l);
}

int
check_diff(
    struct view raw, struct view patch, struct findings *out, struct err *e)
{
	struct check_diff d = { .k = check_new(out),
		.kinds = map_new(),
		.link = SCAN_MODE_LINK,
		.submodule = SCAN_MODE_SUBMODULE };
	int rc = scan_raw(raw, check_diff_on_change, &d, e);

	if (rc == 0)
		rc = scan_patch(patch, check_diff_on_line, &d, e);
	if (rc == 0)
		check_end(d.k);
	map_free(d.kinds);
	check_free(d.k);
	return rc;
}
