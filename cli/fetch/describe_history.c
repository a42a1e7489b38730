#include "cli/fetch/describe.h"

#include <stdlib.h>
#include <string.h>

#include "cli/fetch/commit_object.h"
#include "cli/program.h"

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/map.h"

enum {
	HISTORY_COMMITS_MAX = 5000, /* of the change; the newest are read */
	HISTORY_COMMIT_MAX = 1 << 20,
	HISTORY_MERGES_MAX = 200,
	HISTORY_PATCH_MAX = 1 << 30,
	HISTORY_ENTRY_MAX = 256 /* of a raw line, before its path */
};

struct history {
	struct fetch_job *j;
	struct check *k;
	struct blobs *blobs;
	struct str ids; /* one a line */
	size_t commits, merges;
	bool cut;     /* there are more */
	bool is_base; /* the commits are the base's */
	/* What the commits did each. */
	struct scan_patcher *patcher;
	char commit[SCAN_ID + 1];
	/* A word of the list of what they changed. */
	char word[SCAN_PATH_MAX + HISTORY_ENTRY_MAX];
	size_t nword;
	bool wants_path;
	uint64_t bytes, raw;
	struct map *last; /* blobs of what base and head differ in */
};

static int
history_on_ids(struct view piece, void *arg, struct err *e)
{
	struct history *h = arg;

	(void)e;
	str_addv(&h->ids, piece);
	return 0;
}

/* base..head, or the newest of base. */
static int
history_list(struct history *h, struct err *e)
{
	AUTO_FREE char *range = xasprintf("%s..%s", h->j->base, h->j->head);
	const char *const change[] = { "rev-list", "--max-count=5001",
		"--end-of-options", range, NULL };
	const char *const base[] = { "rev-list", "--max-count=300",
		"--end-of-options", h->j->base, NULL };
	const size_t max = (size_t)HISTORY_COMMITS_MAX * (SCAN_ID + 1);

	str_reset(&h->ids);
	h->cut = false;
	if (gitstream_all(h->j, h->is_base ? base : change, NULL,
		history_on_ids, h, e) == -1)
		return -1;
	if (h->ids.len % (SCAN_ID + 1) != 0)
		return err_set(e, ERR_PROTO, "git rev-list: odd answer");
	if (h->ids.len > max) {
		h->cut = true;
		h->ids.len = max;
		h->ids.p[max] = '\0';
	}
	return 0;
}

static void
history_on_commit(const char *id, void *arg)
{
	struct history *h = arg;

	memcpy(h->commit, id, sizeof(h->commit));
}

static char history_seen[] = "seen";

static void
history_on_last(const struct scan_change *c, void *arg)
{
	struct history *h = arg;

	(void)map_put(h->last, c->new_id, history_seen);
	(void)map_put(h->last, c->old_id, history_seen);
}

/* What is there at the end is in the difference that is looked at. */
static int
history_load_last(struct history *h, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", h->j->base, h->j->head, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(h->j, &g, &r, e);

	if (rc == 0)
		rc = scan_raw(str_view(&r.out), history_on_last, h, e);
	program_result_release(&r);
	return rc;
}

/* Each content that comes and goes again, once. */
static void
history_pass(struct history *h, const struct scan_change *c)
{
	if (c->new_mode == 0 || map_get(h->last, c->new_id) != NULL)
		return;
	(void)map_put(h->last, c->new_id, history_seen);
	if (h->j->passing++ == 0)
		h->j->passing_path = xstrdup(c->path);
}

static void
history_on_change(const struct scan_change *c, void *arg)
{
	struct history *h = arg;

	history_pass(h, c);
	check_commit_change(h->k, h->commit, c);
}

static void
history_on_line(const struct scan_line *l, void *arg)
{
	struct history *h = arg;

	check_commit_line(h->k, h->commit, l);
}

static int
history_on_patch(struct view piece, void *arg, struct err *e)
{
	struct history *h = arg;

	h->bytes += piece.len;
	if (h->bytes > HISTORY_PATCH_MAX)
		return err_set(e, ERR_LIMIT, "over %d bytes of changes",
		    (int)HISTORY_PATCH_MAX);
	return scan_patcher_feed(h->patcher, piece, e);
}

