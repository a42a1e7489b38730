#include "server/http/param.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"

int
param_i64(const char *name, const char *text, int64_t min, int64_t max,
    int64_t *out, struct err *e)
{
	struct err sub = ERR_INIT;

	if (text == NULL || *text == '\0')
		return 0;
	if (num_i64(text, min, max, out, &sub) == -1)
		return err_set(e, ERR_INVALID,
		    "%s: want a number from %" PRId64 " to %" PRId64, name, min,
		    max);
	return 0;
}

bool
param_bool(const char *text)
{
	return text != NULL &&
	    (strcmp(text, "1") == 0 || strcmp(text, "true") == 0 ||
		strcmp(text, "yes") == 0);
}

int
param_page(
    const char *page, const char *limit, struct param_page *out, struct err *e)
{
	int64_t p = 1, l = PARAM_LIMIT_DEFAULT;

	if (param_i64("page", page, INT32_MIN, PARAM_PAGE_MAX, &p, e) == -1 ||
	    param_i64("limit", limit, INT32_MIN, INT32_MAX, &l, e) == -1)
		return -1;
	if (p <= 0)
		p = 1;
	if (l <= 0)
		l = PARAM_LIMIT_DEFAULT;
	if (l > PARAM_LIMIT_MAX)
		l = PARAM_LIMIT_MAX;
	*out = (struct param_page){ (uint32_t)p, (uint32_t)l };
	return 0;
}

static void
param_link_add(struct str *out, const char *base, const char *filters,
    const struct param_page *p, int64_t page, const char *rel)
{
	str_addf(out, "%s<%s?page=%" PRId64 "&limit=%" PRIu32 "%s>; rel=\"%s\"",
	    out->len > 0 ? "," : "", base, page, p->limit, filters, rel);
}

void
param_link(struct str *out, const char *base, const char *filters,
    const struct param_page *p, int64_t total)
{
	int64_t last = (total + p->limit - 1) / p->limit;

	if (p->page < last) {
		param_link_add(
		    out, base, filters, p, (int64_t)p->page + 1, "next");
		param_link_add(out, base, filters, p, last, "last");
	}
	if (p->page > 1 && last > 0) {
		param_link_add(out, base, filters, p, 1, "first");
		param_link_add(out, base, filters, p,
		    p->page > last ? last : (int64_t)p->page - 1, "prev");
	}
}

int
param_range(const char *text, int64_t *from, int64_t *to, struct err *e)
{
	AUTO_FREE char *a = NULL;
	AUTO_FREE char *b = NULL;
	struct err sub = ERR_INIT;
	const char *dash, *slash;

	if (text != NULL && strncmp(text, "bytes ", 6) == 0) {
		text += 6;
		dash = strchr(text, '-');
		slash = strchr(text, '/');
		if (dash != NULL && slash != NULL && dash < slash &&
		    slash[1] != '\0') {
			a = xstrndup(text, (size_t)(dash - text));
			b = xstrndup(dash + 1, (size_t)(slash - dash) - 1);
			if (num_i64(a, 0, INT64_MAX - 1, from, &sub) == 0 &&
			    num_i64(b, *from, INT64_MAX - 1, to, &sub) == 0)
				return 0;
		}
	}
	return err_set(
	    e, ERR_INVALID, "Content-Range: want 'bytes FIRST-LAST/*'");
}
