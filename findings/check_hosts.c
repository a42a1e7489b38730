/* Addresses that a change brings: where they lead, and whether they deceive. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "findings/check_body.h"
#include "lib/base/alloc.h"

enum {
	CHECK_URLS = 8 /* looked at in one line */
};

/* What a URL has between :// and its path. */
struct check_url {
	struct view scheme, user, host;
};

static bool
check_url_next(struct view v, size_t *at, struct check_url *u)
{
	const char *mark = v.len > *at
	    ? memmem(v.p + *at, v.len - *at, "://", 3)
	    : NULL;
	size_t start, end, host, low;
	const char *port;

	if (mark == NULL)
		return false;
	low = (size_t)(mark - v.p);
	for (start = low; start > *at &&
	     (isalnum((unsigned char)v.p[start - 1]) || v.p[start - 1] == '+');)
		start--;
	u->scheme = (struct view){ v.p + start, low - start };
	host = end = low + 3;
	while (end < v.len && (unsigned char)v.p[end] > ' ' &&
	    strchr("/?#\"'<>`),;\\|", v.p[end]) == NULL) {
		if (v.p[end] == '@')
			host = end + 1;
		end++;
	}
	u->user = (struct view){ v.p + low + 3, host - (low + 3) };
	u->host = (struct view){ v.p + host, end - host };
	port = u->host.len == 0 || u->host.p[0] == '['
	    ? NULL
	    : memchr(u->host.p, ':', u->host.len);
	if (port != NULL)
		u->host.len = (size_t)(port - u->host.p);
	while (u->host.len > 0 && u->host.p[u->host.len - 1] == '.')
		u->host.len--;
	*at = end;
	return true;
}

static bool
check_host_is(struct view host, const char *name)
{
	size_t n = strlen(name);

	return (host.len == n && strncasecmp(host.p, name, n) == 0) ||
	    (host.len > n && host.p[host.len - n - 1] == '.' &&
		strncasecmp(host.p + host.len - n, name, n) == 0);
}

