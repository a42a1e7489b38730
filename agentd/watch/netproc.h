/*
 * netproc: which program of a sandbox has a socket with a given port, or to a
 * given address, looked up from outside: by the kernel's tables and /proc, so a
 * sandbox cannot hide a socket that is open; one that was closed already is not
 * found.  The names are the sandbox's to choose.
 */
#ifndef AGENTD_WATCH_NETPROC_H
#define AGENTD_WATCH_NETPROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/view.h"

struct netproc;
struct sandbox_host;

enum {
	NETPROC_MAX = 200,       /* questions of one look */
	NETPROC_PIDS_MAX = 4096, /* processes that are looked at */
	NETPROC_NAME_MAX = 56,   /* three names */
	NETPROC_COMM_MAX = 16    /* one */
};

struct netproc *netproc_new(const struct sandbox_host *h)
    __attribute__((returns_nonnull));
/* One question: whose is the local port (0: none), else who is connected to the
 * address ("": none).  Beyond NETPROC_MAX it is not answered. */
void netproc_add(
    struct netproc *p, int64_t project, uint16_t port, const char *address);
/* Reads a part of /proc for the answers, for 2 ms; is there more to read?  Not
 * after ten parts, whatever there is. */
bool netproc_step(struct netproc *p);
/* "curl < bash < byobu" of the i-th question, "" when it is not known. */
const char *netproc_name(const struct netproc *p, size_t i);
void netproc_free(struct netproc *p); /* NULL is fine */

/*
 * The inode of a socket in a table as /proc/net/tcp is, by its local port, or
 * with port 0 by the IPv4 address (as in_addr has it) that it is connected to;
 * 0 when there is none.  Pure.
 */
uint64_t netproc_inode(struct view table, uint16_t port, uint32_t to);
/*
 * The parent by a text as /proc/PID/stat is, and the name: what is not plain
 * ASCII, or would look like another program's name, is a "?".  0 and "" when it
 * is none.  Pure.
 */
pid_t netproc_stat_read(struct view text, char name[NETPROC_COMM_MAX + 1]);

#endif
