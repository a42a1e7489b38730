#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "router/egress.h"

enum {
	NOW = 1000000
};

static struct view
lit(const char *s)
{
	return view_of(s);
}

static void
a_name_has_one_spelling(void **state)
{
	static const struct {
		const char *text, *want; /* NULL: no name */
	} rows[] = {
		{ "ok.test", "ok.test" },
		{ "OK.Test", "ok.test" },
		{ "ok.test.", "ok.test" },
		{ "xn--bcher-kva.test", "xn--bcher-kva.test" },
		{ "_dmarc.ok.test", "_dmarc.ok.test" },
		{ "1.2.3.4.test", "1.2.3.4.test" },
		{ "coffer", "coffer" },
		{ "1e100.net", "1e100.net" },
		{ "a.0xfg", "a.0xfg" },
		{ "", NULL },
		{ ".", NULL },
		{ "ok.test..", NULL },
		{ ".ok.test", NULL },
		{ "ok..test", NULL },
		{ "ok test", NULL },
		{ " ok.test", NULL },
		{ "ok.test\n", NULL },
		{ "ok.test:443", NULL },
		{ "ok.test/", NULL },
		{ "user@ok.test", NULL },
		{ "*.ok.test", NULL },
		{ "b\xc3\xbc"
		  "cher.test",
		    NULL },
		{ "ok\xe3\x80\x82test", NULL }, /* an ideographic full stop */
		{ "\xef\xbd\x8f\xef\xbd\x8b.test", NULL }, /* full width */
		{ "\xe2\x84\xaa.test", NULL },             /* the Kelvin sign */
		{ "203.0.113.5", NULL },
		{ "203.0.113.5.", NULL },
		{ "0xcb007105", NULL },
		{ "3405803781", NULL },
		{ "ok.0x7f", NULL },
		{ "ok.0x", NULL },
		{ "[2001:db8::1]", NULL },
		{ "ok%2etest", NULL },
	};
	char out[EGRESS_NAME_MAX], text[320];
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int rc = egress_name_parse(lit(rows[i].text), out, &e);

		assert_int_equal(rc, rows[i].want == NULL ? -1 : 0);
		assert_string_equal(
		    out, rows[i].want == NULL ? "" : rows[i].want);
	}
	assert_int_equal(
	    egress_name_parse(VIEW_LIT("evil.test\0.ok.test"), out, &e), -1);
	memset(text, 'a', sizeof(text));
	assert_int_equal(
	    egress_name_parse((struct view){ text, 63 }, out, &e), 0);
	assert_int_equal(
	    egress_name_parse((struct view){ text, 64 }, out, &e), -1);
	for (size_t i = 31; i < sizeof(text); i += 32)
		text[i] = '.';
	assert_int_equal(
	    egress_name_parse((struct view){ text, 253 }, out, &e), 0);
	assert_int_equal(
	    egress_name_parse((struct view){ text, 254 }, out, &e), -1);
}

