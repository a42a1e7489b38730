/*
 * terminal: the user's terminal while a program elsewhere has it: raw input,
 * filtered output (termfilter), and as it was before at the end.  Without a
 * terminal bytes pass as they are.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

#include "cli/termfilter.h"
#include "lib/base/view.h"

struct err;

struct terminal {
	struct termios saved;
	struct termfilter filter;
	bool raw, filtered;
};

/* Output is filtered if it is a terminal. */
void terminal_init(struct terminal *t);
bool terminal_is_both(void); /* input and output are terminals */
int terminal_set_raw(struct terminal *t, struct err *e);
void terminal_size(uint16_t *cols, uint16_t *rows);
/* What a sandbox printed; false: nobody reads it any more. */
bool terminal_write(struct terminal *t, struct view in);
void terminal_restore(struct terminal *t);

#endif
