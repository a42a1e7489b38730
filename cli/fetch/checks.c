#include "cli/fetch/checks.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	CHECKS_FILES_MAX = 5000,
	CHECKS_KINDS = 3
};

struct checks_run {
	struct findings *out;
	struct map *modes; /* path -> one of kinds */
	uint32_t kinds[CHECKS_KINDS];
	struct checks_file file;
	size_t files;
	/* Folders that together look like a repository inside the tree. */
	bool seen_head, seen_objects, seen_refs;
};

static void
checks_note_repository(struct checks_run *r, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash == NULL ? path : slash + 1;

	if (strcasecmp(base, "HEAD") == 0)
		r->seen_head = true;
	if (strstr(path, "objects/") != NULL)
		r->seen_objects = true;
	if (strstr(path, "refs/") != NULL)
		r->seen_refs = true;
}

static void
checks_on_change(const struct scan_change *c, void *arg)
{
	struct checks_run *r = arg;

	if (r->files++ == CHECKS_FILES_MAX)
		finding_add(r->out, "too-large", "", 0,
		    "more than %d files are changed", (int)CHECKS_FILES_MAX);
	if (r->files > CHECKS_FILES_MAX)
		return;
	for (size_t i = 0; i < CHECKS_KINDS; i++)
		if (r->kinds[i] == (c->new_mode & SCAN_MODE_TYPE))
			(void)map_put(r->modes, c->path, &r->kinds[i]);
	checks_mode(c, r->out);
	checks_name(c, r->out);
	checks_autorun(c, r->out);
	if (c->status != 'D')
		checks_note_repository(r, c->path);
	if (c->status == 'D' && checks_is_test(c->path))
		finding_add(r->out, "test-deleted", c->path, 0,
		    "a file of tests is deleted");
}

static void
checks_enter(struct checks_run *r, const char *path)
{
	size_t n = strnlen(path, SCAN_PATH_MAX);
	const uint32_t *kind = map_get(r->modes, path);

	memcpy(r->file.path, path, n);
	r->file.path[n] = '\0';
	r->file.binary = false;
	r->file.kind = kind == NULL ? 0 : *kind;
	r->file.is_test = checks_is_test(path);
}

static void
checks_on_line(const struct scan_line *l, void *arg)
{
	struct checks_run *r = arg;

	if (strcmp(l->path, r->file.path) != 0)
		checks_enter(r, l->path);
	if (l->kind == '+' && r->file.kind == SCAN_MODE_LINK) {
		checks_link(l->path, l->text, r->out);
		return;
	}
	if (r->file.kind == SCAN_MODE_SUBMODULE)
		return;
	checks_text(l, &r->file, r->out);
}

int
checks_run(
    struct view raw, struct view patch, struct findings *out, struct err *e)
{
	struct checks_run *r = xcalloc(1, sizeof(*r));
	int rc;

	r->out = out;
	r->modes = map_new();
	r->kinds[1] = SCAN_MODE_LINK;
	r->kinds[2] = SCAN_MODE_SUBMODULE;
	rc = scan_raw(raw, checks_on_change, r, e);
	if (rc == 0)
		rc = scan_patch(patch, checks_on_line, r, e);
	if (rc == 0 && r->seen_head && r->seen_objects && r->seen_refs)
		finding_add(out, "embedded-repository", "", 0,
		    "the change adds a git repository inside the tree");
	map_free(r->modes);
	free(r);
	return rc;
}
