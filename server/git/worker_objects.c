/* Objects by their ids, and the tags of a repository. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/git/git_ask.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	TAGS_SORTED_MAX = 20000 /* more are told by name */
};

static void
objects_put_tag(struct jw *w, const git_tag *tag)
{
	jw_object(w, "tag");
	worker_text(w, "name", git_tag_name(tag));
	worker_put_message(w, "message",
	    git_tag_message(tag) != NULL ? git_tag_message(tag) : "");
	worker_put_person(w, "tagger", git_tag_tagger(tag));
	worker_oid(w, "target", git_tag_target_id(tag));
	jw_str(
	    w, "target_type", git_object_type2string(git_tag_target_type(tag)));
	jw_end(w);
}

/* {sha, type, tag?, commit?}: commit is what it peels to. */
static int
objects_put(struct worker_call *c, const git_oid *id,
    const struct worker_want *want, struct err *e)
{
	git_object *o = NULL, *peeled = NULL;
	int rc = git_object_lookup(&o, c->repo, id, GIT_OBJECT_ANY);

	jw_object(c->w, NULL);
	worker_oid(c->w, "sha", id);
	if (rc == GIT_ENOTFOUND) {
		jw_str(c->w, "type", "");
		jw_end(c->w);
		return 0;
	}
	if (rc < 0)
		return worker_fail(e, rc, "object");
	jw_str(c->w, "type", git_object_type2string(git_object_type(o)));
	if (git_object_type(o) == GIT_OBJECT_TAG)
		objects_put_tag(c->w, (const git_tag *)o);
	if (json_bool_or(c->in, "commits", false) &&
	    git_object_peel(&peeled, o, GIT_OBJECT_COMMIT) == 0) {
		jw_array(c->w, "commits");
		rc = worker_put_commit(
		    c->w, c->repo, (const git_commit *)peeled, want, e);
		jw_end(c->w);
	}
	git_object_free(peeled);
	git_object_free(o);
	jw_end(c->w);
	return rc;
}

static int
objects_op(struct worker_call *c, struct err *e)
{
	struct view rest = c->raw_in, line;
	struct worker_want want;
	size_t n = 0;
	int rc = 0;

	worker_want_read(c, &want);
	jw_array(c->w, "objects");
	while (rc == 0 && rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *text = view_dup(line);
		git_oid id;

		if (line.len == 0)
			continue;
		if (n++ == GIT_ASK_OBJECTS_MAX || !gitpool_sha_ok(text) ||
		    git_oid_fromstr(&id, text) < 0)
			return err_set(e, ERR_INVALID, "malformed list of ids");
		rc = objects_put(c, &id, &want, e);
	}
	jw_end(c->w);
	return rc;
}

struct tags_row {
	char *name;
	git_oid id;
	int64_t at;
};

struct tags {
	struct tags_row *v;
	size_t n, cap;
};

static void
tags_release(struct tags *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].name);
	free(x->v);
}

static void
tags_add(struct tags *x, const git_reference *ref, const char *only)
{
	const char *name = git_reference_name(ref);

	if (git_reference_type(ref) != GIT_REFERENCE_DIRECT ||
	    strncmp(name, "refs/tags/", 10) != 0 ||
	    (only != NULL && strcmp(name + 10, only) != 0))
		return;
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 64 : x->cap * 2;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	x->v[x->n++] = (struct tags_row){ .name = xstrdup(name + 10),
		.id = *git_reference_target(ref) };
}

static int
tags_read(git_repository *repo, struct tags *x, struct err *e)
{
	git_reference_iterator *it = NULL;
	int rc = git_reference_iterator_glob_new(&it, repo, "refs/tags/*");

	while (rc == 0) {
		AUTO_REF git_reference *ref = NULL;

		rc = git_reference_next(&ref, it);
		if (rc == 0)
			tags_add(x, ref, NULL);
	}
	git_reference_iterator_free(it);
	return rc == GIT_ITEROVER ? 0 : worker_fail(e, rc, "list tags");
}

