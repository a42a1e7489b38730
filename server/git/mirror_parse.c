#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/git_pool.h"
#include "server/git/mirror_fetch.h"
#include "server/git/pktline.h"

enum {
	MIRROR_LINES_MAX = 200000,
	MIRROR_NAME_MAX = 1024,
	MIRROR_PART_MAX = 240 /* a file's name has 255, and git adds .lock */
};

struct mirror_lines {
	char **v; /* "sha name" */
	size_t n, cap, bytes;
	size_t n_odd;
};

static int
mirror_lines_cmp(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x + GIT_SHA_TEXT, *y + GIT_SHA_TEXT);
}

/* One part of a name between slashes, as git-check-ref-format(1) has it. */
static bool
mirror_part_ok(struct view part)
{
	if (part.len == 0 || part.p[0] == '.' || view_ends(part, ".lock"))
		return false;
	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.p[i];

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c) != NULL)
			return false;
		if (i > 0 && part.p[i - 1] == '.' && c == '.')
			return false;
		if (i > 0 && part.p[i - 1] == '@' && c == '{')
			return false;
	}
	return true;
}

enum mirror_name {
	MIRROR_NAME_OTHER, /* not a branch or tag, or none that git takes */
	MIRROR_NAME_ODD,   /* git takes it, a disk may not */
	MIRROR_NAME_OK
};

static enum mirror_name
mirror_name_of(struct view name)
{
	struct view rest = name, part;
	bool odd = name.len > MIRROR_NAME_MAX;

	if ((!view_starts(name, "refs/heads/") &&
		!view_starts(name, "refs/tags/")) ||
	    view_ends(name, "/") || view_ends(name, "."))
		return MIRROR_NAME_OTHER;
	while (rest.len > 0 && view_split(&rest, '/', &part)) {
		if (!mirror_part_ok(part))
			return MIRROR_NAME_OTHER;
		odd = odd || part.len > MIRROR_PART_MAX;
	}
	return odd ? MIRROR_NAME_ODD : MIRROR_NAME_OK;
}

static int
mirror_lines_add(
    struct mirror_lines *x, struct view sha, struct view name, struct err *e)
{
	char text[GIT_SHA_TEXT];

	if (sha.len == 64)
		return err_set(e, ERR_PROTO,
		    "upstream has sha256 objects: only sha1 is mirrored");
	if (sha.len != GIT_SHA_TEXT - 1)
		return err_set(e, ERR_PROTO,
		    "upstream names an object of an unknown format");
	memcpy(text, sha.p, GIT_SHA_TEXT - 1);
	text[GIT_SHA_TEXT - 1] = '\0';
	if (!gitpool_sha_ok(text))
		return err_set(e, ERR_PROTO, "upstream sent a malformed id");
	x->bytes += name.len + GIT_SHA_TEXT + 1;
	if (x->n == MIRROR_LINES_MAX || x->bytes > MIRROR_REFS_MAX)
		return err_set(e, ERR_LIMIT, "upstream has too many refs");
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 64 : x->cap * 2;
		x->v = xrealloc(x->v, x->cap * sizeof(*x->v));
	}
	x->v[x->n++] = xasprintf("%s %.*s", text, (int)name.len, name.p);
	return 0;
}

static int
mirror_take(struct mirror_lines *x, struct view sha, struct view name,
    struct str *odd, struct err *e)
{
	switch (mirror_name_of(name)) {
	case MIRROR_NAME_OK:
		return mirror_lines_add(x, sha, name, e);
	case MIRROR_NAME_ODD:
		if (x->n_odd++ == MIRROR_ODD_MAX)
			return err_set(e, ERR_LIMIT,
			    "upstream has too many refs with names that "
			    "cannot be kept");
		str_addv(odd, name);
		str_addc(odd, '\n');
		return 0;
	case MIRROR_NAME_OTHER:
	default:
		return 0;
	}
}

static int
mirror_lines_named(const void *key, const void *line)
{
	const char *const *x = line;

	return strcmp(key, *x + GIT_SHA_TEXT);
}

