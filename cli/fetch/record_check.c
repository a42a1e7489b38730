#include <stdio.h>
#include <string.h>

#include "cli/fetch/record.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

/* The parts of the text: what is signed, and the signature. */
static int
record_split(
    struct view text, struct view *what, char sig[SIGNED_HEX], struct err *e)
{
	const size_t mark = sizeof(RECORD_SIGNATURE) - 1;
	const size_t end = sizeof(RECORD_END) - 1, hex = SIGNED_HEX - 1;
	struct view tail;

	if (text.len < mark + hex + end || text.len > RECORD_MAX + 1024)
		return err_set(e, ERR_INVALID, "it has no signature");
	what->p = text.p;
	what->len = text.len - mark - hex - end;
	tail = view_from(text, what->len);
	if (!view_starts(tail, RECORD_SIGNATURE) ||
	    !view_ends(tail, RECORD_END))
		return err_set(e, ERR_INVALID, "it has no signature");
	(void)snprintf(sig, SIGNED_HEX, "%.*s", (int)hex, tail.p + mark);
	return 0;
}

struct json *
fetch_record_read(struct view text, struct err *e)
{
	AUTO_STR struct str what = STR_INIT_MAX(RECORD_MAX + 2048);
	char sig[SIGNED_HEX];
	struct view body;
	struct json *j;

	if (record_split(text, &body, sig, e) == -1)
		return NULL;
	if ((j = json_parse(text, RECORD_MAX + 1024, e)) == NULL)
		return NULL;
	str_add(&what, RECORD_DOMAIN);
	str_addv(&what, body);
	if (signed_check_by(
		json_str_or(j, "key", ""), str_view(&what), sig, e) == -1) {
		json_free(j);
		return NULL;
	}
	return j;
}
