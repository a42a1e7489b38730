#include "agentd/sandbox/engine_stream.h"

#include <string.h>

#include "agentd/sandbox/engine.h"
#include "agentd/sandbox/engine_wire.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/io/sock.h"
#include "lib/io/stream.h"
#include "lib/wire/json.h"

enum {
	ENGINE_STREAM_ERROR_MAX = 4096
};

struct engine_stream {
	struct engine_stream_spec spec;
	struct stream *stream;
	struct engine_frames frames;
	struct engine_head head;
	bool open;
	bool closed; /* by us: no more callbacks */
	struct err e;
};

/* The engine's no: its body is all that is left to come. */
static void
engine_stream_refused(struct engine_stream *s, struct view in)
{
	struct view body = view_from(in, s->head.len);
	struct err bad = ERR_INIT;
	struct json *j;

	if (s->head.body >= 0 && body.len > (size_t)s->head.body)
		body.len = (size_t)s->head.body;
	j = body.len == 0 ? NULL
			  : json_parse(body, ENGINE_STREAM_ERROR_MAX, &bad);
	/* Not all of it yet: the next bytes, or the end, tell. */
	if (j == NULL && body.len < ENGINE_STREAM_ERROR_MAX &&
	    (s->head.body < 0 || body.len < (size_t)s->head.body))
		return;
	(void)err_set(&s->e,
	    s->head.status == 404       ? ERR_NOTFOUND
		: s->head.status == 409 ? ERR_EXISTS
					: ERR_INTERNAL,
	    "the engine: %s", engine_said(j));
	json_free(j);
	stream_close(s->stream, "refused");
}

static void
engine_stream_begin(struct engine_stream *s, struct view in)
{
	int r = engine_head_parse(in, &s->head, &s->e);

	if (r == 0)
		return;
	if (r == -1) {
		stream_close(s->stream, "bad answer");
		return;
	}
	if (s->head.status != 101 && s->head.status != 200) {
		engine_stream_refused(s, in);
		return;
	}
	s->open = true;
	stream_take(s->stream, s->head.len);
	s->spec.on_open(s->spec.arg);
}

static void
engine_stream_frames(struct engine_stream *s, struct view in)
{
	size_t done = 0;

	while (done < in.len && !s->closed) {
		struct view out;
		int channel;

		done += engine_frames_next(
		    &s->frames, view_from(in, done), &channel, &out);
		if (out.len > 0)
			s->spec.on_bytes(channel, out, s->spec.arg);
	}
	if (!s->closed)
		stream_take(s->stream, done);
}

static void
engine_stream_on_data(struct stream *st, struct view in, void *arg)
{
	struct engine_stream *s = arg;

	if (s->closed)
		return;
	if (!s->open)
		engine_stream_begin(s, in);
	if (!s->open || s->closed)
		return;
	in = stream_input(st);
	if (in.len == 0)
		return;
	if (!s->spec.raw) {
		engine_stream_frames(s, in);
		return;
	}
	s->spec.on_bytes(1, in, s->spec.arg);
	if (!s->closed)
		stream_take(st, in.len);
}

static void
engine_stream_on_drain(struct stream *st, void *arg)
{
	struct engine_stream *s = arg;

	(void)st;
	if (s->open && !s->closed && s->spec.on_drain != NULL)
		s->spec.on_drain(s->spec.arg);
}

static void
engine_stream_on_close(struct stream *st, const char *reason, void *arg)
{
	struct engine_stream *s = arg;

	(void)st;
	if (!s->closed && !s->open && s->e.code == ERR_NONE)
		(void)err_set(
		    &s->e, ERR_IO, "the engine at its socket: %s", reason);
	if (!s->closed)
		s->spec.on_close(s->open ? NULL : &s->e, s->spec.arg);
	free(s);
}

struct engine_stream *
engine_stream_start(
    struct loop *l, const struct engine_stream_spec *spec, struct err *e)
{
	AUTO_FREE char *address = xasprintf("unix:%s", spec->socket);
	AUTO_STR struct str head = STR_INIT;
	struct engine_stream *s;
	struct sock_addr a;
	int fd;

	if (sock_parse(address, &a, e) == -1 ||
	    sock_connect(&a, &fd, e) == -1) {
		(void)err_wrap(e, "the engine at %s", spec->socket);
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->spec = *spec;
	s->stream = stream_new(l,
	    &(struct stream_spec){ .fd = fd,
		.on_data = engine_stream_on_data,
		.on_drain = engine_stream_on_drain,
		.on_close = engine_stream_on_close,
		.arg = s });
	str_addf(&head,
	    "POST %s HTTP/1.1\r\nHost: engine\r\nConnection: Upgrade\r\n"
	    "Upgrade: tcp\r\nContent-Length: %zu\r\n%s\r\n",
	    spec->path, spec->body.len,
	    spec->body.len > 0 ? "Content-Type: application/json\r\n" : "");
	str_addv(&head, spec->body);
	stream_write(s->stream, head.p, head.len);
	/* What they point to is the caller's. */
	s->spec.socket = s->spec.path = NULL;
	s->spec.body = (struct view){ .p = NULL };
	return s;
}

void
engine_stream_write(struct engine_stream *s, const void *p, size_t n)
{
	stream_write(s->stream, p, n);
}

bool
engine_stream_is_full(const struct engine_stream *s)
{
	return stream_is_full(s->stream);
}

void
engine_stream_end_input(struct engine_stream *s)
{
	stream_shutdown(s->stream);
}

void
engine_stream_pause(struct engine_stream *s)
{
	stream_pause(s->stream);
}

void
engine_stream_resume(struct engine_stream *s)
{
	stream_resume(s->stream);
}

void
engine_stream_close(struct engine_stream *s)
{
	if (s == NULL || s->closed)
		return;
	s->closed = true;
	stream_close(s->stream, "closed");
}