/* The patches that git writes. */
static int
history_read(struct history *h, const char *const *argv, const char *in_file,
    struct err *e)
{
	int rc;

	h->patcher = scan_patcher_new(NULL, history_on_line, h);
	if (in_file != NULL)
		scan_patcher_commits(h->patcher, history_on_commit);
	rc = gitstream_all(h->j, argv, in_file, history_on_patch, h, e);
	if (rc == 0)
		rc = scan_patcher_end(h->patcher, e);
	scan_patcher_free(h->patcher);
	return rc;
}

/* Is path one of those that the merge could not decide (one a NUL)? */
static bool
history_is_conflict(struct view names, const char *path)
{
	struct view name;

	while (names.len > 0 && view_split(&names, '\0', &name) && name.len > 0)
		if (view_is(name, path))
			return true;
	return false;
}

struct history_merge {
	struct history *h;
	struct view conflicts;
	bool adds_own;
};

static void
history_on_merged(const struct scan_change *c, void *arg)
{
	struct history_merge *m = arg;

	if (!history_is_conflict(m->conflicts, c->path))
		m->adds_own = true;
	history_pass(m->h, c);
	check_commit_change(m->h->k, m->h->commit, c);
}

/* The lines that a merge itself brings. */
static void
history_merged_lines(
    struct history *h, const char *tree, const struct commit_object *o)
{
	const char *const argv[] = { "diff-tree", "-r", "-p", "--text",
		"--no-renames", "--no-ext-diff", "--no-textconv",
		"--full-index", "--src-prefix=a/", "--dst-prefix=b/",
		"--end-of-options", tree, o->tree, NULL };
	struct err unread = ERR_INIT;

	if (history_read(h, argv, NULL, &unread) == -1)
		check_history_unread(h->k, unread.msg);
}

/* What differs between the automatic merge and the commit. */
static int
history_compare(struct history *h, const char *tree, struct commit_object *o,
    struct view conflicts, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--raw",
		"--no-renames", "--full-index", "--no-abbrev",
		"--end-of-options", tree, o->tree, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct history_merge m = { .h = h, .conflicts = conflicts };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(h->j, &g, &r, e);

	memcpy(h->commit, o->c.id, sizeof(h->commit));
	if (rc == 0)
		rc = scan_raw(str_view(&r.out), history_on_merged, &m, e);
	if (rc == 0 && r.out.len > 0)
		history_merged_lines(h, tree, o);
	o->c.adds_own = m.adds_own;
	program_result_release(&r);
	return rc;
}

/* Octopus, or a git that cannot merge without a work tree: files that are as
 * in none of the parents. */
static int
history_combined(struct history *h, struct commit_object *o, struct err *e)
{
	const char *const argv[] = { "diff-tree", "-r", "-c", "--name-only",
		"--no-commit-id", "--no-renames", "--end-of-options", o->c.id,
		NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(h->j, &g, &r, e);

	if (rc == 0 && r.out.len > 0)
		rc = history_compare(h, o->parents[0], o, VIEW_LIT(""), e);
	program_result_release(&r);
	return rc;
}

static int
history_merge(struct history *h, struct commit_object *o, struct err *e)
{
	const char *const argv[] = { "merge-tree", "--write-tree", "-z",
		"--name-only", "--no-messages", "--allow-unrelated-histories",
		o->parents[0], o->parents[1], NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = FETCH_RAW_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, tree = { .len = 0 };
	char id[SCAN_ID + 1];
	int rc;

	if (o->c.parents > 2)
		return history_combined(h, o, e);
	rc = fetch_git_run(h->j, &g, &r, e);
	rest = str_view(&r.out);
	if (rc == 0 &&
	    (r.code > 1 || r.truncated || rest.len == 0 ||
		!view_split(&rest, '\0', &tree) || tree.len != SCAN_ID)) {
		rc = history_combined(h, o, e);
	} else if (rc == 0) {
		memcpy(id, tree.p, SCAN_ID);
		id[SCAN_ID] = '\0';
		o->c.conflicted = r.code == 1;
		if (strcmp(id, o->tree) != 0)
			rc = history_compare(h, id, o, rest, e);
	}
	program_result_release(&r);
	return rc;
}

static int
history_commit(struct history *h, const char *id, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct commit_object o;

	if (blobs_text(h->blobs, id, HISTORY_COMMIT_MAX, &text, e) == -1 ||
	    commit_object_read(str_view(&text), id, &o, e) == -1)
		return err_wrap(e, "commit %.12s", id);
	if (h->is_base) {
		check_base_commit(h->k, &o.c);
		return 0;
	}
	h->commits++;
	if (o.c.parents > 1 && h->merges++ < HISTORY_MERGES_MAX &&
	    history_merge(h, &o, e) == -1)
		return err_wrap(e, "merge %.12s", id);
	check_commit(h->k, &o.c);
	return 0;
}

static int
history_commits(struct history *h, struct err *e)
{
	struct view rest = str_view(&h->ids), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line) && line.len > 0) {
		AUTO_FREE char *id = view_dup(line);

		if (!fetch_id_ok(id))
			return err_set(
			    e, ERR_PROTO, "git rev-list: odd answer");
		if (history_commit(h, id, e) == -1)
			return -1;
	}
	return 0;
}

