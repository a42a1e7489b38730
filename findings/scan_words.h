/*
 * scan_words: a fixed set of words looked for in one pass over a text, however
 * many they are (Aho-Corasick).  Pure.  ASCII letters match without case; the
 * words themselves are in lower case.
 */
#ifndef FINDINGS_SCAN_WORDS_H
#define FINDINGS_SCAN_WORDS_H

#include <stddef.h>

#include "lib/base/view.h"

enum {
	SCAN_WORDS_MAX = 1000,
	SCAN_WORDS_BYTES = 20000 /* of all words */
};

struct scan_words;

/* The words are told one by one; NULL: that was the last. */
typedef const char *scan_words_word_fn(size_t i);
/* Word i ends right before byte `end` of the text. */
typedef void scan_words_fn(size_t i, size_t end, void *arg);

struct scan_words *scan_words_new(scan_words_word_fn *word);
void scan_words_free(struct scan_words *w); /* NULL is fine */
void scan_words_find(
    const struct scan_words *w, struct view text, scan_words_fn *fn, void *arg);

#endif
