#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"

enum {
	OUT_MAX = 1 << 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef int decode_fn(struct view v, struct str *out, struct err *e);
typedef void encode_fn(struct str *out, struct view v);

/* What decodes gives the same bytes after coding and decoding it again. */
static void
check_pair(struct view in, decode_fn *decode, encode_fn *encode)
{
	AUTO_STR struct str raw = STR_INIT_MAX(OUT_MAX);
	AUTO_STR struct str coded = STR_INIT_MAX((size_t)4 * OUT_MAX);
	AUTO_STR struct str again = STR_INIT_MAX(OUT_MAX);
	struct err e = ERR_INIT;

	if (decode(in, &raw, &e) == -1)
		return;
	encode(&coded, str_view(&raw));
	if (decode(str_view(&coded), &again, &e) == -1 ||
	    !view_eq(str_view(&raw), str_view(&again)))
		abort();
}

static void
check_clean(struct view in, encode_fn *encode, const char *forbidden)
{
	AUTO_STR struct str out = STR_INIT_MAX((size_t)8 * OUT_MAX);

	encode(&out, in);
	for (size_t i = 0; i < out.len; i++)
		if (out.p[i] != '\0' && strchr(forbidden, out.p[i]) != NULL)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view in = { .p = (const char *)data, .len = size };
	AUTO_STR struct str coded = STR_INIT_MAX(OUT_MAX);

	if (size > OUT_MAX / 8)
		return 0;
	check_pair(in, esc_url_decode, esc_url);
	check_pair(in, esc_form_decode, esc_url);
	check_pair(in, esc_base64_decode, esc_base64);
	check_clean(in, esc_html, "<>\"'");
	check_clean(in, esc_log, "\n\r\033");
	check_clean(in, esc_term, "\n\r\t\033\177");
	esc_shell(&coded, in);
	return 0;
}
