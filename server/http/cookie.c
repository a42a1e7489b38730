#include "server/http/cookie.h"

#include <string.h>

bool
cookie_find(const char *header, const char *name, struct view *out)
{
	struct view rest = view_of(header), part;
	size_t n = strlen(name);

	if (rest.len == 0 || rest.len > COOKIE_HEADER_MAX)
		return false;
	while (view_split(&rest, ';', &part)) {
		part = view_trim(part);
		if (part.len <= n || part.p[n] != '=' ||
		    memcmp(part.p, name, n) != 0)
			continue;
		*out = view_from(part, n + 1);
		return true;
	}
	return false;
}
