#include "router/policy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"
#include "router/dns.h"

#define IP(a, b, c, d)                                   \
	(((uint32_t)(a) << 24) | ((uint32_t)(b) << 16) | \
	    ((uint32_t)(c) << 8) | (uint32_t)(d))

/* RFC 6890 and its registry, plus platform addresses outside of those. */
static const struct policy_net policy_never[] = {
	{ IP(0, 0, 0, 0), 8 },
	{ IP(10, 0, 0, 0), 8 },
	{ IP(100, 64, 0, 0), 10 }, /* carrier-grade NAT; 100.100.100.200 */
	{ IP(127, 0, 0, 0), 8 },
	{ IP(168, 63, 129, 16), 32 }, /* a cloud's platform channel */
	{ IP(169, 254, 0, 0), 16 },   /* link-local; metadata */
	{ IP(172, 16, 0, 0), 12 },
	{ IP(192, 0, 0, 0), 24 },
	{ IP(192, 0, 2, 0), 24 },
	{ IP(192, 88, 99, 0), 24 }, /* 6to4 relay */
	{ IP(192, 168, 0, 0), 16 },
	{ IP(198, 18, 0, 0), 15 },
	{ IP(198, 51, 100, 0), 24 },
	{ IP(203, 0, 113, 0), 24 },
	{ IP(224, 0, 0, 0), 4 },
	{ IP(240, 0, 0, 0), 4 },
};

static const char *const policy_mode_names[POLICY_MODE_MAX] = {
	[POLICY_OFF] = "off",
	[POLICY_NONE] = "none",
	[POLICY_LOCKED] = "locked",
	[POLICY_WEB] = "web",
	[POLICY_OPEN] = "open",
};

