#include "server/git/receive.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/git_pool.h"
#include "server/git/pktline.h"

enum {
	RECEIVE_SHA = GIT_SHA_TEXT - 1,
	RECEIVE_REF_MAX = 1024
};

static void
receive_commands_release(struct receive_head *h)
{
	for (size_t i = 0; i < h->n; i++)
		free(h->c[i].ref);
	free(h->c);
	h->c = NULL;
	h->n = h->cap = 0;
}

void
receive_head_release(struct receive_head *h)
{
	receive_commands_release(h);
	*h = (struct receive_head){ .c = NULL };
}

static void
receive_capability(struct receive_head *h, struct view cap)
{
	if (view_is(cap, "report-status"))
		h->report_status = true;
	else if (view_is(cap, "report-status-v2"))
		h->report_status_v2 = true;
	else if (view_is(cap, "side-band-64k"))
		h->side_band = true;
	else if (view_is(cap, "atomic"))
		h->atomic = true;
	else if (view_is(cap, "push-options"))
		h->push_options = true;
}

static int
receive_sha(struct view *line, char out[GIT_SHA_TEXT], struct err *e)
{
	if (line->len < RECEIVE_SHA)
		return err_set(e, ERR_PROTO, "a push command is too short");
	memcpy(out, line->p, RECEIVE_SHA);
	out[RECEIVE_SHA] = '\0';
	if (!gitpool_sha_ok(out))
		return err_set(
		    e, ERR_PROTO, "a push command has a malformed commit id");
	*line = view_from(*line, RECEIVE_SHA);
	return 0;
}

static int
receive_space(struct view *line, struct err *e)
{
	if (line->len == 0 || line->p[0] != ' ')
		return err_set(e, ERR_PROTO, "a push command is malformed");
	*line = view_from(*line, 1);
	return 0;
}

/* "old new ref", the first with NUL and the capabilities behind it. */
static int
receive_command(struct receive_head *h, struct view line, struct err *e)
{
	struct push_command c = { .ref = NULL };
	const char *nul;

	if (h->n == PUSH_COMMANDS_MAX)
		return err_set(e, ERR_LIMIT,
		    "a push may name at most %d refs: push fewer at once",
		    PUSH_COMMANDS_MAX);
	nul = line.len > 0 ? memchr(line.p, '\0', line.len) : NULL;
	if (nul != NULL) {
		size_t n = (size_t)(nul - line.p);
		struct view caps = view_from(line, n + 1), cap;

		if (h->n > 0)
			return err_set(e, ERR_PROTO,
			    "capabilities after the first push command");
		while (caps.len > 0 && view_split(&caps, ' ', &cap))
			receive_capability(h, cap);
		line.len = n;
	}
	if (receive_sha(&line, c.old, e) == -1 || receive_space(&line, e) == -1)
		return -1;
	if (receive_sha(&line, c.new_sha, e) == -1 ||
	    receive_space(&line, e) == -1)
		return -1;
	if (line.len == 0 || line.len > RECEIVE_REF_MAX)
		return err_set(
		    e, ERR_PROTO, "a push command's ref name is too long");
	/* Lines and words of ours are built from it. */
	for (size_t i = 0; i < line.len; i++)
		if ((unsigned char)line.p[i] <= ' ' || line.p[i] == 0x7f)
			return err_set(e, ERR_PROTO,
			    "a ref name has a space or a control character");
	c.ref = view_dup(line);
	if (h->n == h->cap) {
		h->cap = h->cap == 0 ? 8 : h->cap * 2;
		h->c = xrealloc(h->c, h->cap * sizeof(*h->c));
	}
	h->c[h->n++] = c;
	return 0;
}

/* Packets up to a flush. */
struct receive_scan {
	struct view in;
	size_t at;
	size_t shallow;
};

/* 1 at the flush, 0 more bytes needed. */
static int
receive_scan_commands(
    struct receive_scan *s, struct receive_head *h, struct err *e)
{
	for (;;) {
		struct pktline p;
		struct view line;
		long n = pktline_get(view_from(s->in, s->at), &p, e);

		if (n <= 0)
			return (int)n;
		s->at += (size_t)n;
		if (p.kind == PKTLINE_FLUSH)
			return 1;
		if (p.kind != PKTLINE_DATA)
			return err_set(
			    e, ERR_PROTO, "a delimiter among push commands");
		line = pktline_text(&p);
		if (view_starts(line, "push-cert"))
			return err_set(
			    e, ERR_PROTO, "signed pushes are not supported");
		if (view_starts(line, "shallow ") && h->n == 0) {
			if (++s->shallow > RECEIVE_SHALLOW_MAX)
				return err_set(e, ERR_LIMIT,
				    "too many shallow commits in a push");
			continue;
		}
		if (receive_command(h, line, e) == -1)
			return -1;
	}
}

