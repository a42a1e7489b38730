/* utf8: strict UTF-8 (RFC 3629: no surrogates, no overlong forms). */
#ifndef LIB_BASE_UTF8_H
#define LIB_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

bool utf8_valid(struct view v);
/* Decode one code point; returns its length 1..4, or 0 if it is malformed. */
size_t utf8_decode(struct view v, uint32_t *cp);
/* The longest prefix of at most max bytes that does not cut a code point. */
struct view utf8_cut(struct view v, size_t max);

#endif
