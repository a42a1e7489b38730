#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/httpd/proxyv2.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

static void
a_header_comes_back_as_it_was(void **state)
{
	const struct proxyv2 in[] = {
		{ "42", 0x0a010203, 51234 },
		{ "", 0x7f000001, 1 },
		{ "project-7_x", 0, 0 },
		{ "", 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
		AUTO_STR struct str s = STR_INIT;
		struct err e = ERR_INIT;
		struct proxyv2 out;
		size_t n;

		proxyv2_put(&s, &in[i]);
		n = s.len;
		str_add(&s, "GET / HTTP/1.1\r\n");
		assert_int_equal(proxyv2_get(str_view(&s), &out, &e), n);
		assert_string_equal(out.project, in[i].project);
		assert_int_equal(out.src_addr, in[i].src_addr);
		assert_int_equal(out.src_port, in[i].src_port);
	}
}

static void
every_prefix_asks_for_more(void **state)
{
	const struct proxyv2 in = { "42", 0x0a010203, 51234 };
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct proxyv2 out;

	(void)state;
	proxyv2_put(&s, &in);
	for (size_t n = 0; n < s.len; n++)
		assert_int_equal(
		    proxyv2_get((struct view){ s.p, n }, &out, &e), 0);
}

static void
the_bytes_are_those_of_the_specification(void **state)
{
	const struct proxyv2 in = { "7", 0xc0a80001, 0x1234 };
	AUTO_STR struct str s = STR_INIT;

	(void)state;
	proxyv2_put(&s, &in);
	assert_true(view_eq(str_view(&s),
	    VIEW_LIT(SIGNATURE "\x21\x11\0\x10\xc0\xa8\0\1\0\0\0\0"
			       "\x12\x34\0\0\xe0\0\1"
			       "7")));
}

static void
malformed_headers_are_refused(void **state)
{
	const struct view bad[] = {
		VIEW_LIT("GET / HTTP/1.1\r\n"),
		VIEW_LIT("\r\n\r\n\0\r\nQUIX"),
		VIEW_LIT("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n"),
		/* version 1, unknown command, TCP over IPv6 */
		VIEW_LIT(SIGNATURE "\x11\x11\0\0"),
		VIEW_LIT(SIGNATURE "\x22\x11\0\0"),
		VIEW_LIT(SIGNATURE "\x21\x21\0\0"),
		/* address block too short */
		VIEW_LIT(SIGNATURE "\x21\x11\0\x0b"
				   "abcdefghijk"),
		/* longer than any of ours */
		VIEW_LIT(SIGNATURE "\x21\x11\xff\xff"),
		/* TLV over the end */
		VIEW_LIT(SIGNATURE "\x20\0\0\4\xe0\0\2"
				   "7"),
		VIEW_LIT(SIGNATURE "\x20\0\0\2\xe0\0"),
		/* empty, hostile and repeated project */
		VIEW_LIT(SIGNATURE "\x20\0\0\3\xe0\0\0"),
		VIEW_LIT(SIGNATURE "\x20\0\0\6\xe0\0\3../"),
		VIEW_LIT(SIGNATURE "\x20\0\0\5\xe0\0\2"
				   "7\0"),
		VIEW_LIT(SIGNATURE "\x20\0\0\10\xe0\0\1"
				   "7\xe0\0\1"
				   "8"),
	};
	struct proxyv2 out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		if (proxyv2_get(bad[i], &out, &e) != -1)
			fail_msg("header %zu was taken", i);
		assert_int_equal(e.code, ERR_PROTO);
	}
}

static void
other_tlvs_are_skipped(void **state)
{
	struct err e = ERR_INIT;
	struct proxyv2 out;

	(void)state;
	assert_int_equal(
	    proxyv2_get(VIEW_LIT(SIGNATURE "\x20\0\0\x0b\4\0\4zzzz\xe0\0\1"
					   "9"),
		&out, &e),
	    27);
	assert_string_equal(out.project, "9");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_comes_back_as_it_was),
		cmocka_unit_test(every_prefix_asks_for_more),
		cmocka_unit_test(the_bytes_are_those_of_the_specification),
		cmocka_unit_test(malformed_headers_are_refused),
		cmocka_unit_test(other_tlvs_are_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
