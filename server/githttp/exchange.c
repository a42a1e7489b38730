#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/githttp/githttp_priv.h"
#include "server/githttp/gunzip.h"

struct xch *
xch_new(struct githttp *g, struct request *q, enum xch_kind kind)
{
	struct xch *x = xcalloc(1, sizeof(*x));

	x->g = g;
	x->q = q;
	x->kind = kind;
	x->ad.max = XCH_AD_MAX;
	TAILQ_INSERT_TAIL(&g->all, x, link);
	g->open++;
	pace_start(g);
	return x;
}

void
xch_stop(struct xch *x)
{
	gitpipe_free(x->pipe);
	x->pipe = NULL;
	slots_drop(x);
	x->push.phase = PUSH_DRAIN;
}

void
xch_free(struct xch *x)
{
	struct githttp *g = x->g;

	TAILQ_REMOVE(&g->all, x, link);
	xch_stop(x);
	gunzip_free(x->gz);
	push_leave(x);
	push_release(&x->push);
	ask_release(x);
	str_release(&x->prefix);
	str_release(&x->ad);
	str_release(&x->tail);
	free(x->protocol);
	free(x->rev);
	free(x->format);
	free(x->folder);
	free(x);
	githttp_unref(g);
}

void
xch_maybe_free(struct xch *x)
{
	if (x->q != NULL || x->judging || x->settling)
		return;
	if (x->pipe != NULL && !gitpipe_exited(x->pipe))
		return;
	if (x->kind == XCH_RECEIVE && x->push.phase == PUSH_PACK)
		return;
	xch_free(x);
}

void
xch_headers(struct request *q)
{
	request_header(q, "Expires", "Fri, 01 Jan 1980 00:00:00 GMT");
	request_header(q, "Pragma", "no-cache");
	request_header(
	    q, "Cache-Control", "no-cache, max-age=0, must-revalidate");
}

void
xch_refuse(struct xch *x, int status, const char *text)
{
	AUTO_STR struct str body = STR_INIT;

	if (x->q == NULL || request_replied(x->q))
		return;
	str_addf(&body, "%s\n", text);
	xch_headers(x->q);
	request_reply_str(x->q, status, "text/plain; charset=utf-8", &body);
}

/* The child is ended and its slot free; what is read is read. */
static void
xch_on_event(void *arg)
{
	struct xch *x = arg;

	if (gitpipe_exited(x->pipe))
		slots_drop(x);
	if (x->kind == XCH_RECEIVE) {
		push_on_event(x);
		return;
	}
	xch_push_on(x);
	if (x->q != NULL)
		request_wake(x->q);
	xch_maybe_free(x);
}

static void
xch_argv(const struct xch *x, const char *repo, const char *argv[8])
{
	unsigned n = 0;

	argv[n++] = GIT_PROGRAM;
	if (x->blob) {
		argv[n++] = "cat-file";
		argv[n++] = "blob";
		argv[n++] = x->rev;
	} else if (x->kind == XCH_TAR) {
		argv[n++] = "archive";
		argv[n++] = x->format != NULL ? x->format : "--format=tar";
		if (x->folder != NULL)
			argv[n++] = x->folder;
		argv[n++] = x->rev;
	} else {
		argv[n++] = x->receive ? "receive-pack" : "upload-pack";
		argv[n++] = "--stateless-rpc";
		if (x->kind == XCH_INFO_REFS)
			argv[n++] = "--http-backend-info-refs";
		if (!x->receive)
			argv[n++] = "--strict";
		argv[n++] = repo;
	}
	argv[n] = NULL;
}

