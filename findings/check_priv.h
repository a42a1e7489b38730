/* The parts of check, one file each; only they and check.c include this. */
#ifndef FINDINGS_CHECK_PRIV_H
#define FINDINGS_CHECK_PRIV_H

#include "findings/check.h"

/* The file whose contents are read. */
struct check_file {
	char path[SCAN_PATH_MAX + 1];
	uint32_t kind; /* SCAN_MODE_LINK, _SUBMODULE, or 0: a file */
	bool binary;   /* seen: text rules do not apply */
	bool is_test;
};

void check_mode(const struct scan_change *c, struct findings *out);
void check_name(const struct scan_change *c, struct findings *out);
void check_autorun(const struct scan_change *c, struct findings *out);
/* Target of a symbolic link at path. */
void check_link(const char *path, struct view target, struct findings *out);
/* Is the content a program, an archive, or otherwise no text? */
bool check_binary(const struct check_file *f, const struct check_content *b,
    struct findings *out);
/* One line of the file at hand. */
void check_text(
    const struct scan_line *l, struct check_file *file, struct findings *out);

#endif
