/*
 * started: what the text of a shell script or command starts, as words: what
 * stands where a command does, and what an interpreter is started with.  What
 * it only mentions (grep, echo, git diff ...) is none.  Pure, bounded, and no
 * shell: what a text makes of itself while it runs, nobody reads out of it.
 */
#ifndef CLI_FETCH_STARTED_H
#define CLI_FETCH_STARTED_H

#include "lib/base/view.h"

enum started_kind {
	STARTED_FILE,   /* a file, by that name */
	STARTED_FOLDER, /* each file right in it (run-parts) */
	STARTED_MODULE  /* python3 -m a.b */
};

/* word: as the shell would have it, with `$` for what is not known here; cwd:
 * where the text went last (cd), ""; both may be anything. */
typedef void started_fn(
    enum started_kind kind, const char *cwd, const char *word, void *arg);
void started_scan(struct view text, started_fn *fn, void *arg);

#endif
