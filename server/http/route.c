#include "server/http/route.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/path.h"

enum {
	ROUTE_SEGMENTS = 64
};

struct route_path {
	unsigned n;
	char *seg[ROUTE_SEGMENTS]; /* decoded, owned */
};

static void
route_path_release(struct route_path *p)
{
	for (unsigned i = 0; i < p->n; i++)
		free(p->seg[i]);
	p->n = 0;
}

static bool
route_path_split(const char *raw, bool lax, struct route_path *p)
{
	struct view rest = view_of(raw), part;
	struct err e = ERR_INIT;

	p->n = 0;
	if (strcmp(raw, "/") == 0)
		return true;
	if (rest.len < 2 || rest.len > ROUTE_PATH_MAX || raw[0] != '/')
		return false;
	rest = view_from(rest, 1);
	while (view_split(&rest, '/', &part)) {
		AUTO_STR struct str out = STR_INIT_MAX(ROUTE_ARG_MAX);

		if (part.len == 0 && rest.p == NULL && p->n > 0 && lax)
			break;
		if (p->n == ROUTE_SEGMENTS || part.len == 0)
			return false;
		if (esc_url_decode(part, &out, &e) == -1 || !str_ok(&out) ||
		    out.len == 0 || strcmp(out.p, ".") == 0 ||
		    strcmp(out.p, "..") == 0)
			return false;
		p->seg[p->n++] = str_steal(&out);
	}
	return p->n > 0;
}

static bool
route_is_sha(const char *s)
{
	size_t n = strspn(s, "0123456789abcdefABCDEF");

	return s[n] == '\0' && n >= 4 && n <= 40;
}

/* Does the decoded text fit the placeholder of this name? */
static bool
route_fits(struct view name, const char *text)
{
	struct err e = ERR_INIT;
	uint64_t n;

	if (view_is(name, "o") || view_is(name, "r"))
		return path_component_ok(text);
	if (view_is(name, "owner"))
		return path_component_ok(text) && strcmp(text, "api") != 0 &&
		    strcmp(text, "-") != 0;
	if (view_is(name, "n") || view_is(name, "id"))
		return num_u64(text, 1, INT64_MAX, &n, &e) == 0;
	if (view_is(name, "sha"))
		return route_is_sha(text);
	return true;
}

/* All from there but the last `left`. */
static char *
route_join(const struct route_path *p, unsigned from, unsigned left)
{
	struct str out = STR_INIT;

	for (unsigned i = from; i < p->n && p->n - i > left; i++) {
		if (i > from)
			str_addc(&out, '/');
		str_add(&out, p->seg[i]);
	}
	return str_steal(&out);
}

static void
route_args_clear(struct route_match *m)
{
	for (unsigned i = 0; i < m->n; i++)
		free(m->args[i]);
	m->n = 0;
}

/* One segment of a pattern against one of the path. */
static bool
route_segment(struct view pat, const char *seg, struct route_match *m)
{
	AUTO_FREE char *text = NULL;
	const char *close;
	struct view name, suffix;
	size_t len = strlen(seg);

	if (pat.len == 0 || pat.p[0] != '{')
		return view_is(pat, seg);
	close = memchr(pat.p, '}', pat.len);
	if (close == NULL || m->n == ROUTE_ARGS)
		return false;
	name = (struct view){ pat.p + 1, (size_t)(close - pat.p) - 1 };
	suffix = view_from(pat, name.len + 2);
	if (len <= suffix.len ||
	    memcmp(seg + len - suffix.len, suffix.p, suffix.len) != 0)
		return false;
	text = xstrndup(seg, len - suffix.len);
	if (!route_fits(name, text))
		return false;
	m->args[m->n++] = STEAL(text);
	return true;
}

/* How many segments of a pattern are left. */
static unsigned
route_left(struct view rest)
{
	struct view part;
	unsigned n = 0;

	while (view_split(&rest, '/', &part))
		n++;
	return n;
}

static bool
route_matches(
    const char *pattern, const struct route_path *p, struct route_match *m)
{
	struct view rest = view_of(pattern + 1), pat;
	unsigned i = 0;

	if (rest.len == 0)
		return p->n == 0;
	while (view_split(&rest, '/', &pat)) {
		if (i == p->n)
			return false;
		if (view_ends(pat, "...}")) {
			unsigned left = route_left(rest);

			if (m->n == ROUTE_ARGS || p->n - i <= left)
				return false;
			m->args[m->n++] = route_join(p, i, left);
			i = p->n - left;
			continue;
		}
		if (!route_segment(pat, p->seg[i++], m))
			return false;
	}
	return i == p->n;
}

static void
route_allow(struct route_match *m, const char *method)
{
	if (m->allow.len > 0) {
		/* The same path may be in the tables once per method. */
		if (strstr(m->allow.p, method) != NULL)
			return;
		str_add(&m->allow, ", ");
	}
	str_add(&m->allow, method);
}

void
route_find(const struct route *const *tables, const char *method,
    const char *raw_path, struct route_match *m)
{
	struct route_path path;

	*m = (struct route_match){ .route = NULL };
	if (!route_path_split(raw_path, strcmp(method, "DELETE") != 0, &path)) {
		route_path_release(&path);
		return;
	}
	for (; *tables != NULL && m->route == NULL; tables++) {
		for (const struct route *r = *tables; r->method != NULL; r++) {
			if (!route_matches(r->pattern, &path, m)) {
				route_args_clear(m);
				continue;
			}
			if (strcmp(r->method, method) == 0) {
				m->route = r;
				break;
			}
			route_args_clear(m);
			route_allow(m, r->method);
		}
	}
	route_path_release(&path);
}

void
route_match_release(struct route_match *m)
{
	route_args_clear(m);
	str_release(&m->allow);
}

bool
route_is_page(const struct route *r)
{
	return r->access == ROUTE_PAGE || r->access == ROUTE_PAGE_ANON;
}
