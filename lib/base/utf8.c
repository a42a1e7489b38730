#include "lib/base/utf8.h"

size_t
utf8_decode(struct view v, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *p = (const unsigned char *)v.p;
	uint32_t c;
	size_t n;

	if (v.len == 0)
		return 0;
	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if ((p[0] & 0xe0) == 0xc0) {
		n = 2;
		c = p[0] & 0x1fU;
	} else if ((p[0] & 0xf0) == 0xe0) {
		n = 3;
		c = p[0] & 0x0fU;
	} else if ((p[0] & 0xf8) == 0xf0) {
		n = 4;
		c = p[0] & 0x07U;
	} else {
		return 0;
	}
	if (n > v.len)
		return 0;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3fU);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*cp = c;
	return n;
}

bool
utf8_valid(struct view v)
{
	uint32_t cp;

	while (v.len > 0) {
		size_t n = utf8_decode(v, &cp);

		if (n == 0)
			return false;
		v = view_from(v, n);
	}
	return true;
}

struct view
utf8_cut(struct view v, size_t max)
{
	uint32_t cp;
	size_t start;

	if (v.len <= max)
		return v;
	/* Only the code point that the cut falls into has to be looked at. */
	for (start = max; start > 0 && max - start < 3; start--)
		if (((unsigned char)v.p[start] & 0xc0) != 0x80)
			break;
	if (start < max && start + utf8_decode(view_from(v, start), &cp) > max)
		max = start;
	v.len = max;
	return v;
}
