#include <stddef.h>

#include "findings/unicode.h"
#include "lib/base/utf8.h"

struct unicode_pair {
	uint32_t cp;
	char as;
};

/* Sorted by code point: letters drawn as ASCII ones are (UTS #39), of the
 * scripts that a keyboard or a font has. */
static const struct unicode_pair unicode_letters[] = {
	{ 0x0131, 'i' },
	{ 0x017f, 'f' },
	{ 0x01bd, 's' },
	{ 0x01c0, 'l' },
	{ 0x0251, 'a' },
	{ 0x0261, 'g' },
	{ 0x0269, 'i' },
	{ 0x026a, 'i' },
	{ 0x0274, 'N' },
	{ 0x0280, 'R' },
	{ 0x028b, 'v' },
	{ 0x028f, 'y' },
	{ 0x0299, 'B' },
	{ 0x029c, 'H' },
	{ 0x029f, 'L' },
	{ 0x037f, 'J' },
	{ 0x0391, 'A' },
	{ 0x0392, 'B' },
	{ 0x0395, 'E' },
	{ 0x0396, 'Z' },
	{ 0x0397, 'H' },
	{ 0x0399, 'I' },
	{ 0x039a, 'K' },
	{ 0x039c, 'M' },
	{ 0x039d, 'N' },
	{ 0x039f, 'O' },
	{ 0x03a1, 'P' },
	{ 0x03a4, 'T' },
	{ 0x03a5, 'Y' },
	{ 0x03a7, 'X' },

	{ 0x03b9, 'i' },
	{ 0x03bd, 'v' },
	{ 0x03bf, 'o' },
	{ 0x03c1, 'p' },

	{ 0x03c5, 'u' },
	{ 0x03f2, 'c' },
	{ 0x03f3, 'j' },
	{ 0x03f9, 'C' },
	{ 0x0405, 'S' },
	{ 0x0406, 'I' },
	{ 0x0408, 'J' },
	{ 0x0410, 'A' },
	{ 0x0412, 'B' },
	{ 0x0415, 'E' },
	{ 0x041a, 'K' },
	{ 0x041c, 'M' },
	{ 0x041d, 'H' },
	{ 0x041e, 'O' },
	{ 0x0420, 'P' },
	{ 0x0421, 'C' },
	{ 0x0422, 'T' },
	{ 0x0423, 'Y' },
	{ 0x0425, 'X' },
	{ 0x042c, 'b' },
	{ 0x0430, 'a' },
	{ 0x0435, 'e' },
	{ 0x043e, 'o' },
	{ 0x0440, 'p' },
	{ 0x0441, 'c' },
	{ 0x0443, 'y' },
	{ 0x0445, 'x' },
	{ 0x0455, 's' },
	{ 0x0456, 'i' },
	{ 0x0458, 'j' },
	{ 0x0461, 'w' },
	{ 0x0474, 'V' },
	{ 0x0475, 'v' },
	{ 0x04ae, 'Y' },
	{ 0x04af, 'y' },
	{ 0x04bb, 'h' },
	{ 0x04bd, 'e' },
	{ 0x04c0, 'I' },
	{ 0x04cf, 'l' },
	{ 0x0501, 'd' },
	{ 0x050c, 'G' },
	{ 0x051b, 'q' },
	{ 0x051c, 'W' },
	{ 0x051d, 'w' },
	{ 0x054d, 'U' },
	{ 0x054f, 'S' },
	{ 0x0555, 'O' },
	{ 0x0561, 'w' },
	{ 0x0563, 'q' },
	{ 0x0566, 'q' },
	{ 0x0570, 'h' },
	{ 0x0578, 'n' },
	{ 0x057c, 'n' },
	{ 0x057d, 'u' },
	{ 0x0581, 'g' },
	{ 0x0582, 'i' },
	{ 0x0584, 'f' },
	{ 0x0585, 'o' },
	{ 0x13a0, 'D' },
	{ 0x13a1, 'R' },
	{ 0x13a2, 'T' },
	{ 0x13a5, 'i' },
	{ 0x13a9, 'Y' },
	{ 0x13aa, 'A' },
	{ 0x13ab, 'J' },
	{ 0x13ac, 'E' },
	{ 0x13b3, 'W' },
	{ 0x13b7, 'M' },
	{ 0x13bb, 'H' },
	{ 0x13bd, 'Y' },
	{ 0x13c0, 'G' },
	{ 0x13c2, 'h' },
	{ 0x13c3, 'Z' },
	{ 0x13cf, 'b' },
	{ 0x13d2, 'R' },
	{ 0x13d4, 'W' },
	{ 0x13d5, 'S' },
	{ 0x13d9, 'V' },
	{ 0x13da, 'S' },
	{ 0x13de, 'L' },
	{ 0x13df, 'C' },
	{ 0x13e2, 'P' },
	{ 0x13e6, 'K' },
	{ 0x13e7, 'd' },
	{ 0x13f3, 'G' },
	{ 0x13f4, 'B' },
	{ 0x1d0d, 'm' },
	{ 0x2c9f, 'o' },
	{ 0x2ca3, 'p' },
	{ 0x2ca5, 'c' },
	{ 0xa731, 's' },
};

