#include "lib/io/frame.h"

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

enum {
	FRAME_LENGTH = 4 /* bytes of the length field */
};

void
frame_put(struct str *out, uint8_t type, const void *p, size_t n)
{
	unsigned char head[FRAME_HEADER];
	uint32_t len;

	if (n > UINT32_MAX - 1)
		die("frame too-long bytes=%zu", n);
	len = (uint32_t)n + 1;
	head[0] = (unsigned char)(len >> 24);
	head[1] = (unsigned char)(len >> 16 & 0xff);
	head[2] = (unsigned char)(len >> 8 & 0xff);
	head[3] = (unsigned char)(len & 0xff);
	head[4] = type;
	str_addn(out, head, sizeof(head));
	str_addn(out, p, n);
}

long
frame_get(struct view in, size_t max, struct frame *out, struct err *e)
{
	const unsigned char *p = (const unsigned char *)in.p;
	uint32_t len;

	if (in.len < FRAME_LENGTH)
		return 0;
	len = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3];
	if (len == 0)
		return err_set(e, ERR_PROTO, "empty frame");
	if (len - 1 > max)
		return err_set(e, ERR_PROTO,
		    "frame of %u bytes is over the limit of %zu", len - 1, max);
	if (in.len - FRAME_LENGTH < len)
		return 0;
	out->type = p[FRAME_LENGTH];
	out->payload = (struct view){ .p = in.p + FRAME_HEADER,
		.len = len - 1 };
	return (long)FRAME_LENGTH + (long)len;
}
