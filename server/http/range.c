#include "server/http/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Digits; more than fits is UINT64_MAX.  False: none. */
static bool
range_number(const char **p, uint64_t *out)
{
	const char *s = *p;
	uint64_t v = 0;

	for (; *s >= '0' && *s <= '9'; s++) {
		uint64_t d = (uint64_t)(*s - '0');

		v = v > (UINT64_MAX - d) / 10 ? UINT64_MAX : v * 10 + d;
	}
	if (s == *p)
		return false;
	*p = s;
	*out = v;
	return true;
}

enum range_answer
range_of(const char *header, const char *if_range, const char *etag,
    uint64_t size, struct range *out)
{
	uint64_t first = 0, last = UINT64_MAX;
	const char *p = header;
	bool has_first, has_last;

	*out = (struct range){ 0, size };
	if (p == NULL || strncasecmp(p, "bytes=", 6) != 0 ||
	    (if_range != NULL && strcmp(if_range, etag) != 0))
		return RANGE_WHOLE;
	p += 6 + strspn(p + 6, " \t");
	has_first = range_number(&p, &first);
	if (*p++ != '-')
		return RANGE_WHOLE;
	has_last = range_number(&p, &last);
	p += strspn(p, " \t");
	if (*p != '\0' || (!has_first && !has_last) ||
	    (has_first && last < first))
		return RANGE_WHOLE;
	if (!has_first) {
		first = last < size ? size - last : 0;
		if (last == 0)
			return RANGE_NONE;
		last = UINT64_MAX;
	}
	if (first >= size)
		return RANGE_NONE;
	out->from = first;
	out->n = size - first;
	if (last - first < out->n)
		out->n = last - first + 1;
	return RANGE_PART;
}
