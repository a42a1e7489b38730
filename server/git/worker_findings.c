/* What merging head into base would bring, as the deterministic checks see
 * it: the difference of the base's tree and the merge's, and its commits. */
#include <stdlib.h>
#include <string.h>

#include "findings/check.h"
#include "findings/policy.h"
#include "findings/reach.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_LOOK_MS = 15 * 1000,
	WORKER_LOOK_COMMITS = 1000, /* also of the base, for who is known */
	WORKER_LOOK_LINES = 200000, /* of a side that is compared */
	/* xdiff keeps some 80 bytes for a line of both sides. */
	WORKER_LOOK_FILE = 16 << 20,
	WORKER_LOOK_BYTES = 512 << 20
};

struct worker_look {
	struct worker_call *c;
	struct check *k;
	git_commit *base, *head;
	git_index *tree; /* what the merge leaves */
	git_diff *diff;
	struct findings *found;
	int64_t until;
	uint64_t bytes;
	bool late;
};

static void
worker_look_release(struct worker_look *l)
{
	check_free(l->k);
	git_commit_free(l->base);
	git_commit_free(l->head);
	git_index_free(l->tree);
	git_diff_free(l->diff);
}

static bool
worker_look_late(struct worker_look *l)
{
	if (!l->late && clock_mono_ms() > l->until) {
		l->late = true;
		check_unread(l->k, "", "it takes too long to look at");
	}
	return l->late;
}

static void
worker_look_id(char out[SCAN_ID + 1], const git_oid *id)
{
	(void)git_oid_tostr(out, SCAN_ID + 1, id);
}

static void
worker_look_change(const git_diff_delta *d, struct scan_change *out)
{
	bool gone = d->status == GIT_DELTA_DELETED;

	*out = (struct scan_change){
		.old_mode = d->status == GIT_DELTA_ADDED ? 0 : d->old_file.mode,
		.new_mode = gone ? 0 : d->new_file.mode,
		.status = gone                          ? 'D'
		    : d->status == GIT_DELTA_ADDED      ? 'A'
		    : d->status == GIT_DELTA_TYPECHANGE ? 'T'
							: 'M',
		.path = gone ? d->old_file.path : d->new_file.path
	};
	worker_look_id(out->old_id, &d->old_file.id);
	worker_look_id(out->new_id, &d->new_file.id);
}

/* The tree of the merge; of one that conflicts, and so cannot be, the head. */
static int
worker_look_tree(struct worker_look *l, struct err *e)
{
	git_merge_options opts;
	AUTO_TREE git_tree *tree = NULL;
	int rc = git_merge_options_init(&opts, GIT_MERGE_OPTIONS_VERSION);

	if (rc == 0)
		rc = git_merge_commits(
		    &l->tree, l->c->repo, l->base, l->head, &opts);
	if (rc == 0 && !git_index_has_conflicts(l->tree))
		return 0;
	git_index_free(l->tree);
	l->tree = NULL;
	rc = git_commit_tree(&tree, l->head);
	if (rc == 0)
		rc = git_index_new(&l->tree);
	if (rc == 0)
		rc = git_index_read_tree(l->tree, tree);
	return rc < 0 ? worker_fail(e, rc, "merge") : 0;
}

static int
worker_look_diff(struct worker_look *l, struct err *e)
{
	AUTO_TREE git_tree *base = NULL;
	git_diff_options opts;
	int rc;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	opts.flags |= GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
	rc = git_commit_tree(&base, l->base);
	if (rc == 0)
		rc = git_diff_tree_to_index(
		    &l->diff, l->c->repo, base, l->tree, &opts);
	return rc < 0 ? worker_fail(e, rc, "diff") : 0;
}

/* What lines are of: a file of the merge's tree, or of one commit. */
struct worker_look_lines {
	struct worker_look *l;
	const char *path;
	const char *commit; /* NULL: of the change as a whole */
	uint32_t n;
};

