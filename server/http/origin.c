#include "server/http/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "lib/base/view.h"

enum {
	ORIGIN_HOST_MAX = 255
};

/* "scheme://authority" of a URL, without what follows. */
static struct view
origin_of(const char *url)
{
	const char *rest = strstr(url, "://");

	if (rest == NULL)
		return VIEW_LIT("");
	rest += 3;
	return (
	    struct view){ url, (size_t)(rest - url) + strcspn(rest, "/?#") };
}

static bool
origin_same(struct view a, struct view b)
{
	return a.len > 0 && a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

/* Is the authority an address or localhost, with a port or without? */
static bool
origin_is_plain(struct view authority)
{
	char text[ORIGIN_HOST_MAX + 1];
	unsigned char addr[16];
	struct view host = authority;
	char *end;

	if (authority.len == 0 || authority.len > ORIGIN_HOST_MAX)
		return false;
	memcpy(text, host.p, host.len);
	text[host.len] = '\0';
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*end = '\0';
		return inet_pton(AF_INET6, text + 1, addr) == 1;
	}
	end = strchr(text, ':');
	if (end != NULL)
		*end = '\0';
	return strcasecmp(text, "localhost") == 0 ||
	    inet_pton(AF_INET, text, addr) == 1;
}

bool
origin_ok(const char *origin, const char *host, const char *public_url)
{
	struct view given, authority;
	size_t scheme;

	if (origin == NULL)
		return false;
	given = origin_of(origin);
	if (given.len != strlen(origin))
		return false;
	if (origin_same(given, origin_of(public_url)))
		return true;
	scheme = (size_t)(strstr(origin, "://") - origin) + 3;
	authority = view_from(given, scheme);
	return host != NULL && origin_same(authority, view_of(host)) &&
	    origin_is_plain(authority);
}
