#include "cli/reviewer/chunk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/esc.h"
#include "lib/base/rnd.h"
#include "lib/base/utf8.h"
#include "lib/net/sha256.h"

enum {
	CHUNK_LINE_MAX = 8000,
	CHUNK_NUMBER_MAX = 100000000
};

/* Where a walk through a patch is. */
struct chunk_walk {
	struct view text;
	bool patch;
	size_t at;
	bool in_hunk;
	uint32_t line;    /* the next one of the new file */
	struct view hunk; /* the header of this hunk */
};

struct chunk_piece {
	struct view text;
	bool goes_on;  /* the rest of a line */
	bool in_hunk;  /* a line of content */
	uint32_t line; /* 0: it has no number */
};

void
chunk_init(struct chunk *c)
{
	*c = (struct chunk){ .text = STR_INIT };
	rnd_hex(c->mark, CHUNK_MARK / 2);
}

void
chunk_release(struct chunk *c)
{
	str_release(&c->text);
	c->n = 0;
}

/* More than a terminal needs: blanks that are none, and private ones. */
static bool
chunk_is_odd(uint32_t c)
{
	return c == 0xa0 || (c >= 0x2000 && c <= 0x200f) || c == 0x202f ||
	    c == 0x205f || c == 0x3000 || (c >= 0xe000 && c <= 0xf8ff);
}

void
chunk_show(struct str *out, struct view v)
{
	while (v.len > 0) {
		uint32_t c = 0;
		size_t n = utf8_decode(v, &c);

		if (n == 0) {
			n = 1;
			str_addf(out, "<0x%02X>", (unsigned char)v.p[0]);
		} else if (c == '<' &&
		    (view_starts(v, "<U+") || view_starts(v, "<0x"))) {
			/* Nobody writes what looks like one of ours. */
			str_add(out, "<U+003C>");
		} else if (c != '\t' && (esc_unseen(c) || chunk_is_odd(c))) {
			str_addf(out, "<U+%04X>", (unsigned)c);
		} else {
			str_addn(out, v.p, n);
		}
		v = view_from(v, n);
	}
}

void
chunk_say(struct chunk *c, const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT_MAX(CHUNK_LINE_MAX);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	str_addf(&c->text, "%s#", c->mark);
	chunk_show(&c->text, str_view(&line));
	str_addc(&c->text, '\n');
	c->lines++;
}

/* "@@ -1,2 +34,5 @@": where the new file's lines begin. */
static void
chunk_enter_hunk(struct chunk_walk *w, struct view line)
{
	const char *plus = memchr(line.p, '+', line.len);
	uint32_t n = 0;

	w->hunk = line;
	w->in_hunk = true;
	if (plus != NULL)
		for (const char *p = plus + 1; p < line.p + line.len &&
		     *p >= '0' && *p <= '9' && n < CHUNK_NUMBER_MAX;
		     p++)
			n = n * 10 + (uint32_t)(*p - '0');
	w->line = n;
}

static void
chunk_number(struct chunk_walk *w, struct chunk_piece *p)
{
	char kind = p->text.len > 0 ? p->text.p[0] : ' ';

	if (view_starts(p->text, "@@ ")) {
		chunk_enter_hunk(w, p->text);
		return;
	}
	/* Every line of content begins with one of these. */
	if (!w->in_hunk || (kind != '+' && kind != '-' && kind != ' ')) {
		w->in_hunk = w->in_hunk && kind == '\\';
		return;
	}
	p->in_hunk = true;
	if (kind != '-')
		p->line = w->line++;
}

static bool
chunk_next(struct chunk_walk *w, struct chunk_piece *p)
{
	struct view rest = view_from(w->text, w->at);
	const char *nl;
	size_t n;

	if (rest.len == 0)
		return false;
	nl = memchr(rest.p, '\n', rest.len);
	n = nl == NULL ? rest.len : (size_t)(nl - rest.p);
	*p = (struct chunk_piece){ .text = { rest.p, n },
		.goes_on = w->at > 0 && w->text.p[w->at - 1] != '\n' };
	if (n > CHUNK_PIECE) {
		p->text = utf8_cut(p->text, CHUNK_PIECE);
		if (p->text.len == 0)
			p->text.len = CHUNK_PIECE;
		w->at += p->text.len;
	} else {
		w->at += n + (nl == NULL ? 0 : 1);
	}
	if (w->patch && !p->goes_on)
		chunk_number(w, p);
	return true;
}

