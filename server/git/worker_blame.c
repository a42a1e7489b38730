/*
 * Who wrote which line of a file last.  A line belongs to one commit at a time:
 * it goes to the first parent that has it, and where none has it, it is that
 * commit's.  Only the commits' way to the file is read, not their trees.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "server/git/git_pool.h"
#include "server/git/worker_memo.h"
#include "server/git/worker_trail.h"

enum {
	BLAME_LINES_MAX = 20000, /* the first ones, as a page shows them */
	BLAME_GROUPS_MAX = 1000,
	BLAME_BLOB_MAX = 4 << 20, /* a larger version has no line of another */
	BLAME_FILES_MAX = 1000,   /* of a commit in which a rename is looked for
				   */
	BLAME_LAST_MS = 400,
	BLAME_MS = 10000,
	BLAME_NONE = -1
};

/* Lines that are looked for from one commit on. */
struct blame_group {
	git_commit *commit;
	char *path;
	git_oid blob;
	int32_t
	    *line; /* of each line of the answer where it is there, or NONE */
};

struct blame {
	git_repository *repo;
	size_t n;
	git_oid *out;
	struct blame_group *v; /* by time, the newest last */
	size_t groups, cap;
};

static void
blame_group_release(struct blame_group *g)
{
	git_commit_free(g->commit);
	free(g->path);
	free(g->line);
}

/* The file at that commit; the zero id when it is not there. */
static int
blame_file(
    const git_commit *commit, const char *path, git_oid *out, struct err *e)
{
	AUTO_TREE git_tree *root = NULL;
	git_tree_entry *entry = NULL;
	int rc = git_commit_tree(&root, commit);

	memset(out, 0, sizeof(*out));
	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, root, path);
	if (rc == 0 && git_tree_entry_type(entry) == GIT_OBJECT_BLOB)
		*out = *git_tree_entry_id(entry);
	git_tree_entry_free(entry);
	return rc < 0 && rc != GIT_ENOTFOUND ? worker_fail(e, rc, path) : 0;
}

/* The group of that commit and path, which takes both; made when there is none.
 */
static struct blame_group *
blame_group_of(
    struct blame *b, git_commit *commit, char *path, const git_oid *blob)
{
	git_time_t when = git_commit_time(commit);
	size_t at = b->groups;

	for (size_t i = 0; i < b->groups; i++)
		if (git_oid_equal(
			git_commit_id(b->v[i].commit), git_commit_id(commit)) &&
		    strcmp(b->v[i].path, path) == 0) {
			git_commit_free(commit);
			free(path);
			return &b->v[i];
		}
	if (b->groups == b->cap) {
		b->cap = b->cap == 0 ? 16 : b->cap * 2;
		b->v = xrealloc(b->v, b->cap * sizeof(*b->v));
	}
	while (at > 0 && git_commit_time(b->v[at - 1].commit) > when)
		at--;
	memmove(b->v + at + 1, b->v + at, (b->groups - at) * sizeof(*b->v));
	b->v[at] = (struct blame_group){ .commit = commit,
		.path = path,
		.blob = *blob,
		.line = xcalloc(b->n + 1, sizeof(int32_t)) };
	for (size_t i = 0; i < b->n; i++)
		b->v[at].line[i] = BLAME_NONE;
	b->groups++;
	return &b->v[at];
}

/* Where the file was in the parent when it has another name now; NULL: it is
 * new. */
static char *
blame_renamed(struct blame *b, git_commit *parent, const struct blame_group *g)
{
	AUTO_TREE git_tree *was = NULL;
	AUTO_TREE git_tree *is = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_find_options find;
	git_diff_options opts;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	(void)git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
	find.flags = GIT_DIFF_FIND_RENAMES;
	if (git_commit_tree(&was, parent) < 0 ||
	    git_commit_tree(&is, g->commit) < 0 ||
	    worker_diff_trees(&diff, b->repo, was, is, &opts) < 0 ||
	    git_diff_num_deltas(diff) > BLAME_FILES_MAX ||
	    git_diff_find_similar(diff, &find) < 0)
		return NULL;
	for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);

		if (d->status == GIT_DELTA_RENAMED &&
		    strcmp(d->new_file.path, g->path) == 0)
			return xstrdup(d->old_file.path);
	}
	return NULL;
}

/* From the lines of a version to those of the one before. */
struct blame_map {
	int32_t *to;
	size_t n;      /* lines of the new version */
	size_t at;     /* of it that are mapped */
	int64_t shift; /* of those that follow */
};

static int
blame_on_hunk(const git_diff_delta *delta, const git_diff_hunk *k, void *arg)
{
	struct blame_map *m = arg;
	/* Without lines it stands behind the line that it names. */
	size_t from = (size_t)k->new_start - (k->new_lines > 0 ? 1 : 0);
	size_t end = from + (size_t)k->new_lines;

	(void)delta;
	for (; m->at < from && m->at < m->n; m->at++)
		m->to[m->at] = (int32_t)((int64_t)m->at + m->shift);
	for (; m->at < end && m->at < m->n; m->at++)
		m->to[m->at] = BLAME_NONE;
	m->shift += k->old_lines - k->new_lines;
	return 0;
}