static bool
worker_look_line(struct worker_look_lines *x, char kind, int number,
    const char *text, size_t len)
{
	struct scan_line out = { .path = x->path,
		.kind = kind,
		.line = (uint32_t)number,
		.text = { text, len } };

	if (out.text.len > 0 && out.text.p[out.text.len - 1] == '\n')
		out.text.len--;
	if (x->commit != NULL)
		check_commit_line(x->l->k, x->commit, &out);
	else
		check_line(x->l->k, &out);
	return (x->n++ & 0xfff) == 0 && worker_look_late(x->l);
}

static int
worker_look_on_line(const git_diff_delta *d, const git_diff_hunk *hunk,
    const git_diff_line *line, void *arg)
{
	bool added = line->origin == GIT_DIFF_LINE_ADDITION;

	(void)d;
	(void)hunk;
	if (!added && line->origin != GIT_DIFF_LINE_DELETION)
		return 0;
	return worker_look_line(arg, added ? '+' : '-',
	    added ? line->new_lineno : line->old_lineno, line->content,
	    line->content_len);
}

static size_t
worker_look_count(struct view v)
{
	size_t n = 0;

	for (const char *p = v.p; v.len > 0 &&
	     (p = memchr(p, '\n', (size_t)(v.p + v.len - p))) != NULL;
	     p++)
		n++;
	return n;
}

static struct view worker_look_bytes(const git_blob *b);

/* The lines that differ; of files with very many all that are there now, for
 * no comparison of such ends in a time that is known before. */
static void
worker_look_compare(
    struct worker_look_lines *x, const git_blob *was, const git_blob *is)
{
	struct view a = worker_look_bytes(was), rest = worker_look_bytes(is);
	struct view line;
	git_diff_options opts;
	int number = 0;

	if (worker_look_count(a) <= WORKER_LOOK_LINES &&
	    worker_look_count(rest) <= WORKER_LOOK_LINES) {
		(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
		opts.flags |= GIT_DIFF_FORCE_TEXT;
		opts.context_lines = 0;
		if (git_diff_blobs(was, x->path, is, x->path, &opts, NULL, NULL,
			NULL, worker_look_on_line, x) < 0 &&
		    !x->l->late)
			check_unread(
			    x->l->k, x->path, "git cannot tell its lines");
		return;
	}
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		if (worker_look_line(x, '+', ++number, line.p, line.len))
			return;
}

/* One side of a change; NULL when it has none, or no content of ours. */
static int
worker_look_blob(
    struct worker_look *l, uint32_t mode, const git_oid *id, git_blob **out)
{
	uint32_t type = mode & SCAN_MODE_TYPE;

