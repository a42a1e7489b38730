#include "router/nlmsg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"

enum {
	NLMSG_REPLY_MAX = 1024,
	NLMSG_WAIT_S = 2
};

struct nlsock {
	int fd;
	uint32_t seq;
};

void
nlmsg_put(struct nlmsg *m, uint16_t type, const void *p, size_t n)
{
	struct nlattr a = { .nla_len = (uint16_t)(sizeof(a) + n),
		.nla_type = type };
	size_t padded = (sizeof(a) + n + 3) & ~(size_t)3;

	if (n > sizeof(m->p) || padded > sizeof(m->p) - m->len)
		die("nlmsg: no room for an attribute of %zu bytes", n);
	memset(m->p + m->len, 0, padded);
	memcpy(m->p + m->len, &a, sizeof(a));
	if (n > 0)
		memcpy(m->p + m->len + sizeof(a), p, n);
	m->len += padded;
}

void
nlmsg_put_u32(struct nlmsg *m, uint16_t type, uint32_t v)
{
	nlmsg_put(m, type, &v, sizeof(v));
}

size_t
nlmsg_nest(struct nlmsg *m, uint16_t type)
{
	size_t at = m->len;

	nlmsg_put(m, (uint16_t)(type | NLA_F_NESTED), NULL, 0);
	return at;
}

void
nlmsg_nest_end(struct nlmsg *m, size_t at)
{
	uint16_t len = (uint16_t)(m->len - at);

	memcpy(m->p + at, &len, sizeof(len));
}

void
nlmsg_begin(struct nlmsg *m, uint8_t subsystem, uint8_t cmd, uint16_t flags,
    uint8_t version)
{
	const struct nlmsghdr h = { .nlmsg_type = (uint16_t)(subsystem << 8 |
					cmd),
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags) };
	const struct nfgenmsg gen = { .nfgen_family = AF_INET,
		.version = version };

	memcpy(m->p, &h, sizeof(h));
	memcpy(m->p + sizeof(h), &gen, sizeof(gen));
	m->len = sizeof(h) + sizeof(gen);
}

void
nlmsg_set_resource(struct nlmsg *m, uint16_t id)
{
	const uint16_t be = htons(id);

	memcpy(
	    m->p + sizeof(struct nlmsghdr) + offsetof(struct nfgenmsg, res_id),
	    &be, sizeof(be));
}

struct nlsock *
nlsock_new(struct err *e)
{
	const struct timeval limit = { .tv_sec = NLMSG_WAIT_S };
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	AUTO_CLOSE int fd = socket(
	    AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	struct nlsock *s;

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
	return s;
}

void
nlsock_free(struct nlsock *s)
{
	if (s == NULL)
		return;
	(void)close(s->fd);
	free(s);
}

int
nlsock_fd(const struct nlsock *s)
{
	return s->fd;
}

/* The kernel's word on the last message; older ones are passed over. */
static int
nlsock_ack(struct nlsock *s, int *refused, struct err *e)
{
	uint8_t buf[NLMSG_REPLY_MAX] __attribute__((aligned(4)));
	struct nlmsghdr h;
	struct nlmsgerr why;

	for (;;) {
		ssize_t n = recv(s->fd, buf, sizeof(buf), 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "netfilter");
		if ((size_t)n < sizeof(h) + sizeof(why.error))
			return err_set(e, ERR_PROTO, "netfilter: short reply");
		memcpy(&h, buf, sizeof(h));
		memcpy(&why.error, buf + sizeof(h), sizeof(why.error));
		if (h.nlmsg_seq == s->seq && h.nlmsg_type == NLMSG_ERROR)
			break;
	}
	*refused = -why.error;
	return why.error == 0 ? 0 : -1;
}

int
nlsock_call(struct nlsock *s, struct nlmsg *m, int *refused, struct err *e)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr h;

	*refused = 0;
	memcpy(&h, m->p, sizeof(h));
	h.nlmsg_len = (uint32_t)m->len;
	h.nlmsg_seq = ++s->seq;
	memcpy(m->p, &h, sizeof(h));
	if (sendto(s->fd, m->p, m->len, 0,
		(const struct sockaddr *)(const void *)&kernel,
		sizeof(kernel)) == -1)
		return err_sys(e, ERR_IO, "netfilter");
	return nlsock_ack(s, refused, e);
}
