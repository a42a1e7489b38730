#include "agentd/run/logship.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/call.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/mask.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"
#include "lib/wire/json.h"

enum {
	LOGSHIP_CHUNK = 256 << 10,
	LOGSHIP_GATHER_MS = 50, /* small writes travel together */
	LOGSHIP_RETRY_MIN_MS = 200,
	LOGSHIP_RETRY_MAX_MS = 10 * 1000
};

struct logship {
	struct loop *loop;
	struct apiclient *api;
	char *file;
	char *path;
	char *header;
	char *secrets; /* NULL: it is no text */
	struct mask mask;
	loop_fn *on_done;
	void *arg;
	struct timer *timer;
	bool busy; /* a call is on its way */
	struct str chunk;
	uint64_t sent;
	bool finishing;
	bool done;
	bool refused; /* cofferd's limit was reached */
	int64_t retry_ms;
};

/* Read behind `sent`.  What the end may have cut of a secret waits. */
static int
logship_read(struct logship *s, struct err *e)
{
	AUTO_CLOSE int fd = open(s->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_FREE char *buf = xmalloc(LOGSHIP_CHUNK);
	size_t keep;
	ssize_t n;

	str_reset(&s->chunk);
	if (fd == -1)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "%s", s->file);
	n = pread(fd, buf, LOGSHIP_CHUNK, (off_t)s->sent);
	if (n == -1)
		return err_sys(e, ERR_IO, "%s", s->file);
	str_addn(&s->chunk, buf, (size_t)n);
	if (s->secrets == NULL)
		return 0;
	keep = s->finishing && n < LOGSHIP_CHUNK
	    ? s->chunk.len
	    : mask_whole(&s->mask, str_cstr(&s->chunk), s->chunk.len);
	s->chunk.len = keep;
	if (keep > 0)
		(void)mask_text(&s->mask, s->chunk.p, keep);
	return 0;
}

static void
logship_end(struct logship *s)
{
	if (s->done)
		return;
	s->done = true;
	timer_set(s->timer, 0);
}

static void
logship_pause(struct logship *s)
{
	timer_set(
	    s->timer, s->retry_ms + (int64_t)rnd_below((uint64_t)s->retry_ms));
	s->retry_ms *= 2;
	if (s->retry_ms > LOGSHIP_RETRY_MAX_MS)
		s->retry_ms = LOGSHIP_RETRY_MAX_MS;
}

static void
logship_on_reply(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct logship *s = arg;
	struct err e = ERR_INIT;
	int64_t next = -1;
	bool moved;

	s->busy = false;
	if (json_i64(j, "next", 0, INT64_MAX, &next, &e) == 0 &&
	    (status == 202 || status == 416)) {
		/* Where we are already: asking again at once would not help. */
		moved = status == 202 ? (uint64_t)next > s->sent
				      : (uint64_t)next != s->sent;
		s->sent = (uint64_t)next;
		if (moved) {
			s->retry_ms = LOGSHIP_RETRY_MIN_MS;
			timer_set(s->timer, 0);
		} else {
			logship_pause(s);
		}
		return;
	}
	if (fail != NULL && !call_is_transient(fail)) {
		log_warn("logship refused path=%s why=%s", s->path,
		    log_val(fail->msg));
		s->refused = true;
		if (s->finishing)
			logship_end(s);
		return;
	}
	logship_pause(s);
}

static void
logship_run(void *arg)
{
	struct logship *s = arg;
	struct err e = ERR_INIT;
	char header[96];
	const struct api_call call = {
		.method = "PATCH",
		.path = s->path,
		.body = &s->chunk,
		.content_type = "application/octet-stream",
		.header = header,
		.header2 = s->header,
		.done = logship_on_reply,
		.arg = s,
	};

	if (s->done) {
		/* The callee may free us. */
		s->on_done(s->arg);
		return;
	}
	if (s->busy || s->refused) {
		if (s->refused && s->finishing)
			logship_end(s);
		return;
	}
	if (logship_read(s, &e) == -1)
		log_error("logship read why=%s", log_val(e.msg));
	if (s->chunk.len == 0) {
		if (s->finishing)
			logship_end(s);
		return;
	}
	(void)snprintf(header, sizeof(header),
	    "Content-Range: bytes %llu-%llu/*", (unsigned long long)s->sent,
	    (unsigned long long)(s->sent + s->chunk.len - 1));
	s->busy = true;
	(void)api_start(s->api, &call);
}

struct logship *
logship_new(const struct logship_spec *spec)
{
	struct logship *s = xcalloc(1, sizeof(*s));

	s->loop = spec->loop;
	s->api = spec->api;
	s->file = xstrdup(spec->file);
	s->path = xstrdup(spec->path);
	s->header = spec->header == NULL ? NULL : xstrdup(spec->header);
	if (spec->secrets != NULL) {
		struct view rest, line;

		s->secrets = xstrdup(spec->secrets);
		rest = view_of(s->secrets);
		while (rest.len > 0 && view_split(&rest, '\n', &line))
			mask_add(&s->mask, line);
	}
	s->on_done = spec->on_done;
	s->arg = spec->arg;
	s->retry_ms = LOGSHIP_RETRY_MIN_MS;
	s->timer = timer_new(s->loop, logship_run, s);
	return s;
}

void
logship_kick(struct logship *s)
{
	if (!s->busy && !timer_pending(s->timer))
		timer_set(s->timer, LOGSHIP_GATHER_MS);
}

void
logship_finish(struct logship *s)
{
	if (s->finishing)
		return;
	s->finishing = true;
	if (!s->busy)
		timer_set(s->timer, 0);
}

void
logship_free(struct logship *s)
{
	if (s == NULL)
		return;
	apiclient_forget(s->api, s);
	timer_free(s->timer);
	str_release(&s->chunk);
	free(s->file);
	free(s->path);
	free(s->header);
	if (s->secrets != NULL)
		explicit_bzero(s->secrets, strlen(s->secrets));
	free(s->secrets);
	free(s);
}
