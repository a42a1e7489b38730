/*
 * guide: a reviewer from the answers of a person at the terminal; the key is
 * not shown while it is typed.
 */
#ifndef CLI_REVIEWER_GUIDE_H
#define CLI_REVIEWER_GUIDE_H

#include <stdbool.h>

struct err;
struct reviewer;

bool guide_is_possible(void); /* input and messages are on a terminal */
int guide_reviewer(struct reviewer *r, struct err *e);

#endif