	*out = NULL;
	if (mode == 0 || type == SCAN_MODE_SUBMODULE)
		return 0;
	return git_blob_lookup(out, l->c->repo, id);
}

static struct view
worker_look_bytes(const git_blob *b)
{
	if (b == NULL)
		return (struct view){ "", 0 };
	return (
	    struct view){ git_blob_rawcontent(b), (size_t)git_blob_rawsize(b) };
}

static void
worker_look_content(struct worker_look *l, const struct scan_change *c,
    const git_blob *was, const git_blob *is)
{
	struct view a = worker_look_bytes(was), b = worker_look_bytes(is);
	struct view of = c->status == 'D' ? a : b;
	size_t n = of.len < CHECK_HEAD ? of.len : CHECK_HEAD;
	const struct check_content content = { .size = of.len,
		.head = { of.p, n },
		.tail = { of.p + of.len - n, n } };
	struct worker_look_lines x = { .l = l, .path = c->path };

	if (check_file(l->k, c, &content))
		worker_look_compare(&x, was, is);
	check_file_end(l->k);
	if (!check_wants_both(c))
		return;
	if (a.len > CHECK_BOTH_MAX || b.len > CHECK_BOTH_MAX)
		check_unread(l->k, c->path, "it is larger than 8 MiB");
	else
		check_both(l->k, c, a, b);
}

static void
worker_look_file(struct worker_look *l, const git_diff_delta *d)
{
	struct scan_change c;
	git_blob *was = NULL, *is = NULL;

	worker_look_change(d, &c);
	if (d->old_file.size > WORKER_LOOK_FILE ||
	    d->new_file.size > WORKER_LOOK_FILE ||
	    worker_look_blob(l, c.old_mode, &d->old_file.id, &was) < 0 ||
	    worker_look_blob(l, c.new_mode, &d->new_file.id, &is) < 0 ||
	    worker_look_bytes(was).len > WORKER_LOOK_FILE ||
	    worker_look_bytes(is).len > WORKER_LOOK_FILE) {
		check_unread(l->k, c.path, "it is larger than 16 MiB, or gone");
	} else {
		l->bytes += worker_look_bytes(was).len +
		    worker_look_bytes(is).len;
		if (l->bytes > WORKER_LOOK_BYTES && !l->late) {
			l->late = true;
			check_unread(l->k, "", "more than 512 MiB change");
		} else {
			worker_look_content(l, &c, was, is);
		}
	}
	git_blob_free(was);
	git_blob_free(is);
}

static struct check_person
worker_look_person(const git_signature *s)
{
	return (struct check_person){ .name = view_of(s->name),
		.mail = view_of(s->email),
		.when = s->when.time,
		.offset = s->when.offset };
}

/* What merging its parents gives, beside what it is.  Octopus merges, and
 * what git cannot merge, count as somebody's own. */
static void
worker_look_merge(
    struct worker_look *l, const git_commit *commit, struct check_commit *c)
{
	AUTO_COMMIT git_commit *a = NULL;
	AUTO_COMMIT git_commit *b = NULL;
	AUTO_INDEX git_index *index = NULL;
	AUTO_TREE git_tree *tree = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_merge_options opts;

	if (c->parents < 2)
		return;
	(void)git_merge_options_init(&opts, GIT_MERGE_OPTIONS_VERSION);
	c->adds_own = true;
	if (c->parents > 2 || git_commit_parent(&a, commit, 0) < 0 ||
	    git_commit_parent(&b, commit, 1) < 0 ||
	    git_merge_commits(&index, l->c->repo, a, b, &opts) < 0 ||
	    git_commit_tree(&tree, commit) < 0)
		return;
	c->conflicted = git_index_has_conflicts(index);
	if (!c->conflicted &&
	    git_diff_tree_to_index(&diff, l->c->repo, tree, index, NULL) == 0)
		c->adds_own = git_diff_num_deltas(diff) > 0;
}

/* One file of one commit, whatever kind it was then. */
static void
worker_look_past_file(
    struct worker_look *l, const char *commit, const git_diff_delta *d)
{
	struct worker_look_lines x = { .l = l, .commit = commit };
	git_blob *was = NULL, *is = NULL;
	struct scan_change c;

