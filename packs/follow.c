#include "packs/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "packs/entry.h"

enum {
	FOLLOW_STEP = 128 << 10,
	FOLLOW_WAIT_MS = 50, /* then our reader and the producer are looked at
			      */
	FOLLOW_SEND = 16 << 20,
	FOLLOW_PIPE = 1 << 20
};

struct follow {
	struct entry *en;
	bool progress;
	bool hit;
	uint32_t *pulse; /* NULL: none */
	uint32_t pulsed;
	uint64_t sent;
	bool copy; /* sendfile(2) does not know our output */
	uint64_t heard;
	uint64_t seen; /* bytes of the pack at the last look */
};

static int
follow_write(const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t w = write(STDOUT_FILENO, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_sys(e, ERR_IO, "send the pack");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

/* Through our memory: for an output that sendfile(2) does not know. */
static ssize_t
follow_copy(int fd, size_t n, off_t at, struct err *e)
{
	static char buf[FOLLOW_STEP];
	ssize_t got = pread(fd, buf, n < sizeof(buf) ? n : sizeof(buf), at);

	if (got > 0 && follow_write(buf, (size_t)got, e) == -1)
		return -1;
	return got;
}

/* What there is up to `end`, without a copy where the kernel can. */
static int
follow_send(struct follow *f, uint64_t end, struct err *e)
{
	while (f->sent < end) {
		off_t at = (off_t)(ENTRY_HEAD + f->sent);
		size_t want = end - f->sent < FOLLOW_SEND
		    ? (size_t)(end - f->sent)
		    : FOLLOW_SEND;
		ssize_t n = f->copy
		    ? follow_copy(f->en->fd, want, at, e)
		    : sendfile(STDOUT_FILENO, f->en->fd, &at, want);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EINVAL && !f->copy)
			f->copy = true;
		else if (n == -1)
			return err_sys(e, ERR_IO, "send the pack");
		else if (n == 0)
			return 0;
		else
			f->sent += (uint64_t)n;
	}
	return 0;
}

static void
follow_relay(struct follow *f)
{
	char text[ENTRY_TEXT_MAX];
	size_t n = entry_hear(f->en->fd, &f->heard, text, sizeof(text));

	if (n > 0)
		(void)!write(STDERR_FILENO, text, n);
}

/* The last lines, without the progress that came before them. */
static void
follow_relay_end(struct follow *f)
{
	char text[ENTRY_TEXT_MAX];
	const char *p = text, *cr;
	size_t n = entry_hear(f->en->fd, &f->heard, text, sizeof(text));

	cr = memrchr(text, '\r', n);
	if (cr != NULL)
		p = cr + 1;
	n -= (size_t)(p - text);
	if (n > 0)
		(void)!write(STDERR_FILENO, p, n);
}

/* Until there is more to see; -1: who reads our output is gone. */
static int
follow_wait(struct follow *f, struct err *e)
{
	struct pollfd pf = { .fd = STDOUT_FILENO };

	entry_pulse_wait(f->pulse, f->pulsed, FOLLOW_WAIT_MS);
	if (poll(&pf, 1, 0) > 0 && (pf.revents & (POLLERR | POLLNVAL)) != 0)
		return err_set(e, ERR_IO, "nobody reads the pack");
	return 0;
}

static enum follow_end
follow_give_up(struct follow *f, const struct entry_head *h, struct err *e)
{
	static const char *const why[] = {
		[ENTRY_GIT] = "git could not make the pack",
		[ENTRY_FULL] = "the server's disk is full",
		[ENTRY_LIMIT] = "making the pack took too long",
		[ENTRY_ALONE] = "making the pack was given up",
	};

	if (h->why == ENTRY_GIT || h->why == ENTRY_LIMIT || f->sent > 0) {
		if (f->progress)
			follow_relay(f);
		else
			follow_relay_end(f);
		(void)err_set(e, ERR_IO, "%s: try again",
		    h->why == ENTRY_NO_FAULT ? "the pack's maker was ended"
					     : why[h->why]);
		return FOLLOW_FAILED;
	}
	(void)err_set(e, h->why == ENTRY_FULL ? ERR_LIMIT : ERR_BUSY, "%s",
	    why[h->why == ENTRY_FULL ? ENTRY_FULL : ENTRY_ALONE]);
	return FOLLOW_RETRY;
}

static enum follow_end
follow_last(struct follow *f, const struct entry_head *h, struct err *e)
{
	if (follow_send(f, h->size, e) == -1)
		return FOLLOW_FAILED;
	if (f->progress && f->hit)
		follow_relay_end(f);
	else if (f->progress)
		follow_relay(f);
	if (f->sent == h->size)
		return FOLLOW_DONE;
	(void)err_set(e, ERR_IO, "a kept pack was cut short: try again");
	return FOLLOW_FAILED;
}

/* One look at the entry; FOLLOW_RETRY without an error: there is more. */
static enum follow_end
follow_look(struct follow *f, struct err *e)
{
	/* In this order: what a producer wrote before it ended is seen. */
	bool produced = entry_produced(f->en->fd);
	struct entry_head h = { .why = ENTRY_NO_FAULT };
	struct err torn = ERR_INIT;
	struct stat st;

	if (entry_read_head(f->en->fd, &h, &torn) == -1)
		h = (struct entry_head){ .state = ENTRY_GROWS };
	if (h.state == ENTRY_WHOLE)
		return follow_last(f, &h, e);
	if (h.state == ENTRY_FAILED)
		return follow_give_up(f, &h, e);
	if (!produced) {
		enum follow_end end = follow_give_up(f, &h, e);

		entry_discard(f->en);
		return end;
	}
	if (fstat(f->en->fd, &st) == -1) {
		(void)err_sys(e, ERR_IO, "look at a kept pack");
		return FOLLOW_FAILED;
	}
	if (f->progress)
		follow_relay(f);
	f->seen = st.st_size > ENTRY_HEAD ? (uint64_t)st.st_size - ENTRY_HEAD
					  : 0;
	return FOLLOW_RETRY;
}

static enum follow_end
follow_grow(struct follow *f, struct err *e)
{
	for (;;) {
		enum follow_end end;
		uint64_t before = f->sent;

		/* Before the look: what comes after it is not slept over. */
		f->pulsed = entry_pulse_now(f->pulse);
		end = follow_look(f, e);
		if (end != FOLLOW_RETRY || e->code != ERR_NONE)
			return end;
		if (follow_send(f, f->seen, e) == -1)
			return FOLLOW_FAILED;
		if (f->sent == before && follow_wait(f, e) == -1)
			return FOLLOW_FAILED;
	}
}

enum follow_end
follow_entry(struct entry *en, bool progress, struct err *e)
{
	struct follow f = {
		.en = en, .progress = progress, .hit = en->role == ENTRY_HIT
	};
	enum follow_end end;

	(void)fcntl(STDOUT_FILENO, F_SETPIPE_SZ, FOLLOW_PIPE);
	if (f.hit)
		return follow_last(&f, &en->head, e);
	f.pulse = entry_pulse_map(en->fd);
	end = follow_grow(&f, e);
	entry_pulse_unmap(f.pulse);
	return end;
}
