#include <errno.h>
#include <fcntl.h>
#include <git2/sys/repository.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"
#include "lib/io/frame.h"
#include "server/git/git_pool.h"
#include "server/git/worker_memo.h"
#include "server/git/worker_priv.h"

enum {
	WORKER_REPOS = 8,
	WORKER_READ_STEP = 64 << 10
};

/* Address space, the mapped packs included. */
#define WORKER_MEMORY_MAX ((rlim_t)4 << 30)

static const struct worker_op *const worker_tables[] = { worker_ops_refs,
	worker_ops_read, worker_ops_merge, worker_ops_diff, worker_ops_clean,
	worker_ops_care, worker_ops_list, worker_ops_report, worker_ops_push,
	worker_ops_pull, worker_ops_history, worker_ops_objects,
	worker_ops_tree, worker_ops_show, worker_ops_write, worker_ops_tests,
	worker_ops_text, worker_ops_blame, worker_ops_findings,
	worker_ops_scratch, worker_ops_touched, NULL };

struct worker_repo {
	char *path;
	git_repository *repo;
	struct worker_peels *peels;
	struct worker_memo *memo;
	uint64_t used;
	struct timespec packed; /* when its packs last changed */
};

struct worker {
	int fd;
	uint64_t turn;
	struct worker_repo repos[WORKER_REPOS];
};

int
worker_fail(struct err *e, int rc, const char *what)
{
	const git_error *g = git_error_last();
	enum err_code code = ERR_INTERNAL;

	switch (rc) {
	case GIT_ENOTFOUND:
		code = ERR_NOTFOUND;
		break;
	case GIT_EEXISTS:
	case GIT_EMODIFIED:
		code = ERR_EXISTS;
		break;
	case GIT_EINVALIDSPEC:
	case GIT_EAMBIGUOUS:
	case GIT_EPEEL:
		code = ERR_INVALID;
		break;
	case GIT_ELOCKED:
		code = ERR_BUSY;
		break;
	default:
		break;
	}
	(void)err_set(e, code, "%s: %s", what,
	    g != NULL && g->message != NULL ? g->message : "git error");
	return -1;
}

int
worker_arg(const struct worker_call *c, const char *key, const char **out,
    struct err *e)
{
	*out = json_str_or(c->in, key, NULL);
	if (*out == NULL)
		return err_set(e, ERR_INVALID, "%s is missing", key);
	return 0;
}

static int
worker_commit_by_id(
    git_repository *repo, const char *rev, git_commit **out, struct err *e)
{
	git_object *o = NULL, *peeled = NULL;
	git_oid id;
	int rc = git_oid_fromstr(&id, rev);

	if (rc == 0)
		rc = git_object_lookup(&o, repo, &id, GIT_OBJECT_ANY);
	if (rc == 0)
		rc = git_object_peel(&peeled, o, GIT_OBJECT_COMMIT);
	git_object_free(o);
	if (rc < 0)
		return worker_fail(e, rc, rev);
	*out = (git_commit *)peeled;
	return 0;
}

int
worker_commit_of(
    git_repository *repo, const char *rev, git_commit **out, struct err *e)
{
	static const char *const places[] = { "refs/heads/", "refs/tags/" };
	bool full = strncmp(rev, "refs/", 5) == 0 || strcmp(rev, "HEAD") == 0;
	int rc = GIT_ENOTFOUND;

	if (gitpool_sha_ok(rev))
		return worker_commit_by_id(repo, rev, out, e);
	for (size_t i = 0; i < (full ? 1 : 2); i++) {
		AUTO_FREE char *name = xasprintf(
		    "%s%s", full ? "" : places[i], rev);
		AUTO_REF git_reference *ref = NULL;
		git_object *o = NULL;

		rc = git_reference_lookup(&ref, repo, name);
		if (rc == 0)
			rc = git_reference_peel(&o, ref, GIT_OBJECT_COMMIT);
		if (rc == 0) {
			*out = (git_commit *)o;
			return 0;
		}
		if (rc != GIT_ENOTFOUND)
			break;
	}
	if (rc == GIT_ENOTFOUND)
		return err_set(e, ERR_NOTFOUND, "no such ref: %.120s", rev);
	return worker_fail(e, rc, "ref");
}

int
worker_commit(const struct worker_call *c, const char *key, git_commit **out,
    struct err *e)
{
	const char *rev;

	if (worker_arg(c, key, &rev, e) == -1)
		return -1;
	return worker_commit_of(c->repo, rev, out, e);
}

