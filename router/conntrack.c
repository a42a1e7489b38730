#include "router/conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	CONNTRACK_MESSAGE_MAX = 256,
	CONNTRACK_REPLY_MAX = 1024,
	CONNTRACK_WAIT_S = 2,
	/* Of the kernel's CTA_FILTER_ORIG_FLAGS, not in its public headers. */
	CONNTRACK_BY_SRC = 1 << 0,
	CONNTRACK_BY_DST = 1 << 1,
	CONNTRACK_BY_PROTO = 1 << 3,
	CONNTRACK_BY_DPORT = 1 << 5
};

struct conntrack {
	int fd;
	uint32_t seq;
};

struct conntrack_msg {
	size_t len;
	uint8_t p[CONNTRACK_MESSAGE_MAX] __attribute__((aligned(4)));
};

static void
conntrack_put(struct conntrack_msg *m, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + n),
		.nla_type = type };

	memcpy(m->p + m->len, &a, sizeof(a));
	memcpy(m->p + m->len + sizeof(a), p, n);
	m->len += (sizeof(a) + n + 3) & ~(size_t)3;
}

static size_t
conntrack_nest(struct conntrack_msg *m, uint16_t type)
{
	size_t at = m->len;

	conntrack_put(m, (uint16_t)(type | NLA_F_NESTED), "", 0);
	return at;
}

static void
conntrack_nest_end(struct conntrack_msg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->p + at, &len, sizeof(len));
}

static void
conntrack_put_u32(struct conntrack_msg *m, uint16_t type, uint32_t v)
{
	conntrack_put(m, type, &v, sizeof(v));
}

/* The tuple, the flags that say which parts of it count, and the mark. */
static void
conntrack_put_match(struct conntrack_msg *m, const struct conntrack_match *x)
{
	uint32_t flags = (x->src != 0 ? CONNTRACK_BY_SRC : 0u) |
	    (x->dst != 0 ? CONNTRACK_BY_DST : 0u) |
	    (x->tcp_port != 0 ? CONNTRACK_BY_PROTO | CONNTRACK_BY_DPORT : 0u);
	size_t tuple = conntrack_nest(m, CTA_TUPLE_ORIG);
	size_t part = conntrack_nest(m, CTA_TUPLE_IP);
	uint16_t port = htons(x->tcp_port);
	uint8_t proto = IPPROTO_TCP;

	if (x->src != 0)
		conntrack_put_u32(m, CTA_IP_V4_SRC, htonl(x->src));
	if (x->dst != 0)
		conntrack_put_u32(m, CTA_IP_V4_DST, htonl(x->dst));
	conntrack_nest_end(m, part);
	if (x->tcp_port != 0) {
		part = conntrack_nest(m, CTA_TUPLE_PROTO);
		conntrack_put(m, CTA_PROTO_NUM, &proto, sizeof(proto));
		conntrack_put(m, CTA_PROTO_DST_PORT, &port, sizeof(port));
		conntrack_nest_end(m, part);
	}
	conntrack_nest_end(m, tuple);
	part = conntrack_nest(m, CTA_FILTER);
	conntrack_put_u32(m, CTA_FILTER_ORIG_FLAGS, flags);
	conntrack_put_u32(m, CTA_FILTER_REPLY_FLAGS, 0);
	conntrack_nest_end(m, part);
	if (x->mark != 0) {
		conntrack_put_u32(m, CTA_MARK, htonl(x->mark));
		conntrack_put_u32(m, CTA_MARK_MASK, UINT32_MAX);
	}
}

/* The kernel's word on message seq; older ones are passed over. */
static int
conntrack_ack(struct conntrack *c, struct err *e)
{
	uint8_t buf[CONNTRACK_REPLY_MAX] __attribute__((aligned(4)));
	struct nlmsghdr h;
	struct nlmsgerr why;

	for (;;) {
		ssize_t n = recv(c->fd, buf, sizeof(buf), 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "cut flows");
		if ((size_t)n < sizeof(h) + sizeof(why.error))
			return err_set(e, ERR_PROTO, "cut flows: short reply");
		memcpy(&h, buf, sizeof(h));
		memcpy(&why.error, buf + sizeof(h), sizeof(why.error));
		if (h.nlmsg_seq == c->seq && h.nlmsg_type == NLMSG_ERROR)
			break;
	}
	if (why.error == 0)
		return 0;
	errno = -why.error;
	/* An older kernel takes the tuple for one whole flow: it is not one, or
	 * is not there. */
	return err_sys(e,
	    errno == EINVAL       ? ERR_INVALID
		: errno == ENOENT ? ERR_NOTFOUND
				  : ERR_IO,
	    "cut flows");
}

int
conntrack_cut(
    struct conntrack *c, const struct conntrack_match *x, struct err *e)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	/* Version 0 would mean every family, and no tuple. */
	struct nfgenmsg gen = { .nfgen_family = AF_INET, .version = 1 };
	struct nlmsghdr h = { .nlmsg_type = (uint16_t)(NFNL_SUBSYS_CTNETLINK
				      << 8 |
				  IPCTNL_MSG_CT_DELETE),
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.nlmsg_seq = ++c->seq };
	struct conntrack_msg m = { .len = sizeof(h) + sizeof(gen) };

	if (x->src == 0 && x->dst == 0)
		return err_set(e, ERR_LIMIT, "cut flows: of no address");
	conntrack_put_match(&m, x);
	h.nlmsg_len = (uint32_t)m.len;
	memcpy(m.p, &h, sizeof(h));
	memcpy(m.p + sizeof(h), &gen, sizeof(gen));
	if (sendto(c->fd, m.p, m.len, 0,
		(const struct sockaddr *)(const void *)&kernel,
		sizeof(kernel)) == -1)
		return err_sys(e, ERR_IO, "cut flows");
	return conntrack_ack(c, e);
}

struct conntrack *
conntrack_new(struct err *e)
{
	const struct timeval limit = { .tv_sec = CONNTRACK_WAIT_S };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	AUTO_CLOSE int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct conntrack *c;

	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)(void *)&self, sizeof(self)) ==
		-1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ==
		-1) {
		err_sys(e, ERR_IO, "open a netfilter socket");
		return NULL;
	}
	c = xcalloc(1, sizeof(*c));
	c->fd = STEAL_FD(fd);
	return c;
}

void
conntrack_free(struct conntrack *c)
{
	if (c == NULL)
		return;
	(void)close(c->fd);
	free(c);
}
