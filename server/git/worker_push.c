/* What a push brought, as webhooks tell it: its newest commits with the names
 * of the files that they changed. */
#include <string.h>

#include "lib/base/auto.h"
#include "server/git/git_pull.h"
#include "server/git/worker_priv.h"

enum {
	WPUSH_COMMITS_MAX = 50,
	WPUSH_TOTAL_MAX = 1000,      /* counted no further */
	WPUSH_FILES_MAX = 300,       /* of one list of a commit */
	WPUSH_NAMES_MAX = 256 << 10, /* bytes of all names */
	WPUSH_MESSAGE_MAX = 16 << 10
};

struct wpush_list {
	const char *key;
	git_delta_t of, or_of;
};

static const struct wpush_list wpush_lists[] = {
	{ "added", GIT_DELTA_ADDED, GIT_DELTA_COPIED },
	{ "removed", GIT_DELTA_DELETED, GIT_DELTA_DELETED },
	{ "modified", GIT_DELTA_MODIFIED, GIT_DELTA_TYPECHANGE },
};

/* Against its first parent; NULL when that cannot be told. */
static git_diff *
wpush_diff(git_repository *repo, const git_commit *commit)
{
	AUTO_COMMIT git_commit *parent = NULL;
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	git_diff_options opts;
	git_diff *out = NULL;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	opts.flags = GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_INCLUDE_TYPECHANGE;
	if (git_commit_parentcount(commit) > 0 &&
	    (git_commit_parent(&parent, commit, 0) < 0 ||
		git_commit_tree(&a, parent) < 0))
		return NULL;
	if (git_commit_tree(&b, commit) < 0 ||
	    worker_diff_trees(&out, repo, a, b, &opts) < 0)
		return NULL;
	return out;
}

static void
wpush_put_files(struct jw *w, git_diff *diff, size_t *left)
{
	size_t n = diff != NULL ? git_diff_num_deltas(diff) : 0;

	for (size_t k = 0; k < sizeof(wpush_lists) / sizeof(wpush_lists[0]);
	     k++) {
		const struct wpush_list *l = &wpush_lists[k];
		size_t put = 0;

		jw_array(w, l->key);
		for (size_t i = 0; i < n && put < WPUSH_FILES_MAX; i++) {
			const git_diff_delta *d = git_diff_get_delta(diff, i);

			const char *name = d->status == GIT_DELTA_DELETED
			    ? d->old_file.path
			    : d->new_file.path;

			if ((d->status != l->of && d->status != l->or_of) ||
			    strlen(name) > *left)
				continue;
			*left -= strlen(name);
			worker_text(w, NULL, name);
			put++;
		}
		jw_end(w);
	}
}

static void
wpush_put_person(struct jw *w, const char *key, const git_signature *s)
{
	jw_object(w, key);
	worker_text(w, "name", s != NULL ? s->name : "");
	worker_text(w, "email", s != NULL ? s->email : "");
	jw_i64(w, "at", s != NULL ? s->when.time * 1000 : 0);
	jw_end(w);
}

static void
wpush_put_commit(struct worker_call *c, const char *key,
    const git_commit *commit, size_t *left)
{
	AUTO_DIFF git_diff *diff = wpush_diff(c->repo, commit);
	AUTO_STR struct str cut = STR_INIT;
	struct view v = view_of(git_commit_message(commit));

	if (v.len > WPUSH_MESSAGE_MAX)
		v.len = WPUSH_MESSAGE_MAX;
	str_addv(&cut, v);
	jw_object(c->w, key);
	worker_oid(c->w, "sha", git_commit_id(commit));
	worker_text(c->w, "message", str_cstr(&cut));
	wpush_put_person(c->w, "author", git_commit_author(commit));
	wpush_put_person(c->w, "committer", git_commit_committer(commit));
	wpush_put_files(c->w, diff, left);
	jw_end(c->w);
}

/* What is hidden may be gone, or no commit. */
static void
wpush_hide(struct worker_call *c, git_revwalk *walk)
{
	const struct json *hide = json_get(c->in, "hide");

	for (const struct json *x = json_first(hide); x != NULL;
	     x = json_next(x)) {
		AUTO_COMMIT git_commit *commit = NULL;
		struct err ignored = ERR_INIT;

		if (json_string(x) != NULL &&
		    worker_commit_of(
			c->repo, json_string(x), &commit, &ignored) == 0)
			(void)git_revwalk_hide(walk, git_commit_id(commit));
	}
}

static int
wpush_walk(struct worker_call *c, const git_commit *from, int64_t limit,
    size_t *left, struct err *e)
{
	AUTO_WALK git_revwalk *walk = NULL;
	int64_t n = 0;
	git_oid id;
	int rc = git_revwalk_new(&walk, c->repo);

	if (rc == 0)
		rc = git_revwalk_push(walk, git_commit_id(from));
	if (rc < 0)
		return worker_fail(e, rc, "walk history");
	(void)git_revwalk_sorting(walk, GIT_SORT_TIME);
	wpush_hide(c, walk);
	jw_array(c->w, "commits");
	while (n < WPUSH_TOTAL_MAX && (rc = git_revwalk_next(&id, walk)) == 0) {
		AUTO_COMMIT git_commit *commit = NULL;

		if (n++ >= limit)
			continue;
		rc = git_commit_lookup(&commit, c->repo, &id);
		if (rc < 0)
			return worker_fail(e, rc, "commit");
		wpush_put_commit(c, NULL, commit, left);
	}
	jw_end(c->w);
	jw_i64(c->w, "total", n);
	return rc < 0 && rc != GIT_ITEROVER ? worker_fail(e, rc, "walk history")
					    : 0;
}

static int
wpush_op_pushed(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *head = NULL;
	int64_t limit = json_i64_or(c->in, "limit", -1);
	size_t left = WPUSH_NAMES_MAX;

	if (limit < 0 || limit > WPUSH_COMMITS_MAX)
		return err_set(e, ERR_INVALID, "limit is out of range");
	if (worker_commit(c, "rev", &head, e) == -1)
		return -1;
	wpush_put_commit(c, "head", head, &left);
	return wpush_walk(c, head, limit, &left, e);
}

static int
wpush_op_brought(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *from = NULL;
	AUTO_WALK git_revwalk *walk = NULL;
	int64_t left = json_i64_or(c->in, "limit", -1);
	git_oid id;
	int rc;

	if (left < 0 || left > GIT_BROUGHT_MAX)
		return err_set(e, ERR_INVALID, "limit is out of range");
	if (worker_commit(c, "rev", &from, e) == -1)
		return -1;
	rc = git_revwalk_new(&walk, c->repo);
	if (rc == 0)
		rc = git_revwalk_push(walk, git_commit_id(from));
	if (rc < 0)
		return worker_fail(e, rc, "walk history");
	wpush_hide(c, walk);
	jw_array(c->w, "commits");
	while ((rc = git_revwalk_next(&id, walk)) == 0 && left-- > 0)
		worker_oid(c->w, NULL, &id);
	jw_end(c->w);
	jw_bool(c->w, "truncated", rc == 0);
	return rc < 0 && rc != GIT_ITEROVER ? worker_fail(e, rc, "walk history")
					    : 0;
}

const struct worker_op worker_ops_push[] = {
	{ "pushed", wpush_op_pushed },
	{ "brought", wpush_op_brought },
	{ NULL, NULL },
};
