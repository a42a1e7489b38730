#include "lib/io/stream.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"

enum {
	STREAM_IN_DEFAULT = 64 << 10,
	STREAM_OUT_DEFAULT = 256 << 10,
	STREAM_IN_STEP = 4 << 10,
	STREAM_LINGER_MS = 1000,
	STREAM_LINGER_BYTES = 256 << 10,
	STREAM_REFUSED_MS = 30 * 1000, /* between two bytes of such a peer */
	STREAM_REASON_MAX = 128
};

enum stream_state {
	STREAM_OPEN,
	STREAM_FINISHING, /* the queue is written, then the end */
	STREAM_LINGERING, /* our end is shut; the peer may read it out */
	STREAM_CLOSED
};

struct stream {
	struct loop *loop;
	struct stream_spec spec;
	enum stream_state state;
	struct watch *watch;
	struct timer *idle;
	int64_t last_ms;
	char *in; /* in_cap bytes, those in use: in_off, in_len */
	size_t in_off, in_len, in_cap;
	struct evbuffer *out;
	size_t lingered;
	bool paused;
	bool eof;
	bool shut;     /* our half is to be closed after the queue */
	bool was_full; /* above half of out_max since the last on_drain */
	bool kick;     /* a deferred on_data is on its way */
	bool ending;   /* the end waits for what was left in the buffer */
	bool refused;  /* the peer takes no more; what it said is read */
	char reason[STREAM_REASON_MAX]; /* the first one counts */
};

static void
stream_free(struct stream *s)
{
	evbuffer_free(s->out);
	free(s->in);
	free(s);
}

static void
stream_on_closed(void *arg)
{
	struct stream *s = arg;

	s->spec.on_close(s, s->reason, s->spec.arg);
	stream_free(s);
}

static void
stream_note(struct stream *s, const char *reason)
{
	if (s->reason[0] == '\0')
		(void)snprintf(s->reason, sizeof(s->reason), "%s", reason);
}

void
stream_close(struct stream *s, const char *reason)
{
	if (s->state == STREAM_CLOSED)
		return;
	s->state = STREAM_CLOSED;
	stream_note(s, reason);
	watch_free(s->watch);
	timer_free(s->idle);
	(void)close(s->spec.fd);
	s->spec.fd = -1;
	loop_defer(s->loop, stream_on_closed, s);
}

static void
stream_note_errno(struct stream *s, const char *verb, int sys)
{
	char text[STREAM_REASON_MAX];

	(void)snprintf(text, sizeof(text), "%s: %s", verb, strerror(sys));
	stream_note(s, text);
}

static bool
stream_wants_input(const struct stream *s)
{
	if (s->eof)
		return false;
	if (s->state == STREAM_LINGERING)
		return true;
	return s->state == STREAM_OPEN && !s->paused &&
	    s->in_len < s->spec.in_max;
}

static void
stream_update(struct stream *s)
{
	int what = 0;

	if (s->state == STREAM_CLOSED)
		return;
	if (stream_wants_input(s))
		what |= WATCH_READ;
	if (evbuffer_get_length(s->out) > 0)
		what |= WATCH_WRITE;
	watch_set(s->watch, what);
}

static void
stream_on_idle(void *arg)
{
	struct stream *s = arg;
	int64_t left;

	if (s->state == STREAM_LINGERING) {
		stream_close(s, "finished");
		return;
	}
	left = s->last_ms - clock_mono_ms() +
	    (s->refused ? STREAM_REFUSED_MS : s->spec.idle_ms);
	if (left <= 0)
		stream_close(s, "idle");
	else
		timer_set(s->idle, left);
}

/*
 * Closing a socket with unread input sends a reset, which can overtake our
 * last bytes.  So the end is shut first and input thrown away for a while.
 */
static void
stream_linger(struct stream *s)
{
	if (s->eof || shutdown(s->spec.fd, SHUT_WR) == -1) {
		stream_close(s, "finished");
		return;
	}
	s->state = STREAM_LINGERING;
	timer_set(s->idle, STREAM_LINGER_MS);
	stream_update(s);
}

