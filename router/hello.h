/*
 * hello: the name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), as a pure
 * parser of what a project sent first: one or more records, in any pieces.
 * The bytes are read as a server would; whatever could be read in two ways is
 * bad.  The name is the outer one: that of an encrypted hello is not known to
 * anybody but the server.
 */
#ifndef ROUTER_HELLO_H
#define ROUTER_HELLO_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

enum {
	HELLO_MAX = 16 << 10, /* bytes, with the heads of the records */
	HELLO_NAME_MAX = 256,
	HELLO_ALERT_SIZE = 7
};

enum hello_state {
	HELLO_MORE, /* goes on beyond these bytes */
	HELLO_OK,
	HELLO_BAD /* no ClientHello, or too long */
};

struct hello {
	/* As it was sent, may hold any byte; 0 long when there is none. */
	char name[HELLO_NAME_MAX];
	size_t name_len;
	bool encrypted; /* it carries another hello (ECH) */
};

/* out is filled with HELLO_OK alone. */
enum hello_state hello_read(struct view in, struct hello *out);
/* What a refusal is told: a fatal access_denied, before any handshake. */
void hello_alert(unsigned char out[HELLO_ALERT_SIZE]);

#endif
