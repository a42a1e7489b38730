#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <string.h>

#include "cli/fetch/commit_object.h"
#include "lib/base/err.h"

#define ID_1 "1111111111111111111111111111111111111111"
#define ID_2 "2222222222222222222222222222222222222222"
#define ID_3 "3333333333333333333333333333333333333333"
#define WHO "Ann <b> <ann@example.org> 1700000000 +0130"

static void
a_commit_is_read(void **state)
{
	static const char text[] = "tree " ID_1 "\nparent " ID_2
				   "\nparent " ID_3 "\nauthor " WHO
				   "\ncommitter Bob <> 5 -0200\n"
				   "gpgsig -----BEGIN X-----\n \n x\n"
				   "\nSubject\n\nauthor x\n";
	struct commit_object o;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(commit_object_read(view_of(text), ID_3, &o, &e), 0);
	assert_string_equal(o.tree, ID_1);
	assert_int_equal(o.c.parents, 2);
	assert_string_equal(o.parents[1], ID_3);
	assert_true(view_is(o.c.author.name, "Ann"));
	assert_true(view_is(o.c.author.mail, "b> <ann@example.org"));
	assert_int_equal(o.c.author.when, 1700000000);
	assert_int_equal(o.c.author.offset, 90);
	assert_int_equal(o.c.committer.mail.len, 0);
	assert_int_equal(o.c.committer.when, 5);
	assert_int_equal(o.c.committer.offset, -120);
	assert_true(o.c.is_signed);
	assert_true(view_is(o.c.message, "Subject\n\nauthor x\n"));
}

static void
odd_dates_are_none(void **state)
{
	static const char *const odd[] = { "A <a> x +0000", "A <a> 5",
		"A <a> -5 +0000", "A <a> 99999999999999999999 +0000", "A",
		"A <a", "A a> 5 +0000", "", "A <a> 5 +00" };
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct commit_object o;
		char text[300];

		(void)snprintf(text, sizeof(text),
		    "tree " ID_1 "\nauthor %s\ncommitter " WHO "\n\nx\n",
		    odd[i]);
		assert_int_equal(
		    commit_object_read(view_of(text), ID_3, &o, &e), 0);
		assert_int_equal(o.c.author.when, 0);
	}
}

static void
what_is_no_commit_is_refused(void **state)
{
	static const char *const bad[] = { "", "\n", "tree " ID_1 "\n",
		"tree 11\nauthor " WHO "\ncommitter " WHO "\n\n",
		"tree " ID_1 "\nparent 11\nauthor " WHO "\ncommitter " WHO
		"\n\n",
		"tree " ID_1 "\nauthor " WHO "\n\ncommitter " WHO "\n" };
	struct commit_object o;
	struct err e = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    commit_object_read(view_of(bad[i]), ID_3, &o, &e), -1);
}

static void
too_many_parents_are_refused(void **state)
{
	char text[4096] = "tree " ID_1 "\n";
	struct commit_object o;
	struct err e = ERR_INIT;

	(void)state;
	for (int i = 0; i < 17; i++) {
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof(text) - n, "parent " ID_2 "\n");
	}
	assert_int_equal(commit_object_read(view_of(text), ID_3, &o, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_commit_is_read),
		cmocka_unit_test(odd_dates_are_none),
		cmocka_unit_test(what_is_no_commit_is_refused),
		cmocka_unit_test(too_many_parents_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
