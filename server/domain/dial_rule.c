#include "server/domain/dial_rule.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

enum {
	DIAL_HOST_MAX = 253,
	DIAL_V4_AT = 96 /* bits before an IPv4 address in its mapped form */
};

/* All addresses are 16 bytes; IPv4 is ::ffff:a.b.c.d. */
struct dial_range {
	unsigned char at[16];
	unsigned bits;
};

struct dial_entry {
	struct dial_range range;
	char *host; /* NULL: a range */
};

struct dial_rule {
	struct dial_entry v[DIAL_ENTRIES_MAX];
	size_t n;
};

static const char *const dial_never[] = { "0.0.0.0/8", "10.0.0.0/8",
	"100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	/* IPv6: what is not global unicast, then what is special in it. */
	"::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32",
	"2002::/16", "3fff::/20" };
static const char *const dial_loopback[] = { "127.0.0.0/8", "::1/128" };
static const char *const dial_private[] = { "10.0.0.0/8", "172.16.0.0/12",
	"192.168.0.0/16", "fc00::/7" };

static const unsigned char dial_mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0xff, 0xff };

static bool
dial_address(const char *text, unsigned char out[16], unsigned *bits)
{
	*bits = 128;
	if (inet_pton(AF_INET6, text, out) == 1)
		return true;
	memcpy(out, dial_mapped, sizeof(dial_mapped));
	*bits = 32;
	return inet_pton(AF_INET, text, out + sizeof(dial_mapped)) == 1;
}

static bool
dial_parse(struct view text, struct dial_range *out)
{
	AUTO_FREE char *copy = view_dup(text);
	char *slash = strchr(copy, '/');
	struct err ignored = ERR_INIT;
	unsigned whole;
	uint64_t bits;

	if (slash != NULL)
		*slash = '\0';
	if (!dial_address(copy, out->at, &whole))
		return false;
	bits = whole;
	if (slash != NULL &&
	    num_u64(slash + 1, 0, whole, &bits, &ignored) == -1)
		return false;
	out->bits = (unsigned)bits + (whole == 32 ? DIAL_V4_AT : 0);
	return true;
}

static bool
dial_in(const struct dial_range *r, const unsigned char at[16])
{
	unsigned bytes = r->bits / 8, rest = r->bits % 8;

	if (memcmp(r->at, at, bytes) != 0)
		return false;
	return rest == 0 ||
	    ((r->at[bytes] ^ at[bytes]) >> (8 - rest) & 0xff) == 0;
}

static bool
dial_bytes(const struct sockaddr *sa, socklen_t len, unsigned char out[16])
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (len >= sizeof(v4) && sa->sa_family == AF_INET) {
		memcpy(&v4, sa, sizeof(v4));
		memcpy(out, dial_mapped, sizeof(dial_mapped));
		memcpy(out + sizeof(dial_mapped), &v4.sin_addr, 4);
		return true;
	}
	if (len >= sizeof(v6) && sa->sa_family == AF_INET6) {
		memcpy(&v6, sa, sizeof(v6));
		memcpy(out, &v6.sin6_addr, 16);
		return true;
	}
	return false;
}

static bool
dial_in_any(const char *const *list, size_t n, const unsigned char at[16])
{
	for (size_t i = 0; i < n; i++) {
		struct dial_range r;

		if (dial_parse(view_of(list[i]), &r) && dial_in(&r, at))
			return true;
	}
	return false;
}
#define DIAL_N(list) (list), sizeof(list) / sizeof((list)[0])

