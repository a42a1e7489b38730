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
an_agent_is_a_plain_word(void **state)
{
	static const char *const bad[] = { "", "A", "a b", "../x", "a\n" };
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
a_network_is_one_of_three(void **state)
{
	struct project_settings s;
	struct err e = ERR_INIT;

	(void)state;
	project_settings_init(&s);
	s.network = (enum network_mode)0;
	assert_int_equal(settings_rule_check(&s, &e), -1);
	s.network = (enum network_mode)(NETWORK_WEB + 1);
	assert_int_equal(settings_rule_check(&s, &e), -1);
	project_settings_release(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_good),
		cmocka_unit_test(each_number_has_bounds),
		cmocka_unit_test(an_agent_is_a_plain_word),
		cmocka_unit_test(a_command_has_a_program_and_bounds),
		cmocka_unit_test(a_network_is_one_of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
