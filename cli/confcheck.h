/*
 * confcheck: is a coffer.conf what the programs take?  Each program checks its
 * own section (`-n`); this one only asks them.
 */
#ifndef CLI_CONFCHECK_H
#define CLI_CONFCHECK_H

#include "lib/base/view.h"

struct cli;
struct err;

struct confcheck_section {
	const char *section, *program;
};
extern const struct confcheck_section confcheck_sections[];
/* NULL: no such section. */
const struct confcheck_section *confcheck_find(const char *section);

/* As it is in a home. */
int confcheck_home(struct cli *c, const struct confcheck_section *s,
    const char *home, struct err *e);
/* All programs, with this text in a home of its own that is removed again. */
int confcheck_text(struct cli *c, struct view text, struct err *e);

#endif
