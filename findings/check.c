#include "findings/check.h"

#include <stdlib.h>
#include <string.h>

#include "findings/check_body.h"
#include "findings/check_priv.h"
#include "findings/policy.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	CHECK_FILE_USUAL = 10 << 20,
	CHECK_TOTAL_USUAL = 100 << 20,
	CHECK_FILES_USUAL = 5000,
	CHECK_COMMITS_USUAL = 500
};

struct check {
	struct findings *out;
	struct check_limits limits;
	struct check_file file;
	struct check_body *body;
	struct check_names *names;
	struct check_attributes *attributes;
	struct check_history *history;
	struct map *tests_gone; /* path: the id of its contents */
	struct map *tests_new;  /* what would take their place */
	int64_t now;
	uint64_t total; /* bytes of contents */
	size_t files;
};

struct check *
check_new(struct findings *out)
{
	static const struct check_limits usual = { CHECK_FILE_USUAL,
		CHECK_TOTAL_USUAL, CHECK_FILES_USUAL, CHECK_COMMITS_USUAL };
	struct check *k = xcalloc(1, sizeof(*k));

	k->out = out;
	k->limits = usual;
	k->body = check_body_new(out);
	k->names = check_names_new(out);
	k->attributes = check_attributes_new();
	k->history = check_history_new(out);
	k->tests_gone = map_new();
	k->tests_new = map_new();
	return k;
}

void
check_free(struct check *k)
{
	size_t cursor = 0;
	void *key;

	if (k == NULL)
		return;
	while (map_next(k->tests_gone, &cursor, NULL, &key))
		free(key);
	map_free(k->tests_gone);
	map_free(k->tests_new);
	check_body_free(k->body);
	check_names_free(k->names);
	check_attributes_free(k->attributes);
	check_history_free(k->history);
	free(k);
}

void
check_set_limits(struct check *k, const struct check_limits *l)
{
	if (l->file != 0)
		k->limits.file = l->file;
	if (l->total != 0)
		k->limits.total = l->total;
	if (l->files != 0)
		k->limits.files = l->files;
	if (l->commits != 0)
		k->limits.commits = l->commits;
}

void
check_set_now(struct check *k, int64_t now)
{
	k->now = now;
}

/* Where nobody runs a test, whatever it is called. */
static bool
check_is_stowed(const char *path)
{
	static const char *const folders[] = { "testdata", "fixtures",
		"__fixtures__", "__mocks__", "__snapshots__", "node_modules",
		"vendor", "attic" };
	struct view rest = view_of(path), part;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (check_has_folder(path, folders[i]))
			return true;
	while (view_split(&rest, '/', &part))
		if (rest.len > 0 && part.len > 0 &&
		    (part.p[0] == '.' ||
			(part.p[0] == '_' &&
			    !view_eq(part, view_of("__tests__")))))
			return true;
	return false;
}

enum {
	CHECK_PLACES = 3
};

/* What is run as before: in the same folder, beneath the same folder of tests,
 * or anywhere, when it is Go's.  0: there is no such place. */
static size_t
check_test_place(const char *path, size_t i, const char **place)
{
	static const char go[] = "_test.go";
	const char *base = check_path_base(path);
	size_t n = strlen(path), len = sizeof(go) - 1;

	*place = path;
	if (i == 0)
		return (size_t)(base - path) + 1;
	if (i == 1)
		return check_test_folder(path);
	*place = go;
	return n > len && strcmp(path + n - len, go) == 0 ? len : 0;
}

/* Contents and whether those who run tests take them for one: with its
 * extension, a name of tests when it had one, and a place of its own ones;
 * NULL: that it has not. */
static char *
check_test_key(
    const char *id, const char *path, bool named, bool stowed, size_t i)
{
	const char *dot = strrchr(check_path_base(path), '.');
	const char *place;
	size_t n = check_test_place(path, i, &place);

	if (n == 0)
		return NULL;
	return xasprintf("%s %s%s%zu %s %.*s", id, named ? "named" : "",
	    stowed ? "stowed" : "", i, dot == NULL ? "" : dot,
	    i == 0 ? (int)n - 1 : (int)n, place);
}

