/*
 * view: borrowed bytes with a length, not NUL-terminated.  A view never owns;
 * it is valid as long as what it points into.
 */
#ifndef LIB_BASE_VIEW_H
#define LIB_BASE_VIEW_H

#include <stdbool.h>
#include <stddef.h>

struct view {
	const char *p;
	size_t len;
};

#define VIEW_LIT(s) ((struct view){ .p = (s), .len = sizeof(s) - 1 })

struct view view_of(const char *s); /* NULL gives the empty view */
bool view_eq(struct view a, struct view b);
bool view_is(struct view v, const char *s);
bool view_starts(struct view v, const char *prefix);
bool view_ends(struct view v, const char *suffix);
struct view view_trim(struct view v); /* ASCII space, tab, CR, LF */
struct view view_from(struct view v, size_t skip); /* skip <= len, else empty */

/*
 * Take the part of *rest before the next `sep` and move *rest past it.
 * Returns false when *rest was exhausted; "a,,b" gives "a", "", "b".
 * Start with rest->p != NULL.
 */
bool view_split(struct view *rest, char sep, struct view *part);
char *view_dup(struct view v); /* NUL-terminated, free(3) */

#endif