/* The queue has become empty. */
static void
stream_on_flushed(struct stream *s)
{
	if (s->state == STREAM_FINISHING) {
		stream_linger(s);
		return;
	}
	if (s->shut && s->state == STREAM_OPEN) {
		(void)shutdown(s->spec.fd, SHUT_WR);
		if (s->eof && !s->ending)
			stream_close(s, "eof");
	}
}

/* Room for one read: as much as in_max allows, growing by doubling. */
static size_t
stream_make_room(struct stream *s)
{
	size_t cap = s->in_cap;

	if (s->in_off > 0) {
		memmove(s->in, s->in + s->in_off, s->in_len);
		s->in_off = 0;
	}
	if (s->in_len == cap) {
		cap = cap == 0 ? STREAM_IN_STEP : cap * 2;
		if (cap > s->spec.in_max)
			cap = s->spec.in_max;
		s->in = xrealloc(s->in, cap);
		s->in_cap = cap;
	}
	return cap - s->in_len;
}

/*
 * The peer takes no more, but what it said before, as why, is told: up to its
 * end.  Who has paused it waits for the peer to take something, most likely.
 */
static void
stream_on_refused(struct stream *s, int sys)
{
	stream_note_errno(s, "write", sys);
	if (s->state != STREAM_OPEN || s->paused || s->eof) {
		stream_close(s, "refused");
		return;
	}
	s->refused = true;
	(void)evbuffer_drain(s->out, evbuffer_get_length(s->out));
	timer_set(s->idle, STREAM_REFUSED_MS);
	stream_update(s);
}

static void
stream_flush(struct stream *s)
{
	int n = evbuffer_write(s->out, s->spec.fd);
	size_t left;

	if (n == -1) {
		if (errno != EAGAIN && errno != EINTR)
			stream_on_refused(s, errno);
		return;
	}
	s->last_ms = clock_mono_ms();
	left = evbuffer_get_length(s->out);
	if (left == 0)
		stream_on_flushed(s);
	if (s->was_full && left <= s->spec.out_max / 2) {
		s->was_full = false;
		if (s->state == STREAM_OPEN && s->spec.on_drain != NULL)
			s->spec.on_drain(s, s->spec.arg);
	}
}

/* No byte comes any more; those in the buffer were shown. */
static void
stream_end(struct stream *s)
{
	s->ending = false;
	if (!s->spec.keep_half || s->reason[0] != '\0') {
		stream_close(s, "eof");
		return;
	}
	if (s->spec.on_eof != NULL)
		s->spec.on_eof(s, s->spec.arg);
	if (s->state == STREAM_OPEN && s->shut &&
	    evbuffer_get_length(s->out) == 0)
		stream_close(s, "eof");
}

/* The end may overtake the call that shows what a pause left. */
static void
stream_on_end(struct stream *s)
{
	s->eof = true;
	if (s->kick)
		s->ending = true;
	else
		stream_end(s);
}

static void
stream_discard(struct stream *s)
{
	char buf[STREAM_IN_STEP];
	ssize_t n = read(s->spec.fd, buf, sizeof(buf));

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		s->lingered += (size_t)n;
	if (n <= 0 || s->lingered > STREAM_LINGER_BYTES)
		stream_close(s, "finished");
}

static void
stream_fill(struct stream *s)
{
	size_t room = stream_make_room(s);
	ssize_t n = read(s->spec.fd, s->in + s->in_len, room);

	if (n == -1) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		stream_note_errno(s, "read", errno);
	}
	s->last_ms = clock_mono_ms();
	if (n <= 0) {
		stream_on_end(s);
		return;
	}
	s->in_len += (size_t)n;
	s->spec.on_data(s, stream_input(s), s->spec.arg);
}

static void
stream_on_ready(int fd, int what, void *arg)
{
	struct stream *s = arg;

	(void)fd;
	if ((what & WATCH_WRITE) != 0)
		stream_flush(s);
	if ((what & WATCH_READ) != 0 && stream_wants_input(s)) {
		if (s->state == STREAM_LINGERING)
			stream_discard(s);
		else
			stream_fill(s);
	}
	stream_update(s);
}

