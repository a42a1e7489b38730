/*
 * marks: Markdown of a page's texts, all of them taken apart by one question to
 * a worker: what strangers wrote may cost time.  What nobody could take apart
 * is shown as it is.
 */
#ifndef SERVER_WEB_MARKS_H
#define SERVER_WEB_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct svc;
struct web;

enum {
	/* Bytes that are taken apart for one page; what is beyond is shown as
	 * it is. */
	MARKS_MAX = 256 << 10,
	/* Bytes that one text may become on a page, and all of them. */
	MARKS_ONE = 256 << 10,
	MARKS_ALL = 2 << 20
};

struct marks {
	struct view *tokens; /* of each text; empty: as it is */
	struct str raw;      /* that they are in */
};

/* go comes once, later; *out lives until then. */
typedef void marks_go_fn(void *arg);
void marks_ask(struct svc *s, int64_t project, const struct view *texts,
    size_t n, struct marks *out, marks_go_fn *go, void *arg);
void marks_release(struct marks *m);

/* Its marks; nothing, and false, where there are none or no room for them:
 * three bytes can become a link of 150. */
bool marks_try(struct web *w, const char *project, struct view tokens);
/* A text of an issue, a pull request or a run of that project ("OWNER/NAME"):
 * its marks, or as it is. */
void marks_write(
    struct web *w, const char *project, struct view text, struct view tokens);

#endif
