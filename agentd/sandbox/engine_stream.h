/*
 * engine_stream: a request whose connection the engine takes over: attach, or
 * the start of an exec.  Then both sides talk until one ends it.  on_close
 * comes once, from the loop, however it ends, and the stream is gone after
 * it; not after engine_stream_close.
 */
#ifndef AGENTD_SANDBOX_ENGINE_STREAM_H
#define AGENTD_SANDBOX_ENGINE_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct engine_stream;
struct err;

struct engine_stream_spec {
	const char *socket;
	const char *path; /* with version and query */
	struct view body; /* JSON; empty: none.  Copied */
	bool raw;         /* a terminal's: no frames */
	void (*on_open)(void *arg);
	/* channel as of engine_wire; 1 when raw. */
	void (*on_bytes)(int channel, struct view bytes, void *arg);
	void (*on_drain)(void *arg); /* may be NULL */
	/* e NULL: it was open, and the other side ended it. */
	void (*on_close)(const struct err *e, void *arg);
	void *arg;
};

struct engine_stream *engine_stream_start(
    struct loop *l, const struct engine_stream_spec *spec, struct err *e);
/* When open.  The queue is bounded: stop at engine_stream_is_full. */
void engine_stream_write(struct engine_stream *s, const void *p, size_t n);
bool engine_stream_is_full(const struct engine_stream *s);
void engine_stream_end_input(struct engine_stream *s);
void engine_stream_pause(struct engine_stream *s);
void engine_stream_resume(struct engine_stream *s);
void engine_stream_close(struct engine_stream *s); /* NULL is fine */

#endif
