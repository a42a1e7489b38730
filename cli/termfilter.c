#include "cli/termfilter.h"

#include <stdint.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/base/utf8.h"

enum {
	TERM_ESC = 0x1b,
	TERM_CAN = 0x18,
	TERM_SUB = 0x1a,
	TERM_BEL = 0x07,
	TERM_DEL = 0x7f,
	TERM_C1_FIRST = 0x80,
	TERM_C1_LAST = 0x9f
};

enum termfilter_state {
	TERM_GROUND,
	TERM_ESCAPE,     /* after ESC */
	TERM_CHARSET,    /* after ESC and an intermediate byte */
	TERM_CSI,        /* after ESC [ */
	TERM_STRING,     /* OSC, DCS, SOS, PM, APC: until ST or BEL */
	TERM_STRING_ESC, /* a possible ST in it */
	TERM_CHARACTER   /* in a UTF-8 character */
};

static void
termfilter_keep(struct termfilter *f, char c)
{
	if (f->n < sizeof(f->seq))
		f->seq[f->n++] = c;
	else
		f->too_long = true;
}

static void
termfilter_begin(struct termfilter *f, enum termfilter_state state)
{
	f->state = (int)state;
	f->n = 0;
	f->need = 0;
	f->too_long = false;
}

/* Finals that draw, move, scroll or set; all else reads or is unknown. */
static bool
termfilter_csi_ok(const char *p, size_t n)
{
	static const char finals[] = "@ABCDEFGHIJKLMPSTXZ`abdefghlmr";
	char final = p[n - 1];
	size_t i = 0;
	bool private = false, between = false;

	if (n > 1 && p[0] >= '<' && p[0] <= '?') {
		private = true;
		i = 1;
	}
	for (; i < n - 1; i++) {
		if (p[i] >= ' ' && p[i] <= '/')
			between = true;
		else if (between ||
		    !((p[i] >= '0' && p[i] <= '9') || p[i] == ';' ||
			p[i] == ':'))
			return false;
	}
	/* The cursor's shape is the one with an intermediate byte. */
	if (between)
		return final == 'q' && !private && p[n - 2] == ' ' &&
		    memchr(p, ' ', n) == p + n - 2;
	if (private)
		return (final == 'h' || final == 'l' || final == 'J' ||
			   final == 'K') &&
		    p[0] == '?';
	/* Save and restore the cursor, without parameters (else: margins). */
	if (final == 's' || final == 'u')
		return n == 1;
	return strchr(finals, final) != NULL;
}

static void
termfilter_note_modes(struct termfilter *f)
{
	static const char *const screens[] = { "?1049", "?1047", "?47" };
	char final = f->seq[f->n - 1];

	if (final != 'h' && final != 'l')
		return;
	for (size_t i = 0; i < sizeof(screens) / sizeof(screens[0]); i++) {
		size_t len = strlen(screens[i]);

		if (f->n == len + 1 && memcmp(f->seq, screens[i], len) == 0)
			f->alternate = final == 'h';
	}
}

static void
termfilter_csi(struct termfilter *f, char c, struct str *out)
{
	termfilter_keep(f, c);
	if (c < '@' || c == TERM_DEL)
		return; /* parameters go on */
	if (!f->too_long && termfilter_csi_ok(f->seq, f->n)) {
		termfilter_note_modes(f);
		str_add(out, "\033[");
		str_addn(out, f->seq, f->n);
	}
	termfilter_begin(f, TERM_GROUND);
}

static void
termfilter_escape(struct termfilter *f, char c, struct str *out)
{
	/* Save, restore, index, next line, tab stop, reverse, keypad. */
	static const char alone[] = "78DEHM=>c";

	if (c == '[') {
		termfilter_begin(f, TERM_CSI);
	} else if (strchr("]PX^_", c) != NULL) {
		termfilter_begin(f, TERM_STRING);
	} else if (c >= ' ' && c <= '/') {
		termfilter_begin(f, TERM_CHARSET);
		termfilter_keep(f, c);
	} else {
		if (strchr(alone, c) != NULL) {
			str_addc(out, TERM_ESC);
			str_addc(out, c);
		}
		termfilter_begin(f, TERM_GROUND);
	}
}

