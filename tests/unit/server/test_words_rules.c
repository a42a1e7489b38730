#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/file_rule.h"
#include "server/domain/search_query.h"
#include "server/domain/words.h"
#include "server/http/multipart.h"

static void
asks(const char *q, int rc, const char *want)
{
	struct err e = ERR_INIT;
	struct str out = STR_INIT;

	assert_int_equal(search_query(&out, q, &e), rc);
	if (want != NULL)
		assert_string_equal(str_cstr(&out), want);
	str_release(&out);
}

static void
words_become_literals_of_the_index(void **state)
{
	(void)state;
	asks("leak", 0, "(\"leak\")");
	asks("  a  b ", 0, "(\"a\" AND \"b\")");
	asks("\"two words\" -no", 0, "(\"two words\") NOT (\"no\")");
	asks("br*", 0, "(\"br*\")");
	asks("title:x) OR (y", 0, "(\"title:x)\" AND \"OR\" AND \"(y\")");
	asks("a\"b", 0, "(\"a\" AND \"b\")");
	asks("** -- \"\"", 1, NULL);
	asks("", 1, NULL);
	asks("-x", -1, NULL);
	asks("\xff", -1, NULL);
	asks("1 2 3 4 5 6 7 8 9 a b c d e f g h", -1, NULL);
}

static void
a_files_type_is_told_by_its_bytes(void **state)
{
	(void)state;
	assert_string_equal(
	    file_rule_type(VIEW_LIT("\x89PNG\r\n\x1a\nrest")), "image/png");
	assert_string_equal(
	    file_rule_type(VIEW_LIT("RIFF....WEBPVP8 ")), "image/webp");
	assert_string_equal(
	    file_rule_type(VIEW_LIT("<html><script>")), "text/plain");
	assert_string_equal(file_rule_type(VIEW_LIT("caf\xc3")), "text/plain");
	assert_string_equal(file_rule_type(VIEW_LIT("\x01\x02\xff")),
	    "application/octet-stream");
	assert_string_equal(file_rule_type(VIEW_LIT("")), "text/plain");
	assert_false(file_rule_inline("application/pdf"));
	assert_true(file_rule_inline("image/png"));
}

static void
a_file_is_taken_by_its_ending_or_its_type(void **state)
{
	(void)state;
	assert_true(file_rule_taken("", "x", "y"));
	assert_true(file_rule_taken(".txt,.tar.gz", "a.TAR.gz", ""));
	assert_false(file_rule_taken(".txt", ".txt", ""));
	assert_false(file_rule_taken(".txt", "a.txt.exe", "text/plain"));
	assert_true(file_rule_taken("image/*", "a", "image/png"));
	assert_false(file_rule_taken("image/*", "a.png", "imagery/png"));
	assert_true(file_rule_taken(" text/plain ", "a", "text/plain"));
	assert_true(file_rule_taken("*/*", "a", "b/c"));
}

static void
a_files_name_is_its_last_component(void **state)
{
	char out[FILE_RULE_NAME_MAX + 1];

	(void)state;
	assert_true(file_rule_name(view_of("../../etc/pass\nwd"), out));
	assert_string_equal(out, "passwd");
	assert_true(file_rule_name(view_of("C:\\dir\\a.txt"), out));
	assert_string_equal(out, "a.txt");
	/* What turns the text around, or shows nothing, is left out. */
	assert_true(
	    file_rule_name(view_of("a\u202egnp.\u200bexe\xc2\x85\u00e9"), out));
	assert_string_equal(out, "agnp.exe\u00e9");
	assert_false(file_rule_name(view_of("\u202e"), out));
	assert_false(file_rule_name(view_of(".."), out));
	assert_false(file_rule_name(view_of("a/"), out));
	assert_false(file_rule_name(view_of("\xff"), out));
}

static int
on_part(void *arg, const struct multipart_part *p, struct err *e)
{
	(void)e;
	str_addf(arg, "[%s:%s]", p->name, p->is_file ? p->filename : "-");
	return 0;
}

static int
on_data(void *arg, const void *p, size_t n, struct err *e)
{
	(void)e;
	str_addn(arg, p, n);
	return 0;
}

static int
on_end(void *arg, struct err *e)
{
	(void)arg;
	(void)e;
	return 0;
}

static const struct multipart_calls calls = { on_part, on_data, on_end };

/* One byte at a time; NULL: it is refused. */
static void
parts(const char *type, const char *body, const char *want)
{
	struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct multipart *m = multipart_new(type, &calls, &out, &e);
	int rc = m == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && body[i] != '\0'; i++)
		rc = multipart_feed(m, body + i, 1, &e);
	if (rc == 0)
		rc = multipart_end(m, &e);
	assert_int_equal(rc, want == NULL ? -1 : 0);
	if (want != NULL)
		assert_string_equal(str_cstr(&out), want);
	multipart_free(m);
	str_release(&out);
}

#define TYPE "multipart/form-data; boundary=ab"
#define HEAD "Content-Disposition: form-data; name="

static void
a_form_is_read_as_it_comes(void **state)
{
	(void)state;
	parts(TYPE,
	    "--ab\r\n" HEAD "\"a\"; filename=\"x.txt\"\r\n\r\n"
	    "1\r\n--a\r\n-\r\r\n--ab\r\n" HEAD "b\r\n\r\n\r\n--ab--\r\nmore",
	    "[a:x.txt]1\r\n--a\r\n-\r[b:-]");
	parts("Multipart/Form-Data; charset=x; boundary=\"ab\"",
	    "before\r\n--ab  \r\n" HEAD "\"a\"; filename=\"d/\\\"q.txt\";"
	    " filename*=utf-8''%c3%a9%2fz\r\n\r\n\r\n--ab--",
	    "[a:z]");
}

static void
what_is_no_form_is_refused(void **state)
{
	struct str many = STR_INIT;

	(void)state;
	parts("text/plain", "", NULL);
	parts("multipart/form-data", "", NULL);
	parts("multipart/form-data; boundary=", "", NULL);
	parts("multipart/form-data; boundary=\"a\r\"", "", NULL);
	parts(TYPE, "", NULL);
	parts(TYPE, "--ab\r\n\r\nx\r\n--ab--", NULL);
	parts(TYPE, "--ab\r\n" HEAD "a\r\n\r\nx", NULL);
	parts(TYPE, "--abc\r\n" HEAD "a\r\n\r\nx\r\n--ab--", NULL);
	str_add(&many, "--ab\r\n");
	for (int i = 0; i < 17; i++)
		str_add(&many, HEAD "a\r\n\r\n\r\n--ab\r\n");
	parts(TYPE, str_cstr(&many), NULL);
	str_release(&many);
}

static void
only_the_words_of_the_set_are_reactions(void **state)
{
	(void)state;
	assert_true(reaction_known("+1"));
	assert_false(reaction_known(""));
	assert_false(reaction_known("heart "));
	assert_int_equal(notice_status_parse("read"), NOTICE_READ);
	assert_int_equal(notice_status_parse(""), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_become_literals_of_the_index),
		cmocka_unit_test(a_files_type_is_told_by_its_bytes),
		cmocka_unit_test(a_file_is_taken_by_its_ending_or_its_type),
		cmocka_unit_test(a_files_name_is_its_last_component),
		cmocka_unit_test(a_form_is_read_as_it_comes),
		cmocka_unit_test(what_is_no_form_is_refused),
		cmocka_unit_test(only_the_words_of_the_set_are_reactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