static void
what_is_registered_is_found(void **state)
{
	static const char *const rows[][2] = {
		{ "ok.test", "ok.test" },
		{ "a.b.ok.test", "ok.test" },
		{ "test", "test" },
		{ "a.b.ok.co.uk", "ok.co.uk" },
		{ "co.uk", "co.uk" },
		{ "a.me.github.io", "me.github.io" },
		{ "me.github.io", "me.github.io" },
		{ "github.io", "github.io" },
		{ "x.notgithub.io", "notgithub.io" },
		{ "a.acct.blob.core.windows.net", "blob.core.windows.net" },
		{ "a.co.test", "co.test" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(egress_registrable(rows[i][0]), rows[i][1]);
}

static struct egress_policy *
policy(enum policy_mode mode)
{
	return egress_policy_new(&(const struct egress_spec){ .mode = mode });
}

static void
add(struct egress_policy *p, enum egress_list list, const char *domain,
    uint16_t port, int64_t until)
{
	struct egress_rule r = { .until_ms = until };
	struct err e = ERR_INIT;

	assert_int_equal(egress_rule_domain(&r, lit(domain), &e), 0);
	if (port != 0)
		assert_int_equal(egress_rule_port(&r, port, &e), 0);
	assert_int_equal(egress_policy_add(p, list, &r, &e), 0);
}

static void
rules_match_by_whole_labels(void **state)
{
	static const struct {
		const char *name;
		bool allowed;
		const char *rule;
	} rows[] = {
		{ "ok.test", true, "ok.test" },
		{ "a.ok.test", false, "" },
		{ "notok.test", false, "" },
		{ "ok.test.evil.test", false, "" },
		{ "test", false, "" },
		{ "wild.test", false, "" },
		{ "a.wild.test", true, "*.wild.test" },
		{ "a.b.c.wild.test", true, "*.wild.test" },
		{ "awild.test", false, "" },
		{ "bad.wild.test", false, "bad.wild.test" },
		{ "a.bad.wild.test", true, "*.wild.test" },
		{ "a.worse.wild.test", false, "*.worse.wild.test" },
	};
	struct egress_policy *p = policy(POLICY_LOCKED);
	struct egress_decision d;

	(void)state;
	add(p, EGRESS_ALLOW, "ok.test", 0, 0);
	add(p, EGRESS_ALLOW, "*.wild.test", 0, 0);
	add(p, EGRESS_DENY, "bad.wild.test", 0, 0);
	add(p, EGRESS_DENY, "*.worse.wild.test", 0, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    egress_decide(p, rows[i].name, NOW, &d), rows[i].allowed);
		assert_string_equal(d.rule, rows[i].rule);
		assert_int_equal(egress_decide_port(p, rows[i].name, 443, NOW),
		    rows[i].allowed);
		assert_false(egress_decide_port(p, rows[i].name, 22, NOW));
	}
	assert_false(egress_decide(p, "", NOW, &d));
	egress_policy_free(p);
}

static void
the_mode_decides_what_lists_mean(void **state)
{
	static const struct {
		enum policy_mode mode;
		bool lockdown;
		enum egress_answer listed, other, denied;
	} rows[] = {
		{ POLICY_OFF, false, EGRESS_NO_MODE, EGRESS_NO_MODE,
		    EGRESS_NO_MODE },
		{ POLICY_NONE, false, EGRESS_NO_MODE, EGRESS_NO_MODE,
		    EGRESS_NO_MODE },
		{ POLICY_LOCKED, false, EGRESS_YES, EGRESS_NO_LISTED,
		    EGRESS_NO_DENIED },
		{ POLICY_WEB, false, EGRESS_YES, EGRESS_YES, EGRESS_NO_DENIED },
		{ POLICY_OPEN, false, EGRESS_YES, EGRESS_YES,
		    EGRESS_NO_DENIED },
		{ POLICY_OPEN, true, EGRESS_NO_MODE, EGRESS_NO_MODE,
		    EGRESS_NO_MODE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct egress_policy *p = egress_policy_new(
		    &(const struct egress_spec){
			.mode = rows[i].mode, .lockdown = rows[i].lockdown });
		struct egress_decision d;

		add(p, EGRESS_ALLOW, "ok.test", 0, 0);
		add(p, EGRESS_DENY, "bad.test", 0, 0);
		(void)egress_decide(p, "ok.test", NOW, &d);
		assert_int_equal(d.answer, rows[i].listed);
		(void)egress_decide(p, "other.test", NOW, &d);
		assert_int_equal(d.answer, rows[i].other);
		(void)egress_decide(p, "bad.test", NOW, &d);
		assert_int_equal(d.answer, rows[i].denied);
		egress_policy_free(p);
	}
}

static void
a_rule_ends_on_time_and_ports_add_up(void **state)
{
	struct egress_policy *p = policy(POLICY_LOCKED);
	struct egress_decision d;

	(void)state;
	add(p, EGRESS_ALLOW, "ok.test", 443, 0);
	add(p, EGRESS_ALLOW, "ok.test", 22, NOW + 10);
	add(p, EGRESS_ALLOW, "*", 443, NOW + 5);
	assert_true(egress_decide(p, "ok.test", NOW, &d));
	assert_int_equal(d.n_ports, 2);
	for (size_t i = 0; i < d.n_ports; i++)
		assert_int_equal(
		    d.ports[i].until_ms, d.ports[i].port == 443 ? 0 : NOW + 10);
	assert_true(egress_decide_port(p, "ok.test", 22, NOW + 9));
	assert_false(egress_decide_port(p, "ok.test", 22, NOW + 10));
	assert_true(egress_decide_port(p, "ok.test", 443, NOW + 10));
	assert_false(egress_decide_port(p, "ok.test", 80, NOW));
	assert_int_equal(egress_policy_next_end(p, NOW), NOW + 5);
	assert_int_equal(egress_policy_next_end(p, NOW + 5), NOW + 10);
	assert_int_equal(egress_policy_next_end(p, NOW + 10), 0);
	egress_policy_free(p);
}

static void
a_bad_rule_is_refused(void **state)
{
	static const char *const rows[] = { "", "*.", "*.com", "*.*.test",
		"a.*.test", "**", "*ok.test", "203.0.113.5", "ok.test:443",
		"https://ok.test", "ok_\xc3\xa4.test" };
	struct egress_rule r = { .until_ms = 0 };
	struct egress_policy *p = policy(POLICY_LOCKED);
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(egress_rule_domain(&r, lit(rows[i]), &e), -1);
	assert_int_equal(egress_rule_port(&r, 0, &e), -1);
	assert_int_equal(egress_rule_port(&r, 53, &e), -1);
	assert_int_equal(egress_rule_port(&r, 65536, &e), -1);
	for (int i = 0; i < EGRESS_PORTS_MAX; i++)
		assert_int_equal(egress_rule_port(&r, 1000 + i, &e), 0);
	assert_int_equal(egress_rule_port(&r, 1000, &e), 0);
	assert_int_equal(egress_rule_port(&r, 2000, &e), -1);
	assert_int_equal(egress_rule_domain(&r, lit("*.OK.test."), &e), 0);
	assert_int_equal(egress_policy_add(p, EGRESS_DENY, &r, &e), -1);
	for (int i = 0; i < EGRESS_RULES_MAX; i++)
		assert_int_equal(egress_policy_add(p, EGRESS_ALLOW, &r, &e), 0);
	assert_int_equal(egress_policy_add(p, EGRESS_ALLOW, &r, &e), -1);
	egress_policy_free(p);
}

static void
a_wide_rule_warns(void **state)
{
	static const struct {
		const char *domain;
		bool warns;
	} rows[] = { { "*", true }, { "*.github.io", true },
		{ "me.github.io", false }, { "*.me.github.io", false },
		{ "*.co.uk", true }, { "*.ok.co.uk", false },
		{ "*.ok.test", false }, { "github.io", false } };
	struct egress_rule r = { .until_ms = 0 };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
		    egress_rule_domain(&r, lit(rows[i].domain), &e), 0);
		assert_int_equal(
		    egress_rule_warning(&r) != NULL, rows[i].warns);
	}
}