static const struct unicode_pair unicode_signs[] = {
	{ 0x01c3, '!' },
	{ 0x02b9, '\'' },
	{ 0x02d0, ':' },
	{ 0x037e, ';' },
	{ 0x0589, ':' },
	{ 0x05c3, ':' },
	{ 0x05f3, '\'' },
	{ 0x066a, '%' },
	{ 0x066d, '*' },
	{ 0x1680, ' ' },
	{ 0x2000, ' ' },
	{ 0x2001, ' ' },
	{ 0x2002, ' ' },
	{ 0x2003, ' ' },
	{ 0x2004, ' ' },
	{ 0x2005, ' ' },
	{ 0x2006, ' ' },
	{ 0x2007, ' ' },
	{ 0x2008, ' ' },
	{ 0x2009, ' ' },
	{ 0x200a, ' ' },
	{ 0x201a, ',' },
	{ 0x2024, '.' },
	{ 0x202f, ' ' },
	{ 0x203c, '!' },
	{ 0x2044, '/' },
	{ 0x204e, '*' },
	{ 0x205f, ' ' },
	{ 0x2215, '/' },
	{ 0x2216, '\\' },
	{ 0x2217, '*' },
	{ 0x2223, '|' },
	{ 0x2236, ':' },
	{ 0x223c, '~' },
	{ 0x2571, '/' },
	{ 0x2a74, ':' },
	{ 0x3000, ' ' },
	{ 0xa4f8, '.' },
	{ 0xa4fa, ':' },
	{ 0xa789, ':' },
	{ 0xa78a, '=' },
	{ 0xfe52, '.' },
	{ 0xfe54, ';' },
	{ 0xfe55, ':' },
	{ 0xfe56, '?' },
	{ 0xfe57, '!' },
	{ 0xfe60, '&' },
	{ 0xfe61, '*' },
	{ 0xfe64, '<' },
	{ 0xfe65, '>' },
	{ 0xfe66, '=' },
	{ 0xfe68, '\\' },
};

static char
unicode_pair_of(const struct unicode_pair *p, size_t n, uint32_t cp)
{
	size_t from = 0;

	while (from < n) {
		size_t mid = from + (n - from) / 2;

		if (p[mid].cp == cp)
			return p[mid].as;
		if (p[mid].cp < cp)
			from = mid + 1;
		else
			n = mid;
	}
	return 0;
}

char
unicode_alike(uint32_t cp)
{
	if (cp < 0x80)
		return 0;
	if (cp >= 0xff21 && cp <= 0xff3a) /* fullwidth */
		return (char)('A' + (cp - 0xff21));
	if (cp >= 0xff41 && cp <= 0xff5a)
		return (char)('a' + (cp - 0xff41));
	/* Mathematical letters: 13 alphabets of 26 upper and 26 lower. */
	if (cp >= 0x1d400 && cp <= 0x1d6a3) {
		uint32_t n = (cp - 0x1d400) % 52;

		return (char)(n < 26 ? 'A' + n : 'a' + (n - 26));
	}
	return unicode_pair_of(unicode_letters,
	    sizeof(unicode_letters) / sizeof(unicode_letters[0]), cp);
}

char
unicode_alike_sign(uint32_t cp)
{
	if (cp < 0x80)
		return 0;
	if ((cp >= 0xff01 && cp <= 0xff0f) || (cp >= 0xff1a && cp <= 0xff20) ||
	    (cp >= 0xff3b && cp <= 0xff40) || (cp >= 0xff5b && cp <= 0xff5e))
		return (char)(cp - 0xfee0);
	return unicode_pair_of(unicode_signs,
	    sizeof(unicode_signs) / sizeof(unicode_signs[0]), cp);
}

bool
unicode_is_letter(uint32_t cp)
{
	if (cp < 0xc0)
		return cp == 0xaa || cp == 0xb5 || cp == 0xba;
	if (cp == 0xd7 || cp == 0xf7)
		return false;
	return (cp < 0x2000 && cp != 0x1680) || (cp >= 0x2c00 && cp < 0x2e00) ||
	    (cp >= 0x3040 && cp < 0xe000) || (cp >= 0xf900 && cp < 0xfe00) ||
	    (cp >= 0xfe70 && cp < 0xfeff) || (cp >= 0xff21 && cp <= 0xff3a) ||
	    (cp >= 0xff41 && cp <= 0xff5a) || (cp >= 0x10000 && cp < 0x1f000) ||
	    (cp >= 0x20000 && cp < 0xe0000);
}

static bool
unicode_in_word(uint32_t cp)
{
	return (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') ||
	    (cp >= 'A' && cp <= 'Z') || cp == '_' || unicode_is_letter(cp);
}

bool
unicode_twin(
    struct view line, size_t *at, size_t *column, char *out, size_t max)
{
	size_t n = 0, letters = 0;
	bool twin = true;

	out[0] = '\0';
	for (size_t i = *at; i <= line.len;) {
		uint32_t cp = 0;
		size_t len = i < line.len ? utf8_decode(view_from(line, i), &cp)
					  : 0;
		char as = 0;

		if (len > 0 && unicode_in_word(cp)) {
			if (n == 0 && letters == 0)
				*column = i + 1;
			as = cp == '_' || (cp >= '0' && cp <= '9')
			    ? (char)cp
			    : unicode_alike(cp);
			twin = twin && as != 0 && n + 1 < max;
			letters++;
			if (twin)
				out[n++] = as;
			i += len;
			continue;
		}
		/* Digits alone are no twin: the first letter tells. */
		if (twin && n > 0 && line.p[*column - 1] & '\x80') {
			out[n] = '\0';
			*at = i;
			return true;
		}
		n = letters = 0;
		twin = true;
		i += len == 0 ? 1 : len;
	}
	return false;
}
