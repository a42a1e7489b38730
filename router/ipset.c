#include "router/ipset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/ipset/ip_set.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>

#include "lib/base/err.h"
#include "router/nlmsg.h"

enum {
	IPSET_TIMEOUT_MAX = 2147482 /* what the kernel takes */
};

static void
ipset_put_addr(struct nlmsg *m, uint16_t type, uint32_t addr)
{
	size_t at = nlmsg_nest(m, type);

	nlmsg_put_u32(
	    m, IPSET_ATTR_IPADDR_IPV4 | NLA_F_NET_BYTEORDER, htonl(addr));
	nlmsg_nest_end(m, at);
}

static void
ipset_put_pin(struct nlmsg *m, const struct ipset_member *x)
{
	uint32_t timeout = x->timeout_s < IPSET_TIMEOUT_MAX
	    ? x->timeout_s
	    : (uint32_t)IPSET_TIMEOUT_MAX;
	uint16_t port = htons(x->port);
	uint8_t proto = IPPROTO_TCP;

	nlmsg_put(
	    m, IPSET_ATTR_PORT | NLA_F_NET_BYTEORDER, &port, sizeof(port));
	nlmsg_put(m, IPSET_ATTR_PROTO, &proto, sizeof(proto));
	ipset_put_addr(m, IPSET_ATTR_IP2, x->dst);
	nlmsg_put_u32(
	    m, IPSET_ATTR_TIMEOUT | NLA_F_NET_BYTEORDER, htonl(timeout));
}

static void
ipset_put_member(struct nlmsg *m, const struct ipset_member *x)
{
	size_t at = nlmsg_nest(m, IPSET_ATTR_DATA);

	ipset_put_addr(m, IPSET_ATTR_IP, x->addr);
	if (x->iface != NULL)
		nlmsg_put(m, IPSET_ATTR_IFACE, x->iface, strlen(x->iface) + 1);
	if (x->dst != 0)
		ipset_put_pin(m, x);
	nlmsg_nest_end(m, at);
}

static int
ipset_change(struct nlsock *s, uint8_t cmd, const char *set,
    const struct ipset_member *x, struct err *e)
{
	struct nlmsg m;
	uint8_t protocol = IPSET_PROTOCOL_MIN;
	int refused;

	if (strlen(set) >= IPSET_MAXNAMELEN ||
	    (x->iface != NULL && strlen(x->iface) >= IFNAMSIZ))
		return err_set(
		    e, ERR_INVALID, "set %s: a name is too long", set);
	/* Without NLM_F_EXCL what is so already is no failure. */
	nlmsg_begin(&m, NFNL_SUBSYS_IPSET, cmd, 0, NFNETLINK_V0);
	nlmsg_put(&m, IPSET_ATTR_PROTOCOL, &protocol, sizeof(protocol));
	nlmsg_put(&m, IPSET_ATTR_SETNAME, set, strlen(set) + 1);
	ipset_put_member(&m, x);
	nlmsg_put_u32(&m, IPSET_ATTR_LINENO, 0);
	if (nlsock_call(s, &m, &refused, e) == 0)
		return 0;
	if (refused == 0)
		return err_wrap(e, "set %s", set);
	/* Beyond errno are ipset's own words. */
	if (refused >= IPSET_ERR_PRIVATE)
		return err_set(e, ERR_IO, "set %s: the kernel refused it (%d)",
		    set, refused);
	errno = refused;
	return err_sys(e, ERR_IO, "set %s", set);
}

int
ipset_add(struct nlsock *s, const char *set, const struct ipset_member *m,
    struct err *e)
{
	return ipset_change(s, IPSET_CMD_ADD, set, m, e);
}

int
ipset_del(struct nlsock *s, const char *set, const struct ipset_member *m,
    struct err *e)
{
	return ipset_change(s, IPSET_CMD_DEL, set, m, e);
}