struct change {
	enum policy_mode from, to;
	const char *allow_from, *allow_to, *deny_from, *deny_to;
	uint16_t port_from, port_to;
	int64_t until_from, until_to;
	bool tightens;
};

static struct egress_policy *
policy_of(enum policy_mode mode, const char *allow, const char *deny,
    uint16_t port, int64_t until)
{
	struct egress_policy *p = policy(mode);

	if (allow != NULL)
		add(p, EGRESS_ALLOW, allow, port, until);
	if (deny != NULL)
		add(p, EGRESS_DENY, deny, 0, 0);
	return p;
}

static void
a_tightening_is_seen(void **state)
{
	static const struct change rows[] = {
		{ POLICY_WEB, POLICY_LOCKED, .tightens = true },
		{ POLICY_LOCKED, POLICY_WEB, "a.test", .tightens = false },
		{ POLICY_WEB, POLICY_WEB, .deny_to = "a.test",
		    .tightens = true },
		{ POLICY_LOCKED, POLICY_WEB, .deny_to = "a.test",
		    .tightens = true },
		{ POLICY_WEB, POLICY_WEB, .deny_from = "a.test" },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", "a.test",
		    .tightens = false },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", NULL,
		    .tightens = true },
		{ POLICY_LOCKED, POLICY_LOCKED, NULL, "a.test",
		    .tightens = false },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", "a.test",
		    .port_from = 443 },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", "a.test",
		    .port_to = 443, .tightens = true },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", "a.test",
		    .until_to = NOW + 5, .tightens = true },
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", "a.test",
		    .until_from = NOW + 5 },
		/* It has ended by itself. */
		{ POLICY_LOCKED, POLICY_LOCKED, "a.test", NULL,
		    .until_from = NOW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct change *c = &rows[i];
		struct egress_policy *a = policy_of(c->from, c->allow_from,
		    c->deny_from, c->port_from, c->until_from);
		struct egress_policy *b = policy_of(
		    c->to, c->allow_to, c->deny_to, c->port_to, c->until_to);

		assert_int_equal(
		    egress_policy_tightens(a, b, NOW), c->tightens);
		assert_true(egress_policy_same(a, a));
		egress_policy_free(a);
		egress_policy_free(b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_has_one_spelling),
		cmocka_unit_test(what_is_registered_is_found),
		cmocka_unit_test(rules_match_by_whole_labels),
		cmocka_unit_test(the_mode_decides_what_lists_mean),
		cmocka_unit_test(a_rule_ends_on_time_and_ports_add_up),
		cmocka_unit_test(a_bad_rule_is_refused),
		cmocka_unit_test(a_wide_rule_warns),
		cmocka_unit_test(a_tightening_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
