/*
 * engine_wire: what is on a connection that the engine has taken over for a
 * container's streams: the head of its HTTP answer, and then, without a
 * terminal, frames of 8 bytes (channel, three zeros, big-endian length) with
 * what was written.  Pure, for bytes in any portions.
 */
#ifndef AGENTD_SANDBOX_ENGINE_WIRE_H
#define AGENTD_SANDBOX_ENGINE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;

enum {
	ENGINE_HEAD_MAX = 16 << 10
};

struct engine_head {
	int status;   /* HTTP */
	size_t len;   /* bytes of the head, its empty line included */
	int64_t body; /* Content-Length; -1: not told */
};

/* 1: complete, 0: more bytes are needed, -1: no answer of HTTP/1. */
int engine_head_parse(struct view in, struct engine_head *h, struct err *e);

struct engine_frames {
	unsigned char head[8];
	unsigned have; /* bytes of the head */
	uint32_t left; /* bytes of the frame in hand */
};

/*
 * The next piece of `in`: how many bytes of it are done with, 0 at its end.
 * *out is what was written to *channel (1 stdout, 2 stderr); empty for a
 * part of a head.
 */
size_t engine_frames_next(
    struct engine_frames *f, struct view in, int *channel, struct view *out);

#endif
