#include "server/githttp/refs_answer.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/git_pool.h"
#include "server/git/pktline.h"
#include "server/githttp/lsrefs.h"

static const char refs_symref[] = " symref=HEAD:";

/* The four digits of a packet of n bytes of data. */
static void
refs_length(struct str *out, size_t n)
{
	static const char hex[] = "0123456789abcdef";
	char text[4];

	n += sizeof(text);
	for (unsigned i = 0; i < 4; i++)
		text[i] = hex[n >> (12 - 4 * i) & 0xf];
	str_addn(out, text, sizeof(text));
}

struct refs_line {
	const char *sha; /* 40 digits; NULL: unborn */
	const char *name;
	size_t name_len;
	const char *target; /* NULL: none is told */
	const char *peeled; /* 40 digits; NULL */
};

static void
refs_ls_line(struct str *out, const struct refs_line *x)
{
	static const char unborn[] = "unborn";
	static const char target[] = " symref-target:";
	static const char peeled[] = " peeled:";
	size_t id = x->sha != NULL ? REF_SHA_LEN : sizeof(unborn) - 1;
	size_t t = x->target != NULL ? strlen(x->target) : 0;
	size_t n = id + 1 + x->name_len + 1;

	if (x->target != NULL)
		n += sizeof(target) - 1 + t;
	if (x->peeled != NULL)
		n += sizeof(peeled) - 1 + REF_SHA_LEN;
	refs_length(out, n);
	str_addn(out, x->sha != NULL ? x->sha : unborn, id);
	str_addc(out, ' ');
	str_addn(out, x->name, x->name_len);
	if (x->target != NULL) {
		str_addn(out, target, sizeof(target) - 1);
		str_addn(out, x->target, t);
	}
	if (x->peeled != NULL) {
		str_addn(out, peeled, sizeof(peeled) - 1);
		str_addn(out, x->peeled, REF_SHA_LEN);
	}
	str_addc(out, '\n');
}

static bool
refs_wants(const struct lsrefs *ask, const char *name)
{
	if (ask->n == 0)
		return true;
	for (size_t i = 0; i < ask->n; i++) {
		struct view p = ask->prefix[i];

		if (p.len <= strlen(name) &&
		    (p.len == 0 || memcmp(name, p.p, p.len) == 0))
			return true;
	}
	return false;
}

static void
refs_ls_head(struct str *out, const struct ref_snapshot *s, enum ref_side side,
    const struct lsrefs *ask)
{
	struct ref_head h = refsnap_head(s, side);
	struct refs_line x = {
		.sha = h.sha,
		.name = "HEAD",
		.name_len = 4,
		.target = ask->symrefs ? h.target : NULL,
		.peeled = ask->peel ? h.peeled : NULL,
	};

	if (h.sha == NULL &&
	    (h.target == NULL || !ask->symrefs || !ask->unborn))
		return;
	if (!refs_wants(ask, "HEAD"))
		return;
	refs_ls_line(out, &x);
	/* In a namespace HEAD is also one of the refs below it. */
	if (side == REF_SIDE_UPSTREAM && h.sha != NULL)
		refs_ls_line(out, &x);
}

/* From row i on, those that begin with the prefix. */
static void
refs_ls_rows(struct str *out, const struct ref_snapshot *s, enum ref_side side,
    const struct lsrefs *ask, struct view prefix)
{
	size_t n = refsnap_count(s, side);

	for (size_t i = refsnap_seek(s, side, prefix); i < n; i++) {
		struct ref_row r = refsnap_row(s, side, i);
		const struct refs_line x = {
			.sha = r.sha,
			.name = r.name,
			.name_len = r.name_len,
			.peeled = ask->peel ? r.peeled : NULL,
		};

		if (r.name_len < prefix.len ||
		    (prefix.len > 0 &&
			memcmp(r.name, prefix.p, prefix.len) != 0))
			return;
		refs_ls_line(out, &x);
	}
}

void
refs_answer_ls(struct str *out, const struct ref_snapshot *s,
    enum ref_side side, const struct lsrefs *ask)
{
	refs_ls_head(out, s, side, ask);
	if (ask->n == 0)
		refs_ls_rows(out, s, side, ask, view_of(""));
	for (size_t i = 0; i < ask->n; i++)
		refs_ls_rows(out, s, side, ask, ask->prefix[i]);
	pktline_flush(out);
}

