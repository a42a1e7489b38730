#include "server/domain/search_query.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/base/view.h"

struct search_term {
	struct view text;
	bool exclude;
};

static bool
search_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* A letter or digit as the index's tokenizer sees it; of other scripts all
 * counts. */
static bool
search_has_word(struct view v)
{
	for (size_t i = 0; i < v.len; i++) {
		unsigned char c = (unsigned char)v.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') || c >= 0x80)
			return true;
	}
	return false;
}

/* The next term; false at the end. */
static bool
search_next(struct view *rest, struct search_term *x)
{
	size_t i = 0, end;

	*x = (struct search_term){ .exclude = false };
	while (i < rest->len && search_is_space(rest->p[i]))
		i++;
	if (i == rest->len)
		return false;
	if (rest->p[i] == '-') {
		x->exclude = true;
		i++;
	}
	if (i < rest->len && rest->p[i] == '"') {
		for (end = ++i; end < rest->len && rest->p[end] != '"'; end++)
			continue;
		x->text = (struct view){ rest->p + i, end - i };
		*rest = view_from(*rest, end < rest->len ? end + 1 : end);
		return true;
	}
	for (end = i; end < rest->len && !search_is_space(rest->p[end]) &&
	     rest->p[end] != '"';
	     end++)
		continue;
	x->text = (struct view){ rest->p + i, end - i };
	*rest = view_from(*rest, end);
	return true;
}

/* Quoted: in there only the quote itself means something. */
static void
search_put(struct str *out, const struct search_term *x)
{
	str_addc(out, '"');
	for (size_t i = 0; i < x->text.len; i++)
		if (x->text.p[i] != '"' && x->text.p[i] != '\0')
			str_addc(out, x->text.p[i]);
	str_addc(out, '"');
}

int
search_query(struct str *out, const char *q, struct err *e)
{
	AUTO_STR struct str want = STR_INIT;
	AUTO_STR struct str not = STR_INIT;
	struct view rest = view_of(q);
	struct search_term x;
	size_t terms = 0;

	if (rest.len > SEARCH_QUERY_MAX)
		return err_set(
		    e, ERR_INVALID, "q: over %d bytes", SEARCH_QUERY_MAX);
	if (!utf8_valid(rest))
		return err_set(e, ERR_INVALID, "q: not UTF-8");
	while (search_next(&rest, &x)) {
		struct str *to = x.exclude ? &not : &want;

		if (!search_has_word(x.text))
			continue;
		if (++terms > SEARCH_TERMS_MAX)
			return err_set(e, ERR_INVALID, "q: over %d words",
			    SEARCH_TERMS_MAX);
		if (to->len > 0)
			str_add(to, x.exclude ? " OR " : " AND ");
		search_put(to, &x);
	}
	if (terms == 0)
		return 1;
	if (want.len == 0)
		return err_set(e, ERR_INVALID, "q: want a word without '-'");
	str_addf(out, "(%s)", str_cstr(&want));
	if (not .len > 0)
		str_addf(out, " NOT (%s)", str_cstr(&not ));
	return 0;
}
