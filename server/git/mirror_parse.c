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
	MIRROR_NAME_MAX = 1024
};

struct mirror_lines {
	char **v; /* "sha name" */
	size_t n, cap, bytes;
};

static int
mirror_lines_cmp(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x + GIT_SHA_TEXT, *y + GIT_SHA_TEXT);
}

static bool
mirror_name_ok(struct view name)
{
	if (name.len == 0 || name.len > MIRROR_NAME_MAX)
		return false;
	if (!view_starts(name, "refs/heads/") &&
	    !view_starts(name, "refs/tags/"))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.p[i] <= ' ' || name.p[i] == 0x7f)
			return false;
	return !view_ends(name, "^{}");
}

static int
mirror_lines_add(
    struct mirror_lines *x, struct view sha, struct view name, struct err *e)
{
	char text[GIT_SHA_TEXT];

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

static void
mirror_lines_finish(struct mirror_lines *x, struct str *refs)
{
	if (x->n > 0)
		qsort(x->v, x->n, sizeof(*x->v), mirror_lines_cmp);
	for (size_t i = 0; i < x->n; i++) {
		str_add(refs, x->v[i]);
		str_addc(refs, '\n');
		free(x->v[i]);
	}
	free(x->v);
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
mirror_ls_line(
    struct mirror_lines *x, struct view line, char head[256], struct err *e)
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
			    head, view_from(word, sizeof(symref) - 1));
	if (!mirror_name_ok(name))
		return 0;
	return mirror_lines_add(x, sha, name, e);
}

int
mirror_parse_ls_refs(
    struct view reply, struct str *refs, char head[256], struct err *e)
{
	struct mirror_lines x = { .v = NULL };
	struct pktline p;
	int rc = 0;

	head[0] = '\0';
	for (;;) {
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
		if (p.kind != PKTLINE_DATA) {
			rc = err_set(e, ERR_PROTO,
			    "upstream's list of refs is malformed");
			break;
		}
		if (view_starts(p.data, "ERR ")) {
			rc = err_set(e, ERR_PROTO, "upstream: %.*s",
			    (int)(p.data.len > 160 ? 160 : p.data.len) - 4,
			    p.data.p + 4);
			break;
		}
		rc = mirror_ls_line(&x, pktline_text(&p), head, e);
		if (rc == -1)
			break;
	}
	mirror_lines_finish(&x, refs);
	return rc;
}

/* "ref: NAME\tHEAD" and "SHA\tNAME" lines. */
int
mirror_parse_ls_remote(
    struct view text, struct str *refs, char head[256], struct err *e)
{
	struct mirror_lines x = { .v = NULL };
	struct view line, left;
	int rc = 0;

	head[0] = '\0';
	while (rc == 0 && text.len > 0 && view_split(&text, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (!view_split(&line, '\t', &left)) {
			rc = err_set(e, ERR_PROTO, "malformed ref line");
		} else if (view_starts(left, "ref: ")) {
			if (view_is(line, "HEAD"))
				mirror_set_head(head, view_from(left, 5));
		} else if (line.p != NULL && mirror_name_ok(line)) {
			rc = mirror_lines_add(&x, left, line, e);
		}
	}
	mirror_lines_finish(&x, refs);
	return rc;
}

static const char *const mirror_token_marks[] = { "ghp_", "gho_", "ghs_",
	"ghu_", "ghr_", "github_pat_", "glpat-", "Basic ", "Bearer ", NULL };

static size_t
mirror_token_at(struct view v)
{
	for (size_t i = 0; mirror_token_marks[i] != NULL; i++)
		if (view_starts(v, mirror_token_marks[i])) {
			size_t n = strlen(mirror_token_marks[i]);

			while (n < v.len && (unsigned char)v.p[n] > ' ' &&
			    strchr("'\"", v.p[n]) == NULL)
				n++;
			return n;
		}
	return 0;
}

void
mirror_scrub(struct str *out, struct view text)
{
	while (text.len > 0) {
		size_t n = mirror_token_at(text);

		if (n > 0) {
			str_add(out, "[hidden]");
			text = view_from(text, n);
			continue;
		}
		if (view_starts(text, "//")) {
			size_t at = 2;

			while (at < text.len && text.p[at] != '@' &&
			    text.p[at] != '/' &&
			    (unsigned char)text.p[at] > ' ')
				at++;
			str_add(out, "//");
			text = view_from(text,
			    at < text.len && text.p[at] == '@' ? at + 1 : 2);
			continue;
		}
		str_addc(out, text.p[0]);
		text = view_from(text, 1);
	}
}

bool
mirror_is_auth_text(const char *text)
{
	static const char *const marks[] = { "Authentication failed",
		"could not read Username", "could not read Password",
		"returned error: 401", "returned error: 403",
		"Permission denied (", "access denied", "Access denied", NULL };

	for (size_t i = 0; marks[i] != NULL; i++)
		if (strstr(text, marks[i]) != NULL)
			return true;
	return false;
}
