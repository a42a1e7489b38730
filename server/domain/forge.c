#include "server/domain/forge.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"

static bool
forge_name_ok(struct view v)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	if (v.len == 0 || v.len > FORGE_NAME_MAX || view_is(v, ".") ||
	    view_is(v, ".."))
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (v.p[i] == '\0' || strchr(good, v.p[i]) == NULL)
			return false;
	return true;
}

static void
forge_copy(char *out, size_t size, struct view v)
{
	(void)snprintf(out, size, "%.*s", (int)v.len, v.p);
}

static bool
forge_host(struct view host, struct forge_repo *out)
{
	const char *at = host.len > 0 ? memrchr(host.p, '@', host.len) : NULL;

	if (at != NULL)
		host = view_from(host, (size_t)(at - host.p) + 1);
	if (host.len == 0 || host.len > FORGE_HOST_MAX)
		return false;
	forge_copy(out->host, sizeof(out->host), host);
	for (char *p = out->host; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	return true;
}

static bool
forge_path(struct view path, struct forge_repo *out)
{
	struct view owner;

	while (path.len > 0 && path.p[0] == '/')
		path = view_from(path, 1);
	while (path.len > 0 && path.p[path.len - 1] == '/')
		path.len--;
	if (path.len > 4 && memcmp(path.p + path.len - 4, ".git", 4) == 0)
		path.len -= 4;
	if (!view_split(&path, '/', &owner) || !forge_name_ok(owner) ||
	    !forge_name_ok(path))
		return false;
	forge_copy(out->owner, sizeof(out->owner), owner);
	forge_copy(out->name, sizeof(out->name), path);
	return true;
}

bool
forge_parse(const char *url, struct forge_repo *out)
{
	static const char *const schemes[] = { "https://", "http://", "ssh://",
		"git://" };
	struct view rest = view_of(url), host;

	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (view_starts(rest, schemes[i])) {
			rest = view_from(rest, strlen(schemes[i]));
			return view_split(&rest, '/', &host) &&
			    forge_host(host, out) && forge_path(rest, out);
		}
	if (strstr(url, "://") != NULL || strstr(url, "::") != NULL ||
	    strchr(url, ':') == NULL)
		return false;
	/* user@host:owner/name */
	return view_split(&rest, ':', &host) &&
	    (host.len == 0 || memchr(host.p, '/', host.len) == NULL) &&
	    forge_host(host, out) && forge_path(rest, out);
}

struct view
forge_api(const char *map, const char *host)
{
	struct view rest = view_of(map), entry, name;

	while (rest.len > 0 && view_split(&rest, ',', &entry)) {
		entry = view_trim(entry);
		if (view_split(&entry, '=', &name) &&
		    view_is(view_trim(name), host))
			return view_trim(entry);
	}
	return view_of("");
}

int
forge_check(const char *map, struct err *e)
{
	struct view rest = view_of(map), entry, name;

	while (rest.len > 0 && view_split(&rest, ',', &entry)) {
		struct view url = view_trim(entry);

		if (url.len == 0)
			continue;
		if (memchr(url.p, '=', url.len) == NULL ||
		    !view_split(&url, '=', &name) || view_trim(name).len == 0)
			return err_set(e, ERR_INVALID, "want HOST=URL");
		url = view_trim(url);
		if ((!view_starts(url, "https://") &&
			!view_starts(url, "http://")) ||
		    url.p[url.len - 1] == '/' ||
		    memchr(url.p, '@', url.len) != NULL ||
		    memchr(url.p, '?', url.len) != NULL ||
		    memchr(url.p, ' ', url.len) != NULL)
			return err_set(e, ERR_INVALID,
			    "want https:// or http:// without a credential or "
			    "a slash at the end after each HOST=");
	}
	return 0;
}