/* A word of `--raw -z --stdin`: a commit's id, a line, the path of one. */
static int
history_word(struct history *h, struct err *e)
{
	const struct view word = { h->word, h->nword };

	if (h->wants_path) {
		h->wants_path = false;
		h->nword = 0;
		return scan_raw(word, history_on_change, h, e);
	}
	if (h->word[0] == ':') {
		h->wants_path = true;
		return 0;
	}
	h->nword = 0;
	if (!fetch_id_ok(h->word))
		return err_set(e, ERR_PROTO, "git diff-tree: odd answer");
	history_on_commit(h->word, h);
	return 0;
}

static int
history_on_raw(struct view piece, void *arg, struct err *e)
{
	struct history *h = arg;

	h->raw += piece.len;
	if (h->raw > FETCH_RAW_MAX)
		return err_set(
		    e, ERR_LIMIT, "over %d bytes of names", (int)FETCH_RAW_MAX);
	for (size_t i = 0; i < piece.len; i++) {
		if (h->nword == sizeof(h->word))
			return err_set(e, ERR_LIMIT, "a path is over %d bytes",
			    (int)SCAN_PATH_MAX);
		h->word[h->nword++] = piece.p[i];
		if (piece.p[i] == '\0' && history_word(h, e) == -1)
			return -1;
	}
	return 0;
}

/* What each commit did: what one brings and the next removes is in the
 * history that a branch or a merge takes along.  Of merges see above. */
static void
history_each(struct history *h)
{
	static const char *const raw[] = { "diff-tree", "--stdin", "-r", "-z",
		"--raw", "--root", "--no-renames", "--full-index",
		"--no-abbrev", NULL };
	static const char *const patch[] = { "diff-tree", "--stdin", "-r", "-p",
		"--text", "--root", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--full-index", "--src-prefix=a/",
		"--dst-prefix=b/", NULL };
	AUTO_FREE char *path = NULL;
	struct err unread = ERR_INIT;

	if (describe_write(h->j, "coffer-commits", str_view(&h->ids), &path,
		&unread) == -1 ||
	    gitstream_all(h->j, raw, path, history_on_raw, h, &unread) == -1 ||
	    history_read(h, patch, path, &unread) == -1)
		check_history_unread(h->k, unread.msg);
}

int
describe_history(
    struct fetch_job *j, struct check *k, struct blobs *blobs, struct err *e)
{
	struct history h = {
		.j = j, .k = k, .blobs = blobs, .ids = STR_INIT, .is_base = true
	};
	int rc;

	h.last = map_new();
	rc = history_load_last(&h, e);
	if (rc == 0)
		rc = history_list(&h, e);

	if (rc == 0)
		rc = history_commits(&h, e);
	h.is_base = false;
	if (rc == 0)
		rc = history_list(&h, e);
	if (rc == 0)
		rc = history_commits(&h, e);
	/* One commit on the base did what the change does. */
	if (rc == 0 && h.commits > 1)
		history_each(&h);
	if (rc == 0 && h.cut)
		check_history_unread(k, "there are more than 5000 commits");
	if (rc == 0 && h.merges > HISTORY_MERGES_MAX)
		check_history_unread(k, "there are more than 200 merges");
	str_release(&h.ids);
	map_free(h.last);
	return rc;
}
