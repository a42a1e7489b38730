#include "server/git/pktline.h"

#include "lib/base/err.h"
#include "lib/base/str.h"

static int
pktline_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

long
pktline_get(struct view in, struct pktline *out, struct err *e)
{
	size_t len = 0;

	for (size_t i = 0; i < 4; i++) {
		int d;

		if (i == in.len)
			return 0;
		d = pktline_digit(in.p[i]);
		if (d < 0)
			return err_set(
			    e, ERR_PROTO, "a packet line's length is not hex");
		len = len * 16 + (size_t)d;
	}
	*out = (struct pktline){ .kind = PKTLINE_DATA };
	if (len < 3) {
		static const enum pktline_kind kinds[] = { PKTLINE_FLUSH,
			PKTLINE_DELIM, PKTLINE_END };

		out->kind = kinds[len];
		return 4;
	}
	if (len == 3 || len > PKTLINE_MAX)
		return err_set(
		    e, ERR_PROTO, "a packet line's length %zu is bad", len);
	if (in.len < len)
		return 0;
	out->data = (struct view){ .p = in.p + 4, .len = len - 4 };
	return (long)len;
}

struct view
pktline_text(const struct pktline *p)
{
	struct view v = p->data;

	if (v.len > 0 && v.p[v.len - 1] == '\n')
		v.len--;
	return v;
}

void
pktline_put(struct str *out, const void *p, size_t n)
{
	if (n > PKTLINE_MAX - 4) {
		out->full = true;
		return;
	}
	str_addf(out, "%04zx", n + 4);
	str_addn(out, p, n);
}

void
pktline_putf(struct str *out, const char *fmt, ...)
{
	AUTO_STR struct str line = STR_INIT_MAX(PKTLINE_MAX - 4);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&line, fmt, ap);
	va_end(ap);
	if (!str_ok(&line)) {
		out->full = true;
		return;
	}
	pktline_put(out, str_cstr(&line), line.len);
}

void
pktline_flush(struct str *out)
{
	str_add(out, "0000");
}

void
pktline_band(struct str *out, int band, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		size_t take = n > PKTLINE_BAND_MAX ? PKTLINE_BAND_MAX : n;

		str_addf(out, "%04zx", take + 5);
		str_addc(out, (char)band);
		str_addn(out, at, take);
		at += take;
		n -= take;
	}
}
