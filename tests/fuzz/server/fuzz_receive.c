/* The head of a push, and what is said when it is refused. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/receive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const refs[] = { "refs/heads/main" };
	const struct push_rules rules = { .who = PUSH_MAINTAINER,
		.default_branch = "main",
		.refs = refs,
		.n_refs = 1 };
	struct receive_head h = { .c = NULL };
	struct err e = ERR_INIT;
	AUTO_STR struct str out = STR_INIT;
	struct push_verdict *v;
	uint32_t objects;
	long head;

	head = receive_head_get(
	    (struct view){ .p = (const char *)data, .len = size }, &h, &e);
	if (head <= 0) {
		receive_failure(&out, &h, "no");
		receive_head_release(&h);
		return 0;
	}
	if (receive_has_pack(&h))
		(void)receive_pack_get(
		    view_from(
			(struct view){ .p = (const char *)data, .len = size },
			(size_t)head),
		    &objects, &e);
	v = xcalloc(h.n + 1, sizeof(*v));
	(void)push_policy_judge(&rules, h.c, h.n, v);
	receive_refusal(&out, &h, v);
	receive_verdicts(&out, &h, v);
	receive_intents(&out, &h, v, 1, 2);
	receive_failure(&out, &h, "no");
	free(v);
	receive_head_release(&h);
	return 0;
}
