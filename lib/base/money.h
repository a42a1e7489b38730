/*
 * money: dollars as text, and as int64_t in millionths ("micros").  Pure.
 */
#ifndef LIB_BASE_MONEY_H
#define LIB_BASE_MONEY_H

#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct str;

enum {
	MONEY_MICROS = 1000 * 1000 /* of a dollar */
};

/* "12", "0.25": at most 1,000,000 dollars; what is less than a millionth
 * counts as one. */
int money_parse(struct view text, int64_t *micros, struct err *e);
/* "12.34"; what is less than a cent with all its digits. */
void money_put(struct str *out, int64_t micros);

#endif