/* ESC ( B and its kin: one of ()*+# and one final byte. */
static void
termfilter_charset(struct termfilter *f, char c, struct str *out)
{
	if (c >= ' ' && c <= '/') {
		termfilter_keep(f, c);
		return;
	}
	if (f->n == 1 && strchr("()*+#", f->seq[0]) != NULL && c >= '0' &&
	    c < TERM_DEL) {
		str_addc(out, TERM_ESC);
		str_addc(out, f->seq[0]);
		str_addc(out, c);
	}
	termfilter_begin(f, TERM_GROUND);
}

static bool
termfilter_control_ok(unsigned char c)
{
	return (c >= 0x07 && c <= 0x0f); /* BEL BS HT LF VT FF CR SO SI */
}

static void
termfilter_character(struct termfilter *f, struct str *out)
{
	uint32_t cp = 0;
	size_t n = utf8_decode((struct view){ f->seq, f->n }, &cp);

	if (n != f->n)
		str_addc(out, '?');
	else if (cp < TERM_C1_FIRST || cp > TERM_C1_LAST)
		str_addn(out, f->seq, f->n);
	termfilter_begin(f, TERM_GROUND);
}

static void
termfilter_ground(struct termfilter *f, char c, struct str *out)
{
	unsigned char u = (unsigned char)c;

	if (u < 0x20) {
		if (termfilter_control_ok(u))
			str_addc(out, c);
	} else if (u < TERM_DEL) {
		str_addc(out, c);
	} else if (u >= 0xc2 && u <= 0xf4) {
		termfilter_begin(f, TERM_CHARACTER);
		f->need = u >= 0xf0 ? 4 : u >= 0xe0 ? 3 : 2;
		termfilter_keep(f, c);
	} else if (u != TERM_DEL) {
		str_addc(out, '?');
	}
}

/* Controls inside a sequence: ESC begins anew, CAN and SUB give up. */
static bool
termfilter_control(struct termfilter *f, unsigned char c, struct str *out)
{
	if (c == TERM_ESC) {
		if (f->state == TERM_CHARACTER)
			termfilter_character(f, out);
		termfilter_begin(
		    f, f->state == TERM_STRING ? TERM_STRING_ESC : TERM_ESCAPE);
		return true;
	}
	if (c == TERM_CAN || c == TERM_SUB) {
		termfilter_begin(f, TERM_GROUND);
		return true;
	}
	if (c >= 0x20 || f->state == TERM_GROUND || f->state == TERM_STRING ||
	    f->state == TERM_STRING_ESC || f->state == TERM_CHARACTER)
		return false;
	if (termfilter_control_ok(c))
		str_addc(out, (char)c);
	return true;
}

/* False: the state has changed, the byte is to be looked at again. */
static bool
termfilter_byte(struct termfilter *f, char c, struct str *out)
{
	unsigned char u = (unsigned char)c;

	if (termfilter_control(f, u, out))
		return true;
	switch ((enum termfilter_state)f->state) {
	case TERM_GROUND:
		termfilter_ground(f, c, out);
		return true;
	case TERM_ESCAPE:
		if (u >= TERM_DEL)
			termfilter_begin(f, TERM_GROUND);
		else
			termfilter_escape(f, c, out);
		return true;
	case TERM_CHARSET:
		if (u >= TERM_DEL)
			termfilter_begin(f, TERM_GROUND);
		else
			termfilter_charset(f, c, out);
		return true;
	case TERM_CSI:
		if (u >= TERM_DEL)
			termfilter_begin(f, TERM_GROUND);
		else
			termfilter_csi(f, c, out);
		return true;
	case TERM_STRING:
		if (u == TERM_BEL)
			termfilter_begin(f, TERM_GROUND);
		return true;
	case TERM_STRING_ESC:
		if (c == '\\') {
			termfilter_begin(f, TERM_GROUND);
			return true;
		}
		/* ESC ends the string on a terminal; what follows is new. */
		termfilter_begin(f, TERM_ESCAPE);
		return false;
	case TERM_CHARACTER:
		if (u < 0x80 || u > 0xbf) {
			termfilter_character(f, out);
			return false;
		}
		termfilter_keep(f, c);
		if (f->n == f->need)
			termfilter_character(f, out);
		return true;
	}
	return true;
}

void
termfilter_feed(struct termfilter *f, struct view in, struct str *out)
{
	for (size_t i = 0; i < in.len; i++)
		while (!termfilter_byte(f, in.p[i], out))
			continue;
}
