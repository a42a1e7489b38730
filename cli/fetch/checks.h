/*
 * checks: the deterministic checks of a change, over git's own description of
 * it.  Pure: the same bytes give the same findings, and no model can lower
 * them.  -1 means that the description could not be read: not let in.
 */
#ifndef CLI_FETCH_CHECKS_H
#define CLI_FETCH_CHECKS_H

#include "cli/fetch/finding.h"
#include "cli/fetch/scan.h"
#include "lib/base/view.h"

struct err;

/* raw: `diff --raw -z --no-renames`; patch: the same change with --text. */
int checks_run(
    struct view raw, struct view patch, struct findings *out, struct err *e);

/* The parts, one file each. */
void checks_mode(const struct scan_change *c, struct findings *out);
void checks_name(const struct scan_change *c, struct findings *out);
void checks_autorun(const struct scan_change *c, struct findings *out);
/* Is it a file of tests, going by its name? */
bool checks_is_test(const char *path);
/* Target of a symbolic link at path. */
void checks_link(const char *path, struct view target, struct findings *out);

/* One line of content; state is kept by checks_run from file to file. */
struct checks_file {
	char path[SCAN_PATH_MAX + 1];
	uint32_t kind; /* SCAN_MODE_LINK, _SUBMODULE, or 0: a file */
	bool binary;   /* seen: text rules do not apply */
	bool is_test;
};
void checks_text(
    const struct scan_line *l, struct checks_file *file, struct findings *out);

#endif
