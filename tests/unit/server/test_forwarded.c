#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/io/sock.h"
#include "server/domain/dial_rule.h"
#include "server/domain/forwarded.h"

static const char *
client(const char *proxies, const char *peer, const char *header)
{
	static char out[SOCK_TEXT_MAX];
	struct err e = ERR_INIT;
	struct dial_rule *r = dial_rule_new(proxies, &e);

	assert_non_null(r);
	forwarded_client(r, peer, header, out, sizeof(out));
	dial_rule_free(r);
	return out;
}

static void
forwarded_believes_nobody_by_default(void **state)
{
	(void)state;
	assert_string_equal(
	    client(NULL, "127.0.0.1:5000", "203.0.113.9"), "127.0.0.1:5000");
	assert_string_equal(
	    client("", "[::1]:5000", "203.0.113.9"), "[::1]:5000");
	assert_string_equal(client("10.0.0.0/8", "127.0.0.1:5000", "10.0.0.1"),
	    "127.0.0.1:5000");
	assert_string_equal(
	    client("loopback", "127.0.0.1:5000", NULL), "127.0.0.1:5000");
}

static void
forwarded_is_who_the_proxy_names(void **state)
{
	(void)state;
	assert_string_equal(client("loopback", "127.0.0.1:5000", "203.0.113.9"),
	    "203.0.113.9:0");
	assert_string_equal(client("loopback", "[::1]:5000", " 2001:DB8::7 "),
	    "[2001:db8::7]:0");
	assert_string_equal(
	    client("loopback", "[::ffff:127.0.0.1]:5000", "203.0.113.9:80"),
	    "203.0.113.9:0");
	assert_string_equal(
	    client("127.0.0.1", "127.0.0.1:5000", "[2001:db8::7]:443"),
	    "[2001:db8::7]:0");
}

static void
forwarded_ignores_what_the_client_wrote_itself(void **state)
{
	(void)state;
	assert_string_equal(client("loopback", "127.0.0.1:5000",
				"198.51.100.1, 127.0.0.1, 203.0.113.9"),
	    "203.0.113.9:0");
	/* Through two proxies of ours. */
	assert_string_equal(client("loopback 10.0.0.0/8", "127.0.0.1:5000",
				"198.51.100.1, 203.0.113.9, 10.1.2.3"),
	    "203.0.113.9:0");
}

static void
forwarded_stops_where_it_does_not_understand(void **state)
{
	static const char *const words[] = {
		"unknown", "", ",", "_hidden", "1.2.3", "1.2.3.4.5", "[::1",
		"::g", "1.2.3.4:5:6", "999.1.1.1",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_string_equal(
		    client("loopback", "127.0.0.1:5000", words[i]),
		    "127.0.0.1:5000");
	assert_string_equal(client("loopback private", "127.0.0.1:5000",
				"203.0.113.9, unknown, 10.0.0.3"),
	    "10.0.0.3:0");
	/* All of it is ours: who stands at the front. */
	assert_string_equal(
	    client("loopback private", "127.0.0.1:5000", "10.0.0.2, 10.0.0.3"),
	    "10.0.0.2:0");
}

static void
dial_rule_tells_names_from_addresses(void **state)
{
	struct err e = ERR_INIT;
	struct dial_rule *r = dial_rule_new("10.0.0.0/8, ::1", &e);

	(void)state;
	assert_false(dial_rule_has_names(r));
	assert_true(dial_rule_lists(r, "10.255.0.1"));
	assert_true(dial_rule_lists(r, "::ffff:10.0.0.1"));
	assert_true(dial_rule_lists(r, "::1"));
	assert_false(dial_rule_lists(r, "8.8.8.8"));
	assert_false(dial_rule_lists(r, "proxy"));
	dial_rule_free(r);
	r = dial_rule_new("10.0.0.0/8, proxy", &e);
	assert_true(dial_rule_has_names(r));
	assert_false(dial_rule_lists(r, "proxy"));
	dial_rule_free(r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarded_believes_nobody_by_default),
		cmocka_unit_test(forwarded_is_who_the_proxy_names),
		cmocka_unit_test(
		    forwarded_ignores_what_the_client_wrote_itself),
		cmocka_unit_test(forwarded_stops_where_it_does_not_understand),
		cmocka_unit_test(dial_rule_tells_names_from_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