void
worker_text(struct jw *w, const char *key, const char *s)
{
	struct view v = view_of(s);
	AUTO_STR struct str out = STR_INIT;

	if (utf8_valid(v)) {
		jw_view(w, key, v);
		return;
	}
	while (v.len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(v, &cp);

		if (n == 0) {
			str_add(&out, "\xef\xbf\xbd");
			n = 1;
		} else {
			str_addn(&out, v.p, n);
		}
		v = view_from(v, n);
	}
	jw_view(w, key, str_view(&out));
}

void
worker_oid(struct jw *w, const char *key, const git_oid *id)
{
	char text[GIT_SHA_TEXT];

	if (id == NULL) {
		jw_null(w, key);
		return;
	}
	jw_str(w, key, git_oid_tostr(text, sizeof(text), id));
}

static int
worker_git_open(const char *path, git_repository **repo, struct err *e)
{
	int rc = git_repository_open_ext(repo, path,
	    GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);

	return rc < 0 ? worker_fail(e, rc, "open repository") : 0;
}

static void
worker_packed(const char *path, struct timespec *out)
{
	AUTO_FREE char *pack = path_join(path, "objects/pack");
	struct stat st;

	*out = (struct timespec){ .tv_sec = 0 };
	if (stat(pack, &st) == 0)
		*out = st.st_mtim;
}

/*
 * After a repack the handle still has the packs that went: their room is not
 * free, and objects that were dropped would be answered.
 */
static int
worker_refresh(struct worker_repo *r, struct err *e)
{
	git_repository *repo = NULL;
	struct timespec now;

	worker_packed(r->path, &now);
	if (now.tv_sec == r->packed.tv_sec && now.tv_nsec == r->packed.tv_nsec)
		return 0;
	if (worker_git_open(r->path, &repo, e) == -1)
		return -1;
	git_repository_free(r->repo);
	r->repo = repo;
	r->packed = now;
	return 0;
}

static int
worker_open(
    struct worker *k, const char *path, struct worker_call *c, struct err *e)
{
	struct worker_repo *slot = &k->repos[0];
	git_repository *repo = NULL;
	struct timespec packed;

	for (size_t i = 0; i < WORKER_REPOS; i++) {
		struct worker_repo *r = &k->repos[i];

		if (r->path != NULL && strcmp(r->path, path) == 0) {
			/* Removed meanwhile: the handle would answer still. */
			if (access(path, F_OK) == -1)
				return err_set(
				    e, ERR_NOTFOUND, "the repository is gone");
			if (worker_refresh(r, e) == -1)
				return -1;
			r->used = ++k->turn;
			c->repo = r->repo;
			c->peels = &r->peels;
			c->memo = &r->memo;
			return 0;
		}
		if (r->used < slot->used)
			slot = r;
	}
	worker_packed(path, &packed);
	if (worker_git_open(path, &repo, e) == -1)
		return -1;
	free(slot->path);
	git_repository_free(slot->repo);
	worker_peels_free(slot->peels);
	worker_memo_free(slot->memo);
	*slot = (struct worker_repo){ .path = xstrdup(path),
		.repo = repo,
		.used = ++k->turn,
		.packed = packed };
	c->repo = repo;
	c->peels = &slot->peels;
	c->memo = &slot->memo;
	return 0;
}

static const struct worker_op *
worker_find(const char *name)
{
	for (size_t i = 0; worker_tables[i] != NULL; i++)
		for (const struct worker_op *o = worker_tables[i];
		     o->name != NULL; o++)
			if (strcmp(o->name, name) == 0)
				return o;
	return NULL;
}

static int
worker_run(struct worker *k, struct view payload, struct jw *w, struct str *raw,
    struct err *e)
{
	const unsigned char *p = (const unsigned char *)payload.p;
	struct worker_call c = { .w = w, .raw = raw };
	const struct worker_op *op;
	const char *name, *path;
	struct json *in;
	size_t n;
	int rc = -1;

	if (payload.len < 4)
		return err_set(e, ERR_PROTO, "short call");
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (n > payload.len - 4)
		return err_set(e, ERR_PROTO, "short call");
	in = json_parse(
	    (struct view){ .p = payload.p + 4, .len = n }, WORKER_JSON_MAX, e);
	if (in == NULL)
		return -1;
	c.in = in;
	c.raw_in = view_from(payload, 4 + n);
	if (worker_arg(&c, "op", &name, e) == -1 ||
	    worker_arg(&c, "path", &path, e) == -1)
		goto out;
	op = worker_find(name);
	if (op == NULL) {
		(void)err_set(e, ERR_INVALID, "no such operation: %s", name);
		goto out;
	}
	if (worker_open(k, path, &c, e) == -1)
		goto out;
	rc = op->fn(&c, e);
out:
	json_free(in);
	return rc;
}

