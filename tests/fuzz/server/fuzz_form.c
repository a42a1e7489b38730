/* What a stranger's browser sends to the pages: forms, cookies, origins; and
 * any text as HTML, which must not hold a tag of its own. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "server/http/cookie.h"
#include "server/http/origin.h"
#include "server/web/form.h"
#include "server/web/html.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_html(const char *text)
{
	struct html h;
	const char *p;

	html_init(&h);
	HTML_TAG(&h, "p");
	HTML_ATTR(&h, "title", text);
	html_text(&h, text);
	html_shown(&h, text);
	html_end(&h);
	if (html_ok(&h)) {
		p = strchr(str_cstr(&h.out), '\n') + 1;
		if (!utf8_valid(view_of(p)) || strncmp(p, "<p ", 3) != 0 ||
		    strchr(p + 1, '<') != strrchr(p, '<'))
			abort();
	}
	html_release(&h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = xstrndup((const char *)data, size);
	struct err e = ERR_INIT;
	struct form f;
	struct view v;

	if (form_parse((struct view){ (const char *)data, size }, &f, &e) ==
	    0) {
		(void)form_get(&f, "form");
		form_release(&f);
	}
	if (cookie_find(text, "coffer_session", &v) &&
	    (v.p < text || v.p + v.len > text + strlen(text)))
		abort();
	(void)origin_ok(text, "localhost:3000", "http://127.0.0.1:3000");
	(void)origin_ok(text, text, "https://coffer.example");
	if (form_next_ok(text) && (text[0] != '/' || text[1] == '/'))
		abort();
	fuzz_html(text);
	return 0;
}
