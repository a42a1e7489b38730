#include "server/text/md.h"

static void
md_put_u32(struct str *out, uint32_t n)
{
	const unsigned char b[4] = { (unsigned char)(n >> 24),
		(unsigned char)(n >> 16), (unsigned char)(n >> 8),
		(unsigned char)n };

	str_addn(out, b, sizeof(b));
}

void
md_write(struct str *out, const struct md_token *t)
{
	str_addc(out, (char)t->kind);
	md_put_u32(out, t->n);
	md_put_u32(out, (uint32_t)t->a.len);
	str_addv(out, t->a);
	md_put_u32(out, (uint32_t)t->b.len);
	str_addv(out, t->b);
}

static int
md_get_u32(struct view *rest, uint32_t *n)
{
	const unsigned char *p = (const unsigned char *)rest->p;

	if (rest->len < 4)
		return -1;
	*n = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
	    p[3];
	*rest = view_from(*rest, 4);
	return 0;
}

static int
md_get_view(struct view *rest, struct view *v)
{
	uint32_t n;

	if (md_get_u32(rest, &n) == -1 || n > rest->len)
		return -1;
	*v = (struct view){ rest->p, n };
	*rest = view_from(*rest, n);
	return 0;
}

int
md_next(struct view *rest, struct md_token *out)
{
	unsigned char kind;

	if (rest->len == 0)
		return 0;
	kind = (unsigned char)rest->p[0];
	*rest = view_from(*rest, 1);
	if (kind > MD_BREAK || md_get_u32(rest, &out->n) == -1 ||
	    md_get_view(rest, &out->a) == -1 ||
	    md_get_view(rest, &out->b) == -1)
		return -1;
	out->kind = (enum md_kind)kind;
	return 1;
}
