#include "agentd/gateway/price.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/money.h"
#include "lib/base/num.h"

enum {
	PRICE_NAME_MAX = 120,
	PRICE_COLUMNS = 7
};

struct price_row {
	char name[PRICE_NAME_MAX + 1]; /* without the star */
	size_t len;
	bool open; /* ended in a star */
	struct price price;
};

struct prices {
	struct price_row *rows;
	size_t n;
};

struct prices *
prices_new(void)
{
	return xcalloc(1, sizeof(struct prices));
}

void
prices_free(struct prices *p)
{
	if (p == NULL)
		return;
	free(p->rows);
	free(p);
}

/* The words of a line; returns how many, at most max + 1. */
static size_t
price_words(struct view line, struct view *out, size_t max)
{
	struct view part;
	size_t n = 0;

	for (size_t i = 0; i < line.len; i++)
		if (line.p[i] == '#')
			line.len = i;
	while (line.len > 0) {
		size_t i = 0;

		line = view_trim(line);
		while (i < line.len && line.p[i] != ' ' && line.p[i] != '\t')
			i++;
		part = (struct view){ line.p, i };
		line = view_from(line, i);
		if (part.len == 0)
			break;
		if (n < max)
			out[n] = part;
		if (++n > max)
			break;
	}
	return n;
}

static int
price_tokens(struct view v, int64_t *out, struct err *e)
{
	AUTO_FREE char *text = view_dup(v);

	return num_i64(text, 1, PRICE_TOKENS_MAX, out, e);
}

static int
price_row_read(struct price_row *r, const struct view *w, struct err *e)
{
	struct view name = w[0];
	struct price *p = &r->price;

	memset(r, 0, sizeof(*r));
	r->open = name.p[name.len - 1] == '*';
	if (r->open)
		name.len--;
	if (name.len > PRICE_NAME_MAX || memchr(name.p, '*', name.len) != NULL)
		return err_set(e, ERR_INVALID,
		    "a model's name has at most %d bytes, and a * only at its "
		    "end",
		    PRICE_NAME_MAX);
	memcpy(r->name, name.p, name.len);
	r->len = name.len;
	if (money_parse(w[1], &p->input, e) == -1 ||
	    money_parse(w[2], &p->cache_write, e) == -1 ||
	    money_parse(w[3], &p->cache_read, e) == -1 ||
	    money_parse(w[4], &p->output, e) == -1 ||
	    price_tokens(w[5], &p->context, e) == -1 ||
	    price_tokens(w[6], &p->max_output, e) == -1)
		return -1;
	return 0;
}

int
prices_parse(
    struct prices *p, const char *name, struct view text, struct err *e)
{
	struct view line, w[PRICE_COLUMNS];
	unsigned number = 0;

	while (view_split(&text, '\n', &line)) {
		size_t n = price_words(line, w, PRICE_COLUMNS);
		struct price_row row;

		number++;
		if (n == 0)
			continue;
		if (n != PRICE_COLUMNS)
			return err_set(e, ERR_INVALID,
			    "%s:%u: expected a model and six numbers", name,
			    number);
		if (p->n == PRICE_ROWS_MAX)
			return err_set(e, ERR_LIMIT, "%s:%u: more than %d rows",
			    name, number, PRICE_ROWS_MAX);
		if (price_row_read(&row, w, e) == -1)
			return err_wrap(e, "%s:%u", name, number);
		p->rows = xrealloc(p->rows, (p->n + 1) * sizeof(row));
		p->rows[p->n++] = row;
	}
	return 0;
}

static const struct price_row *
prices_match(const struct prices *p, const char *model)
{
	const struct price_row *best = NULL;
	size_t len = strlen(model);

	for (size_t i = 0; i < p->n; i++) {
		const struct price_row *r = &p->rows[i];

		if ((r->open ? len < r->len : len != r->len) ||
		    memcmp(model, r->name, r->len) != 0)
			continue;
		if (best == NULL || r->len > best->len)
			best = r;
	}
	return best;
}

static void
price_raise(int64_t *a, int64_t b)
{
	if (b > *a)
		*a = b;
}

bool
prices_find(const struct prices *p, const char *model, struct price *out)
{
	const struct price_row *r = prices_match(p, model);
	const char *slash = strrchr(model, '/');

	if (r == NULL && slash != NULL)
		r = prices_match(p, slash + 1);
	if (r != NULL) {
		*out = r->price;
		return true;
	}
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < p->n; i++) {
		const struct price *x = &p->rows[i].price;

		price_raise(&out->input, x->input);
		price_raise(&out->cache_write, x->cache_write);
		price_raise(&out->cache_read, x->cache_read);
		price_raise(&out->output, x->output);
		price_raise(&out->context, x->context);
	}
	out->max_output = PRICE_UNKNOWN_OUTPUT;
	return false;
}

/* Rounded up: nothing is free but what costs nothing. */
static int64_t
price_part(int64_t tokens, int64_t price)
{
	if (tokens < 0 || tokens > PRICE_TOKENS_MAX)
		tokens = PRICE_TOKENS_MAX;
	return tokens / MONEY_MICROS * price +
	    (tokens % MONEY_MICROS * price + MONEY_MICROS - 1) / MONEY_MICROS;
}

/* As Anthropic has it; others tell of no such writes. */
static int64_t
price_long(const struct price *p)
{
	return p->cache_write > 2 * p->input ? p->cache_write : 2 * p->input;
}

int64_t
price_of(const struct price *p, const struct tokens *t)
{
	return price_part(t->input, p->input) +
	    price_part(t->cache_write, p->cache_write) +
	    price_part(t->cache_long, price_long(p)) +
	    price_part(t->cache_read, p->cache_read) +
	    price_part(t->output, p->output);
}
