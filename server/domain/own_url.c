#include "server/domain/own_url.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "lib/base/view.h"

enum {
	OWN_URL_HOST_MAX = 255
};

enum own_url_kind {
	OWN_URL_NONE, /* it is no URL */
	OWN_URL_OTHER,
	OWN_URL_HERE /* loopback, or all addresses of this host */
};

static enum own_url_kind
own_url_v4(const unsigned char addr[4])
{
	static const unsigned char all[4];

	return addr[0] == 127 || memcmp(addr, all, sizeof(all)) == 0
	    ? OWN_URL_HERE
	    : OWN_URL_OTHER;
}

static enum own_url_kind
own_url_v6(const unsigned char addr[16])
{
	static const unsigned char zeros[16];

	/* "::" and "::1" */
	return memcmp(addr, zeros, 15) == 0 && addr[15] <= 1 ? OWN_URL_HERE
							     : OWN_URL_OTHER;
}

static enum own_url_kind
own_url_host(char *host)
{
	unsigned char addr[16];
	char *end;

	if (host[0] == '[') {
		end = strchr(host, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return OWN_URL_NONE;
		*end = '\0';
		return inet_pton(AF_INET6, host + 1, addr) == 1
		    ? own_url_v6(addr)
		    : OWN_URL_NONE;
	}
	host[strcspn(host, ":")] = '\0';
	if (strcasecmp(host, "localhost") == 0)
		return OWN_URL_HERE;
	return inet_pton(AF_INET, host, addr) == 1 ? own_url_v4(addr)
						   : OWN_URL_OTHER;
}

static enum own_url_kind
own_url_kind(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };
	char host[OWN_URL_HOST_MAX + 1];
	size_t n;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (strncasecmp(url, schemes[i], strlen(schemes[i])) != 0)
			continue;
		url += strlen(schemes[i]);
		n = strcspn(url, "/?#");
		/* Whatever stands before an @ is no host. */
		if (n == 0 || n > OWN_URL_HOST_MAX ||
		    memchr(url, '@', n) != NULL)
			return OWN_URL_NONE;
		memcpy(host, url, n);
		host[n] = '\0';
		return own_url_host(host);
	}
	return OWN_URL_NONE;
}

/* Without the port that the scheme has anyway, and a slash at the end. */
static struct view
own_url_plain(const char *url)
{
	static const struct {
		const char *scheme, *port;
	} known[] = { { "http://", ":80" }, { "https://", ":443" } };
	struct view v = view_of(url);

	while (v.len > 0 && v.p[v.len - 1] == '/')
		v.len--;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strncasecmp(
			url, known[i].scheme, strlen(known[i].scheme)) == 0 &&
		    view_ends(v, known[i].port))
			v.len -= strlen(known[i].port);
	return v;
}

bool
own_url_is(const char *url, const char *public_url)
{
	enum own_url_kind kind = own_url_kind(url);
	struct view given, own;

	if (kind == OWN_URL_HERE)
		return true;
	if (public_url == NULL)
		return kind != OWN_URL_NONE;
	given = own_url_plain(url);
	own = own_url_plain(public_url);
	return given.len == own.len &&
	    strncasecmp(given.p, own.p, own.len) == 0;
}