struct stream *
stream_new(struct loop *l, const struct stream_spec *spec)
{
	struct stream *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->spec = *spec;
	if (s->spec.in_max == 0)
		s->spec.in_max = STREAM_IN_DEFAULT;
	if (s->spec.out_max == 0)
		s->spec.out_max = STREAM_OUT_DEFAULT;
	s->out = evbuffer_new();
	if (s->out == NULL)
		die("stream no-memory");
	s->watch = watch_new(l, spec->fd, stream_on_ready, s);
	s->idle = timer_new(l, stream_on_idle, s);
	s->last_ms = clock_mono_ms();
	if (s->spec.idle_ms > 0)
		timer_set(s->idle, s->spec.idle_ms);
	stream_update(s);
	return s;
}

struct view
stream_input(const struct stream *s)
{
	if (s->in_len == 0)
		return view_of(NULL);
	return (struct view){ .p = s->in + s->in_off, .len = s->in_len };
}

void
stream_take(struct stream *s, size_t n)
{
	if (n > s->in_len)
		die("stream take-too-much n=%zu have=%zu", n, s->in_len);
	s->in_off += n;
	s->in_len -= n;
	if (s->in_len == 0)
		s->in_off = 0;
	stream_update(s);
}

void
stream_pause(struct stream *s)
{
	s->paused = true;
	stream_update(s);
}

/* What stayed in the buffer is shown again, as no new byte may ever come. */
static void
stream_on_kick(void *arg)
{
	struct stream *s = arg;

	s->kick = false;
	if (s->state != STREAM_OPEN || s->paused)
		return;
	if (s->in_len > 0)
		s->spec.on_data(s, stream_input(s), s->spec.arg);
	if (s->state == STREAM_OPEN && s->ending && !s->paused && !s->kick)
		stream_end(s);
	stream_update(s);
}

void
stream_resume(struct stream *s)
{
	s->paused = false;
	stream_update(s);
	if (s->state == STREAM_OPEN && (s->in_len > 0 || s->ending) &&
	    !s->kick) {
		s->kick = true;
		loop_defer(s->loop, stream_on_kick, s);
	}
}

/* Straight to the descriptor while nothing is queued before it. */
static size_t
stream_write_now(struct stream *s, const void *p, size_t n)
{
	ssize_t put;

	if (evbuffer_get_length(s->out) > 0)
		return 0;
	put = write(s->spec.fd, p, n);
	if (put == -1) {
		if (errno != EAGAIN && errno != EINTR)
			stream_on_refused(s, errno);
		return 0;
	}
	s->last_ms = clock_mono_ms();
	return (size_t)put;
}

void
stream_write(struct stream *s, const void *p, size_t n)
{
	size_t put, queued;

	if (s->state != STREAM_OPEN || s->shut || s->refused || n == 0)
		return;
	put = stream_write_now(s, p, n);
	if (s->state != STREAM_OPEN || s->refused || put == n)
		return;
	queued = evbuffer_get_length(s->out);
	if (n - put > s->spec.out_max * 2 - queued) {
		stream_close(s, "output queue overrun");
		return;
	}
	if (evbuffer_add(s->out, (const char *)p + put, n - put) == -1)
		die("stream no-memory bytes=%zu", n - put);
	if (queued + (n - put) > s->spec.out_max / 2)
		s->was_full = true;
	stream_update(s);
}

bool
stream_is_full(const struct stream *s)
{
	return evbuffer_get_length(s->out) >= s->spec.out_max;
}

void
stream_shutdown(struct stream *s)
{
	if (s->state != STREAM_OPEN || s->shut)
		return;
	s->shut = true;
	if (evbuffer_get_length(s->out) == 0)
		stream_on_flushed(s);
}

void
stream_finish(struct stream *s)
{
	if (s->state != STREAM_OPEN)
		return;
	s->state = STREAM_FINISHING;
	if (evbuffer_get_length(s->out) == 0)
		stream_linger(s);
	stream_update(s);
}

int
stream_fd(const struct stream *s)
{
	return s->spec.fd;
}