int
xch_spawn(struct xch *x, struct err *e)
{
	const struct githttp_spec *g = &x->g->spec;
	AUTO_FREE char *repo = gitenv_repo(g->env, x->project);
	const struct git_serve_spec serve = {
		.service = x->receive ? GIT_RECEIVE_PACK : GIT_UPLOAD_PACK,
		.project = x->project,
		.upstream = x->upstream,
		.protocol = x->protocol,
		.max_push = g->max_push + RECEIVE_HEAD_MAX,
		.max_object = push_object_max(x),
		.verdicts = x->push.verdicts,
		.all_allowed = x->push.all_allowed,
	};
	struct git_pipe_spec ps = {
		.tmp = gitenv_tmp(g->env),
		.hold = x->kind == XCH_UPLOAD || x->kind == XCH_RECEIVE,
		.limit_ms = g->wall_ms,
		.max_data = x->kind == XCH_RECEIVE || x->kind == XCH_TAR
		    ? g->max_memory
		    : 0,
		.on_event = xch_on_event,
		.arg = x,
	};
	struct git_vars vars;
	const char *argv[8];

	xch_argv(x, repo, argv);
	gitvars_serve(&vars, g->env, &serve);
	if (x->kind == XCH_TAR)
		gitvars_add(&vars, "GIT_DIR", repo);
	ps.argv = argv;
	ps.envp = gitvars_done(&vars);
	x->pipe = gitpipe_start(g->loop, &ps, e);
	gitvars_release(&vars);
	if (x->pipe == NULL)
		return -1;
	if (!ps.hold)
		gitpipe_finish(x->pipe);
	return 0;
}

void
xch_wall_text(const struct xch *x, char out[XCH_TEXT_MAX])
{
	(void)snprintf(out, XCH_TEXT_MAX,
	    "cofferd: ended after %lld s, the time for one fetch or push "
	    "([server] pack_wall)",
	    (long long)(x->g->spec.wall_ms / 1000));
}

const char *
xch_req(const struct xch *x)
{
	return x->q != NULL ? request_id(x->q) : "-";
}

static void
xch_fail(struct xch *x, const struct err *e)
{
	log_error("githttp start-failed req=%s project=%lld err=%s", xch_req(x),
	    (long long)x->project, log_val(e->msg));
	xch_refuse(x, 500, "git could not be started");
	/* A reply that has begun is cut. */
	if (x->q != NULL)
		request_wake(x->q);
}

void
xch_go(struct xch *x)
{
	struct err e = ERR_INIT;

	if (x->kind == XCH_RECEIVE) {
		push_go(x);
		return;
	}
	if (xch_spawn(x, &e) == -1) {
		/* The caller goes on with those that wait. */
		x->has_slot = false;
		x->g->running--;
		xch_fail(x, &e);
		return;
	}
	xch_push_on(x);
	if (x->q == NULL)
		return;
	request_resume(x->q);
	request_wake(x->q);
}

/* Bytes of the body, inflated, into the child or the push's collector. */
static size_t
xch_feed(struct xch *x, const void *p, size_t n)
{
	size_t took;

	if (x->kind == XCH_RECEIVE)
		took = push_feed(x, p, n);
	else if (x->ask.phase != ASK_NONE)
		took = ask_feed(x, p, n);
	else if (x->pipe == NULL)
		took = x->waiting ? 0 : n; /* its child could not start */
	else if (!ask_flush(x))
		took = 0;
	else
		took = gitpipe_write(x->pipe, p, n);
	x->body += took;
	return took;
}

static void
xch_flush_pending(struct xch *x)
{
	while (x->pending_at < x->pending_n) {
		size_t n = xch_feed(x, x->pending + x->pending_at,
		    x->pending_n - x->pending_at);

		if (n == 0)
			return;
		x->pending_at += n;
	}
	x->pending_at = x->pending_n = 0;
}

static void
xch_bad_body(struct xch *x, int status, const char *text)
{
	log_info("githttp bad-body req=%s project=%lld why=%s", xch_req(x),
	    (long long)x->project, log_val(text));
	if (x->pipe != NULL)
		gitpipe_abandon(x->pipe);
	xch_refuse(x, status, text);
	x->push.phase = x->kind == XCH_RECEIVE && x->pipe == NULL
	    ? PUSH_DRAIN
	    : x->push.phase;
}

static size_t
xch_inflate(struct xch *x, const char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		struct err e = ERR_INIT;
		size_t in = n - done, out = sizeof(x->pending);

		xch_flush_pending(x);
		if (x->pending_n > 0)
			break;
		if (gunzip_step(x->gz, p + done, &in, x->pending, &out, &e) ==
		    -1) {
			xch_bad_body(x, e.code == ERR_LIMIT ? 413 : 400, e.msg);
			return n;
		}
		x->pending_n = out;
		done += in;
		if (in == 0 && out == 0)
			break;
	}
	xch_flush_pending(x);
	return done;
}

