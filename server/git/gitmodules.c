#include "server/git/gitmodules.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"

void
gitmodules_release(struct gitmodules *m)
{
	for (size_t i = 0; i < m->n; i++) {
		free(m->v[i].name);
		free(m->v[i].path);
		free(m->v[i].url);
	}
	free(m->v);
	*m = (struct gitmodules){ .v = NULL };
}

static struct gitmodule *
gitmodules_find(struct gitmodules *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->v[i].name, name) == 0)
			return &m->v[i];
	return NULL;
}

/* A quoted or bare value up to a comment; escapes are undone.  False: it is
 * malformed or too long. */
static bool
gitmodules_value(struct view v, struct str *out)
{
	bool quoted = false;
	size_t end = 0;

	str_reset(out);
	v = view_trim(v);
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (out->len >= GITMODULES_TEXT_MAX || c == '\0')
			return false;
		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted && (c == '#' || c == ';'))
			break;
		if (c == '\\') {
			if (++i == v.len)
				return false;
			c = v.p[i];
			if (c == 'n' || c == 't' || c == 'b')
				return false;
		}
		str_addc(out, c);
		if (quoted || (c != ' ' && c != '\t'))
			end = out->len;
	}
	if (out->len > end) {
		out->len = end;
		out->p[end] = '\0';
	}
	return !quoted;
}

/* [submodule "name"]: the entry, NULL for another section. */
static struct gitmodule *
gitmodules_section(struct gitmodules *m, struct view line)
{
	static const char head[] = "submodule";
	AUTO_STR struct str name = STR_INIT;
	struct gitmodule *x;
	const char *close;

	line = view_trim(view_from(line, 1));
	close = line.len > 0 ? memrchr(line.p, ']', line.len) : NULL;
	if (close == NULL || line.len < sizeof(head) ||
	    strncasecmp(line.p, head, sizeof(head) - 1) != 0)
		return NULL;
	line.len = (size_t)(close - line.p);
	line = view_trim(view_from(line, sizeof(head) - 1));
	if (line.len < 2 || line.p[0] != '"' ||
	    !gitmodules_value(line, &name) || name.len == 0)
		return NULL;
	x = gitmodules_find(m, str_cstr(&name));
	if (x != NULL)
		return x;
	if (m->n == GITMODULES_MAX) {
		m->truncated = true;
		return NULL;
	}
	x = &m->v[m->n++];
	*x = (struct gitmodule){ .name = xstrdup(str_cstr(&name)) };
	return x;
}

static void
gitmodules_pair(struct gitmodule *x, struct view line)
{
	AUTO_STR struct str value = STR_INIT;
	struct view key;
	char **at;

	if (memchr(line.p, '=', line.len) == NULL ||
	    !view_split(&line, '=', &key))
		return;
	key = view_trim(key);
	if (key.len == 4 && strncasecmp(key.p, "path", 4) == 0)
		at = &x->path;
	else if (key.len == 3 && strncasecmp(key.p, "url", 3) == 0)
		at = &x->url;
	else
		return;
	if (line.p == NULL || !gitmodules_value(line, &value))
		return;
	free(*at);
	*at = xstrdup(str_cstr(&value));
}

void
gitmodules_read(struct view text, struct gitmodules *out)
{
	struct gitmodule *x = NULL;
	struct view line;

	*out = (struct gitmodules){ .v = xcalloc(
					GITMODULES_MAX, sizeof(*out->v)) };
	if (text.len > GITMODULES_FILE_MAX) {
		text.len = GITMODULES_FILE_MAX;
		out->truncated = true;
	}
	while (text.len > 0 && view_split(&text, '\n', &line)) {
		line = view_trim(line);
		if (line.len == 0 || line.p[0] == '#' || line.p[0] == ';')
			continue;
		if (line.p[0] == '[')
			x = gitmodules_section(out, line);
		else if (x != NULL)
			gitmodules_pair(x, line);
	}
}

/* Where the path begins in the upstream's URL: after the host. */
static size_t
gitmodules_root(const char *upstream)
{
	const char *scheme = strstr(upstream, "://"), *p;

	if (scheme == NULL) {
		p = strchr(upstream, ':');
		return p != NULL ? (size_t)(p - upstream) + 1 : 1;
	}
	p = strchr(scheme + 3, '/');
	return p != NULL ? (size_t)(p - upstream) + 1 : strlen(upstream);
}

bool
gitmodules_resolve(const char *upstream, const char *url, struct str *out)
{
	size_t root = gitmodules_root(upstream), n = strlen(upstream);

	if (strncmp(url, "./", 2) != 0 && strncmp(url, "../", 3) != 0)
		return false;
	while (n > root && upstream[n - 1] == '/')
		n--;
	for (;;) {
		if (strncmp(url, "./", 2) == 0) {
			url += 2;
		} else if (strncmp(url, "../", 3) == 0) {
			if (n <= root)
				return false;
			while (n > root && upstream[n - 1] != '/')
				n--;
			while (n > root && upstream[n - 1] == '/')
				n--;
			url += 3;
		} else {
			break;
		}
	}
	str_addn(out, upstream, n);
	if (n > root ||
	    (n > 0 && upstream[n - 1] != '/' && upstream[n - 1] != ':'))
		str_addc(out, '/');
	str_add(out, url);
	return true;
}
