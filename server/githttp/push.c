#include <errno.h>
#include <fcntl.h>
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
#include "server/githttp/githttp_priv.h"

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

/* The reply is made here; what else arrives is thrown away. */
static void
push_drain(struct xch *x)
{
	x->push.phase = PUSH_DRAIN;
	str_reset(&x->push.head);
	push_wake(x);
}

static void
push_fail(struct xch *x, const char *why)
{
	receive_failure(&x->push.reply, &x->push.h, why);
	push_drain(x);
}

static void
push_on_settled(const struct err *fail, void *arg)
{
	struct xch *x = arg;

	if (fail != NULL)
		log_error("githttp settle-failed project=%lld err=%s",
		    (long long)x->project, log_val(fail->msg));
	x->settling = false;
	if (x->push.phase == PUSH_SETTLE)
		x->push.phase = PUSH_DONE;
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

/* git will not run: what was kept for it is let go. */
static void
push_undo(struct xch *x)
{
	push_drain(x);
	if (x->pusher.kept_at != 0)
		push_settle(x);
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
		push_fail(x, "the server could not judge the push: try again");
		return;
	}
	s->v = xcalloc(r->n, sizeof(*s->v));
	memcpy(s->v, r->v, r->n * sizeof(*r->v));
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].ok)
			allowed++;
	if (allowed == 0) {
		receive_refusal(&s->reply, &s->h, s->v);
		push_drain(x);
		return;
	}
	if (!xch_ask_slot(x))
		push_undo(x);
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

void
push_go(struct xch *x)
{
	struct push_state *s = &x->push;
	struct err e = ERR_INIT;

	if (push_write_verdicts(x, &e) == -1 || xch_spawn(x, &e) == -1) {
		log_error("githttp push-start project=%lld err=%s",
		    (long long)x->project, log_val(e.msg));
		x->has_slot = false;
		x->g->running--;
		push_fail(x, "the server could not start git");
		push_undo(x);
		return;
	}
	s->phase = PUSH_PACK;
	xch_push_on(x);
	push_wake(x);
}

static void
push_judge(struct xch *x)
{
	struct push_state *s = &x->push;

	s->phase = PUSH_JUDGE;
	x->judging = true;
	svc_push_judge(x->g->spec.push, &x->pusher, s->h.c, s->h.n, s->h.atomic,
	    push_on_judged, x);
}

/* Collect until the commands are whole. */
static void
push_collect(struct xch *x, const void *p, size_t n)
{
	struct push_state *s = &x->push;
	struct err e = ERR_INIT;
	long head;

	str_addn(&s->head, p, n);
	head = receive_head_get(str_view(&s->head), &s->h, &e);
	if (head == 0)
		return;
	if (head == -1) {
		xch_refuse(x, e.code == ERR_LIMIT ? 413 : 400, e.msg);
		push_drain(x);
		return;
	}
	/* A lone flush: the probe before a chunked push. */
	if (s->h.n == 0)
		push_drain(x);
	else
		push_judge(x);
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
		if (!push_flush_head(x))
			return 0;
		return gitpipe_write(x->pipe, p, n);
	case PUSH_DRAIN:
	case PUSH_SETTLE:
	case PUSH_DONE:
	default:
		return n;
	}
}

/* The whole body was fed; the child may not have all of it yet. */
void
push_body_end(struct xch *x)
{
	switch (x->push.phase) {
	case PUSH_HEAD:
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
		return BODY_ABORT;
	if (n == GIT_PIPE_END)
		return s->phase == PUSH_DONE ? BODY_END : 0;
	return n;
}