static size_t
blame_lines(const git_blob *blob)
{
	struct view rest = { git_blob_rawcontent(blob),
		(size_t)git_blob_rawsize(blob) };
	struct view line;
	size_t n = 0;

	while (rest.len > 0 && view_split(&rest, '\n', &line))
		n++;
	return n;
}

/* m->to is for the caller; NULL: no line is the same. */
static int
blame_compare(struct blame *b, const git_oid *was, const git_oid *is,
    struct blame_map *m, struct err *e)
{
	git_diff_options opts;
	git_blob *old = NULL, *new = NULL;
	int rc = git_blob_lookup(&old, b->repo, was);

	*m = (struct blame_map){ .to = NULL };
	if (rc == 0)
		rc = git_blob_lookup(&new, b->repo, is);
	if (rc == 0 && git_blob_rawsize(old) <= BLAME_BLOB_MAX &&
	    git_blob_rawsize(new) <= BLAME_BLOB_MAX) {
		m->n = blame_lines(new);
		m->to = xcalloc(m->n + 1, sizeof(*m->to));
		(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
		opts.context_lines = 0;
		opts.flags = GIT_DIFF_FORCE_TEXT;
		rc = git_diff_blobs(old, NULL, new, NULL, &opts, NULL, NULL,
		    blame_on_hunk, NULL, m);
		for (; m->at < m->n; m->at++)
			m->to[m->at] = (int32_t)((int64_t)m->at + m->shift);
	}
	git_blob_free(old);
	git_blob_free(new);
	if (rc == 0)
		return 0;
	free(m->to);
	return worker_fail(e, rc, "diff");
}

/* The lines that the parent has go to it; how many g keeps. */
static size_t
blame_move(struct blame *b, struct blame_group *g, git_commit *commit,
    char *path, const git_oid *blob, const struct blame_map *m)
{
	struct blame_group *to = NULL;
	size_t left = 0;

	for (size_t i = 0; i < b->n; i++) {
		int32_t at = g->line[i];

		if (at != BLAME_NONE && m != NULL)
			at = (size_t)at < m->n ? m->to[at] : BLAME_NONE;
		if (at == BLAME_NONE) {
			left += g->line[i] != BLAME_NONE;
			continue;
		}
		if (to == NULL)
			to = blame_group_of(b, commit, path, blob);
		to->line[i] = at;
		g->line[i] = BLAME_NONE;
	}
	if (to == NULL) {
		git_commit_free(commit);
		free(path);
	}
	return left;
}

/* How many lines g keeps, -1. */
static int
blame_hand_on(struct blame *b, struct blame_group *g, unsigned parent,
    size_t *left, struct err *e)
{
	struct blame_map m = { .to = NULL };
	AUTO_COMMIT git_commit *up = NULL;
	AUTO_FREE char *path = xstrdup(g->path);
	git_commit *own = NULL;
	git_oid blob;
	int rc = git_commit_parent(&up, g->commit, parent);

	if (rc < 0)
		return worker_fail(e, rc, "parent");
	if (blame_file(up, path, &blob, e) == -1)
		return -1;
	if (git_oid_is_zero(&blob)) {
		free(path);
		path = blame_renamed(b, up, g);
		if (path == NULL)
			return 0;
		if (blame_file(up, path, &blob, e) == -1)
			return -1;
	}
	if (!git_oid_equal(&blob, &g->blob)) {
		if (blame_compare(b, &blob, &g->blob, &m, e) == -1)
			return -1;
		if (m.to == NULL)
			return 0;
	}
	(void)git_commit_dup(&own, up);
	*left = blame_move(
	    b, g, own, STEAL(path), &blob, m.to != NULL ? &m : NULL);
	free(m.to);
	return 0;
}

static int
blame_step(struct blame *b, struct blame_group *g, struct err *e)
{
	unsigned n = git_commit_parentcount(g->commit);
	size_t left = b->n;

	for (unsigned i = 0; left > 0 && i < n; i++)
		if (blame_hand_on(b, g, i, &left, e) == -1)
			return -1;
	for (size_t i = 0; i < b->n; i++)
		if (g->line[i] != BLAME_NONE)
			b->out[i] = *git_commit_id(g->commit);
	return 0;
}

/* Each line of the file in that commit is looked for. */
static int
blame_start(
    struct blame *b, const git_oid *newest, const char *path, struct err *e)
{
	git_commit *commit = NULL;
	git_blob *file = NULL;
	struct blame_group *g;
	git_oid id;
	int rc = git_commit_lookup(&commit, b->repo, newest);

