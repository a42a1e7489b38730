#include "agentd/record/mask.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/secret.h"

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

/* From behind its first line on; the lines stay lines. */
static size_t
mask_pem_body(char *p, size_t n)
{
	static const char last[] = "-----END ";
	const char *end = memmem(p, n, last, sizeof(last) - 1);
	size_t len = end != NULL ? (size_t)(end - p) : n;

	if (end == NULL && len > MASK_PEM_MAX)
		len = MASK_PEM_MAX;
	for (size_t i = 0; i < len; i++) {
		/* In JSON a line ends with two bytes that have to stay. */
		if (p[i] == '\\' && i + 1 < len &&
		    (p[i + 1] == 'n' || p[i + 1] == 'r'))
			i++;
		else if (p[i] != '\n' && p[i] != '\r' && p[i] != '"')
			p[i] = '*';
		else if (p[i] == '"')
			return i;
	}
	return len;
}

static size_t
mask_pem(char *p, size_t n)
{
	static const char begin[] = "-----BEGIN ", key[] = "PRIVATE KEY-----";
	char *at = p, *end = p + n;
	size_t found = 0;

	while ((at = memmem(at, (size_t)(end - at), begin,
		    sizeof(begin) - 1)) != NULL) {
		size_t left = (size_t)(end - at);
		char *head = memmem(
		    at, left < 80 ? left : 80, key, sizeof(key) - 1);

		if (head == NULL) {
			at += sizeof(begin) - 1;
			continue;
		}
		at = head + sizeof(key) - 1;
		at += mask_pem_body(at, (size_t)(end - at));
		found++;
	}
	return found;
}

/* Behind an escape of JSON a word begins, too. */
static bool
mask_begins(const char *p, size_t at)
{
	return at == 0 || !secret_inside(p[at - 1]) ||
	    (at >= 2 && p[at - 2] == '\\');
}

static size_t
mask_shapes(char *p, size_t n)
{
	/* What a key may begin with; all else is passed over fast. */
	static const char first[] = "AaEedghknoprsxSG";
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
