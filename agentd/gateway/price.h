/*
 * price: what tokens of a model cost, from a table in text.  Pure.  Money is
 * int64_t in millionths of a dollar ("micros").
 *
 *   # model            input write read output context max_output
 *   claude-sonnet-4*   3     3.75  0.30 15     200000  64000
 *
 * Dollars for a million tokens; `*` ends a name that others may begin with.
 * The longest name that fits wins, of equal ones the first.
 */
#ifndef AGENTD_GATEWAY_PRICE_H
#define AGENTD_GATEWAY_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct prices;

enum {
	PRICE_ROWS_MAX = 1000,
	PRICE_FILE_MAX = 256 << 10,
	PRICE_TOKENS_MAX = 100 * 1000 * 1000, /* of one exchange */
	/* The longest answer of a model that is not known. */
	PRICE_UNKNOWN_OUTPUT = 32000
};

struct price {
	int64_t input, cache_write, cache_read, output; /* micros per million */
	int64_t context, max_output;                    /* tokens */
};

struct tokens {
	int64_t input; /* neither written to nor read from a cache */
	int64_t cache_write, cache_read;
	int64_t cache_long; /* written for an hour, at twice the input */
	int64_t output;
};

struct prices *prices_new(void) __attribute__((returns_nonnull));
void prices_free(struct prices *p); /* NULL is fine */
/* Adds the rows of a file; name is for messages. */
int prices_parse(
    struct prices *p, const char *name, struct view text, struct err *e);
/*
 * The row for a model, tried as it is and without what is before its last
 * slash.  False: there is none, and *out has the dearest price of all and
 * PRICE_UNKNOWN_OUTPUT.
 */
bool prices_find(const struct prices *p, const char *model, struct price *out);
int64_t price_of(const struct price *p, const struct tokens *t); /* micros */

#endif
