/*
 * termfilter: what a sandbox may do to the user's terminal.  Text, colours,
 * cursor and modes pass; what reads the terminal, writes its clipboard or
 * title, prints, or makes it answer does not: OSC, DCS, SOS, PM, APC, reports
 * (DA, DSR, DECRQM, window operations), ENQ, C1 controls.  Works on a stream:
 * a sequence may be cut anywhere.
 */
#ifndef CLI_TERMFILTER_H
#define CLI_TERMFILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/view.h"

struct str;

enum {
	TERMFILTER_SEQUENCE = 64
};

struct termfilter {
	int state;
	char seq[TERMFILTER_SEQUENCE]; /* of an escape or a UTF-8 character */
	size_t n;
	size_t need; /* bytes of the character */
	bool too_long;
	bool alternate; /* the alternate screen is on */
};

/* Zeroes are the start. */
void termfilter_feed(struct termfilter *f, struct view in, struct str *out);

#endif