static int
tags_read_one(
    git_repository *repo, const char *name, struct tags *x, struct err *e)
{
	AUTO_FREE char *full = xasprintf("refs/tags/%s", name);
	AUTO_REF git_reference *ref = NULL;
	int rc = git_reference_lookup(&ref, repo, full);

	if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
		return err_set(e, ERR_NOTFOUND, "no such tag: %.150s", name);
	if (rc < 0)
		return worker_fail(e, rc, "tag");
	tags_add(x, ref, name);
	return 0;
}

/* When the tag was made, or what it names when it is a light one. */
static int64_t
tags_time(git_repository *repo, const git_oid *id)
{
	git_object *o = NULL, *peeled = NULL;
	const git_signature *by = NULL;
	int64_t at = 0;

	if (git_object_lookup(&o, repo, id, GIT_OBJECT_ANY) < 0)
		return 0;
	if (git_object_type(o) == GIT_OBJECT_TAG)
		by = git_tag_tagger((const git_tag *)o);
	if (by != NULL)
		at = by->when.time;
	else if (git_object_peel(&peeled, o, GIT_OBJECT_COMMIT) == 0)
		at = git_commit_time((const git_commit *)peeled);
	git_object_free(peeled);
	git_object_free(o);
	return at;
}

static int
tags_cmp(const void *a, const void *b)
{
	const struct tags_row *x = a, *y = b;

	if (x->at != y->at)
		return x->at > y->at ? -1 : 1;
	return -strcmp(x->name, y->name);
}

static int
tags_put(struct worker_call *c, const struct tags_row *r, struct err *e)
{
	const struct worker_want want = { .stat = false };
	int rc;

	jw_object(c->w, NULL);
	worker_text(c->w, "name", r->name);
	jw_array(c->w, "objects");
	rc = objects_put(c, &r->id, &want, e);
	jw_end(c->w);
	jw_end(c->w);
	return rc;
}

/* name: that one only.  Else a page, the newest first. */
static int
tags_op(struct worker_call *c, struct err *e)
{
	const char *name = json_str_or(c->in, "name", NULL);
	int64_t skip = json_i64_or(c->in, "skip", 0);
	int64_t limit = json_i64_or(c->in, "limit", 1);
	struct tags x = { .v = NULL };
	int rc;

	if (skip < 0 || limit < 1 || limit > GIT_ASK_OBJECTS_MAX)
		return err_set(e, ERR_INVALID, "limit is out of range");
	rc = name != NULL ? tags_read_one(c->repo, name, &x, e)
			  : tags_read(c->repo, &x, e);
	for (size_t i = 0; i < x.n && x.n <= TAGS_SORTED_MAX; i++)
		x.v[i].at = tags_time(c->repo, &x.v[i].id);
	if (x.n > 1)
		qsort(x.v, x.n, sizeof(*x.v), tags_cmp);
	jw_i64(c->w, "total", (int64_t)x.n);
	jw_array(c->w, "tags");
	for (size_t i = (size_t)skip;
	     rc == 0 && i < x.n && i < (size_t)(skip + limit); i++)
		rc = tags_put(c, &x.v[i], e);
	jw_end(c->w);
	tags_release(&x);
	return rc;
}

/* {sha} of a new annotated tag; no ref moves. */
static int
tags_make_op(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *target = NULL;
	git_signature *tagger = NULL;
	const char *name, *rev, *message;
	git_oid id;
	int rc;

	if (worker_arg(c, "name", &name, e) == -1 ||
	    worker_arg(c, "target", &rev, e) == -1 ||
	    worker_arg(c, "message", &message, e) == -1 ||
	    worker_commit_named(c->repo, rev, &target, e) == -1 ||
	    worker_signature(c, "tagger", &tagger, e) == -1)
		return -1;
	rc = git_tag_annotation_create(
	    &id, c->repo, name, (const git_object *)target, tagger, message);
	git_signature_free(tagger);
	if (rc < 0)
		return worker_fail(e, rc, "write tag");
	worker_oid(c->w, "sha", &id);
	return 0;
}

const struct worker_op worker_ops_objects[] = {
	{ "objects", objects_op },
	{ "tags", tags_op },
	{ "tag_make", tags_make_op },
	{ NULL, NULL },
};
