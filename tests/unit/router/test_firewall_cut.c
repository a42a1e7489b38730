#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "router/firewall_priv.h"

static void
check(const struct firewall_flush *x, const char *want)
{
	struct firewall_cut_args a;
	char text[256] = "";
	size_t n = 0;

	firewall_cut_argv(x, &a);
	for (const char *const *p = a.argv; *p != NULL; p++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n, "%s%s", n == 0 ? "" : " ", *p);
	assert_string_equal(text, want);
}

static void
without_a_port_every_flow_between_two_addresses_is_cut(void **state)
{
	const struct firewall_flush x = {
		.flows = FIREWALL_FROM_TO, .addr = 0x0a000001, .to = 0x0a000002
	};

	(void)state;
	check(&x, "conntrack -D -s 10.0.0.1 -d 10.0.0.2");
}

static void
with_a_port_only_tcp_to_it_is_cut(void **state)
{
	const struct firewall_flush x = { .flows = FIREWALL_FROM_TO,
		.addr = 0x0a000001,
		.to = 0x0a000002,
		.port = 8443 };

	(void)state;
	check(&x,
	    "conntrack -D -s 10.0.0.1 -d 10.0.0.2 -p tcp "
	    "--orig-port-dst 8443");
}

static void
the_others_name_one_address(void **state)
{
	const struct firewall_flush from = { .flows = FIREWALL_FROM,
		.addr = 0x0a000001 };
	const struct firewall_flush to = { .flows = FIREWALL_TO,
		.addr = 0x0a000001 };
	struct firewall_flush out = { .flows = FIREWALL_FROM_OUT,
		.addr = 0x0a000001 };
	char want[128];

	(void)state;
	check(&from, "conntrack -D -s 10.0.0.1");
	check(&to, "conntrack -D -d 10.0.0.1");
	snprintf(
	    want, sizeof(want), "conntrack -D -s 10.0.0.1 -m %d", RULES_MARK);
	check(&out, want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    without_a_port_every_flow_between_two_addresses_is_cut),
		cmocka_unit_test(with_a_port_only_tcp_to_it_is_cut),
		cmocka_unit_test(the_others_name_one_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
