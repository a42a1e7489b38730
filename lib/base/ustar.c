#include "lib/base/ustar.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	USTAR_SIZE_AT = 124,
	USTAR_SIZE_LEN = 12,
	USTAR_SUM_AT = 148,
	USTAR_SUM_LEN = 8,
	USTAR_TYPE_AT = 156,
	USTAR_MAGIC_AT = 257
};

static unsigned
ustar_sum(const unsigned char *head)
{
	unsigned sum = 0;

	for (size_t i = 0; i < USTAR_BLOCK; i++)
		sum += i >= USTAR_SUM_AT && i < USTAR_SUM_AT + USTAR_SUM_LEN
		    ? ' '
		    : head[i];
	return sum;
}

void
ustar_head(struct str *out, const char *name, size_t bytes)
{
	char head[USTAR_BLOCK] = { 0 };
	char number[USTAR_SIZE_LEN + 12];

	(void)snprintf(head, USTAR_NAME_MAX + 1, "%s", name);
	memcpy(head + 100, "0000600", 8);
	memcpy(head + 108, "0000000", 8);
	memcpy(head + 116, "0000000", 8);
	(void)snprintf(number, sizeof(number), "%011zo", bytes);
	memcpy(head + USTAR_SIZE_AT, number, USTAR_SIZE_LEN);
	memcpy(head + 136, "00000000000", 12);
	head[USTAR_TYPE_AT] = '0';
	memcpy(head + USTAR_MAGIC_AT, "ustar\00000", 8);
	(void)snprintf(number, sizeof(number), "%06o",
	    ustar_sum((const unsigned char *)head));
	memcpy(head + USTAR_SUM_AT, number, 7);
	head[USTAR_SUM_AT + 7] = ' ';
	str_addn(out, head, sizeof(head));
}

void
ustar_pad(struct str *out, size_t bytes)
{
	static const char zeros[USTAR_BLOCK];

	if (bytes % USTAR_BLOCK != 0)
		str_addn(out, zeros, USTAR_BLOCK - bytes % USTAR_BLOCK);
}

void
ustar_add(struct str *out, const char *name, struct view bytes)
{
	ustar_head(out, name, bytes.len);
	str_addv(out, bytes);
	ustar_pad(out, bytes.len);
}

void
ustar_end(struct str *out)
{
	static const char zeros[2 * USTAR_BLOCK];

	str_addn(out, zeros, sizeof(zeros));
}

/* At most so many octal digits, then a NUL or a blank. */
static bool
ustar_number(const char *p, size_t len, size_t *out)
{
	size_t n = 0, i = 0;

	while (i < len && p[i] >= '0' && p[i] <= '7')
		n = n * 8 + (size_t)(p[i++] - '0');
	*out = n;
	return i > 0 && (i == len || p[i] == '\0' || p[i] == ' ');
}

static bool
ustar_is_end(struct view v)
{
	for (size_t i = 0; i < USTAR_BLOCK; i++)
		if (v.p[i] != '\0')
			return false;
	return true;
}

int
ustar_read_head(struct view v, struct ustar_file *out, struct err *e)
{
	size_t sum;

	if (v.len < USTAR_BLOCK)
		return err_set(e, ERR_INVALID, "the archive is cut off");
	if (ustar_is_end(v))
		return 0;
	if (memcmp(v.p + USTAR_MAGIC_AT, "ustar", 6) != 0 ||
	    v.p[USTAR_TYPE_AT] != '0' || v.p[USTAR_NAME_MAX] != '\0' ||
	    !ustar_number(
		v.p + USTAR_SIZE_AT, USTAR_SIZE_LEN, &out->bytes.len) ||
	    !ustar_number(v.p + USTAR_SUM_AT, USTAR_SUM_LEN - 1, &sum) ||
	    sum != ustar_sum((const unsigned char *)v.p))
		return err_set(e, ERR_INVALID, "a head that is none of ours");
	(void)snprintf(out->name, sizeof(out->name), "%s", v.p);
	if (!path_component_ok(out->name))
		return err_set(e, ERR_INVALID, "a name that is none of ours");
	if (out->bytes.len > USTAR_FILE_MAX)
		return err_set(e, ERR_INVALID, "%s: too large", out->name);
	out->bytes.p = NULL;
	return 1;
}

size_t
ustar_padded(size_t size)
{
	return (size + USTAR_BLOCK - 1) / USTAR_BLOCK * USTAR_BLOCK;
}

int
ustar_next(struct view *rest, struct ustar_file *out, struct err *e)
{
	struct view v = *rest;
	int rc = ustar_read_head(v, out, e);

	if (rc != 1)
		return rc;
	v = view_from(v, USTAR_BLOCK);
	if (ustar_padded(out->bytes.len) > v.len)
		return err_set(
		    e, ERR_INVALID, "%s: the archive is cut off", out->name);
	out->bytes.p = v.p;
	*rest = view_from(v, ustar_padded(out->bytes.len));
	return 1;
}
