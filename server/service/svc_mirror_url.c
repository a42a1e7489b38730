#include <string.h>

#include "lib/base/err.h"
#include "lib/base/view.h"
#include "server/service/svc_mirror.h"

enum {
	MIRROR_URL_MAX = 1024
};

static const struct mirror_scheme {
	const char *prefix;
	bool file;
} mirror_schemes[] = {
	{ "https://", false },
	{ "http://", false },
	{ "git://", false },
	{ "ssh://", false },
	{ "file://", true },
};

static const struct mirror_scheme *
mirror_scheme_of(const char *url)
{
	for (size_t i = 0;
	     i < sizeof(mirror_schemes) / sizeof(mirror_schemes[0]); i++)
		if (strncmp(url, mirror_schemes[i].prefix,
			strlen(mirror_schemes[i].prefix)) == 0)
			return &mirror_schemes[i];
	return NULL;
}

static int
mirror_check_file(bool allow_file, struct err *e)
{
	if (allow_file)
		return 0;
	return err_set(e, ERR_INVALID,
	    "an upstream on this machine's disk is not allowed: set "
	    "allow_file_upstream in [server]");
}

/* The part that names the host: no secret, nothing that ssh takes for an
 * option. */
static int
mirror_check_host(struct view host, bool ssh, struct err *e)
{
	const char *at = host.len > 0 ? memchr(host.p, '@', host.len) : NULL;

	if (at != NULL) {
		struct view user = { .p = host.p,
			.len = (size_t)(at - host.p) };

		if (!ssh || memchr(user.p, ':', user.len) != NULL)
			return err_set(e, ERR_INVALID,
			    "the URL must not hold a credential: set the "
			    "project's upstream token instead");
		if (user.len == 0 || user.p[0] == '-')
			return err_set(
			    e, ERR_INVALID, "the URL's user is malformed");
		host = view_from(host, user.len + 1);
	}
	if (host.len == 0 || host.p[0] == '-' || host.p[0] == ':')
		return err_set(e, ERR_INVALID, "the URL has no host");
	/* git decodes %2d; an address may have a zone. */
	if (host.p[0] != '[' && memchr(host.p, '%', host.len) != NULL)
		return err_set(e, ERR_INVALID, "the URL's host has a %%");
	return 0;
}

int
svc_mirror_check_url(const char *url, bool allow_file, struct err *e)
{
	const struct mirror_scheme *s;
	struct view rest, host;
	size_t n = strlen(url);

	if (n == 0 || n > MIRROR_URL_MAX)
		return err_set(e, ERR_INVALID,
		    "the URL must have 1 to %d bytes", MIRROR_URL_MAX);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)url[i] <= ' ' || (unsigned char)url[i] > 126)
			return err_set(e, ERR_INVALID,
			    "the URL has a space or a special character");
	if (url[0] == '/')
		return mirror_check_file(allow_file, e);
	s = mirror_scheme_of(url);
	if (s != NULL && s->file)
		return mirror_check_file(allow_file, e);
	if (s != NULL && strpbrk(url, "?#") != NULL)
		return err_set(e, ERR_INVALID,
		    "the URL must not have a ? or a #: set a token by itself");
	if (s != NULL) {
		rest = view_of(url + strlen(s->prefix));
		(void)view_split(&rest, '/', &host);
		return mirror_check_host(
		    host, strcmp(s->prefix, "ssh://") == 0, e);
	}
	/* user@host:path, but not transport::address. */
	rest = view_of(url);
	if (strstr(url, "::") == NULL && strstr(url, "://") == NULL &&
	    strchr(url, ':') != NULL && view_split(&rest, ':', &host) &&
	    memchr(host.p, '/', host.len) == NULL && rest.len > 0)
		return mirror_check_host(host, true, e);
	return err_set(e, ERR_INVALID,
	    "the URL must begin with https://, http://, git:// or ssh://");
}

void
svc_mirror_host(const char *url, char out[SVC_MIRROR_HOST_MAX + 1])
{
	const struct mirror_scheme *s = mirror_scheme_of(url);
	const char *p = s != NULL ? url + strlen(s->prefix) : url;
	size_t n = strcspn(p, s != NULL ? "/" : ":"), at = 0;
	const char *user;

	out[0] = '\0';
	if (url[0] == '/' || (s != NULL && s->file))
		return;
	user = memchr(p, '@', n);
	if (user != NULL) {
		n -= (size_t)(user + 1 - p);
		p = user + 1;
	}
	for (; at < n && at < SVC_MIRROR_HOST_MAX; at++)
		out[at] = (char)(p[at] >= 'A' && p[at] <= 'Z' ? p[at] + 32
							      : p[at]);
	out[at] = '\0';
}
