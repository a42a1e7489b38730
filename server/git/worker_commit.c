/* A commit as every operation tells it, and what it did. */
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "server/domain/rev_text.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_MESSAGE_MAX = 64 << 10,
	WORKER_PARENTS_MAX = 64,
	WORKER_TOUCHED_MAX = 300, /* files told of one commit */
	WORKER_TOUCHED_DELTAS = 20000,
	WORKER_SIGNED_MAX = 32 << 10,
	WORKER_STAT_BLOB_MAX = 1 << 20
};

void
worker_put_person(struct jw *w, const char *key, const git_signature *s)
{
	jw_object(w, key);
	worker_text(w, "name", s != NULL ? s->name : "");
	worker_text(w, "email", s != NULL ? s->email : "");
	jw_i64(w, "at", s != NULL ? s->when.time * 1000 : 0);
	jw_end(w);
}

void
worker_put_message(struct jw *w, const char *key, const char *message)
{
	AUTO_STR struct str cut = STR_INIT_MAX(WORKER_MESSAGE_MAX);
	struct view v = view_of(message);

	if (v.len > WORKER_MESSAGE_MAX)
		v.len = WORKER_MESSAGE_MAX;
	str_addv(&cut, v);
	worker_text(w, key, str_cstr(&cut));
}

static void
worker_put_signed(struct jw *w, git_repository *repo, const git_commit *commit)
{
	git_buf sig = GIT_BUF_INIT, data = GIT_BUF_INIT;
	git_oid id = *git_commit_id(commit);

	if (git_commit_extract_signature(&sig, &data, repo, &id, NULL) == 0 &&
	    sig.size <= WORKER_SIGNED_MAX && data.size <= WORKER_SIGNED_MAX) {
		worker_text(w, "signature", sig.ptr);
		worker_text(w, "payload", data.ptr);
	}
	git_buf_dispose(&sig);
	git_buf_dispose(&data);
}

static const char *
worker_touched_name(git_delta_t status)
{
	if (status == GIT_DELTA_ADDED)
		return "added";
	return status == GIT_DELTA_DELETED ? "removed" : "modified";
}

static void
worker_put_touched(struct jw *w, git_diff *diff)
{
	size_t n = git_diff_num_deltas(diff);

	jw_array(w, "files");
	for (size_t i = 0; i < n && i < WORKER_TOUCHED_MAX; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);

		jw_object(w, NULL);
		worker_text(w, "filename", d->new_file.path);
		jw_str(w, "status", worker_touched_name(d->status));
		jw_end(w);
	}
	jw_end(w);
}

static int
worker_put_stat(struct jw *w, git_diff *diff, struct err *e)
{
	git_diff_stats *stats = NULL;
	int rc = git_diff_get_stats(&stats, diff);

	if (rc < 0)
		return worker_fail(e, rc, "diff");
	jw_object(w, "stats");
	jw_u64(w, "additions", git_diff_stats_insertions(stats));
	jw_u64(w, "deletions", git_diff_stats_deletions(stats));
	jw_end(w);
	git_diff_stats_free(stats);
	return 0;
}

/* Against the first parent, as it is shown. */
static int
worker_put_changes(struct jw *w, git_repository *repo, const git_commit *commit,
    const struct worker_want *want, struct err *e)
{
	AUTO_COMMIT git_commit *parent = NULL;
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	int rc = git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);

	opts.max_size = WORKER_STAT_BLOB_MAX;
	if (rc == 0 && git_commit_parentcount(commit) > 0) {
		rc = git_commit_parent(&parent, commit, 0);
		if (rc == 0)
			rc = git_commit_tree(&a, parent);
	}
	if (rc == 0)
		rc = git_commit_tree(&b, commit);
	if (rc == 0)
		rc = worker_diff_trees(&diff, repo, a, b, &opts);
	if (rc < 0)
		return worker_fail(e, rc, "diff");
	if (want->files)
		worker_put_touched(w, diff);
	/* A first import's lines are not worth their time. */
	if (want->stat && git_diff_num_deltas(diff) <= WORKER_TOUCHED_DELTAS)
		return worker_put_stat(w, diff, e);
	return 0;
}

