/*
 * nflog: refused packets as the kernel tells them (nfnetlink_log, group 5, 64
 * bytes of each).  Lives in the main process, as it needs NET_ADMIN; what it
 * reads is the kernel's framing and a fixed part of an IPv4 header.
 */
#ifndef ROUTER_NFLOG_H
#define ROUTER_NFLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct err;
struct nflog;

enum {
	NFLOG_PREFIX_MAX = 16
};

struct nflog_packet {
	char prefix[NFLOG_PREFIX_MAX];
	uint32_t indev;        /* interface index, 0 for none */
	uint32_t src, dst;     /* host byte order */
	uint16_t sport, dport; /* 0 when the protocol has none */
	uint8_t proto;
};

typedef void nflog_fn(const struct nflog_packet *p, void *arg);

/*
 * Read one netlink message at the front of p[n].  Returns its length, or 0
 * when nothing readable is left; *got tells whether it was a packet.
 */
size_t nflog_parse(
    const void *p, size_t n, struct nflog_packet *out, bool *got);

/* Opens the group in the present network namespace. */
struct nflog *nflog_new(
    struct loop *l, uint16_t group, nflog_fn *fn, void *arg, struct err *e);
void nflog_free(struct nflog *n);

#endif
