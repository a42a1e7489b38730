/* reviewer_key: what a server says never says the key, nor a part of it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/reviewer/reviewer.h"
#include "lib/base/alloc.h"
#include "lib/base/mask.h"

enum {
	KEY_PIECE = 8,       /* bytes of it, whatever is around them */
	KEY_SECRET_MIN = 16, /* shorter ones are no secrets, or words */
	KEY_SLOTS = 4 * MASK_WORD_MAX
};

/* Digits, or letters of both cases: what somebody made up as the key of a
 * server that wants none is a word. */
static bool
key_is_mixed(const char *p, size_t n)
{
	bool digit = false, upper = false, lower = false;

	for (size_t i = 0; i < n; i++) {
		digit |= isdigit((unsigned char)p[i]) != 0;
		upper |= isupper((unsigned char)p[i]) != 0;
		lower |= islower((unsigned char)p[i]) != 0;
	}
	return digit || (upper && lower);
}

/* A word of the language may be a part of a key, too. */
static bool
key_is_word(const char *p)
{
	for (size_t i = 0; i < KEY_PIECE; i++)
		if (!isalpha((unsigned char)p[i]))
			return false;
	return !key_is_mixed(p, KEY_PIECE);
}

/* The last eight bytes, in small letters. */
static uint64_t
key_next(uint64_t last, char c)
{
	return last << 8 | (uint64_t)tolower((unsigned char)c);
}

static size_t
key_slot(const uint64_t *pieces, uint64_t piece)
{
	size_t at = (size_t)(piece * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	while (pieces[at % KEY_SLOTS] != 0 && pieces[at % KEY_SLOTS] != piece)
		at++;
	return at % KEY_SLOTS;
}

static void
key_hide_pieces(struct view key, char *text, size_t n)
{
	uint64_t *pieces = xcalloc(KEY_SLOTS, sizeof(*pieces));
	uint64_t last = 0;
	size_t end = 0; /* masked up to here */

	for (size_t i = 0; i < key.len; i++) {
		last = key_next(last, key.p[i]);
		if (i + 1 >= KEY_PIECE &&
		    !key_is_word(key.p + i + 1 - KEY_PIECE))
			pieces[key_slot(pieces, last)] = last;
	}
	last = 0;
	for (size_t i = 0; i < n; i++) {
		size_t from = i + 1 < KEY_PIECE ? 0 : i + 1 - KEY_PIECE;

		last = key_next(last, text[i]);
		if (i + 1 < KEY_PIECE || pieces[key_slot(pieces, last)] != last)
			continue;
		from = from < end ? end : from;
		end = i + 1;
		memset(text + from, '*', end - from);
	}
	explicit_bzero(pieces, KEY_SLOTS * sizeof(*pieces));
	free(pieces);
}

void
reviewer_hide_key(const struct reviewer_session *s, char *text, size_t n)
{
	const struct view key = view_of(s->r->key);
	struct mask m = { .n = 0 };

	mask_add(&m, key);
	if (m.n == 0 || n == 0)
		return;
	(void)mask_text(&m, text, n);
	/* A limit may have cut it, before or after it was unescaped. */
	if (key.len >= KEY_SECRET_MIN && key_is_mixed(key.p, key.len))
		key_hide_pieces(key, text, n);
}
