#include "server/git/git_pool.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/child.h"
#include "lib/io/frame.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"
#include "server/git/git_pool_priv.h"
#include "server/git/ref_cache.h"
#include "server/git/repo_use.h"
#include "server/git/worker_priv.h"

enum {
	GITPOOL_WORKERS = 2,
	GITPOOL_WORKERS_MAX = 17, /* with the one for quick calls */
	GITPOOL_LIMIT_MS = 30 * 1000,
	GITPOOL_ARGV_MAX = 8,
	GITPOOL_RESTART_MAX_MS = 5000
};

/* One question, waiting or at a worker. */
struct git_call {
	TAILQ_ENTRY(git_call) link;
	struct git_pool *pool;
	struct repo_hold *hold; /* of a call that writes */
	int64_t moves;          /* the project whose refs it moves, or 0 */
	char *frame;            /* whole, ready to send */
	size_t len;
	git_done_fn *done;
	void *arg;
	struct err fail; /* of a call that never reached a worker */
};
TAILQ_HEAD(git_calls, git_call);

struct git_worker {
	struct git_pool *pool;
	unsigned index;
	struct child *child;
	struct stream *stream; /* NULL: not running */
	struct timer *limit;
	struct timer *restart;
	struct git_call *call;
	int64_t started_at; /* monotonic */
	int64_t wait_ms;    /* before the next start */
	bool dropped;       /* the stream is closed, on_close is on its way */
	bool timed_out;
	bool served; /* since its start */
};

struct git_pool {
	struct loop *loop;
	char *repos;
	char *argv[GITPOOL_ARGV_MAX + 1];
	int64_t limit_ms;
	struct git_worker w[GITPOOL_WORKERS_MAX];
	unsigned n;
	struct git_calls queue;
	struct git_calls quick; /* served first, and by a worker of its own */
	size_t queued;
	struct ref_cache *refs_cache;
	struct git_calls failed;
	struct git_calls held; /* until maintenance has made room */
	struct repo_use *use;
	bool flushing; /* a turn of gitpool_flush is due */
	bool closing;
	unsigned refs; /* callbacks that will still name it */
};

static void gitpool_pump(struct git_pool *p);

/* A callback came for the last time.  True: the pool is over. */
static bool
gitpool_unref(struct git_pool *p)
{
	bool closing = p->closing;

	p->refs--;
	if (closing && p->refs == 0)
		free(p);
	return closing;
}

static void
gitpool_drop(struct git_worker *w, const char *reason)
{
	w->dropped = true;
	stream_close(w->stream, reason);
}

static void
gitpool_call_free(struct git_call *c)
{
	repo_use_leave(c->hold);
	free(c->frame);
	free(c);
}

/* Nobody hears of an end before what is remembered is dropped. */
static void
gitpool_tell(struct git_pool *p, struct git_call *c, const struct git_result *r)
{
	if (c->moves != 0)
		gitpool_refs_moved(p, c->moves);
	c->done(r, c->arg);
	gitpool_call_free(c);
}

static void
gitpool_fail(struct git_pool *p, struct git_call *c, enum err_code code,
    const char *text)
{
	struct err e = ERR_INIT;
	struct git_result r = { .fail = &e };

	(void)err_set(&e, code, "%s", text);
	gitpool_tell(p, c, &r);
}

static void
gitpool_parts(struct view payload, struct view *json, struct view *raw)
{
	const unsigned char *p = (const unsigned char *)payload.p;
	size_t n;

	*json = *raw = (struct view){ .p = "", .len = 0 };
	if (payload.len < 4)
		return;
	n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (n > payload.len - 4)
		return;
	*json = (struct view){ .p = payload.p + 4, .len = n };
	*raw = view_from(payload, 4 + n);
}

/* The worker's reply to c. */
static void
gitpool_deliver(struct git_pool *p, struct git_call *c, const struct frame *f)
{
	struct view text, raw;
	struct err e = ERR_INIT;
	struct git_result r = { .raw = { .p = "" } };
	struct json *j;

	gitpool_parts(f->payload, &text, &raw);
	j = json_parse(text, WORKER_JSON_MAX, &e);
	if (j == NULL) {
		e.code = ERR_INTERNAL;
		(void)err_wrap(&e, "git worker's reply");
		r.fail = &e;
	} else if (f->type == WORKER_FRAME_OK) {
		r.j = j;
		r.raw = raw;
	} else {
		int64_t code = json_i64_or(j, "code", ERR_INTERNAL);

		if (code <= ERR_NONE || code >= ERR_CODE_MAX)
			code = ERR_INTERNAL;
		(void)err_set(&e, (enum err_code)code, "%s",
		    json_str_or(j, "message", "git error"));
		r.fail = &e;
	}
	gitpool_tell(p, c, &r);
	json_free(j);
}

