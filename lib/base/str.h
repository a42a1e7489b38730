/*
 * str: a growing byte string, always NUL-terminated, with a maximum.  Going
 * over the maximum does not abort: that addition and all later ones are
 * dropped and `full` is set, so a writer checks once at the end (str_ok).
 */
#ifndef LIB_BASE_STR_H
#define LIB_BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

enum {
	STR_MAX_DEFAULT = 64 << 20
};

struct str {
	char *p; /* NULL while empty; use str_cstr to read */
	size_t len;
	size_t cap;
	size_t max; /* bytes, without the NUL; 0 means STR_MAX_DEFAULT */
	bool full;
};

#define STR_INIT ((struct str){ .p = NULL })
#define STR_INIT_MAX(n) ((struct str){ .p = NULL, .max = (n) })
#define AUTO_STR __attribute__((cleanup(str_release)))

void str_release(struct str *s);
void str_reset(struct str *s); /* empties, keeps the storage */
bool str_ok(const struct str *s);
const char *str_cstr(const struct str *s) __attribute__((returns_nonnull));
struct view str_view(const struct str *s);
char *str_steal(struct str *s); /* never NULL; free(3) */

void str_add(struct str *s, const char *z);
void str_addn(struct str *s, const void *p, size_t n);
void str_addv(struct str *s, struct view v);
void str_addc(struct str *s, char c);
void str_addf(struct str *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void str_vaddf(struct str *s, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* n more bytes, to be written by the caller at once; NULL, and full, beyond the
 * maximum. */
char *str_room(struct str *s, size_t n);
/* Keeps the first n bytes, which is no longer full. */
void str_cut(struct str *s, size_t n);
void str_drop(struct str *s, size_t n); /* removes the first n bytes */

#endif
