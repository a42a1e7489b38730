/*
 * pktline: git's framing (gitprotocol-common(5)): four hex digits of length,
 * the length included, then the data; 0000 flush, 0001 delimiter, 0002 end.
 * Pure; nothing is copied.
 */
#ifndef SERVER_GIT_PKTLINE_H
#define SERVER_GIT_PKTLINE_H

#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	PKTLINE_MAX = 65520, /* with the four digits */
	PKTLINE_BAND_MAX = PKTLINE_MAX - 5
};

enum pktline_kind {
	PKTLINE_DATA,
	PKTLINE_FLUSH,
	PKTLINE_DELIM,
	PKTLINE_END
};

struct pktline {
	enum pktline_kind kind;
	struct view data; /* borrowed; a trailing newline is left in */
};

/* The packet's whole length, 0 when more bytes are needed, -1 ERR_PROTO. */
long pktline_get(struct view in, struct pktline *out, struct err *e);
/* The data without one trailing newline. */
struct view pktline_text(const struct pktline *p);

void pktline_put(struct str *out, const void *p, size_t n);
void pktline_putf(struct str *out, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void pktline_flush(struct str *out);
/* Side band 1 (data), 2 (progress) or 3 (fatal), split as needed. */
void pktline_band(struct str *out, int band, const void *p, size_t n);

#endif
