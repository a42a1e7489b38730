/* What commits changed, as text: a diff, or mails as git format-patch has. */
#include <git2.h>
#include <git2/email.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/git/git_ask.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	SHOW_BLOB_MAX = 4 << 20 /* larger files are shown as binary */
};

struct show_out {
	struct str *out;
	const char *path; /* of the one file to show, NULL: all */
	bool heads;       /* of files whose lines have no room, too */
	bool truncated;
	int64_t files, added, deleted; /* of the whole change */
};

static void
show_count(struct show_out *t, char origin)
{
	t->files += origin == GIT_DIFF_LINE_FILE_HDR;
	t->added += origin == GIT_DIFF_LINE_ADDITION;
	t->deleted += origin == GIT_DIFF_LINE_DELETION;
}

static int
show_line(const git_diff_delta *delta, const git_diff_hunk *hunk,
    const git_diff_line *line, void *arg)
{
	struct show_out *t = arg;
	bool marked = line->origin == GIT_DIFF_LINE_CONTEXT ||
	    line->origin == GIT_DIFF_LINE_ADDITION ||
	    line->origin == GIT_DIFF_LINE_DELETION;
	bool head = t->heads && line->origin == GIT_DIFF_LINE_FILE_HDR;
	size_t max = GIT_ASK_TEXT_MAX + (head ? GIT_ASK_HEADS_MAX : 0);

	(void)hunk;
	show_count(t, line->origin);
	if (t->path != NULL && strcmp(delta->new_file.path, t->path) != 0)
		return 0;
	if (t->truncated && !head)
		return t->heads ? 0 : 1;
	if (t->out->len >= max || line->content_len + 1 > max - t->out->len) {
		t->truncated = true;
		return t->heads ? 0 : 1;
	}
	if (marked)
		str_addc(t->out, line->origin);
	str_addn(t->out, line->content, line->content_len);
	return 0;
}

/* from NULL: from nothing. */
static int
show_diff(struct worker_call *c, const git_commit *from, const git_commit *to,
    struct show_out *t, struct err *e)
{
	AUTO_TREE git_tree *a = NULL;
	AUTO_TREE git_tree *b = NULL;
	AUTO_DIFF git_diff *diff = NULL;
	git_diff_options opts;
	git_diff_find_options find;
	int rc = 0;

	(void)git_diff_options_init(&opts, GIT_DIFF_OPTIONS_VERSION);
	(void)git_diff_find_options_init(&find, GIT_DIFF_FIND_OPTIONS_VERSION);
	opts.max_size = SHOW_BLOB_MAX;
	opts.id_abbrev = 40;
	find.flags = GIT_DIFF_FIND_RENAMES;
	if (from != NULL)
		rc = git_commit_tree(&a, from);
	if (rc == 0)
		rc = git_commit_tree(&b, to);
	if (rc == 0)
		rc = worker_diff_trees(&diff, c->repo, a, b, &opts);
	if (rc == 0)
		rc = git_diff_find_similar(diff, &find);
	if (rc == 0)
		rc = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, show_line, t);
	return rc < 0 || (rc > 0 && !t->truncated) ? worker_fail(e, rc, "diff")
						   : 0;
}

static int
show_mail(git_commit *commit, struct show_out *t, struct err *e)
{
	git_email_create_options opts = {
		.version = GIT_EMAIL_CREATE_OPTIONS_VERSION
	};
	git_buf mail = GIT_BUF_INIT;
	int rc;

	(void)git_diff_options_init(&opts.diff_opts, GIT_DIFF_OPTIONS_VERSION);
	(void)git_diff_find_options_init(
	    &opts.diff_find_opts, GIT_DIFF_FIND_OPTIONS_VERSION);
	opts.diff_opts.max_size = SHOW_BLOB_MAX;
	opts.diff_opts.flags |= GIT_DIFF_SHOW_BINARY;
	rc = git_email_create_from_commit(&mail, commit, &opts);
	if (rc == 0 && mail.size + 1 > GIT_ASK_TEXT_MAX - t->out->len)
		t->truncated = true;
	else if (rc == 0)
		str_addn(t->out, mail.ptr, mail.size);
	git_buf_dispose(&mail);
	return rc < 0 ? worker_fail(e, rc, "patch") : 0;
}

