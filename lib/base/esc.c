#include "lib/base/esc.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

static const char esc_b64
    [] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool
esc_is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9');
}

static const char *
esc_html_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Most bytes are themselves: runs of them are added at once. */
void
esc_html(struct str *out, struct view v)
{
	size_t from = 0;

	for (size_t i = 0; i < v.len; i++) {
		const char *as = esc_html_of(v.p[i]);

		if (as == NULL)
			continue;
		str_addn(out, v.p + from, i - from);
		str_add(out, as);
		from = i + 1;
	}
	str_addv(out, view_from(v, from));
}

static void
esc_url_with(struct str *out, struct view v, const char *keep)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];

		if (esc_is_alnum(c) || (c != '\0' && strchr(keep, c) != NULL))
			str_addc(out, c);
		else
			str_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void
esc_url(struct str *out, struct view v)
{
	esc_url_with(out, v, "-._~");
}

void
esc_url_path(struct str *out, struct view v)
{
	esc_url_with(out, v, "-._~/");
}

void
esc_log(struct str *out, struct view v)
{
	bool bare = v.len > 0;

	for (size_t i = 0; i < v.len && bare; i++)
		bare = esc_is_alnum(v.p[i]) ||
		    (v.p[i] != '\0' && strchr("._:/@+-", v.p[i]) != NULL);
	if (bare) {
		str_addv(out, v);
		return;
	}
	str_addc(out, '"');
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			str_addf(out, "\\x%02x", (unsigned)c);
		else
			str_addc(out, v.p[i]);
	}
	str_addc(out, '"');
}

bool
esc_unseen(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {
		{ 0x0000, 0x001f },
		{ 0x007f, 0x009f },
		{ 0x00ad, 0x00ad },
		{ 0x034f, 0x034f },
		{ 0x061c, 0x061c },
		{ 0x115f, 0x1160 },
		{ 0x17b4, 0x17b5 },
		{ 0x180b, 0x180f },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0x3164, 0x3164 },
		{ 0xfe00, 0xfe0f },
		{ 0xfeff, 0xfeff },
		{ 0xffa0, 0xffa0 },
		{ 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
		{ 0xf0000, 0x10ffff },
	};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

void
esc_term(struct str *out, struct view v)
{
	size_t from = 0, i = 0;

	while (i < v.len) {
		const unsigned char c = (unsigned char)v.p[i];
		uint32_t cp = 0;
		size_t n;

		/* Most of it is ASCII that is seen. */
		if (c >= 0x20 && c < 0x7f) {
			i++;
			continue;
		}
		n = utf8_decode(view_from(v, i), &cp);
		if (n > 0 && !esc_unseen(cp)) {
			i += n;
			continue;
		}
		str_addn(out, v.p + from, i - from);
		if (n == 0)
			str_addf(out, "<0x%02X>", (unsigned)c);
		else
			str_addf(out, "<U+%04X>", (unsigned)cp);
		i += n > 0 ? n : 1;
		from = i;
	}
	str_addv(out, view_from(v, from));
}

void
esc_shell(struct str *out, struct view v)
{
	str_addc(out, '\'');
	for (size_t i = 0; i < v.len; i++) {
		if (v.p[i] == '\'')
			str_add(out, "'\\''");
		else
			str_addc(out, v.p[i]);
	}
	str_addc(out, '\'');
}

static int
esc_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static int
esc_percent_decode(
    struct view v, bool plus_is_space, struct str *out, struct err *e)
{
	for (size_t i = 0; i < v.len; i++) {
		char c = v.p[i];
		int hi, lo;

		if (c == '+' && plus_is_space)
			c = ' ';
		if (v.p[i] == '%') {
			if (v.len - i < 3)
				return err_set(
				    e, ERR_INVALID, "broken percent escape");
			hi = esc_hex_digit(v.p[i + 1]);
			lo = esc_hex_digit(v.p[i + 2]);
			if (hi < 0 || lo < 0)
				return err_set(
				    e, ERR_INVALID, "broken percent escape");
			c = (char)(unsigned char)(hi * 16 + lo);
			i += 2;
		}
		if (c == '\0')
			return err_set(
			    e, ERR_INVALID, "NUL byte in encoded text");
		str_addc(out, c);
	}
	if (!str_ok(out))
		return err_set(e, ERR_LIMIT, "encoded text is too long");
	return 0;
}

int
esc_url_decode(struct view v, struct str *out, struct err *e)
{
	return esc_percent_decode(v, false, out, e);
}

int
esc_form_decode(struct view v, struct str *out, struct err *e)
{
	return esc_percent_decode(v, true, out, e);
}

void
esc_base64(struct str *out, struct view v)
{
	const unsigned char *p = (const unsigned char *)v.p;

	for (size_t i = 0; i < v.len; i += 3) {
		size_t left = v.len - i;
		uint32_t w = (uint32_t)p[i] << 16;

		if (left > 1)
			w |= (uint32_t)p[i + 1] << 8;
		if (left > 2)
			w |= (uint32_t)p[i + 2];
		str_addc(out, esc_b64[w >> 18]);
		str_addc(out, esc_b64[w >> 12 & 63]);
		str_addn(out, left > 1 ? &esc_b64[w >> 6 & 63] : "=", 1);
		str_addn(out, left > 2 ? &esc_b64[w & 63] : "=", 1);
	}
}

/* RFC 4648 section 4, padded, nothing between, unused bits zero. */
int
esc_base64_decode(struct view v, struct str *out, struct err *e)
{
	if (v.len % 4 != 0)
		return err_set(e, ERR_INVALID, "broken base64 length");
	for (size_t i = 0; i < v.len; i += 4) {
		bool last = v.len - i == 4;
		uint32_t w = 0;
		size_t pad = 0;

		if (last && v.p[i + 3] == '=')
			pad = v.p[i + 2] == '=' ? 2 : 1;
		for (size_t k = 0; k < 4; k++) {
			char c = v.p[i + k];
			const char *at = c == '\0' ? NULL : strchr(esc_b64, c);

			if (k >= 4 - pad)
				at = esc_b64;
			if (at == NULL)
				return err_set(
				    e, ERR_INVALID, "broken base64 text");
			w = w << 6 | (uint32_t)(at - esc_b64);
		}
		if ((pad == 1 && (w & 0xff) != 0) ||
		    (pad == 2 && (w & 0xffff) != 0))
			return err_set(e, ERR_INVALID, "broken base64 end");
		str_addc(out, (char)(unsigned char)(w >> 16));
		if (pad < 2)
			str_addc(out, (char)(unsigned char)(w >> 8 & 255));
		if (pad < 1)
			str_addc(out, (char)(unsigned char)(w & 255));
	}
	if (!str_ok(out))
		return err_set(e, ERR_LIMIT, "base64 text is too long");
	return 0;
}

void
esc_hex(struct str *out, const void *p, size_t n)
{
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++)
		str_addf(out, "%02x", (unsigned)b[i]);
}
