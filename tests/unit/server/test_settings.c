#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "server/domain/settings_rule.h"

static void
the_defaults_are_good(void **state)
{
	struct project_settings s;
	struct err e = ERR_INIT;

	(void)state;
	project_settings_init(&s);
	assert_int_equal(settings_rule_check(&s, &e), 0);
	project_settings_release(&s);
}

static void
each_number_has_bounds(void **state)
{
	(void)state;
	for (const struct settings_number *r = settings_numbers;
	     r->name != NULL; r++) {
		const int64_t values[] = { r->min - 1, r->min, r->max,
			r->max + 1 };

		for (int i = 0; i < 4; i++) {
			struct project_settings s;
			struct err e = ERR_INIT;
			int want = i == 1 || i == 2 ? 0 : -1;

			project_settings_init(&s);
			memcpy((char *)&s + r->offset, &values[i],
			    sizeof(values[i]));
			assert_int_equal(settings_rule_check(&s, &e), want);
			if (want == -1)
				assert_non_null(strstr(e.msg, r->name));
			project_settings_release(&s);
		}
	}
}

static void
an_agent_is_one_that_there_is(void **state)
{
	static const char *const bad[] = { "", "A", "a b", "../x", "command\n",
		"clau", "claudes" };
	struct project_settings s;

	(void)state;
	project_settings_init(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;

		project_settings_set_agent(&s, bad[i]);
		assert_int_equal(settings_rule_check(&s, &e), -1);
		assert_int_equal(e.code, ERR_INVALID);
	}
	project_settings_release(&s);
}

static void
a_command_has_a_program_and_bounds(void **state)
{
	const char *argv[SETTINGS_ARGV_MAX + 1];
	char big[SETTINGS_ARG_MAX + 2];
	struct project_settings s;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i <= SETTINGS_ARGV_MAX; i++)
		argv[i] = "x";
	project_settings_init(&s);
	project_settings_set_command(&s, argv, SETTINGS_ARGV_MAX);
	assert_int_equal(settings_rule_check(&s, &e), 0);
	project_settings_set_command(&s, argv, SETTINGS_ARGV_MAX + 1);
	assert_int_equal(settings_rule_check(&s, &e), -1);
	argv[0] = "";
	project_settings_set_command(&s, argv, 1);
	assert_int_equal(settings_rule_check(&s, &e), -1);
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	argv[0] = big;
	project_settings_set_command(&s, argv, 1);
	assert_int_equal(settings_rule_check(&s, &e), -1);
	project_settings_release(&s);
}

static void
a_network_is_one_of_five(void **state)
{
	struct project_settings s;
	struct err e = ERR_INIT;

	(void)state;
	project_settings_init(&s);
	s.network = (enum network_mode)0;
	assert_int_equal(settings_rule_check(&s, &e), -1);
	s.network = (enum network_mode)(NETWORK_OPEN + 1);
	assert_int_equal(settings_rule_check(&s, &e), -1);
	project_settings_release(&s);
}

