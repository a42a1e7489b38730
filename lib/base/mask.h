/*
 * mask: secrets in a text become asterisks, as many as they had bytes, so that
 * lines, JSON and offsets stay what they were.  Words that are known, tokens
 * and keys by their shape (lib/base/secret.h), private keys as PEM.  What was
 * encoded (base64, reversed, cut in two) is not found.  Pure.
 */
#ifndef LIB_BASE_MASK_H
#define LIB_BASE_MASK_H

#include <stddef.h>

#include "lib/base/view.h"

enum {
	MASK_WORDS = 64,
	MASK_WORD_MIN = 8, /* shorter ones are in any text */
	MASK_WORD_MAX = 4096,
	MASK_PEM_MAX = 16 << 10 /* of a private key */
};

struct mask {
	struct view words[MASK_WORDS]; /* borrowed */
	size_t n;
};

/* One that is too short, or one too many, is not taken. */
void mask_add(struct mask *m, struct view word);
/* How many places. */
size_t mask_text(const struct mask *m, char *p, size_t n);
/* Of a text that goes on: how many bytes of it can be masked by themselves.
 * The others, 64 KiB at most, wait for more. */
size_t mask_whole(const struct mask *m, const char *p, size_t n);

#endif