/* The capabilities in the first packet with data behind a NUL. */
static bool
refs_caps_find(struct view ad, struct view *out)
{
	for (int i = 0; i < 4; i++) {
		struct err e = ERR_INIT;
		struct pktline p;
		long n = pktline_get(ad, &p, &e);
		struct view t;
		const char *nul;

		if (n <= 0)
			return false;
		ad = view_from(ad, (size_t)n);
		if (p.kind != PKTLINE_DATA)
			continue;
		t = pktline_text(&p);
		nul = t.len > 0 ? memchr(t.p, '\0', t.len) : NULL;
		if (nul == NULL)
			continue;
		*out = view_from(t, (size_t)(nul - t.p) + 1);
		return out->len > 0 && out->len <= REFS_CAPS_MAX;
	}
	return false;
}

void
refs_caps_learn(struct refs_caps *c, enum git_service service, struct view ad)
{
	struct view caps;
	AUTO_STR struct str text = STR_INIT;
	char *at, *end;

	if (c->before != NULL || !refs_caps_find(ad, &caps) ||
	    memchr(caps.p, '\0', caps.len) != NULL)
		return;
	if (service == GIT_RECEIVE_PACK) {
		c->before = view_dup(caps);
		c->after = xstrdup("");
		return;
	}
	str_addv(&text, caps);
	at = strstr(text.p, refs_symref);
	end = at != NULL ? strchr(at + 1, ' ') : NULL;
	if (end == NULL)
		return;
	c->before = xstrndup(text.p, (size_t)(at - text.p));
	c->after = xstrdup(end);
}

void
refs_caps_release(struct refs_caps *c)
{
	free(c->before);
	free(c->after);
	*c = (struct refs_caps){ .before = NULL };
}

struct refs_ad {
	struct str *out;
	const struct refs_caps *caps; /* NULL: they were told */
	const char *symref;           /* what HEAD points to, or NULL */
};

static void
refs_ad_line(struct refs_ad *a, const char *sha, const char *name, size_t len,
    const char *suffix)
{
	size_t tail = strlen(suffix), n = REF_SHA_LEN + 1 + len + tail + 1;
	AUTO_STR struct str caps = STR_INIT;

	if (a->caps != NULL) {
		str_addc(&caps, '\0');
		str_add(&caps, a->caps->before);
		if (a->symref != NULL) {
			str_add(&caps, refs_symref);
			str_add(&caps, a->symref);
		}
		str_add(&caps, a->caps->after);
		a->caps = NULL;
	}
	refs_length(a->out, n + caps.len);
	str_addn(a->out, sha, REF_SHA_LEN);
	str_addc(a->out, ' ');
	str_addn(a->out, name, len);
	str_addn(a->out, suffix, tail);
	str_addv(a->out, str_view(&caps));
	str_addc(a->out, '\n');
}

static void
refs_ad_end(struct refs_ad *a)
{
	static const char none[] = "capabilities^{}";

	if (a->caps != NULL)
		refs_ad_line(a, GIT_ZERO_SHA, none, sizeof(none) - 1, "");
	pktline_flush(a->out);
}

static void
refs_ad_ref(struct refs_ad *a, const char *sha, const char *name, size_t len,
    const char *peeled)
{
	refs_ad_line(a, sha, name, len, "");
	if (peeled != NULL)
		refs_ad_line(a, peeled, name, len, "^{}");
}

void
refs_answer_upload(struct str *out, const struct ref_snapshot *s,
    enum ref_side side, const struct refs_caps *c, int version)
{
	struct ref_head h = refsnap_head(s, side);
	struct refs_ad a = {
		.out = out, .caps = c, .symref = h.sha != NULL ? h.target : NULL
	};
	size_t n = refsnap_count(s, side);

	pktline_putf(out, "# service=git-upload-pack\n");
	pktline_flush(out);
	if (version == 1)
		pktline_putf(out, "version 1\n");
	if (h.sha != NULL)
		refs_ad_ref(&a, h.sha, "HEAD", 4, h.peeled);
	for (size_t i = 0; i < n; i++) {
		struct ref_row r = refsnap_row(s, side, i);

		refs_ad_ref(&a, r.sha, r.name, r.name_len, r.peeled);
	}
	refs_ad_end(&a);
}

void
refs_answer_receive(
    struct str *out, const struct ref_snapshot *s, const struct refs_caps *c)
{
	struct refs_ad a = { .out = out, .caps = c };
	size_t n = refsnap_count(s, REF_SIDE_WORK);

	pktline_putf(out, "# service=git-receive-pack\n");
	pktline_flush(out);
	for (size_t i = 0; i < n; i++) {
		struct ref_row r = refsnap_row(s, REF_SIDE_WORK, i);
		const struct view name = { .p = r.name, .len = r.name_len };

		if (!gitenv_hides(GIT_RECEIVE_PACK, name))
			refs_ad_line(&a, r.sha, r.name, r.name_len, "");
	}
	refs_ad_end(&a);
}
