#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static struct json *
parse(const char *text, struct err *e)
{
	return json_parse(view_of(text), 0, e);
}

static void
good_documents_are_taken(void **state)
{
	static const char *const good[] = { "{}", "[]", " {\"a\" : 1 } \r\n",
		"null", "true", "-0", "-1.5e+10", "\"\\u00e9\\ud83d\\ude00\"",
		"[1,[2,[3]],{\"a\":{\"a\":{}}}]", "\"\xc3\xa9\"", "0.1",
		"[[],{},\"\"]" };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct json *j = parse(good[i], &e);

		if (j == NULL)
			fail_msg("%s: %s", good[i], e.msg);
		json_free(j);
	}
}

static void
bad_documents_are_refused(void **state)
{
	static const char *const bad[] = { "", " ", "{", "}", "[1,]", "{,}",
		"{\"a\":1,}", "{\"a\"}", "{a:1}", "[1 2]", "01", "1.", ".5",
		"+1", "1e", "--1", "0x1", "NaN", "Infinity", "tru", "nulll",
		"\"", "\"\\x\"", "\"\\u12\"", "\"\\u0000\"", "\"\\ud800\"",
		"\"\\ud800\\u0041\"", "\"\\udc00\"", "\"\t\"", "\"\x80\"",
		"\xef\xbb\xbf{}", "{} {}", "[1]x", "/**/1", "'a'",
		"{\"a\":1,\"a\":2}", "[1}", "{\"a\":1]" };
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		e = ERR_INIT;
		if (parse(bad[i], &e) != NULL)
			fail_msg("%s was taken", bad[i]);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void
an_embedded_nul_is_refused(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	assert_null(json_parse(VIEW_LIT("\"a\0b\""), 0, &e));
	assert_null(json_parse(VIEW_LIT("1\0"), 0, &e));
}

static void
the_same_key_below_the_top_is_the_first(void **state)
{
	struct err e = ERR_INIT;
	struct json *j = parse("{\"o\":{\"a\":1,\"a\":2}}", &e);

	(void)state;
	assert_non_null(j);
	assert_int_equal(json_i64_or(json_get(j, "o"), "a", 0), 1);
	json_free(j);
}

static void
a_number_may_have_a_fraction(void **state)
{
	struct err e = ERR_INIT;
	struct json *j = parse("{\"a\":0.25,\"b\":\"0.25\",\"c\":3}", &e);

	(void)state;
	assert_non_null(j);
	assert_true(json_f64_or(j, "a", -1) == 0.25);
	assert_true(json_f64_or(j, "b", -1) == -1);
	assert_true(json_f64_or(j, "c", -1) == 3);
	assert_true(json_f64_or(j, "d", -1) == -1);
	json_free(j);
}

static void
limits_are_checked_first(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;

	(void)state;
	assert_null(json_parse(VIEW_LIT("[1,2,3]"), 6, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	for (int i = 0; i < JSON_MAX_DEPTH; i++)
		str_addc(&s, '[');
	for (int i = 0; i < JSON_MAX_DEPTH; i++)
		str_addc(&s, ']');
	j = json_parse(str_view(&s), 0, &e);
	assert_non_null(j);
	json_free(j);
	str_reset(&s);
	for (int i = 0; i < 100000; i++)
		str_addc(&s, '[');
	e = ERR_INIT;
	assert_null(json_parse(str_view(&s), 0, &e));
	assert_int_equal(e.code, ERR_LIMIT);
	str_reset(&s);
	str_addc(&s, '[');
	for (int i = 0; i < JSON_MAX_VALUES; i++)
		str_add(&s, "0,");
	str_add(&s, "0]");
	e = ERR_INIT;
	assert_null(json_parse(str_view(&s), 0, &e));
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
values_come_with_a_verdict(void **state)
{
	struct err e = ERR_INIT;
	struct json *j = parse("{\"s\":\"text\",\"n\":42,\"b\":true,\"x\":null,"
			       "\"big\":9007199254740993e3,\"f\":1.5,"
			       "\"l\":[1,\"two\",3]}",
	    &e);
	const char *s = "before";
	int64_t n = -7;
	bool b = false;

	(void)state;
	assert_non_null(j);
	assert_int_equal(json_str(j, "s", 10, &s, &e), 0);
	assert_string_equal(s, "text");
	assert_int_equal(json_str(j, "s", 3, &s, &e), -1);
	assert_int_equal(json_str(j, "n", 10, &s, &e), -1);
	assert_string_equal(e.msg, "n: must be a string");
	assert_int_equal(json_str(j, "x", 10, &s, &e), 1);
	assert_int_equal(json_str(j, "none", 10, &s, &e), 1);
	assert_int_equal(json_i64(j, "n", 0, 100, &n, &e), 0);
	assert_int_equal(n, 42);
	assert_int_equal(json_i64(j, "n", 0, 41, &n, &e), -1);
	assert_int_equal(json_i64(j, "f", 0, 100, &n, &e), -1);
	assert_int_equal(json_i64(j, "big", 0, INT64_MAX, &n, &e), -1);
	assert_int_equal(json_i64(j, "s", 0, 100, &n, &e), -1);
	assert_int_equal(json_bool(j, "b", &b, &e), 0);
	assert_true(b);
	assert_int_equal(json_bool(j, "n", &b, &e), -1);
	assert_true(json_is_null(json_get(j, "x")));
	assert_false(json_is_null(json_get(j, "none")));
	assert_int_equal(json_count(json_get(j, "l")), 3);
	assert_string_equal(json_string(json_at(json_get(j, "l"), 1)), "two");
	assert_int_equal(json_integer(json_at(json_get(j, "l"), 2), 0), 3);
	assert_null(json_at(json_get(j, "l"), 3));
	assert_null(json_get(json_get(NULL, "a"), "b"));
	assert_string_equal(json_key(json_first(j)), "s");
	json_free(j);
}

static void
what_is_written_can_be_read(void **state)
{
	AUTO_STR struct str out = STR_INIT, again = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;
	struct jw w;

	(void)state;
	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_str(&w, "q\"\\", "a\nb\x01\"\\/");
	jw_view(&w, "bad", VIEW_LIT("x\xff\xc3y\0\xc3\xa9"));
	jw_i64(&w, "min", INT64_MIN);
	jw_u64(&w, "max", UINT64_MAX);
	jw_bool(&w, "t", true);
	jw_str(&w, "nil", NULL);
	jw_time(&w, "never", 0);
	jw_time(&w, "at", 1769850300000);
	jw_array(&w, "l");
	jw_i64(&w, NULL, 0);
	jw_object(&w, NULL);
	jw_end(&w);
	jw_raw(&w, NULL, VIEW_LIT("{\"r\":1}"));
	jw_end(&w);
	jw_end(&w);
	assert_string_equal(str_cstr(&out),
	    "{\"q\\\"\\\\\":\"a\\nb\\u0001\\\"\\\\/\","
	    "\"bad\":\"x\xef\xbf\xbd\xef\xbf\xbdy\xef\xbf\xbd\xc3\xa9\","
	    "\"min\":-9223372036854775808,\"max\":18446744073709551615,"
	    "\"t\":true,\"nil\":null,\"never\":null,"
	    "\"at\":\"2026-01-31T09:05:00Z\",\"l\":[0,{},{\"r\":1}]}");
	j = parse(str_cstr(&out), &e);
	assert_non_null(j);
	assert_string_equal(json_str_or(j, "q\"\\", ""), "a\nb\x01\"\\/");
	json_print(json_get(j, "l"), &again);
	assert_string_equal(str_cstr(&again), "[0,{},{\"r\":1}]");
	json_free(j);
}

static void
each_byte_is_written_right_wherever_it_is(void **state)
{
	(void)state;
	for (size_t k = 0; k < 128 * 20; k++) {
		AUTO_STR struct str out = STR_INIT;
		struct err e = ERR_INIT;
		struct json *j;
		struct jw w;
		char text[21] = "abcdefghijklmnopqrst";
		char c = (char)(k % 128);

		if (c == '\0') /* becomes U+FFFD */
			continue;
		text[k / 128] = c;
		jw_init(&w, &out);
		jw_object(&w, NULL);
		jw_str(&w, "t", text);
		jw_end(&w);
		j = json_parse(str_view(&out), 0, &e);
		assert_string_equal(json_str_or(j, "t", ""), text);
		json_free(j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_documents_are_taken),
		cmocka_unit_test(bad_documents_are_refused),
		cmocka_unit_test(an_embedded_nul_is_refused),
		cmocka_unit_test(the_same_key_below_the_top_is_the_first),
		cmocka_unit_test(a_number_may_have_a_fraction),
		cmocka_unit_test(limits_are_checked_first),
		cmocka_unit_test(values_come_with_a_verdict),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(each_byte_is_written_right_wherever_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