/* The JSON of a reply: the operation's fields, or its error. */
static void
worker_answer(struct worker *k, struct view payload, struct str *out)
{
	AUTO_STR struct str text = STR_INIT_MAX(WORKER_JSON_MAX);
	AUTO_STR struct str raw = STR_INIT_MAX(WORKER_RAW_MAX);
	AUTO_STR struct str body = STR_INIT_MAX(
	    WORKER_JSON_MAX + WORKER_REFS_MAX + 16);
	struct err e = ERR_INIT;
	unsigned char head[4];
	struct jw w;
	int rc;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	rc = worker_run(k, payload, &w, &raw, &e);
	if (rc == 0) {
		jw_end(&w);
		if (!str_ok(&text) || !str_ok(&raw))
			rc = err_set(&e, ERR_LIMIT, "the answer is too large");
	}
	if (rc == -1) {
		str_reset(&text);
		str_reset(&raw);
		jw_init(&w, &text);
		jw_object(&w, NULL);
		jw_i64(&w, "code", e.code);
		worker_text(&w, "message", e.msg);
		jw_end(&w);
	}
	for (unsigned i = 0; i < 4; i++)
		head[i] = (unsigned char)(text.len >> (24 - 8 * i) & 0xff);
	str_addn(&body, head, sizeof(head));
	str_addv(&body, str_view(&text));
	str_addv(&body, str_view(&raw));
	frame_put(out, rc == 0 ? WORKER_FRAME_OK : WORKER_FRAME_FAIL,
	    str_cstr(&body), body.len);
}

static int
worker_send(int fd, const struct str *out)
{
	size_t done = 0;

	while (done < out->len) {
		ssize_t n = write(fd, out->p + done, out->len - done);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

static int
worker_serve(struct worker *k, struct str *in)
{
	for (;;) {
		AUTO_STR struct str out = STR_INIT_MAX(WORKER_FRAME_MAX);
		struct err e = ERR_INIT;
		struct frame f;
		long n = frame_get(str_view(in), WORKER_FRAME_MAX, &f, &e);

		if (n == 0)
			return 0;
		if (n == -1 || f.type != WORKER_FRAME_CALL)
			return -1;
		worker_answer(k, f.payload, &out);
		str_drop(in, (size_t)n);
		if (worker_send(k->fd, &out) == -1)
			return -1;
	}
}

static int
worker_prepare(int fd)
{
	static const git_config_level_t levels[] = { GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_PROGRAMDATA };
	struct rlimit rl;
	int flags = fcntl(fd, F_GETFL);

	/* The socket may have been born non-blocking. */
	if (flags == -1 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == -1)
		return -1;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)signal(SIGPIPE, SIG_IGN);
	rl = (struct rlimit){ .rlim_cur = 0, .rlim_max = 0 };
	(void)setrlimit(RLIMIT_CORE, &rl);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* An object may claim any size: it costs the call, not the machine. */
	rl = (struct rlimit){ .rlim_cur = WORKER_MEMORY_MAX,
		.rlim_max = WORKER_MEMORY_MAX };
	(void)setrlimit(RLIMIT_AS, &rl);
#endif
	/* A transaction holds a descriptor for each ref. */
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0) {
		rl.rlim_cur = rl.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &rl);
	}
	if (git_libgit2_init() < 0)
		return -1;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		(void)git_libgit2_opts(
		    GIT_OPT_SET_SEARCH_PATH, (int)levels[i], "");
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 1);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	(void)git_libgit2_opts(
	    GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, (size_t)1 << 30);
	(void)git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, (ssize_t)64 << 20);
	return 0;
}

int
gitworker_main(int fd)
{
	struct worker k = { .fd = fd };
	AUTO_STR struct str in = STR_INIT_MAX(WORKER_FRAME_MAX);
	static char buf[WORKER_READ_STEP];

	if (worker_prepare(fd) == -1)
		return EXIT_FAILURE;
	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		str_addn(&in, buf, (size_t)n);
		if (!str_ok(&in) || worker_serve(&k, &in) == -1)
			break;
	}
	for (size_t i = 0; i < WORKER_REPOS; i++) {
		free(k.repos[i].path);
		git_repository_free(k.repos[i].repo);
		worker_peels_free(k.repos[i].peels);
		worker_memo_free(k.repos[i].memo);
	}
	(void)git_libgit2_shutdown();
	return EXIT_SUCCESS;
}