static void
gitpool_on_data(struct stream *s, struct view in, void *arg)
{
	struct git_worker *w = arg;
	struct git_call *c = w->call;
	struct err e = ERR_INIT;
	struct frame f;
	long n = frame_get(in, WORKER_FRAME_MAX, &f, &e);

	if (n == 0)
		return;
	if (n == -1 || c == NULL ||
	    (f.type != WORKER_FRAME_OK && f.type != WORKER_FRAME_FAIL)) {
		gitpool_drop(w, "the git worker sent nonsense");
		return;
	}
	w->call = NULL;
	w->served = true;
	w->wait_ms = 0;
	timer_cancel(w->limit);
	gitpool_deliver(w->pool, c, &f);
	if (w->dropped)
		return;
	stream_take(s, (size_t)n);
	gitpool_pump(w->pool);
}

static void
gitpool_on_close(struct stream *s, const char *reason, void *arg)
{
	struct git_worker *w = arg;
	struct git_call *c = w->call;
	bool timed_out = w->timed_out;

	(void)s;
	if (gitpool_unref(w->pool))
		return;
	w->stream = NULL;
	w->dropped = false;
	w->call = NULL;
	w->timed_out = false;
	timer_cancel(w->limit);
	if (w->child != NULL)
		child_kill(w->child, SIGKILL);
	if (!w->served)
		w->wait_ms = w->wait_ms == 0 ? 100 : w->wait_ms * 2;
	if (w->wait_ms > GITPOOL_RESTART_MAX_MS)
		w->wait_ms = GITPOOL_RESTART_MAX_MS;
	log_warn("git worker-ended worker=%u reason=%s", w->index,
	    log_val(timed_out ? "time limit" : reason));
	if (c != NULL)
		gitpool_fail(w->pool, c, timed_out ? ERR_TIMEOUT : ERR_INTERNAL,
		    timed_out ? "git took too long" : "the git worker died");
	timer_set(w->restart, w->wait_ms);
}

static void
gitpool_on_exit(const struct child_exit *x, void *arg)
{
	struct git_worker *w = arg;
	struct git_pool *p = w->pool;

	if (x->errlen > 0)
		log_warn("git worker-stderr worker=%u text=%s", w->index,
		    log_val(x->err));
	w->child = NULL;
	if (w->stream != NULL && !w->dropped)
		gitpool_drop(w, "exit");
	else if (w->stream == NULL)
		gitpool_pump(p);
}

static void
gitpool_on_limit(void *arg)
{
	struct git_worker *w = arg;

	if (w->stream == NULL || w->dropped)
		return;
	w->timed_out = true;
	gitpool_drop(w, "time limit");
}

static int
gitpool_spawn(struct git_worker *w, struct err *e)
{
	static const char *const envp[] = { "LC_ALL=C", "HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1", NULL };
	int fds[2] = { -1, -1 };
	struct child_spec spec = {
		.argv = (const char *const *)w->pool->argv,
		.envp = envp,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_COLLECT,
		.n_pass_fds = 1,
		.on_exit = gitpool_on_exit,
		.arg = w,
	};
	struct stream_spec ss = {
		.in_max = WORKER_FRAME_MAX + FRAME_HEADER,
		.out_max = WORKER_CALL_MAX,
		.on_data = gitpool_on_data,
		.on_close = gitpool_on_close,
		.arg = w,
	};
	int rc;

	if (sock_pair(fds, e) == -1)
		return -1;
	spec.pass_fds = &fds[1];
	rc = child_start(w->pool->loop, &spec, &w->child, e);
	(void)close(fds[1]);
	if (rc == -1) {
		(void)close(fds[0]);
		w->child = NULL;
		return err_wrap(e, "git worker");
	}
	ss.fd = fds[0];
	w->stream = stream_new(w->pool->loop, &ss);
	w->pool->refs++; /* its stream's close */
	w->dropped = false;
	w->served = false;
	w->timed_out = false;
	w->started_at = clock_mono_ms();
	return 0;
}

