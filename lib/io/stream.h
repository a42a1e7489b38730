/*
 * stream: a buffered duplex byte stream over a descriptor, with limits.
 *
 * Reading stops by itself while the input buffer holds `in_max` bytes; the
 * consumer takes with stream_take.  Writing never blocks and never drops:
 * stream_write queues, `on_drain` says when the queue fell under half of
 * `out_max`, stream_is_full when to stop producing.  A queue over twice
 * out_max is a defect of the caller and closes the stream.
 *
 * on_close comes exactly once, from the loop, for end of file, an error,
 * idle timeout or stream_close; the stream is freed after it.  What is still
 * queued then is dropped: a peer that half-closes and waits for the answer
 * needs keep_half, and stream_finish is the end that waits for the queue.
 * Input is not dropped: the end comes after on_data was offered all of it.
 */
#ifndef LIB_IO_STREAM_H
#define LIB_IO_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"
#include "lib/io/loop.h"

struct stream;

struct stream_spec {
	int fd;          /* taken */
	size_t in_max;   /* default 64 KiB */
	size_t out_max;  /* default 256 KiB */
	int64_t idle_ms; /* 0: none */
	bool keep_half;  /* peer's EOF is reported by on_eof, not closed */
	void (*on_data)(struct stream *s, struct view in, void *arg);
	void (*on_drain)(struct stream *s, void *arg); /* may be NULL */
	void (*on_eof)(struct stream *s, void *arg);   /* may be NULL */
	void (*on_close)(struct stream *s, const char *reason, void *arg);
	void *arg;
};

struct stream *stream_new(struct loop *l, const struct stream_spec *spec)
    __attribute__((returns_nonnull));
/* Input so far; on_data passes the same.  What is not taken stays. */
struct view stream_input(const struct stream *s);
void stream_take(struct stream *s, size_t n);
void stream_pause(struct stream *s); /* stop reading */
/* Reads again; what was left in the buffer comes to on_data once more. */
void stream_resume(struct stream *s);
/* When the peer takes no more, on_data tells all that it said before, then
 * on_close comes, unless the stream is paused or stream_close was called. */
void stream_write(struct stream *s, const void *p, size_t n);
bool stream_is_full(const struct stream *s);
void stream_shutdown(struct stream *s); /* half-close after the queue */
/*
 * Close after the queue.  Input is not looked at any more; a socket is given
 * up to a second to read our last bytes before it is closed.
 */
void stream_finish(struct stream *s);
void stream_close(struct stream *s, const char *reason); /* now; idempotent */
int stream_fd(const struct stream *s);

#endif
