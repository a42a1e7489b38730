#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "server/git/git_pool.h"
#include "server/git/pktline.h"
#include "server/git/repo_use.h"
#include "server/githttp/githttp_priv.h"

enum {
	PUSH_INFLATES = 4 * 1032 /* with room: see the hook */
};

void
push_release(struct push_state *s)
{
	if (s->verdicts != NULL)
		(void)unlink(s->verdicts);
	free(s->verdicts);
	free(s->v);
	receive_head_release(&s->h);
	str_release(&s->head);
	str_release(&s->reply);
}

static void
push_wake(struct xch *x)
{
	if (x->q == NULL)
		return;
	request_resume(x->q);
	request_wake(x->q);
}

/* Maintenance may have the repository again. */
void
push_leave(struct xch *x)
{
	repo_use_leave(x->hold);
	x->hold = NULL;
}

/* The reply is made here; what else arrives is thrown away. */
static void
push_drain(struct xch *x)
{
	x->push.phase = PUSH_DRAIN;
	push_leave(x);
	str_reset(&x->push.head);
	push_wake(x);
}

void
push_turn_away(struct xch *x, const char *why)
{
	log_info(
	    "githttp push-refused req=%s project=%lld credential=%lld why=%s",
	    xch_req(x), (long long)x->project, (long long)x->credential,
	    log_val(why));
	receive_failure(&x->push.reply, &x->push.h, why);
	push_drain(x);
}