static void
chunk_put(struct chunk *c, const struct chunk_piece *p)
{
	struct view v = p->text;

	str_addf(&c->text, "%s%c", c->mark, p->goes_on ? '>' : '|');
	if (p->in_hunk) {
		if (p->line != 0)
			str_addf(&c->text, "%4u ", p->line);
		else
			str_add(&c->text, "     ");
	}
	chunk_show(&c->text, v);
	str_addc(&c->text, '\n');
	c->lines++;
}

/* The lines before `at`, which the reviewer saw in the chunk before. */
static size_t
chunk_overlap(struct view text, size_t at, struct view hunk)
{
	size_t from = at;

	for (int i = 0; i < CHUNK_OVERLAP && from > 0; i++) {
		const char *nl = memrchr(text.p, '\n', from - 1);
		size_t start = nl == NULL ? 0 : (size_t)(nl + 1 - text.p);

		if (at - start > CHUNK_OVERLAP_BYTES ||
		    (hunk.p != NULL && text.p + start <= hunk.p))
			break;
		from = start;
	}
	return from;
}

/* What a chunk that goes on in the middle of a text begins with. */
static void
chunk_resume(
    struct chunk *c, const struct chunk_part *part, struct chunk_walk *w)
{
	struct chunk_piece p;
	size_t from;

	while (w->at < part->at && chunk_next(w, &p))
		continue;
	if (!part->patch) {
		chunk_say(c, "it goes on:");
		return;
	}
	chunk_say(c, "it goes on; its hunk and lines shown before, again:");
	if (w->hunk.p == NULL)
		return;
	p = (struct chunk_piece){ .text = utf8_cut(w->hunk, CHUNK_PIECE) };
	chunk_put(c, &p);
	from = chunk_overlap(part->text, part->at, w->hunk);
	*w = (struct chunk_walk){ .text = part->text, .patch = part->patch };
	while (w->at < part->at && chunk_next(w, &p))
		if (w->at > from)
			chunk_put(c, &p);
	chunk_say(c, "from here on it is new:");
}

void
chunk_cut(struct chunk *c, size_t len, size_t lines)
{
	if (len < c->text.len) {
		c->text.len = len;
		c->text.p[len] = '\0';
	}
	c->lines = lines;
}

bool
chunk_add(struct chunk *c, struct chunk_part *part, size_t budget)
{
	struct chunk_walk w = { .text = part->text, .patch = part->patch };
	const size_t len = c->text.len, lines = c->lines;
	bool any = false;

	if (c->n == CHUNK_TEXTS_MAX)
		return false;
	if (part->what.number != 0)
		chunk_say(c, "file %lld: %s", (long long)part->what.number,
		    part->what.path);
	else
		chunk_say(c, "%s", part->what.path);
	if (part->at > 0)
		chunk_resume(c, part, &w);
	while (w.at < part->text.len) {
		const size_t before = c->text.len, at = w.at, n = c->lines;
		struct chunk_piece p;

		if (!chunk_next(&w, &p))
			break;
		chunk_put(c, &p);
		if (c->text.len > budget && (any || c->n > 0)) {
			chunk_cut(c, before, n);
			w.at = at;
			break;
		}
		any = true;
	}
	if (!any && w.at < part->text.len) {
		chunk_cut(c, len, lines);
		return false;
	}
	part->at = w.at;
	c->texts[c->n++] = part->what;
	return true;
}

bool
chunk_mark_ok(const struct chunk *c)
{
	struct view rest = str_view(&c->text);
	size_t seen = 0;

	while (rest.len > 0) {
		const char *p = memmem(rest.p, rest.len, c->mark, CHUNK_MARK);

		if (p == NULL)
			break;
		seen++;
		rest = view_from(rest, (size_t)(p - rest.p) + CHUNK_MARK);
	}
	return seen == c->lines;
}

void
chunk_sha(const struct chunk *c, char out[CHUNK_SHA + 1])
{
	char hex[SHA256_HEX];

	sha256_hex(str_view(&c->text), hex);
	(void)snprintf(out, CHUNK_SHA + 1, "%.*s", (int)CHUNK_SHA, hex);
}
