#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "router/egress.h"
#include "router/egress_read.h"

static struct egress_policy *
policy(const char *text, struct err *e)
{
	struct json *j = json_parse(view_of(text), 0, e);
	struct egress_policy *p;

	assert_non_null(j);
	p = egress_read(j, e);
	json_free(j);
	return p;
}

static void
a_policy_is_read_whole(void **state)
{
	struct err e = ERR_INIT;
	struct egress_policy *p = policy(
	    "{\"op\":\"project.set\",\"id\":7,\"mode\":\"locked\","
	    "\"allow\":[{\"domain\":\"*.OK.test\",\"ports\":[22,443],"
	    "\"until\":\"1970-01-01T00:01:00Z\"},{\"domain\":\"a.test\"}],"
	    "\"deny\":[{\"domain\":\"bad.ok.test\"}],\"upload_max\":500}",
	    &e);
	const struct egress_rule *r;
	char text[EGRESS_RULE_TEXT_MAX];

	(void)state;
	assert_non_null(p);
	assert_int_equal(egress_policy_mode(p), POLICY_LOCKED);
	assert_int_equal(egress_policy_spec(p)->upload_max, 500);
	assert_int_equal(egress_policy_count(p, EGRESS_ALLOW), 2);
	assert_int_equal(egress_policy_count(p, EGRESS_DENY), 1);
	r = egress_policy_rule(p, EGRESS_ALLOW, 0);
	assert_string_equal(egress_rule_text(r, text), "*.ok.test");
	assert_int_equal(r->n_ports, 2);
	assert_int_equal(r->until_ms, 60000);
	assert_true(egress_decide_port(p, "x.ok.test", 22, 59999));
	assert_false(egress_decide_port(p, "x.ok.test", 22, 60000));
	assert_false(egress_decide_port(p, "bad.ok.test", 22, 1));
	egress_policy_free(p);
	/* The old form is a policy without rules. */
	p = policy("{\"op\":\"project.set\",\"id\":7,\"mode\":\"web\"}", &e);
	assert_non_null(p);
	assert_int_equal(egress_policy_mode(p), POLICY_WEB);
	assert_int_equal(egress_policy_count(p, EGRESS_ALLOW), 0);
	egress_policy_free(p);
	p = policy("{\"mode\":\"web\",\"lockdown\":true,\"allow\":null}", &e);
	assert_non_null(p);
	assert_int_equal(egress_policy_mode(p), POLICY_NONE);
	egress_policy_free(p);
}

static void
what_is_wrong_is_named(void **state)
{
	static const char *const rows[][2] = {
		{ "{}", "mode is missing" },
		{ "{\"mode\":\"ajar\"}", "no such network mode" },
		{ "{\"mode\":7}", "mode" },
		{ "{\"mode\":\"web\",\"allowed\":[]}",
		    "no such member: allowed" },
		{ "{\"mode\":\"web\",\"allow\":{}}", "allow: a list" },
		{ "{\"mode\":\"web\",\"allow\":[\"a.test\"]}",
		    "allow[0]: a rule is an object" },
		{ "{\"mode\":\"web\",\"allow\":[{}]}",
		    "allow[0]: domain is missing" },
		{ "{\"mode\":\"web\",\"deny\":[{\"domain\":\"a.test\"},"
		  "{\"domain\":\"a b\"}]}",
		    "deny[1]: domain: no name" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"port\":[1]}]}",
		    "no such member: port" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"ports\":[]}]}",
		    "a.test: ports: a list" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"ports\":[\"443\"]}]}",
		    "a.test: ports: a port is 1 to 65535" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"ports\":[443.5]}]}",
		    "a.test: ports: a port is 1 to 65535" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"until\":\"soon\"}]}",
		    "a.test: until" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"until\":5}]}",
		    "a.test: until" },
		{ "{\"mode\":\"web\",\"allow\":[{\"domain\":\"a.test\","
		  "\"until\":\"1970-01-01T00:00:00Z\"}]}",
		    "a.test: until is too early" },
		{ "{\"mode\":\"web\",\"deny\":[{\"domain\":\"a.test\","
		  "\"ports\":[80]}]}",
		    "deny[0]: deny a.test: a name is denied on all ports" },
		{ "{\"mode\":\"web\",\"upload_max\":-1}", "upload_max" },
		{ "{\"mode\":\"web\",\"lockdown\":1}", "lockdown" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;

		assert_null(policy(rows[i][0], &e));
		if (strstr(e.msg, rows[i][1]) == NULL)
			fail_msg("%s: got %s", rows[i][0], e.msg);
	}
}

static void
wide_rules_are_taken_with_a_warning(void **state)
{
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;
	struct egress_policy *p = policy(
	    "{\"mode\":\"locked\",\"allow\":[{\"domain\":\"*\"},"
	    "{\"domain\":\"a.test\"},{\"domain\":\"*.github.io\"}]}",
	    &e);

	(void)state;
	assert_non_null(p);
	egress_write_taken(p, &out);
	assert_int_equal(strncmp(str_cstr(&out),
			     "{\"ok\":true,\"warnings\":[\"*: every name", 37),
	    0);
	assert_non_null(strstr(str_cstr(&out), "\"*.github.io: anybody"));
	assert_null(strstr(str_cstr(&out), "a.test"));
	egress_policy_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_policy_is_read_whole),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(wide_rules_are_taken_with_a_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
