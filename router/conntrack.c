#include "router/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>

#include "lib/base/err.h"
#include "router/nlmsg.h"

enum {
	/* Of the kernel's CTA_FILTER_ORIG_FLAGS, not in its public headers. */
	CONNTRACK_BY_SRC = 1 << 0,
	CONNTRACK_BY_DST = 1 << 1,
	CONNTRACK_BY_PROTO = 1 << 3,
	CONNTRACK_BY_DPORT = 1 << 5
};

/* The tuple, the flags that say which parts of it count, and the mark. */
static void
conntrack_put_match(struct nlmsg *m, const struct conntrack_match *x)
{
	uint32_t flags = (x->src != 0 ? CONNTRACK_BY_SRC : 0u) |
	    (x->dst != 0 ? CONNTRACK_BY_DST : 0u) |
	    (x->tcp_port != 0 ? CONNTRACK_BY_PROTO | CONNTRACK_BY_DPORT : 0u);
	size_t tuple = nlmsg_nest(m, CTA_TUPLE_ORIG);
	size_t part = nlmsg_nest(m, CTA_TUPLE_IP);
	uint16_t port = htons(x->tcp_port);
	uint8_t proto = IPPROTO_TCP;

	if (x->src != 0)
		nlmsg_put_u32(m, CTA_IP_V4_SRC, htonl(x->src));
	if (x->dst != 0)
		nlmsg_put_u32(m, CTA_IP_V4_DST, htonl(x->dst));
	nlmsg_nest_end(m, part);
	if (x->tcp_port != 0) {
		part = nlmsg_nest(m, CTA_TUPLE_PROTO);
		nlmsg_put(m, CTA_PROTO_NUM, &proto, sizeof(proto));
		nlmsg_put(m, CTA_PROTO_DST_PORT, &port, sizeof(port));
		nlmsg_nest_end(m, part);
	}
	nlmsg_nest_end(m, tuple);
	part = nlmsg_nest(m, CTA_FILTER);
	nlmsg_put_u32(m, CTA_FILTER_ORIG_FLAGS, flags);
	nlmsg_put_u32(m, CTA_FILTER_REPLY_FLAGS, 0);
	nlmsg_nest_end(m, part);
	if (x->mark != 0) {
		nlmsg_put_u32(m, CTA_MARK, htonl(x->mark));
		nlmsg_put_u32(m, CTA_MARK_MASK, UINT32_MAX);
	}
}

int
conntrack_cut(struct nlsock *s, const struct conntrack_match *x, struct err *e)
{
	struct nlmsg m;
	int refused;

	if (x->src == 0 && x->dst == 0)
		return err_set(e, ERR_LIMIT, "cut flows: of no address");
	/* Version 0 would mean every family, and no tuple. */
	nlmsg_begin(&m, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_DELETE, 0, 1);
	conntrack_put_match(&m, x);
	if (nlsock_call(s, &m, &refused, e) == 0)
		return 0;
	if (refused == 0)
		return err_wrap(e, "cut flows");
	errno = refused;
	/* An older kernel takes the tuple for one whole flow: it is not one, or
	 * is not there. */
	return err_sys(e,
	    refused == EINVAL       ? ERR_INVALID
		: refused == ENOENT ? ERR_NOTFOUND
				    : ERR_IO,
	    "cut flows");
}
