#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "server/git/git_pool.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_ATOMIC_MAX = 1000,
	WORKER_CHANGES_MAX = 100000,
	WORKER_LOCK_TRIES = 20,
	WORKER_SYNC_MAX = 64 /* refs that are synced one by one */
};

static int
worker_op_resolve(struct worker_call *c, struct err *e)
{
	AUTO_COMMIT git_commit *commit = NULL;
	const char *rev;

	if (worker_arg(c, "rev", &rev, e) == -1 ||
	    worker_commit_named(c->repo, rev, &commit, e) == -1)
		return -1;
	worker_oid(c->w, "sha", git_commit_id(commit));
	return 0;
}

struct worker_names {
	char **v; /* "sha name" */
	size_t n, cap;
};

static void
worker_names_release(struct worker_names *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i]);
	free(x->v);
}

static int
worker_names_cmp(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x + GIT_SHA_TEXT, *y + GIT_SHA_TEXT);
}

static int
worker_names_read(git_repository *repo, const char *prefix,
    struct worker_names *x, struct err *e)
{
	git_reference_iterator *it = NULL;
	size_t plen = strlen(prefix), bytes = 0;
	int rc = git_reference_iterator_new(&it, repo);

	if (rc < 0)
		return worker_fail(e, rc, "list refs");
	for (;;) {
		AUTO_REF git_reference *ref = NULL;
		char sha[GIT_SHA_TEXT];
		const char *name;

		rc = git_reference_next(&ref, it);
		if (rc < 0)
			break;
		name = git_reference_name(ref);
		if (git_reference_type(ref) != GIT_REFERENCE_DIRECT ||
		    strncmp(name, prefix, plen) != 0)
			continue;
		bytes += strlen(name) + GIT_SHA_TEXT + 1;
		if (bytes > WORKER_REFS_MAX) {
			git_reference_iterator_free(it);
			return err_set(
			    e, ERR_LIMIT, "the repository has too many refs");
		}
		if (x->n == x->cap) {
			x->cap = x->cap == 0 ? 256 : x->cap * 2;
			x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
		}
		(void)git_oid_tostr(
		    sha, sizeof(sha), git_reference_target(ref));
		x->v[x->n++] = xasprintf("%s %s", sha, name);
	}
	git_reference_iterator_free(it);
	return rc == GIT_ITEROVER ? 0 : worker_fail(e, rc, "list refs");
}

static int
worker_op_refs(struct worker_call *c, struct err *e)
{
	struct worker_names x = { .v = NULL };
	AUTO_REF git_reference *head = NULL;
	const char *prefix, *target = NULL;

	if (worker_arg(c, "prefix", &prefix, e) == -1)
		return -1;
	if (git_reference_lookup(&head, c->repo, "HEAD") == 0)
		target = git_reference_symbolic_target(head);
	if (target != NULL)
		worker_text(c->w, "head", target);
	else
		jw_null(c->w, "head");
	if (worker_names_read(c->repo, prefix, &x, e) == -1) {
		worker_names_release(&x);
		return -1;
	}
	if (x.n > 0)
		qsort(x.v, x.n, sizeof(*x.v), worker_names_cmp);
	c->raw->max = WORKER_REFS_MAX;
	for (size_t i = 0; i < x.n; i++) {
		str_add(c->raw, x.v[i]);
		str_addc(c->raw, '\n');
	}
	worker_names_release(&x);
	return 0;
}

/* One line "REF OLD NEW" of gitpool_refs_update; "-" as OLD is "whatever". */
struct worker_change {
	char *ref;
	bool any;
	git_oid old;
	git_oid new_id;
};

static int
worker_change_parse(struct view line, struct worker_change *x, struct err *e)
{
	struct view ref, old, new_sha;
	char text[GIT_SHA_TEXT];

	*x = (struct worker_change){ .ref = NULL };
	if (!view_split(&line, ' ', &ref) || !view_split(&line, ' ', &old) ||
	    !view_split(&line, ' ', &new_sha) ||
	    new_sha.len != GIT_SHA_TEXT - 1 || ref.len == 0)
		return err_set(e, ERR_INVALID, "malformed ref change");
	x->any = view_is(old, "-");
	if (!x->any && old.len != GIT_SHA_TEXT - 1)
		return err_set(e, ERR_INVALID, "malformed ref change");
	memcpy(text, new_sha.p, GIT_SHA_TEXT - 1);
	text[GIT_SHA_TEXT - 1] = '\0';
	if (git_oid_fromstr(&x->new_id, text) < 0)
		return err_set(e, ERR_INVALID, "malformed commit id");
	if (!x->any) {
		memcpy(text, old.p, GIT_SHA_TEXT - 1);
		if (git_oid_fromstr(&x->old, text) < 0)
			return err_set(e, ERR_INVALID, "malformed commit id");
	}
	x->ref = view_dup(ref);
	return 0;
}

static bool
worker_ref_exists(git_repository *repo, const char *name)
{
	AUTO_REF git_reference *ref = NULL;

	return git_reference_lookup(&ref, repo, name) == 0;
}

