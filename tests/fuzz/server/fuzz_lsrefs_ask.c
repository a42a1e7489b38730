/* What a client sends as a question for refs, and the answer to it; the same
 * bytes as a worker's list and as an advertisement to learn from. */
#include <stdint.h>
#include <stdlib.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/git/ref_snapshot.h"
#include "server/githttp/lsrefs.h"
#include "server/githttp/refs_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char
    list[] = "0123456789012345678901234567890123456789 refs/heads/main\n"
	     "0123456789012345678901234567890123456789 refs/tags/v1 "
	     "1123456789012345678901234567890123456789\n";

static struct ref_snapshot *
fuzz_snapshot(struct view raw, size_t work, struct ref_budget *b)
{
	AUTO_STR struct str text = STR_INIT;
	struct git_result r = { .raw = raw };
	struct ref_snapshot *s;
	struct json *j;
	struct err e = ERR_INIT;

	str_addf(&text,
	    "{\"work_bytes\":%zu,\"stamp\":\"1\",\"settled\":true,"
	    "\"work\":{\"odd\":false,\"target\":\"refs/heads/main\"}}",
	    work);
	j = json_parse(str_view(&text), 0, &e);
	r.j = j;
	s = refsnap_new(&r, b, &e);
	json_free(j);
	return s;
}

static void
fuzz_answer(const struct ref_snapshot *s, struct view v)
{
	AUTO_STR struct str out = STR_INIT;
	struct refs_caps caps = { .before = NULL };
	struct lsrefs ask;

	if (s == NULL)
		return;
	(void)lsrefs_begins(v);
	if (lsrefs_parse(v, &ask)) {
		refs_answer_ls(&out, s, REF_SIDE_WORK, &ask);
		refs_answer_ls(&out, s, REF_SIDE_UPSTREAM, &ask);
		lsrefs_release(&ask);
	}
	refs_caps_learn(&caps, GIT_UPLOAD_PACK, v);
	if (caps.before != NULL)
		refs_answer_upload(&out, s, REF_SIDE_WORK, &caps, 1);
	refs_caps_release(&caps);
	refs_caps_learn(&caps, GIT_RECEIVE_PACK, v);
	if (caps.before != NULL)
		refs_answer_receive(&out, s, &caps);
	refs_caps_release(&caps);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view v = { .p = (const char *)data, .len = size };
	struct ref_budget *b = refbudget_new();
	struct ref_snapshot *s = fuzz_snapshot(VIEW_LIT(list), 57, b);

	fuzz_answer(s, v);
	refsnap_unref(s);
	s = fuzz_snapshot(v, size, b);
	fuzz_answer(s, VIEW_LIT("0014command=ls-refs\n0000"));
	refsnap_unref(s);
	s = fuzz_snapshot(v, size / 2, b);
	refsnap_unref(s);
	if (b->bytes != 0)
		abort();
	refbudget_unref(b);
	return 0;
}
