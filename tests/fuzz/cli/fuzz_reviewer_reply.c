#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/reviewer_reply.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
fuzz_shape(enum provider_shape shape, struct view v)
{
	struct reviewer_reply r;
	struct err e = ERR_INIT;

	/* Text is never empty, and an error is never text. */
	if (reviewer_reply_read(shape, v, 0, &r, &e) == 0 &&
	    (r.text.len == 0 || r.is_error))
		abort();
	reviewer_reply_release(&r);
}

/* No eight bytes of the key are left, and nothing else moves. */
static void
fuzz_key(struct view v)
{
	static char key[] = "a1ca1ca1d-k3y-1b2c";
	const struct reviewer r = { .key = key };
	const struct reviewer_session s = { .r = &r };
	char *text = malloc(v.len + 1);

	if (text == NULL)
		return;
	memcpy(text, v.len == 0 ? "" : v.p, v.len);
	text[v.len] = '\0';
	reviewer_hide_key(&s, text, v.len);
	for (size_t i = 0; i < v.len; i++)
		if (text[i] != v.p[i] && text[i] != '*')
			abort();
	for (size_t k = 0; k + 8 < sizeof(key); k++)
		for (size_t i = 0; i + 8 <= v.len; i++)
			if (strncasecmp(text + i, key + k, 8) == 0)
				abort();
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum provider_shape shapes[] = { PROVIDER_MESSAGES,
		PROVIDER_CHAT, PROVIDER_RESPONSES, PROVIDER_OLLAMA };
	static const enum provider_context wheres[] = { PROVIDER_CONTEXT_PROPS,
		PROVIDER_CONTEXT_MODELS, PROVIDER_CONTEXT_SHOW };
	const struct view v = { (const char *)data, size };
	struct reviewer_fault f;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
		fuzz_shape(shapes[i], v);
	for (size_t i = 0; i < sizeof(wheres) / sizeof(wheres[0]); i++)
		if (reviewer_read_context(wheres[i], "m", v) < 0)
			abort();
	fuzz_key(v);
	reviewer_fault_read(400, v, &f);
	if (f.status != 400 ||
	    strnlen(f.message, sizeof(f.message)) == sizeof(f.message))
		abort();
	return 0;
}