static void push_refuse(struct xch *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
push_refuse(struct xch *x, const char *fmt, ...)
{
	char text[XCH_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	/* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized) */
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	push_turn_away(x, text);
}

/* What the pusher is told: the disk's end in words, or `other`. */
static const char *
push_excuse(const struct err *e, const char *other)
{
	if (e->sys == ENOSPC || e->sys == EDQUOT ||
	    strstr(e->msg, strerror(ENOSPC)) != NULL ||
	    strstr(e->msg, "disk is full") != NULL) /* SQLite's */
		return "the server's disk is full: nothing was changed, try "
		       "again when there is room";
	return other;
}

/* git was ended by its time limit and had said nothing yet. */
static void
push_out_of_time(struct xch *x)
{
	char text[XCH_TEXT_MAX];

	xch_wall_text(x, text);
	push_turn_away(x, text);
}

static void
push_on_settled(const struct err *fail, void *arg)
{
	struct xch *x = arg;

	if (fail != NULL)
		log_error("githttp settle-failed project=%lld err=%s",
		    (long long)x->project, log_val(fail->msg));
	x->settling = false;
	push_leave(x);
	if (x->push.phase == PUSH_SETTLE) {
		x->push.phase = PUSH_DONE;
		if (gitpipe_timed_out(x->pipe) && x->sent == 0)
			push_out_of_time(x);
	}
	push_wake(x);
	xch_maybe_free(x);
}

static void
push_settle(struct xch *x)
{
	x->settling = true;
	svc_push_settle(x->g->spec.push, &x->pusher, x->push.h.c, x->push.h.n,
	    push_on_settled, x);
}

/* git will not run: what was kept for it is let go, its slot is free. */
static void
push_undo(struct xch *x)
{
	push_drain(x);
	slots_drop(x);
	if (x->pusher.kept_at != 0)
		push_settle(x);
}

/* The hook reads it; it goes away with the exchange. */
static int
push_write_verdicts(struct xch *x, struct err *e)
{
	struct push_state *s = &x->push;
	AUTO_STR struct str text = STR_INIT;
	AUTO_CLOSE int fd = -1;
	char tag[17];

	receive_verdicts(&text, &s->h, s->v);
	if (s->all_allowed)
		receive_judged(&text, &s->h);
	receive_intents(&text, &s->h, s->v, x->project, x->pusher.actor);
	str_add(&text, s->guards);
	rnd_hex(tag, 8);
	s->verdicts = xasprintf("%s/push-%s", gitenv_tmp(x->g->spec.env), tag);
	fd = open(s->verdicts, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO, "%s", s->verdicts);
	for (size_t done = 0; done < text.len;) {
		ssize_t n = write(fd, text.p + done, text.len - done);

		if (n <= 0)
			return err_sys(e, ERR_IO, "%s", s->verdicts);
		done += (size_t)n;
	}
	return 0;
}

/* What the hook compares with objects; 0: the push is here and so small that
 * zlib cannot make one that is too large of it. */
uint64_t
push_object_max(const struct xch *x)
{
	uint64_t max = x->g->spec.max_object;

	return x->body_end && x->pending_n == 0 && x->body < max / PUSH_INFLATES
	    ? 0
	    : max;
}

/* What was collected goes before anything that arrives. */
static bool
push_flush_head(struct xch *x)
{
	struct str *head = &x->push.head;

	while (head->len > 0) {
		size_t n = gitpipe_write(x->pipe, head->p, head->len);

		if (n == 0)
			return false;
		str_drop(head, n);
	}
	return true;
}

static void
push_start(struct xch *x)
{
	struct push_state *s = &x->push;
	struct err e = ERR_INIT;

	if (push_write_verdicts(x, &e) == -1 || xch_spawn(x, &e) == -1) {
		log_error("githttp push-start project=%lld err=%s",
		    (long long)x->project, log_val(e.msg));
		push_turn_away(x,
		    push_excuse(
			&e, "the server could not start git: try again"));
		push_undo(x);
		return;
	}
	x->frame.banded = s->h.side_band;
	s->phase = PUSH_PACK;
	(void)push_flush_head(x);
	xch_push_on(x);
	push_wake(x);
}

static void
push_on_judged(const struct svc_push_judged *r, void *arg)
{
	struct xch *x = arg;
	struct push_state *s = &x->push;
	size_t allowed = 0;

	x->judging = false;
	x->pusher.kept_at = r->kept_at;
	if (x->q == NULL) {
		push_undo(x);
		xch_maybe_free(x);
		return;
	}
	if (r->fail != NULL) {
		log_error("githttp judge-failed project=%lld err=%s",
		    (long long)x->project, log_val(r->fail->msg));
		push_turn_away(x,
		    push_excuse(r->fail,
			"the server could not judge the push: try again"));
		slots_drop(x);
		return;
	}
	s->v = xcalloc(r->n, sizeof(*s->v));
	memcpy(s->v, r->v, r->n * sizeof(*r->v));
	rivals_judge(x);
	for (size_t i = 0; i < r->n; i++)
		if (s->v[i].ok)
			allowed++;
	if (allowed == 0) {
		receive_refusal(&s->reply, &s->h, s->v);
		push_undo(x);
		return;
	}
	/* The guards are the other hook's to look at. */
	s->all_allowed = allowed == s->h.n && r->guards[0] == '\0';
	s->guards = r->guards;
	push_start(x);
	s->guards = NULL;
}

static void
push_on_ready(void *arg)
{
	struct xch *x = arg;
	struct push_state *s = &x->push;

	svc_push_judge(x->g->spec.push, &x->pusher, s->h.c, s->h.n, s->h.atomic,
	    push_on_judged, x);
}

/* It has its slot, and nothing is kept yet for what may never come.
 * Maintenance that runs is ended first, at once. */
void
push_go(struct xch *x)
{
	x->judging = true;
	x->hold = repo_use_share(
	    x->g->spec.use, x->project, 0, push_on_ready, x);
}

/* Whole packets are passed over once; a flush may be the head's end, and
 * what is no packet is the parser's to name. */
static bool
push_may_parse(struct push_state *s)
{
	bool flush = false;

	for (;;) {
		struct err e = ERR_INIT;
		struct pktline p;
		struct view rest = view_from(str_view(&s->head), s->scan_at);
		long n = pktline_get(rest, &p, &e);

		if (n == -1 || s->head.len > RECEIVE_HEAD_MAX)
			return true;
		if (n == 0)
			return flush;
		s->scan_at += (size_t)n;
		if (p.kind != PKTLINE_DATA)
			flush = true;
	}
}

/* The commands are whole; false: the push was answered, or bytes are missing.
 */
static bool
push_head_ok(struct xch *x)
{
	struct push_state *s = &x->push;
	struct err e = ERR_INIT;
	long head;

	if (s->head_len > 0)
		return true;
	if (!push_may_parse(s))
		return false;
	head = receive_head_get(str_view(&s->head), &s->h, &e);
	if (head == 0)
		return false;
	if (head == -1 && s->h.side_band) {
		push_turn_away(x, e.msg);
		return false;
	}
	if (head == -1) {
		xch_refuse(x, e.code == ERR_LIMIT ? 413 : 400, e.msg);
		push_drain(x);
		return false;
	}
	s->head_len = (size_t)head;
	return true;
}

static bool
push_pack_ok(struct xch *x)
{
	struct push_state *s = &x->push;
	uint64_t max = x->g->spec.max_objects;
	struct err e = ERR_INIT;
	uint32_t objects = 0;
	int r;

	if (!receive_has_pack(&s->h))
		return true;
	r = receive_pack_get(
	    view_from(str_view(&s->head), s->head_len), &objects, &e);
	if (r == -1)
		push_turn_away(x, e.msg);
	if (r != 1)
		return false;
	if (objects <= max)
		return true;
	push_refuse(x,
	    "the push has %u objects; at most %llu are taken at once "
	    "([server] push_objects): push older commits first",
	    objects, (unsigned long long)max);
	return false;
}

/* Collect until the commands are whole and the pack has begun. */
static void
push_collect(struct xch *x, const void *p, size_t n)
{
	struct push_state *s = &x->push;

	str_addn(&s->head, p, n);
	if (!push_head_ok(x))
		return;
	/* A lone flush: the probe before a chunked push. */
	if (s->h.n == 0) {
		push_drain(x);
		return;
	}
	if (!push_pack_ok(x))
		return;
	s->phase = PUSH_JUDGE;
	(void)slots_ask(x);
}

/* Its end comes early for git, which then says how it failed. */
static void
push_too_large(struct xch *x)
{
	char text[XCH_TEXT_MAX];

	(void)snprintf(text, sizeof(text),
	    "the push is larger than %llu MiB ([server] push_max): push older "
	    "commits first, or leave large files out",
	    (unsigned long long)(x->g->spec.max_push >> 20));
	log_info("githttp push-too-large req=%s project=%lld credential=%lld",
	    xch_req(x), (long long)x->project, (long long)x->credential);
	x->push.over = true;
	receive_remark(&x->prefix, &x->push.h, text);
	gitpipe_finish(x->pipe);
}

/* So that the client gets to read its answer it may send the rest, but not for
 * ever. */
static size_t
push_throw_away(struct xch *x, size_t n)
{
	x->push.drained += n;
	if (x->push.drained > x->g->spec.max_push)
		request_cut(x->q);
	return n;
}

size_t
push_feed(struct xch *x, const void *p, size_t n)
{
	switch (x->push.phase) {
	case PUSH_HEAD:
		push_collect(x, p, n);
		return n;
	case PUSH_JUDGE:
		return 0;
	case PUSH_PACK:
		if (x->push.over)
			return push_throw_away(x, n);
		if (!push_flush_head(x))
			return 0;
		if (x->body + n > x->g->spec.max_push) {
			push_too_large(x);
			return n;
		}
		return gitpipe_write(x->pipe, p, n);
	case PUSH_DRAIN:
	case PUSH_SETTLE:
	case PUSH_DONE:
	default:
		return push_throw_away(x, n);
	}
}

/* The whole body was fed; the child may not have all of it yet. */
void
push_body_end(struct xch *x)
{
	switch (x->push.phase) {
	case PUSH_HEAD:
		if (x->push.head_len > 0) {
			push_turn_away(x, "the push ends before its pack");
			break;
		}
		xch_refuse(x, 400, "the push ends before its commands do");
		push_drain(x);
		break;
	case PUSH_PACK:
		if (!push_flush_head(x)) {
			x->input_end = false;
			break;
		}
		gitpipe_finish(x->pipe);
		gitpipe_release(x->pipe);
		break;
	case PUSH_JUDGE:
		x->input_end = false;
		break;
	case PUSH_DRAIN:
	case PUSH_SETTLE:
	case PUSH_DONE:
	default:
		break;
	}
}

void
push_on_event(struct xch *x)
{
	if (x->push.phase == PUSH_PACK && gitpipe_exited(x->pipe)) {
		struct err e = ERR_INIT;

		if (gitpipe_check(x->pipe, "receive-pack", &e) == -1)
			log_info("githttp push-ended project=%lld why=%s",
			    (long long)x->project, log_val(e.msg));
		gitpool_refs_moved(x->g->spec.pool, x->project);
		quarantine_sweep(x->g, x->project, gitpipe_was_killed(x->pipe));
		FAIL_POINT(push_before_rows);
		x->push.phase = PUSH_SETTLE;
		push_settle(x);
	} else {
		xch_push_on(x);
	}
	push_wake(x);
	xch_maybe_free(x);
}

void
push_left(struct xch *x)
{
	if (x->pipe != NULL)
		gitpipe_abandon(x->pipe);
}

/* The client hears of its push when the rows say the same. */
long
push_read(struct xch *x, void *p, size_t max)
{
	struct push_state *s = &x->push;
	long n;

	if (s->phase == PUSH_DRAIN) {
		size_t left = s->reply.len - s->reply_at;

		if (left == 0)
			return BODY_END;
		if (left > max)
			left = max;
		memcpy(p, s->reply.p + s->reply_at, left);
		s->reply_at += left;
		return (long)left;
	}
	if (x->pipe == NULL)
		return 0;
	n = gitpipe_read(x->pipe, p, max);
	if (n == GIT_PIPE_FAILED)
		return s->phase == PUSH_DONE ? BODY_ABORT : 0;
	if (n == GIT_PIPE_END)
		return s->phase == PUSH_DONE ? BODY_END : 0;
	return n;
}