/* A file of tests that goes: it may only get another name. */
static void
check_change_test(struct check *k, const struct scan_change *c)
{
	const bool named = check_is_named_test(c->path);

	if (!check_is_test(c->path))
		return;
	if (c->status == 'D')
		free(map_put(k->tests_gone, c->path, xstrdup(c->old_id)));
	if (c->status != 'A' ||
	    (c->new_mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK)
		return;
	for (size_t i = 0; i < 2 * CHECK_PLACES; i++) {
		AUTO_FREE char *key = check_test_key(c->new_id, c->path,
		    named && i % 2 == 1, check_is_stowed(c->path), i / 2);

		if (key != NULL)
			(void)map_put(k->tests_new, key, k);
	}
}

/* Did what was there only get another name, by which it is run? */
static bool
check_is_moved(struct check *k, const char *path, const char *id)
{
	const bool named = check_is_named_test(path);
	const size_t stowed = check_is_stowed(path) ? 2 : 1;

	for (size_t i = 0; id[0] != '\0' && i < CHECK_PLACES * stowed; i++) {
		AUTO_FREE char *key = check_test_key(
		    id, path, named, i >= CHECK_PLACES, i % CHECK_PLACES);

		if (key != NULL && map_get(k->tests_new, key) != NULL)
			return true;
	}
	return false;
}

void
check_change(struct check *k, const struct scan_change *c)
{
	k->files++;
	k->out->seen.files++;
	if (strcmp(c->path, FINDINGS_POLICY_PATH) == 0)
		finding_add(k->out, "fetch-policy", c->path, 0,
		    "the policy of these checks is %s",
		    c->status == 'A'       ? "added"
			: c->status == 'D' ? "deleted"
					   : "changed");
	if (k->files == CHECK_FILES_MAX + 1)
		check_unread(k, "", "more files are changed than are read");
	if (k->files > CHECK_FILES_MAX)
		return;
	check_mode(c, k->out);
	check_name(c, k->out);
	if (!check_is_general_link(c))
		check_autorun(c, k->out);
	check_names_change(k->names, c);
	check_body_change(k->body, c);
	check_change_test(k, c);
}

void
check_tree(struct check *k, const char *path, uint32_t mode)
{
	check_names_tree(k->names, view_of(path), mode);
	check_body_tree(k->body, path);
}

static void
check_enter(struct check *k, const char *path, uint32_t kind, char status)
{
	size_t n = strnlen(path, SCAN_PATH_MAX);

	check_body_leave(k->body);
	k->file = (struct check_file){ .kind = kind };
	memcpy(k->file.path, path, n);
	check_body_enter(k->body, &k->file, status);
}

/* By what runs it when it is called: its first bytes, or its mode. */
static void
check_script(struct check *k, uint32_t mode, struct view head)
{
	bool by_head = view_starts(head, "#!");

	k->file.script = by_head || mode == SCAN_MODE_PROGRAM;
	if (k->file.script)
		check_body_script(k->body, by_head);
}

static uint32_t
check_kind(const struct scan_change *c)
{
	uint32_t type = c->new_mode & SCAN_MODE_TYPE;

	return type == SCAN_MODE_LINK || type == SCAN_MODE_SUBMODULE ? type : 0;
}

static void
check_size(struct check *k, const char *path, uint64_t size)
{
	bool before = k->total > k->limits.total;

	k->total += size;
	if (size > k->limits.file)
		finding_add(k->out, "large-file", path, 0,
		    "%llu bytes; %llu are usual", (unsigned long long)size,
		    (unsigned long long)k->limits.file);
	if (!before && k->total > k->limits.total)
		finding_add(k->out, "large-change", "", 0,
		    "the contents are over %llu bytes",
		    (unsigned long long)k->limits.total);
}

bool
check_file(
    struct check *k, const struct scan_change *c, const struct check_content *b)
{
	check_enter(k, c->path, check_kind(c), c->status);
	if (k->file.kind == SCAN_MODE_LINK) {
		check_link(c->path, b->head, k->out);
		check_names_link(k->names, c->path, b->head);
	}
	if (k->file.kind != 0)
		return false;
	if (c->status != 'D') {
		check_size(k, c->path, b->size);
		check_script(k, c->new_mode, b->head);
		k->file.binary = check_binary(&k->file, b, k->out);
		if (!k->file.binary)
			check_generated(k->body, b);
	}
	if (k->file.binary)
		check_names_binary(k->names, c->path);
	return !k->file.opaque;
}

void
check_line(struct check *k, const struct scan_line *l)
{
	if (l->kind == '+')
		k->out->seen.added++;
	else
		k->out->seen.removed++;
	findings_look_at(k->out, l->text);
	if (check_base_is(l->path, ".gitattributes"))
		check_attributes_line(k->attributes, l, k->out);
	check_body_line(k->body, l);
	findings_look_at(k->out, (struct view){ .p = NULL });
}

void
check_file_end(struct check *k)
{
	check_body_leave(k->body);
	k->file.path[0] = '\0';
}

bool
check_wants_both(const struct scan_change *c)
{
	if ((c->old_mode & SCAN_MODE_TYPE) == SCAN_MODE_SUBMODULE ||
	    check_kind(c) != 0)
		return false;
	return check_base_is(c->path, ".gitmodules") || check_body_wants(c);
}

void
check_both(struct check *k, const struct scan_change *c, struct view was,
    struct view is)
{
	if (check_base_is(c->path, ".gitmodules"))
		check_modules(c->path, is, k->out);
	if (check_body_wants(c))
		check_body_both(k->body, c, was, is);
}

void
check_base_commit(struct check *k, const struct check_commit *c)
{
	check_history_base(k->history, c);
}

void
check_commit(struct check *k, const struct check_commit *c)
{
	k->out->seen.commits++;
	check_history_commit(k->history, c, k->now);
}

void
check_commit_change(
    struct check *k, const char *commit, const struct scan_change *c)
{
	check_history_change(k->history, commit, c);
}

void
check_commit_line(
    struct check *k, const char *commit, const struct scan_line *l)
{
	check_history_line(k->history, commit, l);
}

void
check_history_unread(struct check *k, const char *why)
{
	finding_add(k->out, "history-unread", "", 0,
	    "the commits were not all looked at: %s", why);
}

void
check_unread(struct check *k, const char *path, const char *why)
{
	finding_add(k->out, "too-large", path, 0, "not looked at: %s", why);
}

static void
check_end_gone(struct check *k)
{
	size_t n;
	const struct check_changed *list = check_names_list(k->names, &n);

	for (size_t i = 0; i < n; i++) {
		const char *path = list[i].path;
		const char *id = map_get(k->tests_gone, path);

		if (id != NULL && !check_is_moved(k, path, id))
			finding_add(k->out, "test-deleted", path, 0,
			    "a file of tests is deleted, or moved to where it "
			    "may not run");
	}
}

void
check_end(struct check *k)
{
	check_body_end(k->body);
	check_end_gone(k);
	check_names_end(k->names);
	check_attributes_end(k->attributes, k->names, k->out);
	check_history_end(k->history, k->limits.commits);
	if (k->files > k->limits.files)
		finding_add(k->out, "large-change", "", 0,
		    "%zu files are changed; %zu are usual", k->files,
		    k->limits.files);
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
		if (d->k->file.path[0] != '\0')
			check_file_end(d->k);
		check_enter(d->k, l->path, kind == NULL ? 0 : *kind, 'M');
		if (l->kind == '+' && d->k->file.kind == 0 && l->line == 1) {
			check_script(d->k, 0, l->text);
			d->k->file.binary = check_binary(&d->k->file,
			    &(struct check_content){ .size = l->text.len,
				.head = l->text,
				.tail = l->text },
			    d->k->out);
		}
	}
	if (l->kind == '+' && d->k->file.kind == SCAN_MODE_LINK) {
		check_link(l->path, l->text, d->k->out);
		check_names_link(d->k->names, l->path, l->text);
	}
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
	if (rc == 0 && d.k->file.path[0] != '\0')
		check_file_end(d.k);
	if (rc == 0)
		check_end(d.k);
	map_free(d.kinds);
	check_free(d.k);
	return rc;
}
