#include "findings/scan_words.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"

enum {
	SCAN_WORDS_BYTE = 256,
	SCAN_WORDS_NONE = 0xffff
};

struct scan_words {
	uint8_t class[SCAN_WORDS_BYTE]; /* 0: in no word */
	size_t classes;
	size_t states;
	uint16_t *next; /* [state * classes + class] */
	uint16_t *ends; /* the word that ends in a state, or NONE */
	uint16_t *also; /* another state with a word that ends here too */
	uint16_t *same; /* [word]: an equal word, or NONE */
};

static uint8_t
scan_words_class(struct scan_words *w, char c)
{
	unsigned char low = (unsigned char)tolower((unsigned char)c);

	if (w->class[low] == 0) {
		w->class[low] = (uint8_t)w->classes++;
		w->class[toupper(low)] = w->class[low];
	}
	return w->class[low];
}

/* How many words, and bytes in them. */
static size_t
scan_words_measure(
    struct scan_words *w, scan_words_word_fn *word, size_t *count)
{
	size_t bytes = 0;

	w->classes = 1;
	for (*count = 0; word(*count) != NULL; ++*count) {
		const char *s = word(*count);

		bytes += strlen(s);
		if (*s == '\0' || *count >= SCAN_WORDS_MAX ||
		    bytes > SCAN_WORDS_BYTES)
			die("scan_words: the table of words is not sane");
		for (; *s != '\0'; s++)
			(void)scan_words_class(w, *s);
	}
	return bytes;
}

static void
scan_words_add(struct scan_words *w, const char *s, size_t i)
{
	size_t at = 0;

	for (; *s != '\0'; s++) {
		uint16_t
		    *next = &w->next[at * w->classes + scan_words_class(w, *s)];

		if (*next == 0)
			*next = (uint16_t)w->states++;
		at = *next;
	}
	w->same[i] = w->ends[at];
	w->ends[at] = (uint16_t)i;
}

/* Breadth first: where a text goes on that does not go on with a word. */
static void
scan_words_link(struct scan_words *w)
{
	uint16_t *fail = xcalloc(w->states, sizeof(*fail));
	uint16_t *queue = xcalloc(w->states, sizeof(*queue));
	size_t head = 0, tail = 0;

	queue[tail++] = 0;
	while (head < tail) {
		size_t at = queue[head++];

		for (size_t c = 1; c < w->classes; c++) {
			uint16_t *next = &w->next[at * w->classes + c];
			uint16_t other = at == 0
			    ? 0
			    : w->next[fail[at] * w->classes + c];

			if (*next == 0) {
				*next = other;
				continue;
			}
			fail[*next] = other;
			w->also[*next] = w->ends[other] != SCAN_WORDS_NONE
			    ? other
			    : w->also[other];
			queue[tail++] = *next;
		}
	}
	free(fail);
	free(queue);
}

struct scan_words *
scan_words_new(scan_words_word_fn *word)
{
	struct scan_words *w = xcalloc(1, sizeof(*w));
	size_t count, bytes = scan_words_measure(w, word, &count);

	w->states = 1;
	w->next = xcalloc((bytes + 1) * w->classes, sizeof(*w->next));
	w->ends = xcalloc(bytes + 1, sizeof(*w->ends));
	w->also = xcalloc(bytes + 1, sizeof(*w->also));
	w->same = xcalloc(count + 1, sizeof(*w->same));
	memset(w->ends, 0xff, (bytes + 1) * sizeof(*w->ends));
	for (size_t i = 0; i < count; i++)
		scan_words_add(w, word(i), i);
	scan_words_link(w);
	return w;
}

void
scan_words_free(struct scan_words *w)
{
	if (w == NULL)
		return;
	free(w->next);
	free(w->ends);
	free(w->also);
	free(w->same);
	free(w);
}

void
scan_words_find(
    const struct scan_words *w, struct view text, scan_words_fn *fn, void *arg)
{
	size_t at = 0;

	for (size_t i = 0; i < text.len; i++) {
		at = w->next[at * w->classes +
		    w->class[(unsigned char)text.p[i]]];
		if (w->ends[at] == SCAN_WORDS_NONE && w->also[at] == 0)
			continue;
		for (size_t s = at; s != 0; s = w->also[s])
			for (uint16_t k = w->ends[s]; k != SCAN_WORDS_NONE;
			     k = w->same[k])
				fn(k, i + 1, arg);
	}
}
