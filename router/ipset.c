#include "router/ipset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
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
	IPSET_MESSAGE_MAX = 256,
	IPSET_REPLY_MAX = 1024,
	IPSET_WAIT_S = 2,
	IPSET_TIMEOUT_MAX = 2147482 /* what the kernel takes */
};

struct ipset {
	int fd;
	uint32_t seq;
	char name[IPSET_MAXNAMELEN];
};

struct ipset_msg {
	size_t len;
	/* As netlink wants it aligned. */
	uint8_t p[IPSET_MESSAGE_MAX] __attribute__((aligned(4)));
};

static void
ipset_put(struct ipset_msg *m, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + n),
		.nla_type = type };

	memcpy(m->p + m->len, &a, sizeof(a));
	memcpy(m->p + m->len + sizeof(a), p, n);
	m->len += (sizeof(a) + n + 3) & ~(size_t)3;
}

/* Returns where the attribute began, for ipset_nest_end. */
static size_t
ipset_nest(struct ipset_msg *m, uint16_t type)
{
	size_t at = m->len;

	ipset_put(m, (uint16_t)(type | NLA_F_NESTED), "", 0);
	return at;
}

static void
ipset_nest_end(struct ipset_msg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->p + at, &len, sizeof(len));
}

static void
ipset_put_addr(struct ipset_msg *m, uint16_t type, uint32_t addr)
{
	size_t at = ipset_nest(m, type);
	uint32_t be = htonl(addr);

	ipset_put(
	    m, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, &be, sizeof(be));
	ipset_nest_end(m, at);
}

static void
ipset_put_pin(struct ipset_msg *m, const struct ipset_pin *pin)
{
	uint32_t timeout = htonl(pin->timeout_s < IPSET_TIMEOUT_MAX
		? pin->timeout_s
		: (uint32_t)IPSET_TIMEOUT_MAX);
	uint16_t port = htons(pin->port);
	uint8_t proto = IPPROTO_TCP;
	size_t at = ipset_nest(m, IPSET_ATTR_DATA);

	ipset_put_addr(m, IPSET_ATTR_IP, pin->src);
	ipset_put(
	    m, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, &port, sizeof(port));
	ipset_put(m, IPSET_ATTR_PROTO, &proto, sizeof(proto));
	ipset_put_addr(m, IPSET_ATTR_IP2, pin->dst);
	ipset_put(m, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, &timeout,
	    sizeof(timeout));
	ipset_nest_end(m, at);
}

/* The kernel's word on message seq; older ones are passed over. */
static int
ipset_ack(struct ipset *s, struct err *e)
{
	uint8_t buf[IPSET_REPLY_MAX] __attribute__((aligned(4)));
	struct nlmsghdr h;
	struct nlmsgerr why;

	for (;;) {
		ssize_t n = recv(s->fd, buf, sizeof(buf), 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "set %s", s->name);
		if ((size_t)n < sizeof(h) + sizeof(why.error))
			return err_set(
			    e, ERR_PROTO, "set %s: short reply", s->name);
		memcpy(&h, buf, sizeof(h));
		memcpy(&why.error, buf + sizeof(h), sizeof(why.error));
		if (h.nlmsg_seq == s->seq && h.nlmsg_type == NLMSG_ERROR)
			break;
	}
	if (why.error == 0)
		return 0;
	/* Beyond errno are ipset's own words. */
	if (-why.error >= IPSET_ERR_PRIVATE)
		return err_set(e, ERR_IO, "set %s: the kernel refused it (%d)",
		    s->name, -why.error);
	errno = -why.error;
	return err_sys(e, ERR_IO, "set %s", s->name);
}

static int
ipset_change(struct ipset *s, uint16_t cmd, uint16_t flags,
    const struct ipset_pin *pin, struct err *e)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nfgenmsg gen = { .nfgen_family = AF_INET,
		.version = NFNETLINK_V0 };
	struct nlmsghdr h = { .nlmsg_type = (uint16_t)(NFNL_SUBSYS_IPSET << 8 |
				  cmd),
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
		.nlmsg_seq = ++s->seq };
	struct ipset_msg m = { .len = sizeof(h) + sizeof(gen) };
	uint8_t protocol = IPSET_PROTOCOL_MIN;
	uint32_t line = 0;

	ipset_put(&m, IPSET_ATTR_PROTOCOL, &protocol, sizeof(protocol));
	ipset_put(&m, IPSET_ATTR_SETNAME, s->name, strlen(s->name) + 1);
	ipset_put_pin(&m, pin);
	ipset_put(&m, IPSET_ATTR_LINENO, &line, sizeof(line));
	h.nlmsg_len = (uint32_t)m.len;
	memcpy(m.p, &h, sizeof(h));
	memcpy(m.p + sizeof(h), &gen, sizeof(gen));
	if (sendto(s->fd, m.p, m.len, 0,
		(const struct sockaddr *)(const void *)&kernel,
		sizeof(kernel)) == -1)
		return err_sys(e, ERR_IO, "set %s", s->name);
	return ipset_ack(s, e);
}

int
ipset_add(struct ipset *s, const struct ipset_pin *pin, struct err *e)
{
	/* No NLM_F_EXCL: one that is there gets the new end. */
	return ipset_change(s, IPSET_CMD_ADD, 0, pin, e);
}

int
ipset_del(struct ipset *s, const struct ipset_pin *pin, struct err *e)
{
	return ipset_change(s, IPSET_CMD_DEL, 0, pin, e);
}

struct ipset *
ipset_new(const char *name, struct err *e)
{
	const struct timeval limit = { .tv_sec = IPSET_WAIT_S };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	AUTO_CLOSE int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct ipset *s;

	if (strlen(name) >= IPSET_MAXNAMELEN) {
		err_set(e, ERR_INVALID, "set %s: the name is too long", name);
		return NULL;
	}
	if (fd == -1 ||
	    bind(fd, (const struct sockaddr *)(void *)&self, sizeof(self)) ==
		-1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ==
		-1) {
		err_sys(e, ERR_IO, "open a netfilter socket");
		return NULL;
	}
	s = xcalloc(1, sizeof(*s));
	s->fd = STEAL_FD(fd);
	memcpy(s->name, name, strlen(name) + 1);
	return s;
}

void
ipset_free(struct ipset *s)
{
	if (s == NULL)
		return;
	(void)close(s->fd);
	free(s);
}
