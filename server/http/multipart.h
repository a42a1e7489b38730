/*
 * multipart: multipart/form-data (RFC 7578) as it comes, in parts of any size;
 * a part's bytes are handed on and never kept.  Pure: no request, no file.
 *
 * multipart_feed calls, for each part, `part`, `data` any number of times and
 * `end`.  A callback that returns -1 ends the parse; so does what is not
 * multipart.  After -1 nothing may be fed.
 */
#ifndef SERVER_HTTP_MULTIPART_H
#define SERVER_HTTP_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct err;
struct multipart;

enum {
	MULTIPART_BOUNDARY_MAX = 70, /* RFC 2046 */
	MULTIPART_HEADERS_MAX = 4096,
	MULTIPART_PARTS_MAX = 16,
	MULTIPART_NAME_MAX = 255
};

struct multipart_part {
	char name[MULTIPART_NAME_MAX + 1];
	/* "" when absent; the last component, cut to a whole character. */
	char filename[MULTIPART_NAME_MAX + 1];
	bool is_file; /* has a filename */
};

struct multipart_calls {
	int (*part)(void *arg, const struct multipart_part *p, struct err *e);
	int (*data)(void *arg, const void *p, size_t n, struct err *e);
	int (*end)(void *arg, struct err *e);
};

/* From the Content-Type; NULL: it is not multipart/form-data with a boundary.
 */
struct multipart *multipart_new(const char *content_type,
    const struct multipart_calls *calls, void *arg, struct err *e);
void multipart_free(struct multipart *m); /* NULL is fine */
int multipart_feed(struct multipart *m, const void *p, size_t n, struct err *e);
/* At the end of the body: was the last boundary there? */
int multipart_end(const struct multipart *m, struct err *e);

#endif
