/*
 * doc: a report as Markdown or as one HTML file that loads nothing and runs
 * nothing.  Every text is data: it is escaped for where it goes.  Pure.
 */
#ifndef AGENTD_RECORD_DOC_H
#define AGENTD_RECORD_DOC_H

#include <stdbool.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct doc {
	struct str *out;
	bool html;
	bool table;
};

void doc_begin(struct doc *d, const char *title);
void doc_end(struct doc *d);
void doc_heading(struct doc *d, const char *text);
void doc_text(struct doc *d, const char *text);
/* Rows stand under each other until something else comes. */
void doc_row(struct doc *d, const char *label, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* As it is, with its lines; what is over max is left out at its beginning
 * (tail) or end, and said. */
void doc_block(struct doc *d, struct view v, size_t max, bool tail);

#endif