/* A name above is a ref: the file system could hold only one of them. */
static int
worker_change_room(
    git_repository *repo, const struct worker_change *x, struct err *e)
{
	AUTO_FREE char *up = xstrdup(x->ref);
	AUTO_FREE char *below = xasprintf("%s/*", x->ref);
	git_reference_iterator *it = NULL;
	const char *name = NULL;
	char *slash;

	while ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		if (strchr(up, '/') == NULL)
			break;
		if (worker_ref_exists(repo, up))
			return err_set(e, ERR_EXISTS,
			    "%s cannot live beside %s", x->ref, up);
	}
	if (git_reference_iterator_glob_new(&it, repo, below) == 0 &&
	    git_reference_next_name(&name, it) == 0)
		(void)err_set(
		    e, ERR_EXISTS, "%s cannot live beside %s", x->ref, name);
	git_reference_iterator_free(it);
	return name == NULL ? 0 : -1;
}

/* Compare under the lock. */
static int
worker_change_check(
    git_repository *repo, const struct worker_change *x, struct err *e)
{
	git_oid now;
	char is[11], was[11];
	int rc = git_reference_name_to_id(&now, repo, x->ref);

	if (rc < 0 && rc != GIT_ENOTFOUND)
		return worker_fail(e, rc, x->ref);
	if (rc == GIT_ENOTFOUND)
		memset(&now, 0, sizeof(now));
	(void)git_oid_tostr(is, sizeof(is), &now);
	(void)git_oid_tostr(was, sizeof(was), &x->old);
	if (!x->any && !git_oid_equal(&now, &x->old))
		return err_set(e, ERR_EXISTS, "%.150s moved: it is %s, not %s",
		    x->ref, git_oid_is_zero(&now) ? "absent" : is,
		    git_oid_is_zero(&x->old) ? "absent" : was);
	if (git_oid_is_zero(&x->new_id))
		return 0;
	if (git_oid_is_zero(&now) && worker_change_room(repo, x, e) == -1)
		return -1;
	return 0;
}

/* A branch is a commit: git's own programs refuse to clone or to check what
 * has others. */
static int
worker_change_object(
    git_repository *repo, const struct worker_change *x, struct err *e)
{
	git_odb *odb = NULL;
	git_object_t type = GIT_OBJECT_COMMIT;
	size_t size;
	int rc = git_repository_odb(&odb, repo);

	if (rc == 0)
		rc = git_odb_read_header(&size, &type, odb, &x->new_id);
	git_odb_free(odb);
	if (rc == GIT_ENOTFOUND)
		return err_set(
		    e, ERR_NOTFOUND, "%.150s: no such object", x->ref);
	if (rc < 0)
		return worker_fail(e, rc, x->ref);
	if (type != GIT_OBJECT_COMMIT &&
	    strncmp(x->ref, "refs/heads/", 11) == 0)
		return err_set(e, ERR_INVALID,
		    "%.150s: a branch cannot be a %s", x->ref,
		    git_object_type2string(type));
	return 0;
}

static int
worker_change_stage(git_transaction *tx, git_repository *repo,
    const struct worker_change *x, struct err *e)
{
	int rc = 0;

	if (git_oid_is_zero(&x->new_id)) {
		if (!worker_ref_exists(repo, x->ref))
			return 0;
		rc = git_transaction_remove(tx, x->ref);
		return rc < 0 ? worker_fail(e, rc, x->ref) : 0;
	}
	if (worker_change_object(repo, x, e) == -1)
		return -1;
	rc = git_transaction_set_target(tx, x->ref, &x->new_id, NULL, NULL);
	return rc < 0 ? worker_fail(e, rc, x->ref) : 0;
}

static int
worker_change_lock(git_transaction *tx, const char *ref, struct err *e)
{
	int rc = git_transaction_lock_ref(tx, ref);

	/* A push in flight holds it for a blink. */
	for (int i = 0; rc == GIT_ELOCKED && i < WORKER_LOCK_TRIES; i++) {
		const struct timespec t = { .tv_nsec = 10000000L };

		(void)nanosleep(&t, NULL);
		rc = git_transaction_lock_ref(tx, ref);
	}
	return rc < 0 ? worker_fail(e, rc, ref) : 0;
}