	if (rc == 0 && blame_file(commit, path, &id, e) == -1) {
		git_commit_free(commit);
		return -1;
	}
	if (rc == 0)
		rc = git_oid_is_zero(&id)
		    ? GIT_ENOTFOUND
		    : git_blob_lookup(&file, b->repo, &id);
	if (rc < 0) {
		git_commit_free(commit);
		return rc == GIT_ENOTFOUND
		    ? err_set(e, ERR_NOTFOUND, "no such file: %.150s", path)
		    : worker_fail(e, rc, path);
	}
	b->n = blame_lines(file);
	if (b->n > BLAME_LINES_MAX)
		b->n = BLAME_LINES_MAX;
	git_blob_free(file);
	g = blame_group_of(b, commit, xstrdup(path), &id);
	b->out = xcalloc(b->n + 1, sizeof(*b->out));
	for (size_t i = 0; i < b->n; i++)
		g->line[i] = (int32_t)i;
	return 0;
}

static void
blame_put_hunk(struct blame *b, struct jw *w, size_t from, size_t to)
{
	AUTO_COMMIT git_commit *commit = NULL;

	jw_object(w, NULL);
	worker_oid(w, "sha", &b->out[from]);
	jw_u64(w, "line", from + 1);
	jw_u64(w, "lines", to - from);
	if (git_commit_lookup(&commit, b->repo, &b->out[from]) == 0) {
		worker_put_person(w, "author", git_commit_author(commit));
		worker_put_message(w, "message", git_commit_summary(commit));
	}
	jw_end(w);
}

static void
blame_put(struct blame *b, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_array(&w, NULL);
	for (size_t from = 0, to; from < b->n; from = to) {
		for (to = from + 1;
		     to < b->n && git_oid_equal(&b->out[to], &b->out[from]);)
			to++;
		blame_put_hunk(b, &w, from, to);
	}
	jw_end(&w);
}

/* The hunks as a JSON array. */
static int
blame_from(git_repository *repo, const git_oid *newest, const char *path,
    struct str *out, struct err *e)
{
	const int64_t until = clock_mono_ms() + BLAME_MS;
	struct blame b = { .repo = repo };
	int rc = blame_start(&b, newest, path, e);

	while (rc == 0 && b.groups > 0) {
		struct blame_group g = b.v[--b.groups];

		rc = clock_mono_ms() < until && b.groups < BLAME_GROUPS_MAX
		    ? blame_step(&b, &g, e)
		    : err_set(e, ERR_TIMEOUT, "the history is too long");
		blame_group_release(&g);
	}
	if (rc == 0)
		blame_put(&b, out);
	for (size_t i = 0; i < b.groups; i++)
		blame_group_release(&b.v[i]);
	free(b.v);
	free(b.out);
	return rc == 0 && !str_ok(out)
	    ? err_set(e, ERR_LIMIT, "the answer is too large")
	    : rc;
}

/* The commit that changed the file last has the same answer as all that came
 * above it; the zero id when it is not found soon. */
static void
blame_last(
    struct worker_call *c, git_commit *at, const char *path, git_oid *out)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	AUTO_FREE char *folder = slash != NULL
	    ? xstrndup(path, (size_t)(slash - path))
	    : xstrdup("");
	const struct trail_last spec = { .from = at,
		.folder = folder,
		.names = &name,
		.n = 1,
		.part = name,
		.until = clock_mono_ms() + BLAME_LAST_MS,
		.memo = c->memo };
	struct err why = ERR_INIT;

	if (trail_last(&spec, out, &why) == -1)
		memset(out, 0, sizeof(*out));
}

static int
worker_op_blame(struct worker_call *c, struct err *e)
{
	AUTO_STR struct str hunks = STR_INIT_MAX(WORKER_JSON_MAX);
	AUTO_COMMIT git_commit *at = NULL;
	AUTO_FREE char *key = NULL;
	char sha[GIT_SHA_TEXT];
	struct view known;
	const char *path;
	git_oid last;

	if (worker_commit(c, "rev", &at, e) == -1 ||
	    worker_arg(c, "path_in", &path, e) == -1)
		return -1;
	blame_last(c, at, path, &last);
	if (git_oid_is_zero(&last))
		last = *git_commit_id(at);
	key = xasprintf(
	    "blame %s %s", git_oid_tostr(sha, sizeof(sha), &last), path);
	if (worker_memo_get(*c->memo, key, &known)) {
		jw_raw(c->w, "hunks", known);
		return 0;
	}
	if (blame_from(c->repo, &last, path, &hunks, e) == -1)
		return -1;
	worker_memo_put(c->memo, key, str_view(&hunks));
	jw_raw(c->w, "hunks", str_view(&hunks));
	return 0;
}

const struct worker_op worker_ops_blame[] = {
	{ "blame", worker_op_blame },
	{ NULL, NULL },
};
