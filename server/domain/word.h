/* word: the API's words for the values of an enum, from a const table. */
#ifndef SERVER_DOMAIN_WORD_H
#define SERVER_DOMAIN_WORD_H

#include <stddef.h>

/* "" for a value outside the table or without a word. */
const char *word_name(const char *const *words, size_t n, unsigned value);
/* The value, or -1. */
int word_find(const char *const *words, size_t n, const char *s);

#define WORD_COUNT(words) (sizeof(words) / sizeof((words)[0]))

#endif
