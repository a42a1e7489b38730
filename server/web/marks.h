/*
 * marks: Markdown of a page's texts, all of them taken apart by one question to
 * a worker: what strangers wrote may cost time.  What nobody could take apart
 * is shown as it is.
 */
#ifndef SERVER_WEB_MARKS_H
#define SERVER_WEB_MARKS_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct svc;
struct web;

enum {
	MARKS_MAX = 256 << 10 /* bytes that are taken apart for one page; what
			       * is beyond is shown as it is */
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

/* A text of an issue, a pull request or a run of that project ("OWNER/NAME"):
 * its marks, or as it is. */
void marks_write(
    struct web *w, const char *project, struct view text, struct view tokens);

#endif