int
worker_put_commit(struct jw *w, git_repository *repo, const git_commit *commit,
    const struct worker_want *want, struct err *e)
{
	unsigned n = git_commit_parentcount(commit);

	jw_object(w, NULL);
	worker_oid(w, "sha", git_commit_id(commit));
	worker_oid(w, "tree", git_commit_tree_id(commit));
	worker_put_message(w, "message", git_commit_message(commit));
	worker_put_person(w, "author", git_commit_author(commit));
	worker_put_person(w, "committer", git_commit_committer(commit));
	jw_array(w, "parents");
	for (unsigned i = 0; i < n && i < WORKER_PARENTS_MAX; i++)
		worker_oid(w, NULL, git_commit_parent_id(commit, i));
	jw_end(w);
	if (want != NULL && want->verify)
		worker_put_signed(w, repo, commit);
	if (want != NULL && (want->stat || want->files) &&
	    (want->until == 0 || clock_mono_ms() < want->until) &&
	    worker_put_changes(w, repo, commit, want, e) == -1)
		return -1;
	jw_end(w);
	return 0;
}

void
worker_want_read(const struct worker_call *c, struct worker_want *out)
{
	*out = (struct worker_want){
		.stat = json_bool_or(c->in, "stat", false),
		.files = json_bool_or(c->in, "files", false),
		.verify = json_bool_or(c->in, "verify", false),
		.until = clock_mono_ms() + WORKER_STAT_MS,
	};
}

int
worker_signature(const struct worker_call *c, const char *key,
    git_signature **out, struct err *e)
{
	const struct json *j = json_get(c->in, key);
	const char *name = json_str_or(j, "name", NULL);
	const char *email = json_str_or(j, "email", NULL);
	int rc;

	if (name == NULL || email == NULL)
		return err_set(e, ERR_INVALID, "%s is missing", key);
	rc = git_signature_new(
	    out, name, email, json_i64_or(j, "at", 0) / 1000, 0);
	return rc < 0 ? err_set(e, ERR_INVALID,
			    "%s: git takes no such name or address", key)
		      : 0;
}

/* The object that a short id means. */
static int
worker_object_short(
    git_repository *repo, const char *rev, git_object **out, struct err *e)
{
	size_t n = strlen(rev);
	git_oid id;
	int rc = git_oid_fromstrn(&id, rev, n);

	if (rc == 0)
		rc = git_object_lookup_prefix(
		    out, repo, &id, n, GIT_OBJECT_ANY);
	if (rc == GIT_EAMBIGUOUS)
		return err_set(e, ERR_INVALID, "%.40s is ambiguous", rev);
	return rc < 0 ? worker_fail(e, rc, rev) : 0;
}

int
worker_commit_named(
    git_repository *repo, const char *rev, git_commit **out, struct err *e)
{
	git_object *o = NULL, *peeled = NULL;
	int rc = worker_commit_of(repo, rev, out, e);

	if (rc == 0 || e->code != ERR_NOTFOUND || gitpool_sha_ok(rev) ||
	    !rev_is_short_id(rev))
		return rc;
	*e = ERR_INIT;
	if (worker_object_short(repo, rev, &o, e) == -1)
		return -1;
	rc = git_object_peel(&peeled, o, GIT_OBJECT_COMMIT);
	git_object_free(o);
	if (rc < 0)
		return worker_fail(e, rc, rev);
	*out = (git_commit *)peeled;
	return 0;
}

int
worker_tree_named(
    git_repository *repo, const char *rev, git_tree **out, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	git_object *o = NULL, *peeled = NULL;
	struct err why = ERR_INIT;
	int rc;

	if (worker_commit_named(repo, rev, &commit, &why) == 0) {
		rc = git_commit_tree(out, commit);
		return rc < 0 ? worker_fail(e, rc, "tree") : 0;
	}
	/* The id of a tree is none of a commit. */
	if (!rev_is_short_id(rev)) {
		*e = why;
		return -1;
	}
	if (worker_object_short(repo, rev, &o, e) == -1)
		return -1;
	rc = git_object_peel(&peeled, o, GIT_OBJECT_TREE);
	git_object_free(o);
	if (rc < 0)
		return worker_fail(e, rc, rev);
	*out = (git_tree *)peeled;
	return 0;
}
