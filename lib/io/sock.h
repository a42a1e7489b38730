/*
 * sock: TCP and Unix sockets.  Every descriptor is non-blocking and
 * close-on-exec.  Addresses are numeric: nothing here asks a resolver.
 */
#ifndef LIB_IO_SOCK_H
#define LIB_IO_SOCK_H

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "lib/io/loop.h"

struct err;
struct listener;

struct sock_addr {
	struct sockaddr_storage ss;
	socklen_t len;
};

enum {
	SOCK_TEXT_MAX = 128
};

/* "127.0.0.1:3000", "[::1]:3000" or "unix:/path". */
int sock_parse(const char *text, struct sock_addr *a, struct err *e);
const char *sock_text(const struct sock_addr *a, char out[SOCK_TEXT_MAX]);

/*
 * A bound, listening descriptor.  A Unix path: a stale socket (nobody answers)
 * is replaced, a live one is ERR_EXISTS; mode is applied before it can be
 * connected to.
 */
int sock_listen(
    const struct sock_addr *a, mode_t mode, int *out, struct err *e);
/* Starts; ready when writable, then sock_error tells. */
int sock_connect(const struct sock_addr *a, int *out, struct err *e);
int sock_error(int fd, struct err *e);                /* SO_ERROR as 0 or -1 */
int sock_pair(int fds[2], struct err *e);             /* Unix stream */
int sock_peer_uid(int fd, uid_t *uid, struct err *e); /* SO_PEERCRED */

/* Calls on_accept with each new descriptor, which the callee owns. */
typedef void listener_fn(int fd, const struct sock_addr *peer, void *arg);
struct listener *listener_new(
    struct loop *l, int fd, listener_fn *fn, void *arg); /* takes fd */
void listener_pause(struct listener *s);
void listener_resume(struct listener *s);
void listener_free(struct listener *s); /* closes; NULL is fine */

#endif
