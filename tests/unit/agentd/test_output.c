#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/command/output.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static void
the_last_block_of_json_is_the_one(void **state)
{
	static const struct {
		const char *answer, *json, *rest; /* NULL: none */
	} rows[] = {
		{ "no block", NULL, NULL },
		{ "```json\n{}\n", NULL, NULL },
		{ "```\n{}\n```\n", NULL, NULL },
		{ "A\n```json\n{\"a\":1}\n```", "{\"a\":1}\n", "A\n" },
		{ "A\n```json\n1\n```\nB\n```json\n2\n```\nC", "2\n",
		    "A\n```json\n1\n```\nB\n" },
		{ "```sh\n```\n```json\n3\n```\n", "3\n", "```sh\n```\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view json, rest;
		const bool found = output_block(
		    view_of(rows[i].answer), &json, &rest);

		if (found != (rows[i].json != NULL) ||
		    (found &&
			(!view_is(json, rows[i].json) ||
			    !view_is(rest, rows[i].rest))))
			fail_msg("row %zu", i);
	}
}

static void
a_review_is_taken_without_what_is_no_text(void **state)
{
	AUTO_STR struct str summary = STR_INIT, list = STR_INIT;
	struct err e = ERR_INIT;
	size_t left;

	(void)state;
	assert_int_equal(
	    output_review(
		view_of("{\"summary\":\" ok\\u001b[2J \",\"comments\":[{"
			"\"path\":\"a/b.c\",\"line\":3,\"severity\":\"P1\","
			"\"body\":\"x\\u0007y\",\"confidence\":1}]}"),
		&summary, &list, &left, &e),
	    0);
	assert_string_equal(str_cstr(&summary), "ok[2J");
	assert_string_equal(str_cstr(&list),
	    "[{\"path\":\"a/b.c\",\"line\":3,\"side\":\"new\","
	    "\"body\":\"**P1** xy\"}]");
	assert_int_equal(left, 0);
}

static void
a_wrong_review_says_which_comment(void **state)
{
	static const char *const rows[][2] = {
		{ "[]", "want an object" },
		{ "{\"comments\":{}}", "comments: want a list" },
		{ "{\"comments\":[{\"line\":1,\"body\":\"b\"}]}",
		    "comments[0].path" },
		{ "{\"comments\":[{\"path\":\"/etc\",\"line\":1,"
		  "\"body\":\"b\"}]}",
		    "comments[0].path" },
		{ "{\"comments\":[{\"path\":\"a\\n\",\"line\":1,"
		  "\"body\":\"b\"}]}",
		    "comments[0].path" },
		{ "{\"comments\":[{\"path\":\"a\",\"line\":1,\"body\":\"b\"},"
		  "{\"path\":\"a\",\"line\":0,\"body\":\"b\"}]}",
		    "comments[1].line" },
		{ "{\"comments\":[{\"path\":\"a\",\"line\":1,\"side\":\"x\","
		  "\"body\":\"b\"}]}",
		    "comments[0].side" },
		{ "{\"comments\":[{\"path\":\"a\",\"line\":1,\"body\":\" \"}]}",
		    "comments[0].body" },
		{ "{\"comments\":[{\"path\":\"a\",\"line\":1,"
		  "\"severity\":\"P1\",\"body\":\"\\u0001 \"}]}",
		    "comments[0].body" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STR struct str summary = STR_INIT, list = STR_INIT;
		struct err e = ERR_INIT;
		size_t left;

		assert_int_equal(output_review(view_of(rows[i][0]), &summary,
				     &list, &left, &e),
		    -1);
		if (strstr(e.msg, rows[i][1]) == NULL)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
too_many_comments_are_counted(void **state)
{
	AUTO_STR struct str all = STR_INIT, summary = STR_INIT, list = STR_INIT;
	struct err e = ERR_INIT;
	size_t left;

	(void)state;
	str_add(&all, "{\"comments\":[");
	for (int i = 0; i < OUTPUT_COMMENTS_MAX + 7; i++)
		str_addf(&all, "%s{\"path\":\"a\",\"line\":1,\"body\":\"b\"}",
		    i > 0 ? "," : "");
	str_add(&all, "]}");
	assert_int_equal(
	    output_review(str_view(&all), &summary, &list, &left, &e), 0);
	assert_int_equal(left, 7);
}

static void
a_value_has_to_fit(void **state)
{
	static const char
	    schema[] = "{\"type\":\"object\",\"required\":[\"ok\"]}";
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    output_value(view_of("{ \"ok\": true }\n"), schema, &out, &e), 0);
	assert_string_equal(str_cstr(&out), "{\"ok\":true}");
	assert_int_equal(output_value(view_of("{}"), schema, &out, &e), -1);
	assert_string_equal(e.msg, "$.ok: is missing");
	assert_int_equal(output_value(view_of("{"), schema, &out, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_block_of_json_is_the_one),
		cmocka_unit_test(a_review_is_taken_without_what_is_no_text),
		cmocka_unit_test(a_wrong_review_says_which_comment),
		cmocka_unit_test(too_many_comments_are_counted),
		cmocka_unit_test(a_value_has_to_fit),
	};

	return cmocka_run_group_tests_name("output", tests, NULL, NULL);
}
