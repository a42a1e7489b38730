#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "findings/check_lock.h"

enum {
	CHECK_NEAR_MIN = 4, /* shorter names are near by chance */
	CHECK_NEAR_MAX = 100
};

static bool
check_has(struct view v, const char *what)
{
	return v.len > 0 && memmem(v.p, v.len, what, strlen(what)) != NULL;
}

/* HOST of SCHEME://[USER@]HOST[:PORT]/... */
static struct view
check_origin_host(struct view v)
{
	const char *mark = v.len == 0 ? NULL : memmem(v.p, v.len, "://", 3);
	struct view host = { v.p, 0 };
	size_t end = 0;

	if (mark == NULL)
		return host;
	host = view_from(v, (size_t)(mark - v.p) + 3);
	while (end < host.len && strchr("/?#\"", host.p[end]) == NULL)
		end++;
	host.len = end;
	for (size_t i = 0; i < host.len; i++)
		if (host.p[i] == '@') {
			host = view_from(host, i + 1);
			i = (size_t)-1;
		}
	for (size_t i = 0; i < host.len; i++)
		if (host.p[i] == ':')
			host.len = i;
	return host;
}

static bool
check_starts_any(struct view v, const char *const *what)
{
	for (; *what != NULL; what++)
		if (v.len >= strlen(*what) &&
		    strncasecmp(v.p, *what, strlen(*what)) == 0)
			return true;
	return false;
}

enum check_origin
check_origin_of(struct view source, struct view *host)
{
	static const char *const git[] = { "git+", "git@", "git:", "ssh:",
		"github:", "gitlab:", "bitbucket:", "gist:", "hg+", "svn+",
		"bzr+", NULL };
	static const char *const insecure[] = { "http:", "git:", "git+http:",
		"git+git:", "registry+http:", "svn+http:", "hg+http:", "ftp:",
		"sparse+http:", NULL };
	static const char *const path[] = { "file:", "link:", "portal:",
		"directory+", "path+", "./", "../", "/", NULL };
	struct view none = { source.p, 0 };

	*host = check_origin_host(source);
	if (check_starts_any(source, insecure) &&
	    !view_is(*host, "localhost") && !view_is(*host, "127.0.0.1"))
		return CHECK_FROM_INSECURE;
	if (check_starts_any(source, git))
		return CHECK_FROM_GIT;
	if (check_starts_any(source, path)) {
		*host = none;
		return CHECK_FROM_PATH;
	}
	if (view_starts(source, "npm:"))
		return CHECK_FROM_ALIAS;
	if (host->len > 0)
		return view_ends(source, ".git") || check_has(source, ".git#")
		    ? CHECK_FROM_GIT
		    : CHECK_FROM_HOST;
	/* OWNER/REPOSITORY, as npm has it. */
	if (check_has(source, "/") && !check_has(source, " ") &&
	    !check_has(source, ":") && source.len > 0 && source.p[0] != '@' &&
	    source.p[0] != '^' && source.p[0] != '~')
		return CHECK_FROM_GIT;
	return CHECK_FROM_USUAL;
}

/* Letters of the part of a name that byte i is in. */
static size_t
check_part_len(struct view v, size_t i)
{
	static const char between[] = "-._/@";
	size_t start = i, end = i;

	while (start > 0 && strchr(between, v.p[start - 1]) == NULL)
		start--;
	while (end < v.len && strchr(between, v.p[end]) == NULL)
		end++;
	return end - start;
}

bool
check_is_near(struct view a, struct view b)
{
	size_t i = 0, k = 0;

	if (a.len < b.len)
		return check_is_near(b, a);
	if (b.len < CHECK_NEAR_MIN || a.len > CHECK_NEAR_MAX ||
	    a.len - b.len > 1 || view_eq(a, b))
		return false;
	while (i < b.len && a.p[i] == b.p[i])
		i++;
	while (k < b.len - i && a.p[a.len - 1 - k] == b.p[b.len - 1 - k])
		k++;
	/* lodash.get and lodash.set are sisters; so are crc16 and crc32. */
	if (check_part_len(a, i) < CHECK_NEAR_MIN + 1 ||
	    isdigit((unsigned char)a.p[i]))
		return false;
	if (i + k + 1 >= a.len)
		return true;
	return a.len == b.len && i + k + 2 == a.len && a.p[i] == b.p[i + 1] &&
	    a.p[i + 1] == b.p[i];
}