int
policy_mode_parse(const char *s, enum policy_mode *out, struct err *e)
{
	for (int i = 0; i < POLICY_MODE_MAX; i++) {
		if (strcmp(s, policy_mode_names[i]) == 0) {
			*out = (enum policy_mode)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID,
	    "no such network mode; use off, none, locked, web or open");
}

const char *
policy_mode_name(enum policy_mode m)
{
	return policy_mode_names[m];
}

int
policy_addr_parse(const char *s, uint32_t *out, struct err *e)
{
	struct in_addr a;

	if (inet_pton(AF_INET, s, &a) != 1)
		return err_set(e, ERR_INVALID, "%.40s: no IPv4 address", s);
	*out = ntohl(a.s_addr);
	return 0;
}

static uint32_t
policy_mask(unsigned prefix)
{
	return prefix == 0 ? 0 : UINT32_MAX << (32 - prefix);
}

int
policy_net_parse(const char *s, struct policy_net *out, struct err *e)
{
	char addr[POLICY_TEXT_MAX];
	const char *slash = strchr(s, '/');
	uint64_t prefix = 0;

	*out = (struct policy_net){ .base = 0 };
	if (slash == NULL || (size_t)(slash - s) >= sizeof(addr))
		return err_set(
		    e, ERR_INVALID, "%.40s: write a range as 10.0.0.0/16", s);
	memcpy(addr, s, (size_t)(slash - s));
	addr[slash - s] = '\0';
	if (policy_addr_parse(addr, &out->base, e) == -1 ||
	    num_u64(slash + 1, 1, 32, &prefix, e) == -1)
		return err_wrap(e, "range %.40s", s);
	out->prefix = (unsigned)prefix;
	if ((out->base & ~policy_mask(out->prefix)) != 0)
		return err_set(e, ERR_INVALID,
		    "range %.40s: address bits outside of the prefix", s);
	return 0;
}

int
policy_range_parse(const char *range, const char *address,
    struct policy_range *out, struct err *e)
{
	struct policy_net net;

	if (policy_net_parse(range, &net, e) == -1)
		return -1;
	if (net.prefix < 8 || net.prefix > 22)
		return err_set(e, ERR_INVALID,
		    "range %.40s: the prefix must be /8 to /22", range);
	if (!policy_is_never(net.base, NULL))
		return err_set(e, ERR_INVALID,
		    "range %.40s: use a private range, like 10.214.0.0/16",
		    range);
	out->base = net.base;
	out->prefix = net.prefix;
	out->size = (uint32_t)1 << (32 - net.prefix);
	if (policy_addr_parse(address, &out->router, e) == -1)
		return err_wrap(e, "address");
	if (out->router <= out->base ||
	    out->router - out->base >= POLICY_FIRST_PROJECT)
		return err_set(e, ERR_INVALID,
		    "address %.40s: must be one of the first 255 of range "
		    "%.40s",
		    address, range);
	return 0;
}

int
policy_address(
    const struct policy_range *r, uint64_t id, uint32_t *out, struct err *e)
{
	/* The last address of the range is its broadcast address. */
	uint32_t last = r->size - POLICY_FIRST_PROJECT - 2;

	if (id < 1 || id > last)
		return err_set(e, ERR_INVALID,
		    "project id %llu does not fit the router's range (1 to %u)",
		    (unsigned long long)id, last);
	*out = r->base + POLICY_FIRST_PROJECT + (uint32_t)id;
	return 0;
}

bool
policy_project(const struct policy_range *r, uint32_t addr, uint32_t *id)
{
	if (addr < r->base || addr - r->base >= r->size - 1 ||
	    addr - r->base <= POLICY_FIRST_PROJECT)
		return false;
	*id = addr - r->base - POLICY_FIRST_PROJECT;
	return true;
}

const char *
policy_addr_text(uint32_t addr, char out[POLICY_TEXT_MAX])
{
	snprintf(out, POLICY_TEXT_MAX, "%u.%u.%u.%u", addr >> 24,
	    addr >> 16 & 255, addr >> 8 & 255, addr & 255);
	return out;
}

const char *
policy_net_text(const struct policy_net *n, char out[POLICY_TEXT_MAX])
{
	snprintf(out, POLICY_TEXT_MAX, "%u.%u.%u.%u/%u", n->base >> 24,
	    n->base >> 16 & 255, n->base >> 8 & 255, n->base & 255,
	    n->prefix & 63);
	return out;
}

bool
policy_net_has(const struct policy_net *n, uint32_t addr)
{
	return (addr & policy_mask(n->prefix)) == n->base;
}

int
policy_nets_parse(const char *s, struct policy_nets *out, struct err *e)
{
	struct view rest = view_of(s), part;

	*out = (struct policy_nets){ .n = 0 };
	while (*s != '\0' && view_split(&rest, ',', &part)) {
		char text[POLICY_TEXT_MAX];
		struct policy_net *n = &out->nets[out->n];

		part = view_trim(part);
		if (out->n == POLICY_NETS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d ranges",
			    POLICY_NETS_MAX);
		if (part.len == 0 || part.len >= sizeof(text))
			return err_set(e, ERR_INVALID,
			    "write ranges as 203.0.113.7, 198.51.100.0/24");
		memcpy(text, part.p, part.len);
		text[part.len] = '\0';
		n->prefix = 32;
		if (strchr(text, '/') == NULL
			? policy_addr_parse(text, &n->base, e) == -1
			: policy_net_parse(text, n, e) == -1)
			return -1;
		out->n++;
	}
	return 0;
}

bool
policy_nets_has(const struct policy_nets *n, uint32_t addr)
{
	for (size_t i = 0; i < n->n; i++) {
		if (policy_net_has(&n->nets[i], addr))
			return true;
	}
	return false;
}

const struct policy_net *
policy_never_at(size_t i)
{
	if (i >= sizeof(policy_never) / sizeof(policy_never[0]))
		return NULL;
	return &policy_never[i];
}

bool
policy_is_never(uint32_t addr, const struct policy_net *exempt)
{
	const struct policy_net *n;

	if (exempt != NULL && exempt->prefix != 0 &&
	    policy_net_has(exempt, addr))
		return false;
	for (size_t i = 0; (n = policy_never_at(i)) != NULL; i++) {
		if (policy_net_has(n, addr))
			return true;
	}
	return false;
}

int
policy_exempt(struct policy_net *out, struct err *e)
{
	*out = (struct policy_net){ 0 };
#ifdef COFFER_TEST
	const char *s = getenv("COFFER_TEST_INTERNET");
	const struct policy_net *n;

	if (s == NULL || *s == '\0')
		return 0;
	if (policy_net_parse(s, out, e) == -1)
		return err_wrap(e, "COFFER_TEST_INTERNET");
	for (size_t i = 0; (n = policy_never_at(i)) != NULL; i++) {
		if (n->base == out->base && n->prefix == out->prefix)
			return 0;
	}
	return err_set(e, ERR_INVALID,
	    "COFFER_TEST_INTERNET: %.40s is no row of the never list", s);
#else
	(void)e;
	return 0;
#endif
}

enum policy_dns
policy_dns_decide(
    enum policy_mode mode, const char *name, uint16_t type, uint16_t class)
{
	bool a = type == DNS_TYPE_A;
	/* IPv6 is closed; HTTPS and SVCB would carry ECH keys and hints. */
	bool silent = type == DNS_TYPE_AAAA || type == DNS_TYPE_HTTPS ||
	    type == DNS_TYPE_SVCB;

	if (mode == POLICY_OFF)
		return POLICY_DNS_DROP;
	if (class != DNS_CLASS_IN || (!a && !silent) || name[0] == '\0')
		return POLICY_DNS_REFUSED;
	if (strcmp(name, "coffer") == 0)
		return a ? POLICY_DNS_ROUTER : POLICY_DNS_NODATA;
	if (mode == POLICY_NONE)
		return POLICY_DNS_NXDOMAIN;
	return a ? POLICY_DNS_FORWARD : POLICY_DNS_NODATA;
}
