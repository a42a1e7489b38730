#include "cli/fetch/excerpt.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/view.h"

struct excerpt_row {
	size_t at, len, kind;
	bool shown;
};

void
excerpt_init(struct excerpt *x, const struct excerpt_kind *kinds)
{
	*x = (struct excerpt){ .kinds = kinds,
		.text = STR_INIT_MAX(EXCERPT_TEXT_MAX) };
}

void
excerpt_release(struct excerpt *x)
{
	str_release(&x->text);
	free(x->rows);
	x->rows = NULL;
	x->n = x->cap = 0;
}

void
excerpt_row(struct excerpt *x, size_t kind)
{
	/* One that was cut in the middle would pass for a whole one. */
	if (!str_ok(&x->text)) {
		x->left[kind]++;
		return;
	}
	if (x->n == x->cap) {
		x->cap = x->cap == 0 ? 64 : 2 * x->cap;
		x->rows = xrealloc(x->rows, x->cap * sizeof(*x->rows));
	}
	x->rows[x->n++] = (struct excerpt_row){
		.at = x->begun, .len = x->text.len - x->begun, .kind = kind
	};
	x->begun = x->text.len;
}

/* As many as fit, from one end; what was taken already counts. */
static void
excerpt_take(
    struct excerpt *x, size_t kind, bool newest, size_t room, size_t *used)
{
	for (size_t i = 0; i < x->n; i++) {
		struct excerpt_row *r = &x->rows[newest ? x->n - 1 - i : i];

		if (r->kind != kind || r->shown)
			continue;
		if (*used > 0 && r->len > room - (*used < room ? *used : room))
			return;
		r->shown = true;
		*used += r->len;
	}
}

static void
excerpt_choose(struct excerpt *x, size_t kind)
{
	const size_t room = x->kinds[kind].room;
	size_t all = 0, used = 0;

	for (size_t i = 0; i < x->n; i++)
		all += x->rows[i].kind == kind ? x->rows[i].len : 0;
	excerpt_take(x, kind, true, all > room ? room / 2 : room, &used);
	if (all > room)
		excerpt_take(x, kind, false, room, &used);
}

void
excerpt_end(struct excerpt *x, struct str *out)
{
	bool said[EXCERPT_KINDS] = { false };

	for (size_t k = 0; k < EXCERPT_KINDS && x->kinds[k].what != NULL; k++)
		excerpt_choose(x, k);
	for (size_t i = 0; i < x->n; i++)
		x->left[x->rows[i].kind] += x->rows[i].shown ? 0 : 1;
	for (size_t i = 0; i < x->n; i++) {
		const struct excerpt_row *r = &x->rows[i];

		if (r->shown) {
			str_addn(out, x->text.p + r->at, r->len);
		} else if (!said[r->kind]) {
			str_addf(out, "  (%zu %s that are not shown)\n",
			    x->left[r->kind], x->kinds[r->kind].what);
			said[r->kind] = true;
		}
	}
	for (size_t k = 0; k < EXCERPT_KINDS && x->kinds[k].what != NULL; k++)
		if (x->left[k] > 0 && !said[k])
			str_addf(out, "  (%zu %s that are not shown)\n",
			    x->left[k], x->kinds[k].what);
}
