#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/command/schema.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

static const char schema_text
    [] = "{\"type\":\"object\",\"required\":[\"name\"],"
	 "\"additionalProperties\":false,\"properties\":{"
	 "\"name\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":3},"
	 "\"level\":{\"enum\":[\"low\",2,null]},"
	 "\"at\":{\"type\":[\"integer\",\"null\"],\"minimum\":1,\"maximum\":9},"
	 "\"list\":{\"type\":\"array\",\"maxItems\":2,"
	 "\"items\":{\"type\":\"boolean\"}}}}";

static void
a_value_is_judged_with_its_place(void **state)
{
	static const struct {
		const char *value, *message; /* NULL: it fits */
	} rows[] = {
		{ "{\"name\":\"abc\"}", NULL },
		{ "{\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}", NULL },
		{ "{\"name\":\"a\",\"level\":2,\"at\":null,\"list\":[true]}",
		    NULL },
		{ "[]", "$: want object" },
		{ "{}", "$.name: is missing" },
		{ "{\"name\":\"\"}", "$.name: is too short" },
		{ "{\"name\":\"abcd\"}", "$.name: is too long" },
		{ "{\"name\":1}", "$.name: want string" },
		{ "{\"name\":\"a\",\"x\\n\":1}", "$.x<U+000A>: is not known" },
		{ "{\"name\":\"a\",\"level\":\"no\"}", "$.level: is none" },
		{ "{\"name\":\"a\",\"level\":[]}", "$.level: is none" },
		{ "{\"name\":\"a\",\"at\":1.5}", "$.at: want integer or null" },
		{ "{\"name\":\"a\",\"at\":0}", "$.at: is too small" },
		{ "{\"name\":\"a\",\"at\":10}", "$.at: is too large" },
		{ "{\"name\":\"a\",\"list\":[true,1]}", "$.list[1]: want" },
		{ "{\"name\":\"a\",\"list\":[true,true,true]}",
		    "$.list: is too long" },
	};
	struct err e = ERR_INIT;
	struct json *schema = json_parse(view_of(schema_text), 0, &e);

	(void)state;
	assert_non_null(schema);
	assert_int_equal(schema_check(schema, &e), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *v = json_parse(view_of(rows[i].value), 0, &e);
		struct err bad = ERR_INIT;
		int rc;

		assert_non_null(v);
		rc = schema_judge(schema, v, &bad);
		json_free(v);
		if (rc != (rows[i].message == NULL ? 0 : -1) ||
		    (rc == -1 && strstr(bad.msg, rows[i].message) == NULL))
			fail_msg("row %zu: %d %s", i, rc, bad.msg);
	}
	json_free(schema);
}

static void
a_schema_that_says_what_is_not_checked_is_refused(void **state)
{
	static const char *const bad[] = { "[]", "{\"$ref\":\"#\"}",
		"{\"type\":\"text\"}", "{\"type\":[]}", "{\"items\":true}",
		"{\"properties\":{\"a\":{\"oneOf\":[]}}}", "{\"enum\":[{}]}",
		"{\"enum\":[]}", "{\"required\":[1]}", "{\"minItems\":-1}",
		"{\"minimum\":\"1\"}", "{\"additionalProperties\":{}}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		struct json *j = json_parse(view_of(bad[i]), 0, &e);

		assert_non_null(j);
		if (schema_check(j, &e) != -1 || e.code != ERR_INVALID)
			fail_msg("%s", bad[i]);
		json_free(j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_is_judged_with_its_place),
		cmocka_unit_test(
		    a_schema_that_says_what_is_not_checked_is_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