	worker_look_change(d, &c);
	x.path = c.path;
	check_commit_change(l->k, commit, &c);
	if (c.new_mode == 0)
		return;
	if (worker_look_blob(l, c.old_mode, &d->old_file.id, &was) < 0 ||
	    worker_look_blob(l, c.new_mode, &d->new_file.id, &is) < 0 ||
	    worker_look_bytes(was).len > WORKER_LOOK_FILE ||
	    worker_look_bytes(is).len > WORKER_LOOK_FILE) {
		check_history_unread(
		    l->k, "a commit has a file larger than 16 MiB");
	} else if ((l->bytes += worker_look_bytes(was).len +
			   worker_look_bytes(is).len) > WORKER_LOOK_BYTES) {
		if (!l->late)
			check_unread(l->k, "", "more than 512 MiB change");
		l->late = true;
	} else if (is != NULL) {
		worker_look_compare(&x, was, is);
	}
	git_blob_free(was);
	git_blob_free(is);
}

/* What one commit did, of a merge against its first parent: what it brings
 * may be gone in the head, and is in the history all the same. */
static void
worker_look_past(struct worker_look *l, const git_commit *commit)
{
	AUTO_COMMIT git_commit *parent = NULL;
	AUTO_TREE git_tree *was = NULL;
	AUTO_TREE git_tree *is = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	char id[SCAN_ID + 1];

	worker_look_id(id, git_commit_id(commit));
	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	opts.flags |= GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK;
	if (git_commit_tree(&is, commit) < 0 ||
	    (git_commit_parentcount(commit) > 0 &&
		(git_commit_parent(&parent, commit, 0) < 0 ||
		    git_commit_tree(&was, parent) < 0)) ||
	    git_diff_tree_to_tree(&diff, l->c->repo, was, is, &opts) < 0) {
		check_unread(l->k, "", "a commit cannot be read");
		return;
	}
	for (size_t i = 0; i < git_diff_num_deltas(diff) && !l->late; i++)
		worker_look_past_file(l, id, git_diff_get_delta(diff, i));
}

static void
worker_look_commit(struct worker_look *l, const git_commit *commit, bool base)
{
	struct check_commit c = { .parents = git_commit_parentcount(commit),
		.author = worker_look_person(git_commit_author(commit)),
		.committer = worker_look_person(git_commit_committer(commit)),
		.message = view_of(git_commit_message_raw(commit)) };
	git_buf signature = GIT_BUF_INIT;

	c.is_signed = git_commit_header_field(&signature, commit, "gpgsig") ==
	    0;
	git_buf_dispose(&signature);
	worker_look_id(c.id, git_commit_id(commit));
	if (base) {
		check_base_commit(l->k, &c);
		return;
	}
	worker_look_merge(l, commit, &c);
	check_commit(l->k, &c);
}

enum worker_look_pass {
	WORKER_LOOK_BASE,
	WORKER_LOOK_OWN,
	WORKER_LOOK_PAST
};

/* Newest first; *n: how many there were. */
static int
worker_look_walk(
    struct worker_look *l, enum worker_look_pass pass, int *n, struct err *e)
{
	const int max = WORKER_LOOK_COMMITS;
	AUTO_WALK git_revwalk *walk = NULL;
	git_oid id;
	int rc = git_revwalk_new(&walk, l->c->repo);

	*n = 0;
	if (rc == 0)
		rc = git_revwalk_push(walk,
		    git_commit_id(
			pass == WORKER_LOOK_BASE ? l->base : l->head));
	if (rc == 0 && pass != WORKER_LOOK_BASE)
		rc = git_revwalk_hide(walk, git_commit_id(l->base));
	while (rc == 0 && !worker_look_late(l) &&
	    (rc = git_revwalk_next(&id, walk)) == 0) {
		AUTO_COMMIT git_commit *commit = NULL;

		if (*n == max) {
			if (pass == WORKER_LOOK_OWN)
				check_unread(
				    l->k, "", "more than 1,000 commits");
			break;
		}
		++*n;
		rc = git_commit_lookup(&commit, l->c->repo, &id);
		if (rc == 0 && pass == WORKER_LOOK_PAST)
			worker_look_past(l, commit);
		else if (rc == 0)
			worker_look_commit(l, commit, pass == WORKER_LOOK_BASE);
	}
	return rc < 0 && rc != GIT_ITEROVER ? worker_fail(e, rc, "commits") : 0;
}

static int
worker_look_commits(struct worker_look *l, struct err *e)
{
	int n;

	if (worker_look_walk(l, WORKER_LOOK_BASE, &n, e) == -1 ||
	    worker_look_walk(l, WORKER_LOOK_OWN, &n, e) == -1)
		return -1;
	/* One commit on the base did what the change does. */
	if (n > 1 && worker_look_walk(l, WORKER_LOOK_PAST, &n, e) == -1)
		return -1;
	return 0;
}

/* What findings weigh is the base's to say, never the head's. */
static int
worker_look_policy(
    struct worker_look *l, struct findings_policy *p, struct err *e)
{
	AUTO_TREE git_tree *tree = NULL;
	git_tree_entry *entry = NULL;
	git_blob *blob = NULL;
	int rc = git_commit_tree(&tree, l->base);