static int
mirror_lines_finish(
    struct mirror_lines *x, struct mirror_refs *out, int rc, struct err *e)
{
	if (x->n > 0)
		qsort(x->v, x->n, sizeof(*x->v), mirror_lines_cmp);
	for (size_t i = 1; rc == 0 && i < x->n; i++)
		if (mirror_lines_cmp(&x->v[i - 1], &x->v[i]) == 0)
			rc = err_set(
			    e, ERR_PROTO, "upstream lists a ref twice");
	/* A HEAD that points nowhere says nothing. */
	if (out->head[0] != '\0' &&
	    (x->n == 0 ||
		bsearch(out->head, x->v, x->n, sizeof(*x->v),
		    mirror_lines_named) == NULL))
		out->head[0] = '\0';
	for (size_t i = 0; i < x->n; i++) {
		str_add(out->refs, x->v[i]);
		str_addc(out->refs, '\n');
		free(x->v[i]);
	}
	free(x->v);
	return rc;
}

static void
mirror_set_head(char head[256], struct view target)
{
	if (view_starts(target, "refs/heads/") && target.len < 256) {
		memcpy(head, target.p, target.len);
		head[target.len] = '\0';
	}
}

/* "SHA NAME[ symref-target:NAME][ peeled:SHA]" */
static int
mirror_ls_line(struct mirror_lines *x, struct view line,
    struct mirror_refs *out, struct err *e)
{
	static const char symref[] = "symref-target:";
	struct view sha, name, word;

	if (line.len == 0 || !view_split(&line, ' ', &sha) ||
	    !view_split(&line, ' ', &name))
		return err_set(
		    e, ERR_PROTO, "upstream sent a malformed ref line");
	while (line.len > 0 && view_split(&line, ' ', &word))
		if (view_is(name, "HEAD") && view_starts(word, symref))
			mirror_set_head(
			    out->head, view_from(word, sizeof(symref) - 1));
	return mirror_take(x, sha, name, out->odd, e);
}

int
mirror_parse_ls_refs(struct view reply, struct mirror_refs *out, struct err *e)
{
	struct mirror_lines x = { .v = NULL };
	struct pktline p;
	int rc = 0;

	out->head[0] = '\0';
	while (rc == 0) {
		long n = pktline_get(reply, &p, e);

		if (n == 0)
			rc = err_set(e, ERR_PROTO,
			    "upstream's list of refs is cut short");
		if (n <= 0) {
			rc = -1;
			break;
		}
		reply = view_from(reply, (size_t)n);
		if (p.kind == PKTLINE_FLUSH)
			break;
		if (p.kind != PKTLINE_DATA)
			rc = err_set(e, ERR_PROTO,
			    "upstream's list of refs is malformed");
		else if (view_starts(p.data, "ERR "))
			rc = err_set(e, ERR_PROTO, "upstream: %.*s",
			    (int)(p.data.len > 160 ? 160 : p.data.len) - 4,
			    p.data.p + 4);
		else
			rc = mirror_ls_line(&x, pktline_text(&p), out, e);
	}
	return mirror_lines_finish(&x, out, rc, e);
}

/* "ref: NAME\tHEAD" and "SHA\tNAME" lines. */
int
mirror_parse_ls_remote(struct view text, struct mirror_refs *out, struct err *e)
{
	struct mirror_lines x = { .v = NULL };
	struct view line, left;
	int rc = 0;

	out->head[0] = '\0';
	while (rc == 0 && text.len > 0 && view_split(&text, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (!view_split(&line, '\t', &left)) {
			rc = err_set(e, ERR_PROTO, "malformed ref line");
		} else if (view_starts(left, "ref: ")) {
			if (view_is(line, "HEAD"))
				mirror_set_head(out->head, view_from(left, 5));
		} else if (line.p != NULL && !view_ends(line, "^{}")) {
			rc = mirror_take(&x, left, line, out->odd, e);
		}
	}
	return mirror_lines_finish(&x, out, rc, e);
}