/* The last worker is for quick calls alone, so that they do not wait behind
 * a merge or a diff. */
static struct git_calls *
gitpool_queue_of(const struct git_worker *w)
{
	struct git_pool *p = w->pool;

	if (w->index == p->n - 1 || !TAILQ_EMPTY(&p->quick))
		return &p->quick;
	return &p->queue;
}

static void
gitpool_give(struct git_worker *w)
{
	struct git_pool *p = w->pool;
	struct git_calls *q = gitpool_queue_of(w);
	struct git_call *c = TAILQ_FIRST(q);

	TAILQ_REMOVE(q, c, link);
	p->queued--;
	w->call = c;
	stream_write(w->stream, c->frame, c->len);
	timer_set(w->limit, p->limit_ms);
}

static void
gitpool_pump(struct git_pool *p)
{
	/* From the quick one on. */
	for (unsigned i = p->n; i-- > 0 && p->queued > 0;) {
		struct git_worker *w = &p->w[i];
		struct err e = ERR_INIT;

		if (TAILQ_EMPTY(gitpool_queue_of(w)))
			continue;
		/* The old process is reaped before the next begins. */
		if (w->call != NULL || w->dropped ||
		    timer_pending(w->restart) ||
		    (w->stream == NULL && w->child != NULL))
			continue;
		if (w->stream == NULL && gitpool_spawn(w, &e) == -1) {
			log_error("git worker-start err=%s", log_val(e.msg));
			w->wait_ms = GITPOOL_RESTART_MAX_MS;
			timer_set(w->restart, w->wait_ms);
			continue;
		}
		gitpool_give(w);
	}
}

static void
gitpool_on_restart(void *arg)
{
	struct git_worker *w = arg;

	gitpool_pump(w->pool);
}

/* What the start of a call left for the loop's next turn. */
static void
gitpool_flush(void *arg)
{
	struct git_pool *p = arg;
	struct git_call *c;

	p->flushing = false;
	if (gitpool_unref(p))
		return;
	while ((c = TAILQ_FIRST(&p->failed)) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		struct err e = c->fail;

		TAILQ_REMOVE(&p->failed, c, link);
		gitpool_fail(p, c, e.code, e.msg);
	}
	gitpool_pump(p);
}

/* The repository may be written. */
static void
gitpool_on_hold(void *arg)
{
	struct git_call *c = arg;
	struct git_pool *p = c->pool;

	TAILQ_REMOVE(&p->held, c, link);
	TAILQ_INSERT_TAIL(&p->queue, c, link);
	gitpool_pump(p);
}

static void
gitpool_put(struct git_pool *p, struct git_call *c, int64_t project,
    const struct git_ask *ask)
{
	struct git_calls *to = ask->quick ? &p->quick : &p->queue;

	p->queued++;
	if (ask->writes && p->use != NULL) {
		to = &p->held;
		c->hold = repo_use_share(
		    p->use, project, 0, gitpool_on_hold, c);
	}
	TAILQ_INSERT_TAIL(to, c, link);
}

void
gitpool_call(struct git_pool *p, int64_t project, const struct git_ask *ask,
    git_done_fn *done, void *arg)
{
	struct git_call *c = xcalloc(1, sizeof(*c));
	AUTO_FREE char *path = xasprintf(
	    "%s/%" PRId64 ".git", p->repos, project);
	AUTO_STR struct str text = STR_INIT_MAX(WORKER_JSON_MAX);
	AUTO_STR struct str body = STR_INIT_MAX(WORKER_CALL_MAX - 64);
	AUTO_STR struct str frame = STR_INIT_MAX(WORKER_CALL_MAX);
	unsigned char head[4];
	struct jw w;

	c->pool = p;
	c->done = done;
	c->arg = arg;
	c->moves = ask->moves ? project : 0;
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "op", ask->op);
	jw_str(&w, "path", path);
	if (ask->fields.len > 0) {
		str_addc(&text, ',');
		str_addv(&text, ask->fields);
	}
	jw_end(&w);
	for (unsigned i = 0; i < 4; i++)
		head[i] = (unsigned char)(text.len >> (24 - 8 * i) & 0xff);
	str_addn(&body, head, sizeof(head));
	str_addv(&body, str_view(&text));
	str_addv(&body, ask->raw);
	if (str_ok(&text) && str_ok(&body))
		frame_put(&frame, WORKER_FRAME_CALL, str_cstr(&body), body.len);
	if (!str_ok(&text) || !str_ok(&body) || !str_ok(&frame)) {
		(void)err_set(
		    &c->fail, ERR_LIMIT, "the question to git is too large");
	} else if (p->queued >= GIT_POOL_QUEUE_MAX) {
		(void)err_set(&c->fail, ERR_BUSY,
		    "too many questions to git are waiting");
	}
	if (c->fail.code != ERR_NONE) {
		TAILQ_INSERT_TAIL(&p->failed, c, link);
	} else {
		c->len = frame.len;
		c->frame = str_steal(&frame);
		gitpool_put(p, c, project, ask);
	}
	if (!p->flushing) {
		p->flushing = true;
		p->refs++;
		loop_defer(p->loop, gitpool_flush, p);
	}
}