	if (rc == 0)
		rc = git_tree_entry_bypath(&entry, tree, FINDINGS_POLICY_PATH);
	if (rc == GIT_ENOTFOUND)
		return 0;
	if (rc == 0)
		rc = git_blob_lookup(
		    &blob, l->c->repo, git_tree_entry_id(entry));
	git_tree_entry_free(entry);
	if (rc < 0)
		return worker_fail(e, rc, FINDINGS_POLICY_PATH);
	rc = findings_policy_read(
	    p, worker_look_bytes(blob), FINDINGS_POLICY_PATH, e);
	git_blob_free(blob);
	return rc;
}

/* What a finding is of: the file's content and line, of the history and the
 * change as a whole the head on this base, and what it says.  Who lets it pass
 * lets no other pass. */
static void
worker_look_of(struct worker_look *l, const struct finding *f, const char *text,
    git_oid *out)
{
	AUTO_STR struct str all = STR_INIT;
	size_t n = git_diff_num_deltas(l->diff);
	const git_oid *of = NULL;
	char id[SCAN_ID + 1];

	for (size_t i = 0; f->file[0] != '\0' && i < n; i++) {
		const git_diff_delta *d = git_diff_get_delta(l->diff, i);
		bool gone = d->status == GIT_DELTA_DELETED;
		const git_diff_file *side = gone ? &d->old_file : &d->new_file;

		if (strcmp(side->path, f->file) == 0)
			of = &side->id;
	}
	if (of == NULL || strncmp(f->id, "history-", 8) == 0) {
		worker_look_id(id, git_commit_id(l->base));
		str_addf(&all, "%s\n", id);
		of = git_commit_id(l->head);
	}
	worker_look_id(id, of);
	str_addf(&all, "%s\n%u\n%s", id, f->line, text);
	if (git_odb_hash(out, all.p, all.len, GIT_OBJECT_BLOB) < 0)
		(void)git_oid_cpy(out, of);
}

/* One rule is told of one file a few times only. */
static bool
worker_look_is_cut(const struct findings *f, const struct finding *of)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += strcmp(f->list[i].id, of->id) == 0 &&
		    strcmp(f->list[i].file, of->file) == 0;
	return of->file[0] != '\0' && n >= FINDING_PER_FILE;
}

static void
worker_look_put(struct worker_look *l, const struct finding *f)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw *w = l->c->w;
	git_oid of;

	str_add(&text, f->message);
	if (worker_look_is_cut(l->found, f))
		str_add(&text, " (there may be more of these in the file)");
	worker_look_of(l, f, str_cstr(&text), &of);
	jw_object(w, NULL);
	jw_str(w, "rule", f->id);
	jw_str(w, "severity", finding_severity_name(f->severity));
	worker_text(w, "file", f->file);
	jw_i64(w, "line", f->line);
	worker_text(w, "message", str_cstr(&text));
	worker_oid(w, "of", &of);
	jw_end(w);
}

/* A link of the tree, by what the repository has of it and nothing else. False:
 * there are more than are followed, or it is too long. */
static bool
worker_look_link(
    struct worker_look *l, struct reach *r, const git_index_entry *x)
{
	git_blob *blob = NULL;
	git_odb *odb = NULL;
	git_object_t type;
	size_t size = 0;
	bool ok = true;

	/* One that is not there leads nowhere. */
	if (git_repository_odb(&odb, l->c->repo) == 0 &&
	    git_odb_read_header(&size, &type, odb, &x->id) == 0)
		ok = size <= SCAN_PATH_MAX;
	if (ok && size > 0 && git_blob_lookup(&blob, l->c->repo, &x->id) == 0)
		ok = reach_add(r, x->path, worker_look_bytes(blob));
	git_blob_free(blob);
	git_odb_free(odb);
	return ok;
}

