#include "lib/base/money.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	MONEY_DECIMALS = 6,
	MONEY_CENT = 10 * 1000,
	MONEY_DOLLARS_MAX = 1000 * 1000
};

static bool
money_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
money_parse(struct view text, int64_t *micros, struct err *e)
{
	int64_t n = 0, unit = MONEY_MICROS;
	size_t i = 0, decimals = 0;

	for (; i < text.len && money_is_digit(text.p[i]); i++) {
		n = n * 10 + (text.p[i] - '0');
		if (n > MONEY_DOLLARS_MAX)
			return err_set(e, ERR_INVALID, "more than %d dollars",
			    MONEY_DOLLARS_MAX);
	}
	if (i == 0)
		return err_set(e, ERR_INVALID,
		    "expected dollars like 12 or 0.25, not %.*s",
		    (int)(text.len > 40 ? 40 : text.len), text.p);
	n *= MONEY_MICROS;
	if (i < text.len && text.p[i] == '.') {
		for (i++; i < text.len && money_is_digit(text.p[i]); i++) {
			/* What is less than a millionth counts as one. */
			if (decimals++ == MONEY_DECIMALS && text.p[i] != '0')
				n++;
			unit /= 10;
			n += unit * (text.p[i] - '0');
		}
	}
	if (i < text.len)
		return err_set(e, ERR_INVALID,
		    "expected dollars like 12 or 0.25, not %.*s",
		    (int)(text.len > 40 ? 40 : text.len), text.p);
	*micros = n;
	return 0;
}

void
money_put(struct str *out, int64_t micros)
{
	if (micros > 0 && micros < MONEY_CENT)
		str_addf(out, "0.%06" PRId64, micros);
	else
		str_addf(out, "%" PRId64 ".%02" PRId64, micros / MONEY_MICROS,
		    micros % MONEY_MICROS / MONEY_CENT);
}
