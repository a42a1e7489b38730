#include "findings/scan_lines.h"

#include <string.h>

#include "findings/scan.h"
#include "lib/base/utf8.h"

void
scan_lines_release(struct scan_lines *s)
{
	str_release(&s->carry);
}

/* Hands on what is over SCAN_PIECE, and keeps the overlap. */
static int
scan_lines_cut(struct scan_lines *s, scan_part_fn *fn, void *arg)
{
	while (s->carry.len > SCAN_PIECE) {
		struct view all = str_view(&s->carry);
		struct view text = utf8_cut(all, SCAN_PIECE);
		const struct scan_part part = { text, s->offset, true };
		size_t drop = text.len - SCAN_OVERLAP;
		int rc = fn(&part, arg);

		if (rc != 0)
			return rc;
		while (drop < text.len - SCAN_OVERLAP + 3 &&
		    ((unsigned char)text.p[drop] & 0xc0) == 0x80)
			drop++;
		str_drop(&s->carry, drop);
		s->offset += drop;
	}
	return 0;
}

int
scan_lines_end(struct scan_lines *s, scan_part_fn *fn, void *arg)
{
	const struct scan_part part = { str_view(&s->carry), s->offset, false };
	int rc = part.text.len == 0 ? 0 : fn(&part, arg);

	str_reset(&s->carry);
	s->offset = 0;
	return rc;
}

/* The end of the line that was begun: it may be empty by itself. */
static int
scan_lines_finish(
    struct scan_lines *s, struct view rest, scan_part_fn *fn, void *arg)
{
	int rc;

	str_addv(&s->carry, rest);
	rc = scan_lines_cut(s, fn, arg);
	if (rc == 0)
		rc = fn(&(struct scan_part){ str_view(&s->carry), s->offset,
			    false },
		    arg);
	str_reset(&s->carry);
	s->offset = 0;
	return rc;
}

int
scan_lines_feed(
    struct scan_lines *s, struct view piece, scan_part_fn *fn, void *arg)
{
	struct view v = piece;
	int rc = 0;

	while (rc == 0 && v.len > 0) {
		const char *nl = memchr(v.p, '\n', v.len);
		size_t n = nl == NULL ? v.len : (size_t)(nl - v.p);

		if (nl != NULL && n <= SCAN_PIECE && s->carry.len == 0) {
			rc = fn(
			    &(struct scan_part){ { v.p, n }, 0, false }, arg);
		} else if (nl != NULL && n <= SCAN_PIECE) {
			rc = scan_lines_finish(
			    s, (struct view){ v.p, n }, fn, arg);
		} else {
			n = n > SCAN_PIECE ? SCAN_PIECE : n;
			str_addn(&s->carry, v.p, n);
			rc = scan_lines_cut(s, fn, arg);
			v = view_from(v, n);
			continue;
		}
		v = view_from(v, n + 1);
	}
	return rc;
}
