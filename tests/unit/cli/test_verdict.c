#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/fetch/fetch.h"
#include "cli/reviewer/verdict.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#define ECHO                                                       \
	"\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\"," \
	"\"receipt\":\"end\",\"files_reviewed\":[7,2],"            \
	"\"instructions_found\":[]"
#define OK "{" ECHO ",\"findings\":[],\"verdict\":\"ok\"}"

static int
verdict_of(const char *text, struct findings *f)
{
	static const struct chunk_text texts[] = { { 2, "src/a.c" },
		{ 7, "b" } };
	const struct verdict_want want = { .nonce = "abc",
		.sha = "55aa",
		.receipt = "end",
		.chunk = 3,
		.texts = texts,
		.n = 2 };
	struct err e = ERR_INIT;

	return verdict_read(view_of(text), &want, f, &e);
}

static void
an_exact_answer_is_taken(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(verdict_of(OK, &f), 0);
	assert_int_equal(f.n, 0);
	assert_int_equal(verdict_of("<think>{\"a\":1}</think>\n" OK, &f), 0);
	assert_int_equal(
	    verdict_of("```json\n{" ECHO
		       ",\"verdict\":\"ok\",\"findings\":[{\"file\":2,"
		       "\"line\":4,\"severity\":\"ask\",\"message\":\"m\"}]}"
		       "\n```",
		&f),
	    0);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].file, "src/a.c");
	assert_int_equal(findings_worst(&f), FINDING_ASK);
	findings_release(&f);
}

static void
the_same_place_is_told_of_once(void **state)
{
	static const char
	    text[] = "{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":0,"
		     "\"line\":0,\"severity\":\"note\",\"message\":\"m\"}]}";
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(verdict_of(text, &f), 0);
	assert_int_equal(verdict_of(text, &f), 0);
	assert_int_equal(f.n, 1);
	assert_string_equal(f.list[0].file, "");
	findings_release(&f);
}

static void
a_no_without_a_finding_blocks(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(
	    verdict_of("{" ECHO ",\"findings\":[],\"verdict\":\"block\"}", &f),
	    0);
	assert_int_equal(findings_worst(&f), FINDING_BLOCK);
	findings_release(&f);
}

static void
an_ok_does_not_lower_its_own_finding(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(
	    verdict_of("{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":7,"
		       "\"line\":4,\"severity\":\"block\",\"message\":\"m\"}]}",
		&f),
	    0);
	assert_int_equal(findings_worst(&f), FINDING_BLOCK);
	findings_release(&f);
}

static void
instructions_to_the_reviewer_block(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(
	    verdict_of(
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7],"
		"\"instructions_found\":[7],\"findings\":[],"
		"\"verdict\":\"ok\"}",
		&f),
	    0);
	assert_int_equal(findings_worst(&f), FINDING_BLOCK);
	assert_string_equal(f.list[0].file, "b");
	findings_release(&f);
}

static void
anything_else_is_no_verdict(void **state)
{
	static const char tail[] = ",\"instructions_found\":[],\"findings\":[],"
				   "\"verdict\":\"ok\"}";
	static const char *const heads[] = {
		/* another mark, chunk, hash, receipt; files too few, too many,
		 * twice the same, as text */
		"{\"nonce\":\"abd\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7]",
		"{\"nonce\":\"abc\",\"chunk\":4,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55ab\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"\",\"files_reviewed\":[2,7]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7,8]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,2]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,\"7\"]",
		"{\"nonce\":\"abc\",\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7],\"apply\":1",
		"{\"chunk\":3,\"chunk_sha256\":\"55aa\","
		"\"receipt\":\"end\",\"files_reviewed\":[2,7]"
	};
	static const char *const bad[] = { "", "Looks good!", "[]", "null",
		OK " and more",
		"{" ECHO ",\"findings\":[],\"verdict\":\"fine\"}",
		"{" ECHO ",\"findings\":{},\"verdict\":\"ok\"}",
		"{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":2,"
		"\"line\":1,\"severity\":\"mild\",\"message\":\"\"}]}",
		"{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":3,"
		"\"line\":1,\"severity\":\"note\",\"message\":\"\"}]}",
		"{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":\"a\","
		"\"line\":1,\"severity\":\"note\",\"message\":\"\"}]}",
		"{" ECHO ",\"verdict\":\"ok\",\"findings\":[{\"file\":2,"
		"\"line\":1,\"severity\":\"block\",\"message\":\"\"},7]}" };
	struct findings f = { .list = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char text[600];

		(void)snprintf(text, sizeof(text), "%s%s", heads[i], tail);
		assert_int_equal(verdict_of(text, &f), -1);
		assert_int_equal(f.n, 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(verdict_of(bad[i], &f), -1);
		assert_int_equal(f.n, 0);
	}
}

static void
what_cannot_be_kept_is_no_verdict(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	for (int i = 0; i < FINDING_MAX; i++)
		finding_add_review(&f, FINDING_NOTE, "", 0, "x");
	assert_int_equal(
	    verdict_of("{" ECHO ",\"findings\":[],\"verdict\":\"block\"}", &f),
	    -1);
	findings_release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exact_answer_is_taken),
		cmocka_unit_test(the_same_place_is_told_of_once),
		cmocka_unit_test(a_no_without_a_finding_blocks),
		cmocka_unit_test(an_ok_does_not_lower_its_own_finding),
		cmocka_unit_test(instructions_to_the_reviewer_block),
		cmocka_unit_test(anything_else_is_no_verdict),
		cmocka_unit_test(what_cannot_be_kept_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
