#include "server/githttp/sideframe.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/pktline.h"

static const char sideframe_pack[] = "packfile\n";

static void
sideframe_head(struct sideframe *f)
{
	struct view v = { .p = f->len, .len = sizeof(f->len) };
	struct err e = ERR_INIT;
	struct pktline p;
	long n = pktline_get(v, &p, &e);

	f->n_len = 0;
	f->n_data = 0;
	if (n == -1) {
		f->lost = true;
		return;
	}
	/* A flush, or a packet whose data is yet to come. */
	if (n > 0)
		return;
	f->left = 0;
	for (size_t i = 0; i < sizeof(f->len); i++) {
		char c = f->len[i];

		f->left = f->left * 16 +
		    (size_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	f->left -= sizeof(f->len);
}

static size_t
sideframe_data(struct sideframe *f, const char *p, size_t n)
{
	if (n > f->left)
		n = f->left;
	for (size_t i = 0; i < n && f->n_data < sizeof(f->data); i++)
		f->data[f->n_data++] = p[i];
	f->left -= n;
	if (f->left == 0 && f->n_data == sizeof(f->data) &&
	    memcmp(f->data, sideframe_pack, sizeof(f->data)) == 0)
		f->banded = true;
	return n;
}

void
sideframe_feed(struct sideframe *f, const void *p, size_t n)
{
	const char *s = p;

	while (n > 0 && !f->lost) {
		size_t took = 1;

		if (f->left > 0) {
			took = sideframe_data(f, s, n);
		} else {
			f->len[f->n_len++] = *s;
			if (f->n_len == sizeof(f->len))
				sideframe_head(f);
		}
		s += took;
		n -= took;
	}
}

void
sideframe_fail(const struct sideframe *f, struct str *out, const char *text)
{
	if (f->lost || f->n_len > 0)
		return;
	for (size_t i = 0; i < f->left; i++)
		str_addc(out, '\0');
	if (f->banded)
		pktline_band(out, 3, text, strlen(text));
	else
		pktline_putf(out, "ERR %s", text);
	pktline_flush(out);
}
