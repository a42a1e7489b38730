/*
 * priv: giving up privileges for good.  The main process keeps NET_ADMIN, as
 * an ambient capability that its tools inherit; every other role keeps nothing
 * and a seccomp filter that ends what only an intruder would try.
 */
#ifndef ROUTER_PRIV_H
#define ROUTER_PRIV_H

#include <sys/types.h>

struct err;

/*
 * From root to uid and gid with NET_ADMIN alone, no_new_privs set, and netlink
 * for netfilter only: no link or address of any namespace can be changed.
 */
int priv_keep_net_admin(uid_t uid, gid_t gid, struct err *e);
/* From root to uid and gid with nothing. */
int priv_drop_all(uid_t uid, gid_t gid, struct err *e);
/*
 * For a role that handles foreign bytes: no capability, not traceable, no new
 * program, no namespace or mount, no socket family but IPv4, IPv6 and Unix.
 */
int priv_confine(struct err *e);
/* As many descriptors as allowed; returns the limit. */
unsigned long priv_raise_files(void);

#endif