static int
show_one(struct worker_call *c, git_commit *commit, bool mail,
    struct show_out *t, struct err *e)
{
	AUTO_COMMIT git_commit *parent = NULL;
	int rc = 0;

	/* A mail of a merge there is none. */
	if (mail && git_commit_parentcount(commit) < 2)
		return show_mail(commit, t, e);
	if (git_commit_parentcount(commit) > 0)
		rc = git_commit_parent(&parent, commit, 0);
	return rc < 0 ? worker_fail(e, rc, "parent")
		      : show_diff(c, parent, commit, t, e);
}

/* The mails of what head has beyond base, the oldest first. */
static int
show_mails(struct worker_call *c, const git_commit *base,
    const git_commit *head, struct show_out *t, struct err *e)
{
	AUTO_WALK git_revwalk *walk = NULL;
	git_oid id;
	int rc = git_revwalk_new(&walk, c->repo);

	if (rc == 0)
		rc = git_revwalk_sorting(
		    walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	if (rc == 0)
		rc = git_revwalk_push(walk, git_commit_id(head));
	if (rc == 0)
		rc = git_revwalk_hide(walk, git_commit_id(base));
	for (int n = 0; rc == 0 && !t->truncated; n++) {
		AUTO_COMMIT git_commit *commit = NULL;

		rc = git_revwalk_next(&id, walk);
		if (rc == GIT_ITEROVER)
			return 0;
		if (n == GIT_ASK_PATCHES_MAX) {
			t->truncated = true;
			return 0;
		}
		if (rc == 0)
			rc = git_commit_lookup(&commit, c->repo, &id);
		if (rc == 0 && git_commit_parentcount(commit) < 2 &&
		    show_mail(commit, t, e) == -1)
			return -1;
	}
	return rc < 0 ? worker_fail(e, rc, "walk history") : 0;
}

/* base absent: head alone; direct: from base itself, not the merge base. */
static int
show_op(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *base = NULL;
	AUTO_COMMIT git_commit *head = NULL;
	const char *from = json_str_or(c->in, "base", ""), *to;
	bool mail = json_bool_or(c->in, "patch", false);
	struct show_out t = { .out = c->raw,
		.path = json_str_or(c->in, "only", NULL),
		.heads = json_bool_or(c->in, "heads", false) };
	git_oid mb;
	int rc;

	if (worker_arg(c, "head", &to, e) == -1 ||
	    worker_commit_named(c->repo, to, &head, e) == -1)
		return -1;
	if (from[0] == '\0') {
		rc = show_one(c, head, mail, &t, e);
	} else if (worker_commit_named(c->repo, from, &base, e) == -1) {
		return -1;
	} else if (mail) {
		rc = show_mails(c, base, head, &t, e);
	} else {
		if (!json_bool_or(c->in, "direct", false) &&
		    git_merge_base(&mb, c->repo, git_commit_id(base),
			git_commit_id(head)) == 0) {
			git_commit_free(base);
			base = NULL;
			rc = git_commit_lookup(&base, c->repo, &mb);
			if (rc < 0)
				return worker_fail(e, rc, "merge base");
		}
		rc = show_diff(c, base, head, &t, e);
	}
	jw_bool(c->w, "truncated", t.truncated);
	jw_i64(c->w, "files", t.files);
	jw_i64(c->w, "added", t.added);
	jw_i64(c->w, "deleted", t.deleted);
	return rc;
}

const struct worker_op worker_ops_show[] = {
	{ "show", show_op },
	{ NULL, NULL },
};
