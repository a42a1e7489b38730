#include "server/domain/word.h"

#include <string.h>

const char *
word_name(const char *const *words, size_t n, unsigned value)
{
	return value < n && words[value] != NULL ? words[value] : "";
}

int
word_find(const char *const *words, size_t n, const char *s)
{
	for (size_t i = 0; i < n; i++) {
		if (words[i] != NULL && strcmp(words[i], s) == 0)
			return (int)i;
	}
	return -1;
}
