#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "router/clients.h"
#include "router/dns.h"
#include "router/policy.h"
#include "router/rules.h"

static uint32_t
addr(const char *s)
{
	struct err e = ERR_INIT;
	uint32_t a = 0;

	assert_int_equal(policy_addr_parse(s, &a, &e), 0);
	return a;
}

static void
range_takes_private_ranges_only(void **state)
{
	static const struct {
		const char *range, *address;
		int rc;
	} rows[] = {
		{ "10.214.0.0/16", "10.214.0.1", 0 },
		{ "172.20.0.0/16", "172.20.0.255", 0 },
		{ "10.0.0.0/8", "10.0.0.1", 0 },
		{ "192.168.0.0/22", "192.168.0.1", 0 },
		{ "8.0.0.0/16", "8.0.0.1", -1 },
		{ "10.214.0.0/24", "10.214.0.1", -1 },
		{ "10.214.0.0/7", "10.214.0.1", -1 },
		{ "10.214.0.1/16", "10.214.0.1", -1 },
		{ "10.214.0.0", "10.214.0.1", -1 },
		{ "10.214.0.0/16", "10.214.0.0", -1 },
		{ "10.214.0.0/16", "10.214.1.0", -1 },
		{ "10.214.0.0/16", "10.215.0.1", -1 },
		{ "10.214.0.0/x", "10.214.0.1", -1 },
		{ "", "10.214.0.1", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct policy_range r;
		struct err e = ERR_INIT;

		assert_int_equal(
		    policy_range_parse(rows[i].range, rows[i].address, &r, &e),
		    rows[i].rc);
	}
}

static void
ids_and_addresses_map_both_ways(void **state)
{
	struct policy_range r;
	struct err e = ERR_INIT;
	uint32_t a, id;

	(void)state;
	assert_int_equal(
	    policy_range_parse("10.214.0.0/16", "10.214.0.1", &r, &e), 0);
	assert_int_equal(policy_address(&r, 7, &a, &e), 0);
	assert_int_equal(a, addr("10.214.1.7"));
	assert_int_equal(policy_address(&r, 65278, &a, &e), 0);
	assert_int_equal(a, addr("10.214.255.254"));
	assert_true(policy_project(&r, a, &id));
	assert_int_equal(id, 65278);
	assert_int_equal(policy_address(&r, 65279, &a, &e), -1);
	assert_int_equal(policy_address(&r, 0, &a, &e), -1);
	assert_int_equal(policy_address(&r, UINT64_MAX, &a, &e), -1);
	assert_false(policy_project(&r, addr("10.214.0.1"), &id));
	assert_false(policy_project(&r, addr("10.214.1.0"), &id));
	assert_false(policy_project(&r, addr("10.214.255.255"), &id));
	assert_false(policy_project(&r, addr("10.215.0.0"), &id));
	assert_false(policy_project(&r, addr("9.0.0.1"), &id));
}

static void
never_list_has_every_special_range(void **state)
{
	static const char *const in[] = { "0.0.0.0", "0.1.2.3", "10.0.0.1",
		"100.64.0.1", "100.127.255.255", "100.100.100.200", "127.0.0.1",
		"168.63.129.16", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
		"192.168.77.9", "198.18.0.1", "198.19.255.255", "198.51.100.1",
		"203.0.113.5", "224.0.0.1", "239.255.255.255", "240.0.0.1",
		"255.255.255.255" };
	static const char *const out[] = { "1.1.1.1", "8.8.8.8",
		"9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
		"126.255.255.255", "128.0.0.0", "168.63.129.17",
		"169.253.255.255", "172.15.255.255", "172.32.0.0", "192.0.1.0",
		"192.167.255.255", "192.169.0.0", "198.17.255.255",
		"198.20.0.0", "203.0.112.255", "203.0.114.0",
		"223.255.255.255" };
	struct policy_net exempt = { addr("203.0.113.0"), 24 };

	(void)state;
	for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
		assert_true(policy_is_never(addr(in[i]), NULL));
	for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
		assert_false(policy_is_never(addr(out[i]), NULL));
	assert_false(policy_is_never(addr("203.0.113.5"), &exempt));
	assert_true(policy_is_never(addr("10.0.0.1"), &exempt));
}

static void
names_are_decided_by_mode_and_type(void **state)
{
	static const struct {
		enum policy_mode mode;
		const char *name;
		uint16_t type, class;
		enum policy_dns want;
	} rows[] = {
		{ POLICY_OFF, "coffer", 1, 1, POLICY_DNS_DROP },
		{ POLICY_OFF, "ok.test", 1, 1, POLICY_DNS_DROP },
		{ POLICY_NONE, "coffer", 1, 1, POLICY_DNS_ROUTER },
		{ POLICY_NONE, "coffer", 28, 1, POLICY_DNS_NODATA },
		{ POLICY_NONE, "ok.test", 1, 1, POLICY_DNS_NXDOMAIN },
		{ POLICY_NONE, "x.coffer", 1, 1, POLICY_DNS_NXDOMAIN },
		{ POLICY_NONE, "ok.test", 28, 1, POLICY_DNS_NXDOMAIN },
		{ POLICY_NONE, "ok.test", 16, 1, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "coffer", 1, 1, POLICY_DNS_ROUTER },
		{ POLICY_WEB, "ok.test", 1, 1, POLICY_DNS_FORWARD },
		{ POLICY_WEB, "ok.test", 28, 1, POLICY_DNS_NODATA },
		{ POLICY_WEB, "ok.test", 64, 1, POLICY_DNS_NODATA },
		{ POLICY_WEB, "ok.test", 65, 1, POLICY_DNS_NODATA },
		{ POLICY_WEB, "ok.test", 16, 1, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "ok.test", 10, 1, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "ok.test", 255, 1, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "ok.test", 252, 1, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "ok.test", 1, 3, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "ok.test", 1, 255, POLICY_DNS_REFUSED },
		{ POLICY_WEB, "", 1, 1, POLICY_DNS_REFUSED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(policy_dns_decide(rows[i].mode, rows[i].name,
				     rows[i].type, rows[i].class),
		    rows[i].want);
}

static const char *
after(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first);

	assert_non_null(a);
	a = strstr(a, second);
	assert_non_null(a);
	return a;
}

/* The first rule of a chain. */
static void
starts_with(const char *text, const char *chain, const char *rule)
{
	const char *a = strstr(text, chain);

	assert_non_null(a);
	assert_int_equal(strncmp(a + strlen(chain), rule, strlen(rule)), 0);
}

static void
rules_drop_before_they_accept(void **state)
{
	struct rules r = {
		.inst = "ab12", .proxy_port = 3128, .proxy_gid = 64103
	};
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	const char *t;

	(void)state;
	assert_int_equal(
	    policy_range_parse("10.214.0.0/16", "10.214.0.1", &r.range, &e), 0);
	rules_ipv4(&r, &out);
	t = str_cstr(&out);
	assert_int_equal(strncmp(t, "*filter\n:INPUT DROP", 19), 0);
	after(t, ":OUTPUT DROP", "-A INPUT");
	after(t, "-A cfab12-out -j cfab12-mode", "-j cfab12-pass");
	/* No way out stands before the never list and the host's addresses. */
	starts_with(t, "-A cfab12-web ", "-j cfab12-closed\n");
	starts_with(t, "-A cfab12-free ", "-j cfab12-closed\n");
	starts_with(t, "-A cfab12-listed ", "-j cfab12-closed\n");
	starts_with(t, "-A cfab12-closed ",
	    "-m set --match-set cfab12-never dst -j cfab12-never\n"
	    "-A cfab12-closed "
	    "-m set --match-set cfab12-host dst -j cfab12-host\n");
	assert_non_null(strstr(str_cstr(&out),
	    "-A cfab12-ask -d 10.214.0.1/32 -p tcp -m tcp --dport 3128"
	    " -m conntrack --ctstate DNAT"));
	assert_non_null(strstr(str_cstr(&out), "--gid-owner 64103 "));
	assert_null(strpbrk(str_cstr(&out), "@$^~"));
	assert_null(strstr(str_cstr(&out), "upload"));
	assert_null(strstr(str_cstr(&out), "cfab12up"));
	str_reset(&out);
	r.upload_rate = 1024;
	rules_ipv4(&r, &out);
	/* Established flows are bounded, too. */
	after(str_cstr(&out),
	    "-A FORWARD -i cfab12p+ -m hashlimit"
	    " --hashlimit-above 1024kb/s",
	    "-A FORWARD -m conntrack");
	str_reset(&out);
	rules_ipv6(&r, &out);
	assert_string_equal(str_cstr(&out),
	    "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n"
	    ":OUTPUT DROP [0:0]\nCOMMIT\n");
}

static const struct rules_member *
member(const struct rules_change *c, const char *set)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(c->members[i].set, set) == 0)
			return &c->members[i];
	}
	fail_msg("no member of %s", set);
	return NULL;
}

