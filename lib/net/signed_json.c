#include "lib/net/signed_json.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

static const char signed_mark[] = ",\"signature\":\"";
static const char signed_end[] = "\"}\n";

int
signed_json_end(
    struct jw *w, const char *path, const char *domain, struct err *e)
{
	char key[SIGNED_KEY_HEX], sig[SIGNED_HEX];
	struct str *text = w->out;
	AUTO_STR struct str what = STR_INIT_MAX(text->max + 256);

	if (signed_by(path, key, e) == -1)
		return -1;
	jw_str(w, "key", key);
	jw_end(w);
	if (!str_ok(text))
		return err_set(e, ERR_LIMIT, "it is too large");
	text->p[--text->len] = '\0'; /* the brace */
	str_add(&what, domain);
	str_addv(&what, str_view(text));
	if (!str_ok(&what) ||
	    signed_make_by(path, str_view(&what), sig, e) == -1)
		return str_ok(&what) ? -1
				     : err_set(e, ERR_LIMIT, "it is too large");
	str_addf(text, "%s%s%s", signed_mark, sig, signed_end);
	return str_ok(text) ? 0 : err_set(e, ERR_LIMIT, "it is too large");
}

/* The parts of the text: what is signed, and the signature. */
static int
signed_json_split(
    struct view text, struct view *what, char sig[SIGNED_HEX], struct err *e)
{
	const size_t mark = sizeof(signed_mark) - 1;
	const size_t end = sizeof(signed_end) - 1, hex = SIGNED_HEX - 1;
	struct view tail;

	if (text.len < mark + hex + end)
		return err_set(e, ERR_INVALID, "it has no signature");
	what->p = text.p;
	what->len = text.len - mark - hex - end;
	tail = view_from(text, what->len);
	if (!view_starts(tail, signed_mark) || !view_ends(tail, signed_end))
		return err_set(e, ERR_INVALID, "it has no signature");
	(void)snprintf(sig, SIGNED_HEX, "%.*s", (int)hex, tail.p + mark);
	return 0;
}

struct json *
signed_json_read(
    struct view text, const char *domain, size_t max, struct err *e)
{
	AUTO_STR struct str what = STR_INIT_MAX(max + 256);
	char sig[SIGNED_HEX];
	struct view body;
	struct json *j;

	if (text.len > max) {
		(void)err_set(e, ERR_LIMIT, "it is too large");
		return NULL;
	}
	if (signed_json_split(text, &body, sig, e) == -1 ||
	    (j = json_parse(text, max, e)) == NULL)
		return NULL;
	str_add(&what, domain);
	str_addv(&what, body);
	if (signed_check_by(
		json_str_or(j, "key", ""), str_view(&what), sig, e) == -1) {
		json_free(j);
		return NULL;
	}
	return j;
}
