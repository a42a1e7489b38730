#include "lib/io/pump.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	PUMP_BUF = 64 << 10,
	PUMP_REASON_MAX = 128
};

/* One direction.  At most cap bytes are between reading and writing. */
struct pump_way {
	int from, to;
	char *buf;
	size_t cap, off, len;
	uint64_t bytes; /* written */
	bool eof;       /* nothing more comes from `from` */
	bool done;      /* and all of it has been handed on */
};

struct pump {
	struct loop *loop;
	struct pump_way ab, ba;
	struct watch *wa, *wb;
	struct timer *idle;
	int64_t idle_ms;
	int64_t last_ms;
	bool stopped;
	char reason[PUMP_REASON_MAX];
	void (*on_done)(const struct pump_end *end, void *arg);
	void *arg;
};

static void
pump_on_stopped(void *arg)
{
	struct pump *p = arg;
	const struct pump_end end = { .a_to_b = p->ab.bytes,
		.b_to_a = p->ba.bytes,
		.reason = p->reason };

	p->on_done(&end, p->arg);
	free(p->ab.buf);
	free(p->ba.buf);
	free(p);
}

void
pump_stop(struct pump *p, const char *reason)
{
	if (p->stopped)
		return;
	p->stopped = true;
	if (p->reason[0] == '\0')
		(void)snprintf(p->reason, sizeof(p->reason), "%s", reason);
	watch_free(p->wa);
	watch_free(p->wb);
	timer_free(p->idle);
	(void)close(p->ab.from);
	(void)close(p->ab.to);
	loop_defer(p->loop, pump_on_stopped, p);
}

/* The first error is the reason that is reported at the end. */
static void
pump_note(struct pump *p, const char *verb, int sys)
{
	if (p->reason[0] == '\0')
		(void)snprintf(p->reason, sizeof(p->reason), "%s: %s", verb,
		    strerror(sys));
}

/* The end of this direction travels on as a half-close. */
static void
pump_way_end(struct pump_way *w)
{
	if (w->done)
		return;
	w->done = true;
	(void)shutdown(w->to, SHUT_WR);
}

/* An error of `from` also ends what goes back to it. */
static void
pump_read(struct pump *p, struct pump_way *w, struct pump_way *back)
{
	ssize_t n;

	if (w->eof || w->off + w->len == w->cap)
		return;
	n = read(w->from, w->buf + w->off + w->len, w->cap - w->off - w->len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n == -1 && errno != EIO) { /* EIO: the end of a terminal */
		pump_note(p, "read", errno);
		back->eof = true;
		back->len = 0;
		pump_way_end(back);
	}
	if (n <= 0) {
		w->eof = true;
		return;
	}
	w->len += (size_t)n;
	p->last_ms = clock_mono_ms();
}

/*
 * A reader that is gone ends this direction only: what it has sent before may
 * still be on its way in the other.
 */
static void
pump_write(struct pump *p, struct pump_way *w)
{
	ssize_t n;

	if (w->done)
		return;
	if (w->len > 0) {
		n = write(w->to, w->buf + w->off, w->len);
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n == -1) {
			pump_note(p, "write", errno);
			w->eof = true;
			w->len = 0;
		} else {
			w->off += (size_t)n;
			w->len -= (size_t)n;
			w->bytes += (uint64_t)n;
			p->last_ms = clock_mono_ms();
		}
		if (w->len == 0)
			w->off = 0;
	}
	if (w->eof && w->len == 0)
		pump_way_end(w);
}

static int
pump_interest(const struct pump_way *out, const struct pump_way *in)
{
	int what = 0;

	if (!out->eof && out->off + out->len < out->cap)
		what |= WATCH_READ;
	if (in->len > 0)
		what |= WATCH_WRITE;
	return what;
}

static void
pump_update(struct pump *p)
{
	if (p->stopped)
		return;
	if (p->ab.done && p->ba.done) {
		pump_stop(p, "eof");
		return;
	}
	watch_set(p->wa, pump_interest(&p->ab, &p->ba));
	watch_set(p->wb, pump_interest(&p->ba, &p->ab));
}

static void
pump_on_a(int fd, int what, void *arg)
{
	struct pump *p = arg;

	(void)fd;
	if ((what & WATCH_WRITE) != 0)
		pump_write(p, &p->ba);
	if ((what & WATCH_READ) != 0) {
		pump_read(p, &p->ab, &p->ba);
		pump_write(p, &p->ab);
	}
	pump_update(p);
}

static void
pump_on_b(int fd, int what, void *arg)
{
	struct pump *p = arg;

	(void)fd;
	if ((what & WATCH_WRITE) != 0)
		pump_write(p, &p->ab);
	if ((what & WATCH_READ) != 0) {
		pump_read(p, &p->ba, &p->ab);
		pump_write(p, &p->ba);
	}
	pump_update(p);
}

static void
pump_on_idle(void *arg)
{
	struct pump *p = arg;
	int64_t left = p->last_ms + p->idle_ms - clock_mono_ms();

	if (left <= 0)
		pump_stop(p, "idle");
	else
		timer_set(p->idle, left);
}

struct pump *
pump_start(struct loop *l, const struct pump_spec *spec)
{
	struct pump *p = xcalloc(1, sizeof(*p));
	size_t first = spec->first == NULL ? 0 : spec->first_len;

	p->loop = l;
	p->on_done = spec->on_done;
	p->arg = spec->arg;
	p->ab = (struct pump_way){ .from = spec->a,
		.to = spec->b,
		.cap = first > PUMP_BUF ? first : PUMP_BUF };
	p->ba = (struct pump_way){
		.from = spec->b, .to = spec->a, .cap = PUMP_BUF
	};
	p->ab.buf = xmalloc(p->ab.cap);
	p->ba.buf = xmalloc(p->ba.cap);
	if (first > 0) {
		memcpy(p->ab.buf, spec->first, first);
		p->ab.len = first;
	}
	p->wa = watch_new(l, spec->a, pump_on_a, p);
	p->wb = watch_new(l, spec->b, pump_on_b, p);
	p->idle = timer_new(l, pump_on_idle, p);
	p->idle_ms = spec->idle_ms;
	p->last_ms = clock_mono_ms();
	if (p->idle_ms > 0)
		timer_set(p->idle, p->idle_ms);
	pump_update(p);
	return p;
}
