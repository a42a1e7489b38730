#include "server/githttp/lsrefs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/git/pktline.h"

static const char lsrefs_command[] = "command=ls-refs";

/* The next packet, taken off *in; false: it is cut or none. */
static bool
lsrefs_next(struct view *in, struct pktline *p)
{
	struct err e = ERR_INIT;
	long n = pktline_get(*in, p, &e);

	if (n <= 0)
		return false;
	*in = view_from(*in, (size_t)n);
	return true;
}

int
lsrefs_begins(struct view body)
{
	struct err e = ERR_INIT;
	struct pktline p;
	long n = pktline_get(body, &p, &e);

	if (n == 0)
		return 0;
	return n > 0 && p.kind == PKTLINE_DATA &&
		view_is(pktline_text(&p), lsrefs_command)
	    ? 1
	    : -1;
}

static bool
lsrefs_capability(struct view t)
{
	return view_is(t, "agent") || view_starts(t, "agent=") ||
	    view_is(t, "object-format=sha1");
}

static bool
lsrefs_has_nul(struct view t)
{
	return t.len > 0 && memchr(t.p, '\0', t.len) != NULL;
}

static void
lsrefs_add(struct lsrefs *x, size_t *cap, struct view prefix)
{
	if (x->n == LSREFS_PREFIXES)
		return;
	if (x->n == *cap) {
		*cap = *cap == 0 ? 16 : *cap * 2;
		x->prefix = xrealloc(x->prefix, *cap * sizeof(*x->prefix));
	}
	x->prefix[x->n++] = prefix;
}

static bool
lsrefs_argument(struct lsrefs *x, size_t *cap, struct view t)
{
	static const char prefix[] = "ref-prefix ";

	if (view_is(t, "peel"))
		x->peel = true;
	else if (view_is(t, "symrefs"))
		x->symrefs = true;
	else if (view_is(t, "unborn"))
		x->unborn = true;
	else if (view_starts(t, prefix))
		lsrefs_add(x, cap, view_from(t, sizeof(prefix) - 1));
	else
		return false;
	return true;
}

static int
lsrefs_cmp(const void *a, const void *b)
{
	const struct view *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = n > 0 ? memcmp(x->p, y->p, n) : 0;

	if (c != 0)
		return c;
	return x->len < y->len ? -1 : x->len > y->len;
}

static bool
lsrefs_covers(struct view prefix, struct view longer)
{
	return longer.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(longer.p, prefix.p, prefix.len) == 0);
}

/* Sorted, each prefix stands before all that it begins. */
static void
lsrefs_tidy(struct lsrefs *x)
{
	size_t n = 0;

	if (x->n == LSREFS_PREFIXES)
		x->n = 0;
	if (x->n == 0)
		return;
	qsort(x->prefix, x->n, sizeof(*x->prefix), lsrefs_cmp);
	for (size_t i = 0; i < x->n; i++)
		if (n == 0 || !lsrefs_covers(x->prefix[n - 1], x->prefix[i]))
			x->prefix[n++] = x->prefix[i];
	x->n = n;
	/* The empty one begins every name. */
	if (x->prefix[0].len == 0)
		x->n = 0;
}

/* The capabilities, the command's own line included; false: not ours. */
static bool
lsrefs_head(struct view *body, struct pktline *p)
{
	bool command = false;

	for (;;) {
		struct view t;

		if (!lsrefs_next(body, p))
			return false;
		if (p->kind != PKTLINE_DATA)
			return command && p->kind != PKTLINE_END;
		t = pktline_text(p);
		if (lsrefs_has_nul(t))
			return false;
		if (!command && view_is(t, lsrefs_command))
			command = true;
		else if (!lsrefs_capability(t))
			return false;
	}
}

bool
lsrefs_parse(struct view body, struct lsrefs *out)
{
	struct pktline p = { .kind = PKTLINE_END };
	size_t cap = 0;

	*out = (struct lsrefs){ .prefix = NULL };
	if (!lsrefs_head(&body, &p))
		return false;
	while (p.kind != PKTLINE_FLUSH) {
		if (!lsrefs_next(&body, &p) || p.kind == PKTLINE_DELIM ||
		    p.kind == PKTLINE_END)
			goto no;
		if (p.kind == PKTLINE_DATA &&
		    (lsrefs_has_nul(pktline_text(&p)) ||
			!lsrefs_argument(out, &cap, pktline_text(&p))))
			goto no;
	}
	if (body.len > 0)
		goto no;
	lsrefs_tidy(out);
	return true;
no:
	lsrefs_release(out);
	return false;
}

void
lsrefs_release(struct lsrefs *x)
{
	free(x->prefix);
	*x = (struct lsrefs){ .prefix = NULL };
}

int
lsrefs_protocol(const char *header)
{
	struct view rest = view_of(header), item;
	int version = 0;

	if (header == NULL)
		return 0;
	while (view_split(&rest, ':', &item)) {
		if (view_is(item, "version=2"))
			version = 2;
		else if (view_is(item, "version=1") && version < 1)
			version = 1;
	}
	return version;
}
