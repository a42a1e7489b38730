#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/domain/net_rule.h"

static void
a_pattern_is_kept_normalised(void **state)
{
	struct net_rule r = { .list = NET_ALLOW };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_rule_set_domain(&r, view_of("*.OK.test."), &e), 0);
	assert_string_equal(r.domain, "*.ok.test");
	assert_int_equal(net_rule_set_domain(&r, view_of("10.0.0.1"), &e), -1);
	assert_int_equal(net_rule_set_domain(&r, view_of("a b"), &e), -1);
	assert_int_equal(net_rule_set_domain(&r, view_of("*.com"), &e), -1);
	assert_int_equal(net_rule_set_domain(&r, view_of(""), &e), -1);
}

static void
only_what_is_allowed_can_let_too_much_out(void **state)
{
	struct net_rule r = { .list = NET_ALLOW };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_rule_set_domain(&r, view_of("*"), &e), 0);
	assert_non_null(net_rule_warning(&r));
	r.list = NET_DENY;
	assert_null(net_rule_warning(&r));
}

static void
ports_go_to_text_and_back(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct net_rule r = { .list = NET_ALLOW }, back = { .n_ports = 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_rule_read_ports(&r, view_of(""), &e), 0);
	assert_int_equal(r.n_ports, 0);
	assert_int_equal(net_rule_read_ports(&r, view_of("22,443,22"), &e), 0);
	net_rule_ports_text(&r, &text);
	assert_string_equal(str_cstr(&text), "22,443");
	assert_int_equal(net_rule_read_ports(&back, str_view(&text), &e), 0);
	assert_int_equal(back.n_ports, 2);
	assert_int_equal(net_rule_read_ports(&back, view_of("53"), &e), -1);
	assert_int_equal(net_rule_read_ports(&back, view_of("65536"), &e), -1);
	assert_int_equal(net_rule_read_ports(&back, view_of("0"), &e), -1);
	assert_int_equal(net_rule_read_ports(&back, view_of("1e1"), &e), -1);
	for (int64_t p = 100; p < 100 + NET_PORTS_MAX - 2; p++)
		assert_int_equal(net_rule_add_port(&back, p, &e), 0);
	assert_int_equal(net_rule_add_port(&back, 200, &e), -1);
}

static void
a_preset_is_a_pattern_a_line(void **state)
{
	struct net_rule_list l;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(net_preset_parse(view_of("# names\n\n*.ok.test\r\n"
						  " a.test\t22 443 # two\n"
						  "b.test"),
			     &l, &e),
	    0);
	assert_int_equal(l.n, 3);
	assert_string_equal(l.at[0].domain, "*.ok.test");
	assert_int_equal(l.at[1].n_ports, 2);
	assert_int_equal(l.at[2].list, NET_ALLOW);
	net_rule_list_release(&l);
	assert_int_equal(
	    net_preset_parse(view_of("a.test\nb..test\n"), &l, &e), -1);
	assert_non_null(strstr(e.msg, "line 2"));
	net_rule_list_release(&l);
	assert_int_equal(net_preset_parse(view_of("a.test x\n"), &l, &e), -1);
	net_rule_list_release(&l);
	assert_int_equal(net_preset_parse(view_of(""), &l, &e), 0);
	assert_int_equal(l.n, 0);
}

static void
a_preset_has_a_bound(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct net_rule_list l;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < NET_RULES_MAX; i++)
		str_addf(&text, "a%d.test\n", i);
	assert_int_equal(net_preset_parse(str_view(&text), &l, &e), 0);
	assert_int_equal(l.n, NET_RULES_MAX);
	net_rule_list_release(&l);
	str_add(&text, "more.test\n");
	assert_int_equal(net_preset_parse(str_view(&text), &l, &e), -1);
	net_rule_list_release(&l);
}

static void
a_presets_name_is_no_path(void **state)
{
	static const char *const bad[] = { "", "..", "a/b", "A", "a.list", "-a",
		"a23456789012345678901234567890123" };

	(void)state;
	assert_true(net_preset_name_ok("node-20"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(net_preset_name_ok(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_is_kept_normalised),
		cmocka_unit_test(only_what_is_allowed_can_let_too_much_out),
		cmocka_unit_test(ports_go_to_text_and_back),
		cmocka_unit_test(a_preset_is_a_pattern_a_line),
		cmocka_unit_test(a_preset_has_a_bound),
		cmocka_unit_test(a_presets_name_is_no_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