static const struct sandbox_option *
option(const char *name)
{
	for (const struct sandbox_option *r = sandbox_option_rows;
	     r->name != NULL; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	fail_msg("no option %s", name);
	return NULL;
}

static void
a_sandbox_option_has_a_rule(void **state)
{
	static const struct {
		const char *name, *text;
		bool good;
	} rows[] = {
		{ "profile", "", true },
		{ "profile", "python", true },
		{ "profile", "my-3.12_x", true },
		{ "profile", "../etc", false },
		{ "profile", ".hidden", false },
		{ "profile", "-x", false },
		{ "profile", "a/b", false },
		{ "branch", "release/1.0", true },
		{ "branch", "a..b", false },
		{ "branch", "-b", false },
		{ "driver", "oci", true },
		{ "driver", "engine", true },
		{ "driver", "none", false },
		{ "runtime", "crun", true },
		{ "runtime", "/tmp/evil", false },
		{ "gpus", "all", true },
		{ "gpus", "2", true },
		{ "gpus", "0", false },
		{ "gpus", "-1", false },
		{ "gpus", "device=0", false },
		{ "entrypoint", "make", true },
		{ "entrypoint", "", false },
		{ "entrypoint", "a\nb", false },
		{ "ro", "/srv/data", true },
		{ "ro", "srv", false },
		{ "ro", "/srv/\x1b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sandbox_option *r = option(rows[i].name);
		struct project_settings s;
		struct err e = ERR_INIT;

		project_settings_init(&s);
		if (r->list)
			sandbox_options_set_list(
			    &s.sandbox, r, &rows[i].text, 1);
		else
			sandbox_options_set_text(&s.sandbox, r, rows[i].text);
		if ((settings_rule_check(&s, &e) == 0) != rows[i].good)
			fail_msg("row %zu %s=%s: %s", i, rows[i].name,
			    rows[i].text, e.msg);
		if (!rows[i].good)
			assert_non_null(strstr(e.msg, rows[i].name));
		project_settings_release(&s);
	}
}

static void
an_engine_inside_needs_sysbox(void **state)
{
	struct project_settings s;
	struct err e = ERR_INIT;

	(void)state;
	project_settings_init(&s);
	s.sandbox.docker = true;
	assert_int_equal(settings_rule_check(&s, &e), -1);
	assert_non_null(strstr(e.msg, "privileged"));
	sandbox_options_set_text(&s.sandbox, option("runtime"), "sysbox-runc");
	assert_int_equal(settings_rule_check(&s, &e), 0);
	project_settings_release(&s);
}

static void
what_reaches_the_host_is_told_apart(void **state)
{
	static const char *const path = "/srv/data";
	struct sandbox_options a, b;

	(void)state;
	sandbox_options_init(&a);
	sandbox_options_set_text(&a, option("profile"), "node");
	sandbox_options_copy(&b, &a);
	assert_true(sandbox_options_same_host(&a, &b));
	sandbox_options_set_text(&b, option("profile"), "c");
	sandbox_options_set_text(&b, option("branch"), "dev");
	sandbox_options_set_list(&b, option("entrypoint"), &path, 1);
	assert_true(sandbox_options_same_host(&a, &b));
	sandbox_options_set_list(&b, option("ro"), &path, 1);
	assert_false(sandbox_options_same_host(&a, &b));
	sandbox_options_set_list(&a, option("ro"), &path, 1);
	assert_true(sandbox_options_same_host(&a, &b));
	b.docker = true;
	assert_false(sandbox_options_same_host(&a, &b));
	b.docker = false;
	sandbox_options_set_text(&b, option("runtime"), "runc");
	assert_false(sandbox_options_same_host(&a, &b));
	sandbox_options_release(&a);
	sandbox_options_release(&b);
}

static void
what_decides_the_gate_is_told_apart(void **state)
{
	struct project_settings a, b;

	(void)state;
	project_settings_init(&a);
	project_settings_init(&b);
	b.pids = a.pids + 1;
	assert_null(settings_rule_gate_differs(&a, &b));
	b.approvals = a.approvals + 1;
	assert_string_equal(
	    settings_rule_gate_differs(&a, &b)->name, "approvals");
	settings_rule_keep_gate(&a, &b);
	assert_null(settings_rule_gate_differs(&a, &b));
	assert_int_equal(b.pids, a.pids + 1);
	b.current = !a.current;
	assert_string_equal(
	    settings_rule_gate_differs(&a, &b)->name, "current");
	settings_rule_keep_gate(&a, &b);
	b.conversations = !a.conversations;
	assert_string_equal(
	    settings_rule_gate_differs(&a, &b)->name, "conversations");
	project_settings_release(&a);
	project_settings_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_good),
		cmocka_unit_test(each_number_has_bounds),
		cmocka_unit_test(an_agent_is_one_that_there_is),
		cmocka_unit_test(a_command_has_a_program_and_bounds),
		cmocka_unit_test(a_network_is_one_of_five),
		cmocka_unit_test(a_sandbox_option_has_a_rule),
		cmocka_unit_test(an_engine_inside_needs_sysbox),
		cmocka_unit_test(what_reaches_the_host_is_told_apart),
		cmocka_unit_test(what_decides_the_gate_is_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