static void
rules_close_before_they_open(void **state)
{
	static const struct {
		const char *name;
		bool in[POLICY_MODE_MAX];
	} sets[] = {
		{ "known", { false, true, true, true, true } },
		{ "locked", { false, false, true, false, false } },
		{ "web", { false, false, false, true, false } },
		{ "open", { false, false, false, false, true } },
	};
	struct rules_change c;

	(void)state;
	for (int m = 0; m < POLICY_MODE_MAX; m++) {
		bool opened = false;

		rules_project(7, (enum policy_mode)m, false, &c);
		assert_int_equal(c.id, 7);
		assert_int_equal(c.n, RULES_MEMBERS_MAX);
		for (size_t i = 0; i < c.n; i++) {
			opened |= c.members[i].add;
			assert_true(c.members[i].add == opened);
		}
		assert_true(member(&c, "bind")->add);
		assert_true(member(&c, "bind")->link);
		for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
			assert_true(
			    member(&c, sets[i].name)->add == sets[i].in[m]);
			assert_false(member(&c, sets[i].name)->link);
		}
	}
	rules_project(7, POLICY_WEB, true, &c);
	assert_true(member(&c, "strict")->add);
	rules_project_del(7, &c);
	assert_int_equal(c.n, RULES_MEMBERS_MAX);
	for (size_t i = 0; i < c.n; i++)
		assert_false(c.members[i].add);
	assert_true(member(&c, "bind")->link);
	assert_string_equal(c.members[c.n - 1].set, "bind");
}