bool
dial_public(const struct sockaddr *sa, socklen_t len)
{
	static const char nat64[12] = { 0, 0x64, (char)0xff, (char)0x9b };
	unsigned char at[16];
	bool v4;

	if (!dial_bytes(sa, len, at))
		return false;
	/* RFC 6052: what it stands for is what is dialled. */
	if (memcmp(at, nat64, sizeof(nat64)) == 0)
		memcpy(at, dial_mapped, sizeof(dial_mapped));
	v4 = memcmp(at, dial_mapped, sizeof(dial_mapped)) == 0;
	for (size_t i = 0; i < sizeof(dial_never) / sizeof(dial_never[0]);
	     i++) {
		bool is_v6 = strchr(dial_never[i], ':') != NULL;

		if (is_v6 != v4 && dial_in_any(&dial_never[i], 1, at))
			return false;
	}
	return true;
}

static void
dial_add(struct dial_rule *r, const struct dial_range *range)
{
	r->v[r->n++] = (struct dial_entry){ .range = *range };
}

static void
dial_add_list(struct dial_rule *r, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct dial_range range;

		if (dial_parse(view_of(list[i]), &range))
			dial_add(r, &range);
	}
}

static bool
dial_host_ok(struct view v)
{
	if (v.len > DIAL_HOST_MAX)
		return false;
	if (view_starts(v, "*."))
		v = view_from(v, 2);
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			c == '.' || c == '-' || c == '_'))
			return false;
	}
	return v.len > 0 && v.p[0] != '.' && v.p[0] != '-';
}

static int
dial_entry(struct dial_rule *r, struct view v, struct err *e)
{
	struct dial_range range;

	if (r->n + 4 > DIAL_ENTRIES_MAX)
		return err_set(
		    e, ERR_LIMIT, "more than %d entries", DIAL_ENTRIES_MAX - 4);
	if (view_is(v, "loopback"))
		dial_add_list(r, DIAL_N(dial_loopback));
	else if (view_is(v, "private"))
		dial_add_list(r, DIAL_N(dial_private));
	else if (dial_parse(v, &range))
		dial_add(r, &range);
	else if (dial_host_ok(v))
		r->v[r->n++] = (struct dial_entry){ .host = view_dup(v) };
	else
		return err_set(e, ERR_INVALID,
		    "%.*s: want an address, a range such as 10.0.0.0/8, a "
		    "host's name in lower case, loopback or private",
		    (int)(v.len < 80 ? v.len : 80), v.p);
	return 0;
}

struct dial_rule *
dial_rule_new(const char *text, struct err *e)
{
	struct dial_rule *r = xcalloc(1, sizeof(*r));
	const char *p = text == NULL ? "" : text;

	while (*(p += strspn(p, ", \t")) != '\0') {
		struct view v = { .p = p, .len = strcspn(p, ", \t") };

		if (dial_entry(r, v, e) == -1) {
			dial_rule_free(r);
			return NULL;
		}
		p += v.len;
	}
	return r;
}

void
dial_rule_free(struct dial_rule *r)
{
	for (size_t i = 0; r != NULL && i < r->n; i++)
		free(r->v[i].host);
	free(r);
}

static bool
dial_host_is(const char *entry, const char *host)
{
	size_t n = strlen(host), m;

	if (entry[0] != '*')
		return strcmp(entry, host) == 0;
	m = strlen(entry) - 1; /* ".example.org" */
	return n > m && strcmp(host + n - m, entry + 1) == 0;
}

bool
dial_rule_ok(const struct dial_rule *r, const char *host,
    const struct sockaddr *sa, socklen_t len)
{
	unsigned char at[16];

	if (!dial_bytes(sa, len, at))
		return false;
	for (size_t i = 0; i < r->n; i++) {
		const struct dial_entry *x = &r->v[i];

		if (x->host != NULL ? dial_host_is(x->host, host)
				    : dial_in(&x->range, at))
			return true;
	}
	return dial_public(sa, len);
}

bool
dial_rule_lists(const struct dial_rule *r, const char *address)
{
	unsigned char at[16];
	unsigned bits;

	if (!dial_address(address, at, &bits))
		return false;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].host == NULL && dial_in(&r->v[i].range, at))
			return true;
	return false;
}

bool
dial_rule_has_names(const struct dial_rule *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].host != NULL)
			return true;
	return false;
}
