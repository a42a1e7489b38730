#include "router/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/io/watch.h"
#include "router/nlmsg.h"

enum {
	NFLOG_COPY = 64, /* bytes of a packet */
	NFLOG_BUFFER = 16 << 10,
	NFLOG_SLICE = 32, /* reads in one turn */
	NFLOG_IP_HEADER = 20
};

struct nflog {
	struct nlsock *sock;
	struct watch *watch;
	nflog_fn *fn;
	void *arg;
};

/* Netlink pads everything to 4 bytes. */
static size_t
nflog_align(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

static void
nflog_read_ip(const uint8_t *p, size_t n, struct nflog_packet *out)
{
	size_t head;
	uint16_t port;

	if (n < NFLOG_IP_HEADER || p[0] >> 4 != 4)
		return;
	head = (size_t)(p[0] & 15) * 4;
	memcpy(&out->src, p + 12, 4);
	memcpy(&out->dst, p + 16, 4);
	out->src = ntohl(out->src);
	out->dst = ntohl(out->dst);
	out->proto = p[9];
	if (head < NFLOG_IP_HEADER || n < head + 4 ||
	    (out->proto != IPPROTO_TCP && out->proto != IPPROTO_UDP))
		return;
	memcpy(&port, p + head, 2);
	out->sport = ntohs(port);
	memcpy(&port, p + head + 2, 2);
	out->dport = ntohs(port);
}

static void
nflog_read_attr(
    uint16_t type, const uint8_t *p, size_t n, struct nflog_packet *out)
{
	switch (type) {
	case NFULA_IFINDEX_INDEV:
		if (n == 4) {
			memcpy(&out->indev, p, 4);
			out->indev = ntohl(out->indev);
		}
		break;
	case NFULA_PREFIX:
		if (n >= sizeof(out->prefix))
			n = sizeof(out->prefix) - 1;
		memcpy(out->prefix, p, n);
		out->prefix[n] = '\0';
		break;
	case NFULA_PAYLOAD:
		nflog_read_ip(p, n, out);
		break;
	default:
		break;
	}
}

static void
nflog_read_attrs(const uint8_t *p, size_t n, struct nflog_packet *out)
{
	while (n >= sizeof(struct nlattr)) {
		struct nlattr a;
		size_t step;

		memcpy(&a, p, sizeof(a));
		if (a.nla_len < sizeof(a) || a.nla_len > n)
			return;
		/* The two top bits are flags. */
		nflog_read_attr(a.nla_type & 0x3fff, p + sizeof(a),
		    a.nla_len - sizeof(a), out);
		step = nflog_align(a.nla_len);
		if (step >= n)
			return;
		p += step;
		n -= step;
	}
}

size_t
nflog_parse(const void *p, size_t n, struct nflog_packet *out, bool *got)
{
	const size_t head = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);
	struct nlmsghdr h;
	size_t step;

	*got = false;
	memset(out, 0, sizeof(*out));
	if (n < sizeof(h))
		return 0;
	memcpy(&h, p, sizeof(h));
	if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > n)
		return 0;
	if (h.nlmsg_type == (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET) &&
	    h.nlmsg_len >= head) {
		nflog_read_attrs(
		    (const uint8_t *)p + head, h.nlmsg_len - head, out);
		*got = true;
	}
	step = nflog_align(h.nlmsg_len);
	return step < n ? step : n;
}

/* One setting of the group, acknowledged by the kernel. */
static int
nflog_set(struct nlsock *s, uint16_t group, uint16_t type, const void *p,
    size_t n, struct err *e)
{
	struct nlmsg m;
	int refused;

	nlmsg_begin(&m, NFNL_SUBSYS_ULOG, NFULNL_MSG_CONFIG, 0, NFNETLINK_V0);
	nlmsg_set_resource(&m, group);
	nlmsg_put(&m, type, p, n);
	if (nlsock_call(s, &m, &refused, e) == 0)
		return 0;
	if (refused == 0)
		return err_wrap(e, "configure NFLOG group %u", group);
	errno = refused;
	return err_sys(e, ERR_IO, "configure NFLOG group %u", group);
}

static void
nflog_on_ready(int fd, int what, void *arg)
{
	struct nflog *l = arg;
	_Alignas(struct nlmsghdr) uint8_t buf[8192];

	(void)what;
	for (int i = 0; i < NFLOG_SLICE; i++) {
		ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		size_t at = 0, step;

		/* ENOBUFS: the kernel dropped some; its counters know. */
		if (n == -1 && errno != ENOBUFS)
			return;
		while (n > 0 && at < (size_t)n) {
			struct nflog_packet p;
			bool got;

			step = nflog_parse(buf + at, (size_t)n - at, &p, &got);
			if (got)
				l->fn(&p, l->arg);
			if (step == 0)
				break;
			at += step;
		}
	}
}

struct nflog *
nflog_new(
    struct loop *l, uint16_t group, nflog_fn *fn, void *arg, struct err *e)
{
	const struct nfulnl_msg_config_cmd bind_cmd = {
		.command = NFULNL_CFG_CMD_BIND
	};
	const struct nfulnl_msg_config_mode mode = {
		.copy_range = htonl(NFLOG_COPY), .copy_mode = NFULNL_COPY_PACKET
	};
	struct nlsock *sock = nlsock_new(e);
	struct nflog *n;

	if (sock == NULL)
		return NULL;
	if (nflog_set(sock, group, NFULA_CFG_CMD, &bind_cmd, sizeof(bind_cmd),
		e) == -1 ||
	    nflog_set(sock, group, NFULA_CFG_MODE, &mode, sizeof(mode), e) ==
		-1) {
		nlsock_free(sock);
		return NULL;
	}
	n = xcalloc(1, sizeof(*n));
	n->fn = fn;
	n->arg = arg;
	n->sock = sock;
	n->watch = watch_new(l, nlsock_fd(sock), nflog_on_ready, n);
	watch_set(n->watch, WATCH_READ);
	return n;
}

void
nflog_free(struct nflog *n)
{
	if (n == NULL)
		return;
	watch_free(n->watch);
	nlsock_free(n->sock);
	free(n);
}
