#include "router/hello.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"

enum {
	HELLO_RECORD_HEAD = 5,
	HELLO_HANDSHAKE_HEAD = 4,
	HELLO_HANDSHAKE = 22, /* record type */
	HELLO_ALERT = 21,
	HELLO_CLIENT = 1, /* handshake type */
	HELLO_RANDOM = 32,
	HELLO_SESSION_MAX = 32,
	HELLO_EXT_NAME = 0,
	HELLO_EXT_ECH = 0xfe0d,
	HELLO_EXTS_MAX = 64,
	HELLO_FATAL = 2,
	HELLO_ACCESS_DENIED = 49
};

static unsigned
hello_u8(const char *p)
{
	return (unsigned char)*p;
}

static unsigned
hello_u16(const char *p)
{
	return hello_u8(p) << 8 | hello_u8(p + 1);
}

/* The next n bytes of *v; false when there are not as many. */
static bool
hello_take(struct view *v, size_t n, struct view *out)
{
	if (n > v->len)
		return false;
	*out = (struct view){ .p = v->p, .len = n };
	*v = view_from(*v, n);
	return true;
}

/* A vector: its length in one or two bytes, then it. */
static bool
hello_vector(struct view *v, size_t size, struct view *out)
{
	struct view head;

	if (!hello_take(v, size, &head))
		return false;
	return hello_take(
	    v, size == 1 ? hello_u8(head.p) : hello_u16(head.p), out);
}

/* A server_name list: exactly one entry, and that a host name. */
static bool
hello_read_name(struct view ext, struct hello *out)
{
	struct view list, type, name;

	if (!hello_vector(&ext, 2, &list) || ext.len > 0 ||
	    !hello_take(&list, 1, &type) || hello_u8(type.p) != 0 ||
	    !hello_vector(&list, 2, &name) || list.len > 0 || name.len == 0 ||
	    name.len > sizeof(out->name))
		return false;
	memcpy(out->name, name.p, name.len);
	out->name_len = name.len;
	return true;
}

static bool
hello_read_exts(struct view exts, struct hello *out)
{
	unsigned seen[HELLO_EXTS_MAX];
	size_t n = 0;

	while (exts.len > 0) {
		struct view head, body;
		unsigned type;

		if (!hello_take(&exts, 2, &head) ||
		    !hello_vector(&exts, 2, &body))
			return false;
		type = hello_u16(head.p);
		/* Twice the same: who knows which one a server takes. */
		for (size_t i = 0; i < n; i++) {
			if (seen[i] == type)
				return false;
		}
		if (n == HELLO_EXTS_MAX)
			return false;
		seen[n++] = type;
		if (type == HELLO_EXT_NAME && !hello_read_name(body, out))
			return false;
		if (type == HELLO_EXT_ECH)
			out->encrypted = true;
	}
	return true;
}

/* The message behind its head of four bytes. */
static bool
hello_read_body(struct view v, struct hello *out)
{
	struct view part;

	if (!hello_take(&v, 2, &part) || hello_u8(part.p) != 3 ||
	    !hello_take(&v, HELLO_RANDOM, &part) ||
	    !hello_vector(&v, 1, &part) || part.len > HELLO_SESSION_MAX ||
	    !hello_vector(&v, 2, &part) || part.len < 2 || part.len % 2 != 0 ||
	    !hello_vector(&v, 1, &part) || part.len == 0)
		return false;
	if (v.len == 0) /* no extensions, so no name */
		return true;
	return hello_vector(&v, 2, &part) && v.len == 0 &&
	    hello_read_exts(part, out);
}

/*
 * The records' contents one after the other: as much as is there into out (if
 * not NULL), at most max; -1 when they are no handshake.
 */
static int
hello_join(struct view in, char *out, size_t max, size_t *n)
{
	*n = 0;
	while (in.len > 0 && *n < max) {
		size_t len, have;

		if (hello_u8(in.p) != HELLO_HANDSHAKE ||
		    (in.len > 1 && hello_u8(in.p + 1) != 3))
			return -1;
		if (in.len < HELLO_RECORD_HEAD)
			return 0;
		len = hello_u16(in.p + 3);
		if (len == 0 || len > (16 << 10))
			return -1;
		in = view_from(in, HELLO_RECORD_HEAD);
		have = in.len < len ? in.len : len;
		/* Another message in the same record is no ClientHello's. */
		if (len > max - *n)
			return -1;
		if (out != NULL)
			memcpy(out + *n, in.p, have);
		*n += have;
		if (have < len)
			return 0;
		in = view_from(in, len);
	}
	return 0;
}

/* The first bytes of the message, as far as they are there. */
static int
hello_peek(struct view in, char head[HELLO_HANDSHAKE_HEAD], size_t *n)
{
	*n = 0;
	while (in.len >= HELLO_RECORD_HEAD && *n < HELLO_HANDSHAKE_HEAD) {
		size_t len = hello_u16(in.p + 3), have;

		if (hello_u8(in.p) != HELLO_HANDSHAKE ||
		    hello_u8(in.p + 1) != 3 || len == 0)
			return -1;
		in = view_from(in, HELLO_RECORD_HEAD);
		have = in.len < len ? in.len : len;
		for (size_t i = 0; i < have && *n < HELLO_HANDSHAKE_HEAD; i++)
			head[(*n)++] = in.p[i];
		in = view_from(in, have);
	}
	return 0;
}

enum hello_state
hello_read(struct view in, struct hello *out)
{
	char head[HELLO_HANDSHAKE_HEAD];
	AUTO_FREE char *all = NULL;
	struct view body;
	size_t n, len;

	*out = (struct hello){ .name_len = 0 };
	if (in.len == 0)
		return HELLO_MORE;
	if (hello_u8(in.p) != HELLO_HANDSHAKE ||
	    hello_peek(in, head, &n) == -1 ||
	    (n > 0 && hello_u8(head) != HELLO_CLIENT))
		return HELLO_BAD;
	if (n < HELLO_HANDSHAKE_HEAD)
		return in.len < HELLO_MAX ? HELLO_MORE : HELLO_BAD;
	len = (size_t)hello_u8(head + 1) << 16 | hello_u16(head + 2);
	if (len > HELLO_MAX - HELLO_HANDSHAKE_HEAD)
		return HELLO_BAD;
	len += HELLO_HANDSHAKE_HEAD;
	if (hello_join(in, NULL, len, &n) == -1)
		return HELLO_BAD;
	if (n < len)
		return in.len < HELLO_MAX ? HELLO_MORE : HELLO_BAD;
	all = xmalloc(len);
	(void)hello_join(in, all, len, &n);
	body = view_from(
	    (struct view){ .p = all, .len = len }, HELLO_HANDSHAKE_HEAD);
	if (!hello_read_body(body, out)) {
		*out = (struct hello){ .name_len = 0 };
		return HELLO_BAD;
	}
	return HELLO_OK;
}

void
hello_alert(unsigned char out[HELLO_ALERT_SIZE])
{
	static const unsigned char alert[HELLO_ALERT_SIZE] = { HELLO_ALERT, 3,
		3, 0, 2, HELLO_FATAL, HELLO_ACCESS_DENIED };

	memcpy(out, alert, sizeof(alert));
}
