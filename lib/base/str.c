#include "lib/base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"

enum {
	STR_CAP_MIN = 64,
	STR_CAP_DOUBLE = 1 << 20 /* so long it doubles */
};

static size_t
str_limit(const struct str *s)
{
	return s->max == 0 ? STR_MAX_DEFAULT : s->max;
}

/* Room for n more bytes and the NUL; false, and full, beyond the maximum. */
static bool
str_grow(struct str *s, size_t n)
{
	size_t limit = str_limit(s), need, cap;

	if (s->full)
		return false;
	if (s->len > limit || n > limit - s->len) {
		s->full = true;
		return false;
	}
	need = s->len + n + 1;
	if (need <= s->cap)
		return true;
	cap = s->cap < STR_CAP_MIN ? STR_CAP_MIN : s->cap;
	while (cap < need)
		cap += cap < STR_CAP_DOUBLE ? cap : cap / 2;
	if (cap > limit + 1)
		cap = limit + 1;
	s->p = xrealloc(s->p, cap);
	s->cap = cap;
	return true;
}

void
str_release(struct str *s)
{
	free(s->p);
	s->p = NULL;
	s->len = s->cap = 0;
	s->full = false;
}

void
str_reset(struct str *s)
{
	s->len = 0;
	s->full = false;
	if (s->p != NULL)
		s->p[0] = '\0';
}

bool
str_ok(const struct str *s)
{
	return !s->full;
}

const char *
str_cstr(const struct str *s)
{
	return s->p == NULL ? "" : s->p;
}

struct view
str_view(const struct str *s)
{
	return (struct view){ .p = str_cstr(s), .len = s->len };
}

char *
str_steal(struct str *s)
{
	char *p = s->p;

	s->p = NULL;
	str_release(s);
	return p == NULL ? xstrdup("") : p;
}

char *
str_room(struct str *s, size_t n)
{
	char *p;

	if (s->len + n >= s->cap || s->full) {
		if (!str_grow(s, n))
			return NULL;
	}
	p = s->p + s->len;
	s->len += n;
	s->p[s->len] = '\0';
	return p;
}

void
str_add(struct str *s, const char *z)
{
	str_addn(s, z, strlen(z));
}

void
str_addn(struct str *s, const void *p, size_t n)
{
	char *room;

	if (n == 0)
		return;
	room = str_room(s, n);
	if (room != NULL)
		memcpy(room, p, n);
}

void
str_addv(struct str *s, struct view v)
{
	str_addn(s, v.p, v.len);
}

void
str_addc(struct str *s, char c)
{
	char *room = str_room(s, 1);

	if (room != NULL)
		*room = c;
}

void
str_addf(struct str *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(s, fmt, ap);
	va_end(ap);
}

void
str_vaddf(struct str *s, const char *fmt, va_list ap)
{
	char small[256];
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, again);
	va_end(again);
	if (n < 0)
		die("str bad format");
	if ((size_t)n < sizeof(small)) {
		str_addn(s, small, (size_t)n);
		return;
	}
	if (!str_grow(s, (size_t)n))
		return;
	(void)vsnprintf(s->p + s->len, (size_t)n + 1, fmt, ap);
	s->len += (size_t)n;
}

void
str_cut(struct str *s, size_t n)
{
	if (n < s->len)
		s->len = n;
	if (s->p != NULL)
		s->p[s->len] = '\0';
	s->full = false;
}

void
str_drop(struct str *s, size_t n)
{
	if (n >= s->len) {
		s->len = 0;
	} else if (n > 0) {
		memmove(s->p, s->p + n, s->len - n);
		s->len -= n;
	}
	if (s->p != NULL)
		s->p[s->len] = '\0';
}
