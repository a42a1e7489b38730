/*
 * frame: messages on a byte stream: u32 length (big endian, of what follows),
 * u8 type, payload.  Both ends are ours, one may be hostile: the length is
 * compared with the limit before a byte is kept.
 */
#ifndef LIB_IO_FRAME_H
#define LIB_IO_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	FRAME_HEADER = 5
};

struct frame {
	uint8_t type;
	struct view payload; /* borrowed from the input */
};

void frame_put(struct str *out, uint8_t type, const void *p, size_t n);
/*
 * Read one frame from the front of `in`.  Returns its whole length, 0 if more
 * bytes are needed, -1 with ERR_PROTO when it is over max or empty.
 */
long frame_get(struct view in, size_t max, struct frame *out, struct err *e);

#endif
