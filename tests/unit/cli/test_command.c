#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "lib/base/err.h"

static bool
test_group_is_known(const char *name)
{
	for (const struct command_group *g = command_groups; g->name != NULL;
	     g++)
		if (strcmp(g->name, name) == 0)
			return true;
	return false;
}

static void
every_command_has_what_help_needs(void **state)
{
	(void)state;
	for (size_t t = 0; command_tables[t] != NULL; t++) {
		for (const struct command *c = command_tables[t];
		     c->name != NULL; c++) {
			assert_non_null(c->group);
			assert_non_null(c->summary);
			assert_non_null(c->usage);
			assert_non_null(c->run);
			assert_true(c->min <= c->max);
			assert_true(strlen(c->name) < 40);
			assert_true(strlen(c->summary) <= 60);
			assert_true(test_group_is_known(c->group));
		}
	}
}

static void
every_option_is_told_apart_from_the_global_ones(void **state)
{
	static const char *const global[] = { "home", "url", "json", "dry-run",
		"no-colour", "help" };

	(void)state;
	for (size_t t = 0; command_tables[t] != NULL; t++) {
		for (const struct command *c = command_tables[t];
		     c->name != NULL; c++) {
			for (const struct command_option *o = c->options;
			     o != NULL && o->name != NULL; o++) {
				assert_int_not_equal(o->letter, 'h');
				assert_true(o->offset < c->args_size);
				for (size_t i = 0; i < 6; i++)
					assert_string_not_equal(
					    o->name, global[i]);
			}
		}
	}
}

static void
no_name_is_there_twice(void **state)
{
	int used;

	(void)state;
	for (size_t t = 0; command_tables[t] != NULL; t++) {
		for (const struct command *c = command_tables[t];
		     c->name != NULL; c++) {
			char copy[64], *words[2] = { copy, NULL };
			char *blank;

			(void)snprintf(copy, sizeof(copy), "%s", c->name);
			blank = strchr(copy, ' ');
			if (blank != NULL) {
				*blank = '\0';
				words[1] = blank + 1;
			}
			assert_ptr_equal(command_find(command_tables, words,
					     blank == NULL ? 1 : 2, &used),
			    c);
			assert_int_equal(used, blank == NULL ? 1 : 2);
		}
	}
}

static void
two_words_win_over_one(void **state)
{
	char fetch[] = "fetch", undo[] = "undo", other[] = "agent/fix-1";
	char *words[] = { fetch, undo };
	int used;

	(void)state;
	assert_string_equal(
	    command_find(command_tables, words, 2, &used)->name, "fetch undo");
	words[1] = other;
	assert_string_equal(
	    command_find(command_tables, words, 2, &used)->name, "fetch");
	assert_int_equal(used, 1);
}

static void
a_slip_is_met_with_the_nearest_name(void **state)
{
	(void)state;
	assert_string_equal(
	    command_nearest(command_tables, "xcreate")->name, "create");
	assert_string_equal(
	    command_nearest(command_tables, "stauts")->name, "status");
	assert_null(command_nearest(command_tables, "frobnicate"));
	assert_null(command_nearest(command_tables, "nope"));
}

static void
a_slip_in_an_option_is_met_with_the_nearest_name(void **state)
{
	char issue[] = "issue", new[] = "new";
	char *words[] = { issue, new };
	int used;
	const struct command *c = command_find(command_tables, words, 2, &used);

	(void)state;
	assert_string_equal(command_option_nearest(c, "tilte"), "title");
	assert_string_equal(command_option_nearest(c, "hmoe"), "home");
	assert_null(command_option_nearest(c, "frobnicate"));
}

static void
distance_counts_insertions_deletions_and_changes(void **state)
{
	(void)state;
	assert_int_equal(command_distance("", ""), 0);
	assert_int_equal(command_distance("", "abc"), 3);
	assert_int_equal(command_distance("abc", ""), 3);
	assert_int_equal(command_distance("kitten", "sitting"), 3);
	assert_int_equal(command_distance("up", "up"), 0);
}

static void
exit_codes_follow_the_contract(void **state)
{
	struct err e = ERR_INIT;

	(void)state;
	(void)err_set(&e, ERR_NOTFOUND, "x");
	assert_int_equal(cli_exit_of(&e), 4);
	(void)err_set(&e, ERR_DENIED, "x");
	assert_int_equal(cli_exit_of(&e), 3);
	(void)err_set(&e, ERR_TIMEOUT, "x");
	assert_int_equal(cli_exit_of(&e), 124);
	(void)err_set(&e, ERR_IO, "x");
	assert_int_equal(cli_exit_of(&e), 1);
	(void)cli_err_unreachable(&e, "x");
	assert_int_equal(cli_exit_of(&e), 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_has_what_help_needs),
		cmocka_unit_test(
		    every_option_is_told_apart_from_the_global_ones),
		cmocka_unit_test(no_name_is_there_twice),
		cmocka_unit_test(two_words_win_over_one),
		cmocka_unit_test(a_slip_is_met_with_the_nearest_name),
		cmocka_unit_test(
		    a_slip_in_an_option_is_met_with_the_nearest_name),
		cmocka_unit_test(
		    distance_counts_insertions_deletions_and_changes),
		cmocka_unit_test(exit_codes_follow_the_contract),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