static void
gitpool_load_list(void *owner, int64_t project, const char *known,
    git_done_fn *done, void *arg)
{
	gitpool_list(owner, project, known, done, arg);
}

struct ref_cache *
gitpool_ref_cache(struct git_pool *p)
{
	return p->refs_cache;
}

void
gitpool_refs_moved(struct git_pool *p, int64_t project)
{
	ref_cache_moved(p->refs_cache, project);
}

static void
gitpool_new_cache(struct git_pool *p)
{
	const struct ref_cache_spec spec = { .repos = p->repos,
		.load = gitpool_load_list,
		.now_ms = clock_mono_ms,
		.owner = p };

	p->refs_cache = ref_cache_new(&spec);
}

struct git_pool *
gitpool_new(const struct git_pool_spec *spec, struct err *e)
{
	struct git_pool *p = xcalloc(1, sizeof(*p));

	p->loop = spec->loop;
	p->repos = xstrdup(spec->repos);
	p->limit_ms = spec->limit_ms > 0 ? spec->limit_ms : GITPOOL_LIMIT_MS;
	p->n = (spec->workers > 0 ? spec->workers : GITPOOL_WORKERS) + 1;
	if (p->n > GITPOOL_WORKERS_MAX)
		p->n = GITPOOL_WORKERS_MAX;
	TAILQ_INIT(&p->queue);
	TAILQ_INIT(&p->quick);
	TAILQ_INIT(&p->failed);
	TAILQ_INIT(&p->held);
	p->use = spec->use;
	gitpool_new_cache(p);
	for (unsigned i = 0; i < p->n; i++) {
		p->w[i].pool = p;
		p->w[i].index = i;
		p->w[i].limit = timer_new(p->loop, gitpool_on_limit, &p->w[i]);
		p->w[i].restart = timer_new(
		    p->loop, gitpool_on_restart, &p->w[i]);
	}
	for (unsigned i = 0; spec->worker_argv[i] != NULL; i++) {
		if (i == GITPOOL_ARGV_MAX) {
			(void)err_set(
			    e, ERR_INVALID, "git worker: too many arguments");
			gitpool_free(p);
			return NULL;
		}
		p->argv[i] = xstrdup(spec->worker_argv[i]);
	}
	return p;
}

static void
gitpool_empty(struct git_calls *q)
{
	struct git_call *c;

	while ((c = TAILQ_FIRST(q)) != NULL) {
		TAILQ_REMOVE(q, c, link);
		gitpool_call_free(c);
	}
}

void
gitpool_free(struct git_pool *p)
{
	if (p == NULL)
		return;
	p->closing = true;
	for (unsigned i = 0; i < p->n; i++) {
		struct git_worker *w = &p->w[i];

		if (w->call != NULL)
			gitpool_call_free(w->call);
		w->call = NULL;
		timer_free(w->limit);
		timer_free(w->restart);
		w->limit = w->restart = NULL;
		if (w->child != NULL)
			child_forget(w->child);
		w->child = NULL;
		if (w->stream != NULL && !w->dropped)
			gitpool_drop(w, "pool ends");
	}
	gitpool_empty(&p->queue);
	gitpool_empty(&p->quick);
	gitpool_empty(&p->held);
	gitpool_empty(&p->failed);
	ref_cache_free(p->refs_cache);
	p->refs_cache = NULL;
	for (unsigned i = 0; p->argv[i] != NULL; i++)
		free(p->argv[i]);
	free(p->repos);
	p->repos = NULL;
	if (p->refs == 0)
		free(p);
}
