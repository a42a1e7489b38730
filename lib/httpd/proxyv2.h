/*
 * proxyv2: the PROXY protocol header, version 2 (haproxy proxy-protocol.txt),
 * with one TLV of ours that names the project.  Used on Unix sockets between
 * the router and a service; the TCP listener never takes it.
 */
#ifndef LIB_HTTPD_PROXYV2_H
#define LIB_HTTPD_PROXYV2_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	PROXYV2_MAX = 232,         /* bytes, whole header */
	PROXYV2_TLV_PROJECT = 0xE0 /* PP2_TYPE_MIN_CUSTOM */
};

struct proxyv2 {
	char project[64];  /* key of the project: its id in decimal */
	uint32_t src_addr; /* host byte order, 0 for LOCAL */
	uint16_t src_port;
};

void proxyv2_put(struct str *out, const struct proxyv2 *h);
/* Returns the header's length, 0 if more bytes are needed, -1 when malformed
 * (the connection is to be closed). */
long proxyv2_get(struct view in, struct proxyv2 *h, struct err *e);

#endif