/* Names that are nobody's. */
static bool
check_host_is_plain(struct view host)
{
	static const char *const names[] = { "localhost", "example", "test",
		"invalid", "local", "internal", "example.com", "example.org",
		"example.net", "w3.org" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (check_host_is(host, names[i]))
			return true;
	return memchr(host.p, '.', host.len) == NULL;
}

static bool
check_host_has(struct view host, const char *what)
{
	return memmem(host.p, host.len, what, strlen(what)) != NULL;
}

/* Digits and dots: 4 when it is an address as people write it, 1 when it is
 * one that they do not, 0: it is a name. */
static int
check_host_numbers(struct view host, unsigned octets[4])
{
	struct view rest = host, part;
	int n = 0, odd = 0;

	if (host.len == 0)
		return 0;
	while (view_split(&rest, '.', &part)) {
		unsigned value = 0;

		if (part.len == 0 || n == 4)
			return 0;
		if (part.len > 2 && part.p[0] == '0' &&
		    (part.p[1] | 0x20) == 'x') {
			odd = 1;
			n++;
			continue;
		}
		for (size_t i = 0; i < part.len; i++) {
			if (!isdigit((unsigned char)part.p[i]))
				return 0;
			if (value < 100000)
				value = value * 10 +
				    (unsigned)(part.p[i] - '0');
		}
		odd |= value > 255 || (part.len > 1 && part.p[0] == '0');
		octets[n++] = value;
	}
	if (n == 1 && !odd)
		return 0; /* a port or a number in a template */
	return odd || n < 4 ? 1 : 4;
}

static bool
check_address_is_near(const unsigned o[4])
{
	return o[0] == 0 || o[0] == 10 || o[0] == 127 || o[0] == 255 ||
	    (o[0] >= 224 && o[0] < 240) ||
	    (o[0] == 172 && o[1] >= 16 && o[1] < 32) ||
	    (o[0] == 192 && o[1] == 168) || (o[0] == 169 && o[1] == 254);
}

static const char *
check_host_why(const struct check_url *u)
{
	unsigned octets[4] = { 0 };

	for (size_t i = 0; i < u->host.len; i++)
		if ((unsigned char)u->host.p[i] >= 0x80)
			return "a host's name with letters beyond ASCII";
	if ((u->host.len > 4 && strncasecmp(u->host.p, "xn--", 4) == 0) ||
	    check_host_has(u->host, ".xn--"))
		return "a host's name in punycode";
	if (u->user.len > 0 && memchr(u->user.p, '.', u->user.len) != NULL &&
	    memchr(u->user.p, ':', u->user.len) == NULL)
		return "a name before @ that looks like the host";
	if (check_host_numbers(u->host, octets) == 1)
		return "an address in an unusual form";
	return NULL;
}

/* Hosts of texts and of this machine. */
static bool
check_host_is_nobody(struct view host)
{
	return check_host_is(host, "localhost") ||
	    check_host_is(host, "example") || check_host_is(host, "test") ||
	    check_host_is(host, "invalid") || check_host_is(host, "host") ||
	    check_host_is(host, "example.com") ||
	    check_host_is(host, "example.org") ||
	    check_host_is(host, "example.net");
}

/* Eight letters and digits, some of each. */
static bool
check_is_mixed(struct view v)
{
	size_t digits = 0, letters = 0;

	for (size_t i = 0; i < v.len; i++) {
		digits += isdigit((unsigned char)v.p[i]) != 0;
		letters += isalpha((unsigned char)v.p[i]) != 0;
	}
	return digits > 0 && letters > 0 && digits + letters >= 8;
}

/* NAME:PASSWORD@, and no placeholder for it. */
static bool
check_url_has_password(const struct check_url *u)
{
	const char *colon = u->user.len == 0
	    ? NULL
	    : memchr(u->user.p, ':', u->user.len);
	struct view word;

	if (colon == NULL)
		return false;
	word = view_from(u->user, (size_t)(colon + 1 - u->user.p));
	if (word.len < 5) /* with its @ */
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (strchr("${}<>%*[(", word.p[i]) != NULL)
			return false;
	if (strncasecmp(word.p, "pass", 4) == 0)
		return false;
	return !check_host_is_plain(u->host) ||
	    (!check_host_is_nobody(u->host) && check_is_mixed(word));
}

static void
check_host_keep(struct check_body *b, struct view host, bool is_old)
{
	struct check_host *h = NULL;

	for (size_t i = 0; i < b->hosts_n && h == NULL; i++)
		if (host.len == strlen(b->hosts[i].name) &&
		    strncasecmp(host.p, b->hosts[i].name, host.len) == 0)
			h = &b->hosts[i];
	if (h == NULL) {
		if (b->hosts_n == CHECK_HOSTS_MAX)
			return;
		h = &b->hosts[b->hosts_n++];
		for (size_t i = 0; i < host.len; i++)
			h->name[i] = (char)tolower((unsigned char)host.p[i]);
		h->name[host.len] = '\0';
		h->line = b->line->line;
		h->file = is_old ? NULL : xstrdup(b->file->path);
	} else if (is_old) {
		free(h->file);
		h->file = NULL;
	}
}

static void
check_url(struct check_body *b, const struct check_url *u)
{
	const char *why = check_host_why(u);
	uint32_t line = b->line->line;
	unsigned octets[4] = { 0 };
	int numbers = check_host_numbers(u->host, octets);

	if (why != NULL)
		check_say(b, "odd-host", line, "%s", why);
	if (numbers == 4 && !check_address_is_near(octets) &&
	    !(b->traits & CHECK_IS_TEST))
		check_say(b, "raw-address", line,
		    "a connection to an address instead of a name");
	if (check_url_has_password(u) && !(b->traits & CHECK_IS_TEST))
		check_say(b, "secret-likely", line, "a password in a URL");
	if ((b->line_tags & CHECK_TAG_DOWNLOAD) && view_is(u->scheme, "http") &&
	    numbers == 0 && !check_host_is_plain(u->host))
		check_say(b, "tls-off", line, "a download without TLS");
	if (numbers == 0 && !check_host_is_plain(u->host) &&
	    (b->traits &
		(CHECK_IS_CODE | CHECK_IS_SHELL | CHECK_IS_CI |
		    CHECK_IS_BUILD)) &&
	    !(b->traits & CHECK_IS_TEST))
		check_host_keep(b, u->host, false);
}

/* Letters, digits, dots and dashes: what a template would make is unknown. */
static bool
check_host_is_name(struct view host)
{
	if (host.len < 4 || host.len > CHECK_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++)
		if (!isalnum((unsigned char)host.p[i]) &&
		    (unsigned char)host.p[i] < 0x80 && host.p[i] != '.' &&
		    host.p[i] != '-' && host.p[i] != '_')
			return false;
	return true;
}

void
check_line_hosts(struct check_body *b)
{
	struct check_url u;
	size_t at = 0;

	if (!(b->line_tags & CHECK_TAG_URL) || (b->traits & CHECK_IS_LOCK))
		return;
	for (int i = 0;
	     i < CHECK_URLS && check_url_next(b->line->text, &at, &u); i++) {
		if (!check_host_is_name(u.host))
			continue;
		if (b->line->kind == '-')
			check_host_keep(b, u.host, true);
		else
			check_url(b, &u);
	}
}

void
check_end_hosts(struct check_body *b)
{
	for (size_t i = 0; i < b->hosts_n; i++)
		if (b->hosts[i].file != NULL)
			finding_add(b->out, "new-host", b->hosts[i].file,
			    b->hosts[i].line, "a host that is new here: %s",
			    b->hosts[i].name);
}