static void
never_set_leaves_out_the_exemption_alone(void **state)
{
	struct rules r = { .inst = "ab12" };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	rules_sets(&r, &out);
	assert_non_null(strstr(str_cstr(&out), "never.t 203.0.113.0/24"));
	r.exempt = (struct policy_net){ addr("203.0.113.0"), 24 };
	str_reset(&out);
	rules_sets(&r, &out);
	assert_null(strstr(str_cstr(&out), "203.0.113.0"));
	assert_non_null(strstr(str_cstr(&out), "never.t 169.254.0.0/16"));
}

static void
an_operator_closes_ranges(void **state)
{
	static const char *const bad[] = { "x", "1.2.3.4,", "1.2.3.4/8",
		"1.2.3.4 5.6.7.8", ",", "2001:db8::/32", "1.2.3.0/33" };
	struct rules r = { .inst = "ab12" };
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(policy_nets_parse("", &r.never, &e), 0);
	assert_int_equal(r.never.n, 0);
	assert_int_equal(
	    policy_nets_parse(" 1.2.3.4 ,5.6.0.0/16", &r.never, &e), 0);
	assert_int_equal(r.never.n, 2);
	assert_true(policy_nets_has(&r.never, addr("1.2.3.4")));
	assert_false(policy_nets_has(&r.never, addr("1.2.3.5")));
	assert_true(policy_nets_has(&r.never, addr("5.6.255.1")));
	rules_sets(&r, &out);
	assert_non_null(strstr(str_cstr(&out), "never.t 1.2.3.4/32\n"));
	assert_non_null(strstr(str_cstr(&out), "never.t 5.6.0.0/16\n"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(policy_nets_parse(bad[i], &r.never, &e), -1);
}

static void
clients_have_a_rate(void **state)
{
	struct policy_range r;
	struct policy_net none = { 0 };
	struct err e = ERR_INIT;
	struct clients *c;
	struct client *k;
	uint32_t host = addr("1.2.3.4");
	int n = 0;

	(void)state;
	assert_int_equal(
	    policy_range_parse("10.214.0.0/16", "10.214.0.1", &r, &e), 0);
	c = clients_new(&r, &none);
	clients_set(c, 7,
	    egress_policy_new(
		&(const struct egress_spec){ .mode = POLICY_OFF }));
	assert_null(clients_from(c, addr("10.214.1.7")));
	clients_set(c, 7,
	    egress_policy_new(
		&(const struct egress_spec){ .mode = POLICY_WEB }));
	assert_null(clients_from(c, addr("10.214.1.8")));
	k = clients_from(c, addr("10.214.1.7"));
	assert_non_null(k);
	while (client_take_query(k, 1000000))
		n++;
	assert_int_equal(n, CLIENT_QUERIES_PER_S);
	assert_true(client_take_query(k, 1000010));
	assert_false(client_take_query(k, 1000010));
	assert_false(client_take_query(k, 5)); /* a clock that went back */
	clients_set_host(c, &host, 1);
	assert_true(clients_is_closed(c, host));
	assert_false(clients_is_closed(c, host + 1));
	assert_true(clients_is_closed(c, addr("10.0.0.1")));
	clients_del(c, 7);
	assert_null(clients_from(c, addr("10.214.1.7")));
	clients_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_takes_private_ranges_only),
		cmocka_unit_test(ids_and_addresses_map_both_ways),
		cmocka_unit_test(never_list_has_every_special_range),
		cmocka_unit_test(names_are_decided_by_mode_and_type),
		cmocka_unit_test(rules_drop_before_they_accept),
		cmocka_unit_test(rules_close_before_they_open),
		cmocka_unit_test(never_set_leaves_out_the_exemption_alone),
		cmocka_unit_test(an_operator_closes_ranges),
		cmocka_unit_test(clients_have_a_rate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