static size_t
xch_on_data(struct request *q, const void *p, size_t n, void *arg)
{
	struct xch *x = arg;

	x->moved += n;
	/* An answer is made already: the rest of the body is of no use. */
	if (request_replied(q))
		return n;
	if (x->kind == XCH_UPLOAD && x->body > XCH_FETCH_BODY_MAX) {
		xch_bad_body(x, 413, "the request is too large");
		return n;
	}
	n = x->gz != NULL ? xch_inflate(x, p, n) : xch_feed(x, p, n);
	ask_on_data(x);
	return n;
}

void
xch_push_on(struct xch *x)
{
	xch_flush_pending(x);
	if (x->q != NULL && !x->body_end)
		request_resume(x->q);
	if (!x->body_end || x->pending_n > 0 || x->input_end)
		return;
	if (x->kind == XCH_RECEIVE) {
		x->input_end = true;
		push_body_end(x);
		return;
	}
	if (x->pipe == NULL || !ask_flush(x))
		return;
	x->input_end = true;
	gitpipe_finish(x->pipe);
	gitpipe_release(x->pipe);
}

static void
xch_on_end(struct request *q, void *arg)
{
	struct xch *x = arg;

	(void)q;
	x->body_end = true;
	if (x->gz != NULL && !gunzip_ended(x->gz))
		xch_bad_body(x, 400, "the gzip body is cut short");
	if (ask_finish(x))
		return;
	xch_push_on(x);
	if (x->q != NULL)
		xch_reply(x, xch_type(x));
}

void
xch_stream(struct xch *x)
{
	static const struct body_sink sink = { .on_data = xch_on_data,
		.on_end = xch_on_end };

	request_stream(x->q, &sink, x);
}

/* What is left of a text of ours. */
static long
xch_read_text(const struct str *text, size_t *at, void *p, size_t max)
{
	size_t left = text->len - *at;

	if (left > max)
		left = max;
	if (left > 0)
		memcpy(p, text->p + *at, left);
	*at += left;
	return (long)left;
}

/* The answer is not whole: end it with why, or cut it. */
static long
xch_read_tail(struct xch *x, void *p, size_t max)
{
	char text[XCH_TEXT_MAX];
	long n;

	if (x->tail.len == 0 && x->pipe != NULL && x->kind != XCH_TAR &&
	    gitpipe_timed_out(x->pipe)) {
		xch_wall_text(x, text);
		sideframe_fail(&x->frame, &x->tail, text);
	}
	if (x->tail.len == 0)
		return BODY_ABORT;
	n = xch_read_text(&x->tail, &x->tail_at, p, max);
	return n > 0 ? n : BODY_END;
}

static long
xch_read_pipe(struct xch *x, void *p, size_t max)
{
	long n;

	if (x->kind == XCH_RECEIVE)
		return push_read(x, p, max);
	if (x->pipe == NULL)
		return x->has_slot || x->waiting ? 0 : BODY_ABORT;
	n = gitpipe_read(x->pipe, p, max);
	ask_learn(x, p, n);
	if (n == GIT_PIPE_END)
		return BODY_END;
	return n == GIT_PIPE_FAILED ? BODY_ABORT : n;
}

static long
xch_read(struct request *q, void *p, size_t max, void *arg)
{
	struct xch *x = arg;
	long n = xch_read_text(&x->prefix, &x->prefix_at, p, max);

	(void)q;
	if (n > 0)
		return n;
	n = xch_read_pipe(x, p, max);
	if (n == BODY_ABORT)
		return xch_read_tail(x, p, max);
	if (n <= 0)
		return n;
	x->moved += (uint64_t)n;
	x->sent += (uint64_t)n;
	sideframe_feed(&x->frame, p, (size_t)n);
	if (x->kind == XCH_TAR && x->sent > x->g->spec.max_tar) {
		log_info("githttp tar-too-large project=%lld",
		    (long long)x->project);
		gitpipe_kill(x->pipe);
		return BODY_ABORT;
	}
	return n;
}

const char *
xch_type(const struct xch *x)
{
	if (x->kind == XCH_INFO_REFS)
		return x->receive
		    ? "application/x-git-receive-pack-advertisement"
		    : "application/x-git-upload-pack-advertisement";
	return x->receive ? "application/x-git-receive-pack-result"
			  : "application/x-git-upload-pack-result";
}

void
xch_reply(struct xch *x, const char *type)
{
	static const struct body_source source = { .read = xch_read };

	if (request_replied(x->q))
		return;
	xch_headers(x->q);
	request_reply_stream(x->q, 200, type, &source, x);
}
