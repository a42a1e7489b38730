#include "agentd/gateway/ask_scan.h"

#include <string.h>

#include "lib/base/err.h"

int
ask_scan_bad(const struct ask_scan *s, struct err *e)
{
	return err_set(
	    e, ERR_INVALID, "the body is not a JSON object (byte %zu)", s->pos);
}

int
ask_scan_peek(const struct ask_scan *s)
{
	return s->pos < s->in.len ? (unsigned char)s->in.p[s->pos] : -1;
}

void
ask_scan_space(struct ask_scan *s)
{
	int c;

	while ((c = ask_scan_peek(s)) == ' ' || c == '\t' || c == '\n' ||
	    c == '\r')
		s->pos++;
}

int
ask_scan_string(struct ask_scan *s, struct view *out, struct err *e)
{
	size_t from;

	if (ask_scan_peek(s) != '"')
		return ask_scan_bad(s, e);
	from = ++s->pos;
	for (;;) {
		int c = ask_scan_peek(s);

		if (c < ' ') /* or the end */
			return ask_scan_bad(s, e);
		if (c == '"')
			break;
		s->pos += c == '\\' ? 2 : 1;
		if (s->pos > s->in.len)
			return ask_scan_bad(s, e);
	}
	*out = (struct view){ s->in.p + from, s->pos - from };
	s->pos++;
	return 0;
}

int
ask_scan_bare(struct ask_scan *s, struct err *e)
{
	size_t from = s->pos;

	for (;;) {
		int c = ask_scan_peek(s);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-' && c != '+' && c != '.' && c != 'E')
			break;
		s->pos++;
	}
	return s->pos == from ? ask_scan_bad(s, e) : 0;
}

static int
ask_scan_hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The next character of a string; -1 when it is none of ASCII. */
static int
ask_scan_char(struct view *v)
{
	int c = (unsigned char)v->p[0], code = 0;
	size_t n = 1;

	if (c == '\\' && v->len >= 6 && v->p[1] == 'u') {
		for (int i = 2; i < 6; i++) {
			int digit = ask_scan_hex(v->p[i]);

			if (digit == -1)
				return -1;
			code = code * 16 + digit;
		}
		c = code;
		n = 6;
	} else if (c == '\\') {
		/* The others stand for what is in no word. */
		if (v->len < 2 || v->p[1] != '/')
			return -1;
		c = '/';
		n = 2;
	}
	*v = view_from(*v, n);
	return c < 0x80 ? c : -1;
}

void
ask_scan_word(struct view raw, char out[ASK_WORD_MAX])
{
	size_t n = 0;

	while (raw.len > 0 && n < ASK_WORD_MAX - 1) {
		int c = ask_scan_char(&raw);

		out[n++] = c <= 0 ? '\1' : (char)c;
		if (c <= 0)
			break;
	}
	out[n] = '\0';
}
