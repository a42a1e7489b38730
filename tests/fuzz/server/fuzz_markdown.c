/* Markdown of a stranger: its tokens are ours, and the page is whole. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "server/text/md.h"
#include "server/web/markdown.h"
#include "server/web/web.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_page(struct view tokens)
{
	const struct web_markdown ctx = { .project = "a/b",
		.src = "/a/b/src/branch/main",
		.raw = "/a/b/raw/branch/main",
		.folder = "x" };
	struct web w = { .now = 0 };

	html_init(&w.h);
	web_markdown(&w, &ctx, tokens);
	if (!html_ok(&w.h) && str_ok(&w.h.out))
		abort();
	html_release(&w.h);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { (const char *)data, size };
	AUTO_STR struct str tokens = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	struct md_token t;
	int rc;

	if (size == 0)
		return 0;
	/* As tokens that a broken worker might send. */
	fuzz_page(text);
	if (size > 4096 || md_parse(text, &tokens, &e) == -1)
		return 0;
	rest = str_view(&tokens);
	while ((rc = md_next(&rest, &t)) == 1)
		;
	if (rc != 0)
		abort();
	fuzz_page(str_view(&tokens));
	return 0;
}