static void
worker_look_links(struct worker_look *l, struct reach *r)
{
	size_t entries = git_index_entrycount(l->tree);

	for (size_t i = 0; i < entries; i++) {
		const git_index_entry *x = git_index_get_byindex(l->tree, i);

		if ((x->mode & SCAN_MODE_TYPE) != SCAN_MODE_LINK)
			continue;
		if (worker_look_late(l))
			break;
		if (!worker_look_link(l, r, x)) {
			check_unread(l->k, x->path,
			    "over 20,000 links, or one that is too long");
			break;
		}
	}
	reach_settle(r);
}

/* What changes under a name that a link of the tree gives it. */
static void
worker_look_reached(struct worker_look *l)
{
	struct reach *r = reach_new();
	size_t n = git_diff_num_deltas(l->diff);
	char as[SCAN_PATH_MAX + 1];

	worker_look_links(l, r);
	for (size_t i = 0; i < n && !worker_look_late(l); i++) {
		struct scan_change c;
		const char *id;

		worker_look_change(git_diff_get_delta(l->diff, i), &c);
		id = reach_of(r, &c, as);
		if (id != NULL)
			finding_add(l->found, id, c.path, 0,
			    "through a link of the tree it is %s", as);
	}
	reach_free(r);
}

static int
worker_look_run(struct worker_look *l, struct err *e)
{
	size_t n, entries;

	if (worker_look_tree(l, e) == -1 || worker_look_diff(l, e) == -1)
		return -1;
	n = git_diff_num_deltas(l->diff);
	for (size_t i = 0; i < n; i++) {
		struct scan_change c;

		worker_look_change(git_diff_get_delta(l->diff, i), &c);
		check_change(l->k, &c);
	}
	entries = git_index_entrycount(l->tree);
	for (size_t i = 0; i < entries; i++) {
		const git_index_entry *x = git_index_get_byindex(l->tree, i);

		check_tree(l->k, x->path, x->mode);
	}
	worker_look_reached(l);
	for (size_t i = 0; i < n && !worker_look_late(l); i++)
		worker_look_file(l, git_diff_get_delta(l->diff, i));
	if (worker_look_commits(l, e) == -1)
		return -1;
	check_end(l->k);
	return 0;
}

static void
worker_look_tell(struct worker_look *l)
{
	struct worker_call *c = l->c;

	worker_oid(c->w, "base", git_commit_id(l->base));
	worker_oid(c->w, "head", git_commit_id(l->head));
	jw_array(c->w, "findings");
	for (size_t i = 0; i < l->found->n; i++)
		worker_look_put(l, &l->found->list[i]);
	jw_end(c->w);
}

static int
worker_op_look(struct worker_call *c, struct err *e)
{
	struct findings_policy *policy = findings_policy_new();
	struct findings found = { .policy = policy };
	struct check_limits limits = { .file = 0 };
	struct worker_look l = { .c = c,
		.found = &found,
		.until = clock_mono_ms() + WORKER_LOOK_MS };
	int rc = -1;

	if (worker_commit(c, "base", &l.base, e) == 0 &&
	    worker_commit(c, "head", &l.head, e) == 0 &&
	    worker_look_policy(&l, policy, e) == 0) {
		limits.file = findings_limit(policy, FINDINGS_LIMIT_FILE);
		limits.total = findings_limit(policy, FINDINGS_LIMIT_TOTAL);
		l.k = check_new(&found);
		check_set_limits(l.k, &limits);
		check_set_now(l.k, clock_now_ms() / 1000);
		rc = worker_look_run(&l, e);
	}
	if (rc == 0)
		worker_look_tell(&l);
	worker_look_release(&l);
	findings_release(&found);
	findings_policy_free(policy);
	return rc;
}

const struct worker_op worker_ops_findings[] = {
	{ "look", worker_op_look },
	{ NULL, NULL },
};