static int
worker_changes_commit(git_repository *repo, const struct worker_change *v,
    size_t n, struct err *e)
{
	git_transaction *tx = NULL;
	int rc = git_transaction_new(&tx, repo);

	if (rc < 0)
		return worker_fail(e, rc, "transaction");
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = worker_change_lock(tx, v[i].ref, e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = worker_change_check(repo, &v[i], e);
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = worker_change_stage(tx, repo, &v[i], e);
	if (rc == 0) {
		rc = git_transaction_commit(tx);
		if (rc < 0)
			rc = worker_fail(e, rc, "move refs");
	}
	git_transaction_free(tx);
	return rc;
}

static int
worker_heads(struct worker_call *c, struct err *e)
{
	static const struct {
		const char *key;
		const char *ref;
	} heads[] = { { "head", "HEAD" },
		{ "upstream_head", "refs/namespaces/upstream/HEAD" } };

	for (size_t i = 0; i < 2; i++) {
		const char *target = json_str_or(c->in, heads[i].key, NULL);
		AUTO_REF git_reference *old = NULL;
		AUTO_REF git_reference *ref = NULL;
		const char *was = NULL;
		int rc;

		/* HEAD never points nowhere because of upstream. */
		if (target == NULL || !worker_ref_exists(c->repo, target))
			continue;
		if (git_reference_lookup(&old, c->repo, heads[i].ref) == 0)
			was = git_reference_symbolic_target(old);
		if (was != NULL && strcmp(was, target) == 0)
			continue;
		rc = git_reference_symbolic_create(
		    &ref, c->repo, heads[i].ref, target, 1, NULL);
		if (rc < 0)
			return worker_fail(e, rc, heads[i].ref);
	}
	return 0;
}

static int
worker_changes_read(
    struct view in, struct worker_change **v, size_t *n, struct err *e)
{
	size_t cap = 0;
	struct view line;

	while (in.len > 0 && view_split(&in, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (*n == WORKER_CHANGES_MAX)
			return err_set(e, ERR_LIMIT, "too many ref changes");
		if (*n == cap) {
			cap = cap == 0 ? 64 : cap * 2;
			*v = xrealloc(*v, cap * sizeof(**v));
		}
		if (worker_change_parse(line, &(*v)[*n], e) == -1)
			return -1;
		(*n)++;
	}
	return 0;
}

static int
worker_changes_run(struct worker_call *c, git_repository *repo,
    const struct worker_change *v, size_t n, struct err *e)
{
	int64_t failed = 0;

	if (json_bool_or(c->in, "atomic", true)) {
		if (n > WORKER_ATOMIC_MAX)
			return err_set(
			    e, ERR_LIMIT, "too many refs in one transaction");
		if (n > 0 && worker_changes_commit(repo, v, n, e) == -1)
			return -1;
	} else {
		for (size_t i = 0; i < n; i++) {
			struct err one = ERR_INIT;

			if (worker_changes_commit(repo, &v[i], 1, &one) == 0)
				continue;
			failed++;
			str_addf(c->raw, "%s %s\n", v[i].ref, one.msg);
		}
	}
	jw_i64(c->w, "failed", failed);
	return worker_heads(c, e);
}

/* Many refs are synced together at the end: a handle that is opened meanwhile
 * syncs none. */
static int
worker_changes_run_many(struct worker_call *c, const struct worker_change *v,
    size_t n, struct err *e)
{
	AUTO_CLOSE int dir = open(
	    git_repository_path(c->repo), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	git_repository *repo = NULL;
	int rc;

	if (dir == -1)
		return err_sys(e, ERR_IO, "open the repository");
	(void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 0);
	rc = git_repository_open_bare(&repo, git_repository_path(c->repo));
	if (rc < 0)
		rc = worker_fail(e, rc, "open the repository");
	else
		rc = worker_changes_run(c, repo, v, n, e);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	git_repository_free(repo);
	if (rc == 0 && syncfs(dir) == -1)
		rc = err_sys(e, ERR_IO, "sync the repository");
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return rc;
}

static int
worker_op_refs_update(struct worker_call *c, struct err *e)
{
	struct worker_change *v = NULL;
	size_t n = 0;
	int rc = worker_changes_read(c->raw_in, &v, &n, e);

	if (rc == 0 && n > WORKER_SYNC_MAX)
		rc = worker_changes_run_many(c, v, n, e);
	else if (rc == 0)
		rc = worker_changes_run(c, c->repo, v, n, e);
	for (size_t i = 0; i < n; i++)
		free(v[i].ref);
	free(v);
	return rc;
}

/* No such folder: the ref is gone, and what was above it with it. */
static int
worker_sync_folder(const char *path, struct err *e)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1 && errno == ENOENT)
		return 0;
	if (fd == -1 || fsync(fd) == -1)
		return err_sys(e, ERR_IO, "sync %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

/* git syncs files, never the folders that name them. */
static int
worker_op_sync(struct worker_call *c, struct err *e)
{
	AUTO_FREE char *last = NULL;
	struct view rest = c->raw_in, line;
	const char *repo;

	if (worker_arg(c, "path", &repo, e) == -1)
		return -1;
	last = path_join(repo, "objects/pack");
	if (worker_sync_folder(last, e) == -1)
		return -1;
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *name = view_dup(line);
		char *path = path_join(repo, name), *slash = strrchr(path, '/');

		*slash = '\0';
		if (strcmp(path, last) == 0) {
			free(path);
			continue;
		}
		free(last);
		last = path;
		if (worker_sync_folder(path, e) == -1)
			return -1;
	}
	/* A deleted ref left packed-refs too. */
	return worker_sync_folder(repo, e);
}

const struct worker_op worker_ops_refs[] = {
	{ "resolve", worker_op_resolve },
	{ "refs", worker_op_refs },
	{ "refs_update", worker_op_refs_update },
	{ "sync", worker_op_sync },
	{ NULL, NULL },
};
