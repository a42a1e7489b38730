/* reviewer_key: what a server says never says the key, nor a part of it. */
#include <string.h>
#include <strings.h>

#include "cli/reviewer/reviewer.h"
#include "lib/base/mask.h"

enum {
	KEY_PIECE = 8 /* bytes of it, whatever is around them */
};

/* How much of what begins here stands somewhere in the key. */
static size_t
key_match(struct view key, const char *text, size_t n)
{
	size_t best = 0;

	for (size_t k = 0; k + KEY_PIECE <= key.len; k++) {
		size_t len = KEY_PIECE, max = key.len - k;

		if (n < KEY_PIECE ||
		    strncasecmp(key.p + k, text, KEY_PIECE) != 0)
			continue;
		max = max < n ? max : n;
		while (len < max &&
		    strncasecmp(key.p + k + len, text + len, 1) == 0)
			len++;
		best = len > best ? len : best;
	}
	return best;
}

void
reviewer_hide_key(const struct reviewer_session *s, char *text, size_t n)
{
	const struct view key = view_of(s->r->key);
	struct mask m = { .n = 0 };
	size_t end = 0;

	mask_add(&m, key);
	if (m.n == 0 || n == 0)
		return;
	(void)mask_text(&m, text, n);
	/* A limit may have cut it, before or after it was unescaped. */
	for (size_t i = 0; i < n; i++) {
		size_t len = key_match(key, text + i, n - i);

		end = i + len > end ? i + len : end;
		if (i < end)
			text[i] = '*';
	}
}
