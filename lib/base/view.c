#include "lib/base/view.h"

#include <string.h>

#include "lib/base/alloc.h"

struct view
view_of(const char *s)
{
	if (s == NULL)
		return (struct view){ .p = "", .len = 0 };
	return (struct view){ .p = s, .len = strlen(s) };
}

bool
view_eq(struct view a, struct view b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
view_is(struct view v, const char *s)
{
	return view_eq(v, view_of(s));
}

bool
view_starts(struct view v, const char *prefix)
{
	size_t n = strlen(prefix);

	return n == 0 || (n <= v.len && memcmp(v.p, prefix, n) == 0);
}

bool
view_ends(struct view v, const char *suffix)
{
	size_t n = strlen(suffix);

	return n == 0 ||
	    (n <= v.len && memcmp(v.p + (v.len - n), suffix, n) == 0);
}

static bool
view_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct view
view_trim(struct view v)
{
	while (v.len > 0 && view_is_space(v.p[0])) {
		v.p++;
		v.len--;
	}
	while (v.len > 0 && view_is_space(v.p[v.len - 1]))
		v.len--;
	return v;
}

struct view
view_from(struct view v, size_t skip)
{
	if (v.p == NULL)
		return view_of(NULL);
	if (skip > v.len)
		skip = v.len;
	return (struct view){ .p = v.p + skip, .len = v.len - skip };
}

bool
view_split(struct view *rest, char sep, struct view *part)
{
	const char *at;

	if (rest->p == NULL)
		return false;
	*part = *rest;
	at = rest->len == 0 ? NULL : memchr(rest->p, sep, rest->len);
	if (at == NULL) {
		rest->p = NULL;
		rest->len = 0;
		return true;
	}
	part->len = (size_t)(at - rest->p);
	rest->p = at + 1;
	rest->len -= part->len + 1;
	return true;
}

char *
view_dup(struct view v)
{
	char *p = xmalloc(v.len + 1);

	if (v.len > 0)
		memcpy(p, v.p, v.len);
	p[v.len] = '\0';
	return p;
}
