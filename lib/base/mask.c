#include "lib/base/mask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/secret.h"

enum {
	MASK_CSI_MAX = 32,
	MASK_HEAD_MAX = 80,      /* of a private key, its first line */
	MASK_RUN_MAX = 8 << 10,  /* a word that is longer is no key */
	MASK_HOLD_MAX = 64 << 10 /* at the end of a text that goes on */
};

void
mask_add(struct mask *m, struct view word)
{
	if (word.len >= MASK_WORD_MIN && word.len <= MASK_WORD_MAX &&
	    m->n < MASK_WORDS)
		m->words[m->n++] = word;
}

static size_t
mask_word(struct view word, char *p, size_t n)
{
	char *at = p, *end = p + n;
	size_t found = 0;

	while (
	    (at = memmem(at, (size_t)(end - at), word.p, word.len)) != NULL) {
		memset(at, '*', word.len);
		at += word.len;
		found++;
	}
	return found;
}

/*
 * From behind its first line on, to its last one or the end of the string of
 * JSON that it is in.  Lines stay lines, and escapes of JSON go or stay whole.
 */
static size_t
mask_pem_body(char *p, size_t n)
{
	static const char last[] = "-----END ";
	size_t max = n < MASK_PEM_MAX ? n : MASK_PEM_MAX, i = 0;

	while (i < max && p[i] != '"' &&
	    (max - i < sizeof(last) - 1 ||
		memcmp(p + i, last, sizeof(last) - 1) != 0)) {
		char next = i + 1 < n ? p[i + 1] : '"';

		if (p[i] == '\\' && next == '"')
			break;
		if (p[i] == '\\') {
			if (next != 'n' && next != 'r')
				memset(p + i, '*', 2);
			i++;
		} else if (p[i] != '\n' && p[i] != '\r') {
			p[i] = '*';
		}
		i++;
	}
	return i;
}

/* What the first line of a key ends with, behind "-----BEGIN ". */
static char *
mask_pem_head(char *p, size_t n)
{
	static const char *const ends[] = { "PRIVATE KEY-----",
		"PRIVATE KEY BLOCK-----" };

	for (size_t i = 0; i < 2; i++) {
		size_t len = strlen(ends[i]);
		char *at = memmem(
		    p, n < MASK_HEAD_MAX ? n : MASK_HEAD_MAX, ends[i], len);

		if (at != NULL)
			return at + len;
	}
	return NULL;
}

static size_t
mask_pem(char *p, size_t n)
{
	static const char begin[] = "-----BEGIN ";
	char *at = p, *end = p + n;
	size_t found = 0;

	while ((at = memmem(at, (size_t)(end - at), begin,
		    sizeof(begin) - 1)) != NULL) {
		char *body = mask_pem_head(at, (size_t)(end - at));

		if (body == NULL) {
			at += sizeof(begin) - 1;
			continue;
		}
		at = body + mask_pem_body(body, (size_t)(end - body));
		found++;
	}
	return found;
}

static bool
mask_is_hex(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isxdigit((unsigned char)p[i]))
			return false;
	return true;
}

/* The end of a terminal's control sequence: [ digits and ; a letter. */
static bool
mask_after_csi(const char *p, size_t at)
{
	size_t i = at - 1;

	if (!isalpha((unsigned char)p[i]))
		return false;
	while (i > 0 && at - i < MASK_CSI_MAX &&
	    (isdigit((unsigned char)p[i - 1]) || p[i - 1] == ';'))
		i--;
	return i > 0 && p[i - 1] == '[';
}

/* Behind an escape of JSON, a URL or a terminal a word begins, too. */
static bool
mask_begins(const char *p, size_t at)
{
	return at == 0 || !secret_inside(p[at - 1]) ||
	    (at >= 2 && p[at - 2] == '\\') ||
	    (at >= 3 && p[at - 3] == '%' && mask_is_hex(p + at - 2, 2)) ||
	    (at >= 6 && p[at - 6] == '\\' && p[at - 5] == 'u' &&
		mask_is_hex(p + at - 4, 4)) ||
	    mask_after_csi(p, at);
}

static size_t
mask_shapes(char *p, size_t n)
{
	/* What a key may begin with; all else is passed over fast. */
	static const char first[] = "ACEGMNOPSabdefghklnoprstwxy0123456789";
	bool may[256] = { false };
	const char *kind;
	size_t found = 0;

	for (const char *c = first; *c != '\0'; c++)
		may[(unsigned char)*c] = true;
	for (size_t i = 0; i < n; i++) {
		size_t len;

		if (!may[(unsigned char)p[i]] || !mask_begins(p, i))
			continue;
		len = secret_at(
		    (struct view){ .p = p + i, .len = n - i }, &kind);
		if (len == 0)
			continue;
		memset(p + i, '*', len);
		i += len - 1;
		found++;
	}
	return found;
}

size_t
mask_text(const struct mask *m, char *p, size_t n)
{
	size_t found = 0;

	if (n == 0)
		return 0;
	for (size_t i = 0; i < m->n; i++)
		found += mask_word(m->words[i], p, n);
	return found + mask_pem(p, n) + mask_shapes(p, n);
}

/* Where a word begins that goes over `at`, or may do so with what comes. */
static size_t
mask_whole_word(struct view word, const char *p, size_t n, size_t at)
{
	for (size_t i = at < word.len ? 0 : at - word.len + 1; i < at; i++) {
		size_t len = n - i < word.len ? n - i : word.len;

		if (memcmp(p + i, word.p, len) == 0)
			return i;
	}
	return at;
}

/* Where a private key begins whose end is not there yet. */
static size_t
mask_whole_pem(const char *p, size_t n, size_t at)
{
	const struct view begin = VIEW_LIT("-----BEGIN ");
	const size_t most = MASK_HEAD_MAX + MASK_PEM_MAX;
	size_t i = at > most ? at - most : 0;
	const char *found;

	/* What comes next begins with one: it is masked from there. */
	if (n - at >= begin.len && memcmp(p + at, begin.p, begin.len) == 0)
		return at;
	while ((found = memmem(p + i, at - i, begin.p, begin.len)) != NULL) {
		const char *end;
		size_t from = (size_t)(found - p);

		end = memmem(found + 1, at - from - 1, "-----END ", 9);
		if (end == NULL)
			return from;
		i = (size_t)(end - p);
	}
	return mask_whole_word(begin, p, n, at);
}

/* Behind the last byte that no key and no escape goes over. */
static size_t
mask_whole_run(const char *p, size_t n)
{
	const size_t least = n > MASK_RUN_MAX ? n - MASK_RUN_MAX : 0;

	for (size_t i = n; i > least; i--)
		if (memchr(" \t\r\n\",)}>", p[i - 1], 9) != NULL)
			return i;
	return least == 0 ? 0 : n;
}

size_t
mask_whole(const struct mask *m, const char *p, size_t n)
{
	size_t at = mask_whole_run(p, n), was;

	do {
		was = at;
		at = mask_whole_pem(p, n, at);
		for (size_t i = 0; i < m->n; i++)
			at = mask_whole_word(m->words[i], p, n, at);
	} while (at < was);
	/* Whatever it is made of, it goes on. */
	return n > MASK_HOLD_MAX && at < n - MASK_HOLD_MAX ? n - MASK_HOLD_MAX
							   : at;
}