static int
receive_scan_options(struct receive_scan *s, struct err *e)
{
	for (size_t count = 0;; count++) {
		struct pktline p;
		long n = pktline_get(view_from(s->in, s->at), &p, e);

		if (n <= 0)
			return (int)n;
		s->at += (size_t)n;
		if (p.kind == PKTLINE_FLUSH)
			return 1;
		if (p.kind != PKTLINE_DATA)
			return err_set(
			    e, ERR_PROTO, "a delimiter among push options");
		if (count == RECEIVE_OPTIONS_MAX)
			return err_set(e, ERR_LIMIT, "too many push options");
	}
}

long
receive_head_get(struct view in, struct receive_head *h, struct err *e)
{
	struct receive_scan s = { .in = in };
	int r;

	if (s.in.len > RECEIVE_HEAD_MAX)
		s.in.len = RECEIVE_HEAD_MAX;
	r = receive_scan_commands(&s, h, e);
	if (r == 1 && h->n > 0 && h->push_options)
		r = receive_scan_options(&s, e);
	if (r == 1)
		return (long)s.at;
	receive_commands_release(h);
	if (r == 0 && in.len >= RECEIVE_HEAD_MAX)
		return err_set(e, ERR_LIMIT,
		    "the commands of a push are over %d bytes",
		    RECEIVE_HEAD_MAX);
	return r;
}

bool
receive_has_pack(const struct receive_head *h)
{
	for (size_t i = 0; i < h->n; i++)
		if (!gitpool_sha_is_zero(h->c[i].new_sha))
			return true;
	return false;
}

static uint32_t
receive_be32(const char *p)
{
	const unsigned char *u = (const unsigned char *)p;

	return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 |
	    (uint32_t)u[2] << 8 | (uint32_t)u[3];
}

int
receive_pack_get(struct view in, uint32_t *objects, struct err *e)
{
	uint32_t version;

	if (in.len < RECEIVE_PACK_HEAD)
		return 0;
	version = receive_be32(in.p + 4);
	if (memcmp(in.p, "PACK", 4) != 0 || (version != 2 && version != 3))
		return err_set(
		    e, ERR_PROTO, "what follows the push commands is no pack");
	*objects = receive_be32(in.p + 8);
	return 1;
}

static void
receive_send(
    struct str *out, const struct receive_head *h, const struct str *report)
{
	if (!h->report_status && !h->report_status_v2)
		return;
	if (h->side_band)
		pktline_band(out, 1, str_cstr(report), report->len);
	else
		str_addv(out, str_view(report));
}

void
receive_refusal(
    struct str *out, const struct receive_head *h, const struct push_verdict *v)
{
	AUTO_STR struct str report = STR_INIT;
	AUTO_STR struct str text = STR_INIT;

	pktline_putf(&report, "unpack ok\n");
	for (size_t i = 0; i < h->n; i++) {
		const char *why = v[i].ok ? "not judged" : v[i].reason;

		pktline_putf(&report, "ng %s %s\n", h->c[i].ref, why);
		if (i < 20)
			str_addf(&text, "cofferd: %s: %s\n", h->c[i].ref, why);
	}
	pktline_flush(&report);
	if (h->side_band)
		pktline_band(out, 2, str_cstr(&text), text.len);
	receive_send(out, h, &report);
	if (h->side_band)
		pktline_flush(out);
}

void
receive_remark(struct str *out, const struct receive_head *h, const char *text)
{
	AUTO_STR struct str line = STR_INIT;

	if (!h->side_band)
		return;
	str_addf(&line, "cofferd: %s\n", text);
	pktline_band(out, 2, str_cstr(&line), line.len);
}

void
receive_failure(struct str *out, const struct receive_head *h, const char *why)
{
	AUTO_STR struct str report = STR_INIT;

	receive_remark(out, h, why);
	pktline_putf(&report, "unpack %s\n", why);
	for (size_t i = 0; i < h->n; i++)
		pktline_putf(&report, "ng %s %s\n", h->c[i].ref, why);
	pktline_flush(&report);
	receive_send(out, h, &report);
	if (h->side_band)
		pktline_flush(out);
}

void
receive_verdicts(
    struct str *out, const struct receive_head *h, const struct push_verdict *v)
{
	for (size_t i = 0; i < h->n; i++) {
		if (v[i].ok)
			str_addf(out, "ok %s\n", h->c[i].ref);
		else
			str_addf(out, "no %s %s\n", h->c[i].ref, v[i].reason);
	}
}

void
receive_judged(struct str *out, const struct receive_head *h)
{
	for (size_t i = 0; i < h->n; i++)
		str_addf(out, "as %s %s %s\n", h->c[i].old, h->c[i].new_sha,
		    h->c[i].ref);
}

void
receive_intents(struct str *out, const struct receive_head *h,
    const struct push_verdict *v, int64_t project, int64_t actor)
{
	for (size_t i = 0; i < h->n; i++)
		if (v[i].ok)
			str_addf(out, "by %" PRId64 " %" PRId64 " %s %s\n",
			    project, actor, h->c[i].new_sha, h->c[i].ref);
}
