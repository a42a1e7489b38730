#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/conffile.h"
#include "lib/base/str.h"

static void
set_is(const char *before, const char *section, const char *key,
    const char *value, const char *after)
{
	struct str out = STR_INIT;

	conffile_set(&out, view_of(before), section, key, value);
	assert_string_equal(str_cstr(&out), after);
	str_release(&out);
}

static void
a_key_that_is_there_is_replaced_in_its_line(void **state)
{
	(void)state;
	set_is("[a]\nx = 1\ny = 2\n", "a", "x", "3", "[a]\nx = 3\ny = 2\n");
	set_is("[a]\n x=1\n", "a", "x", "3", "[a]\nx = 3\n");
	set_is("[a]\nx = 1", "a", "x", "3", "[a]\nx = 3\n");
}

static void
a_key_of_another_section_stays(void **state)
{
	(void)state;
	set_is("[a]\nx = 1\n[b]\n", "b", "x", "3", "[a]\nx = 1\n[b]\nx = 3\n");
	set_is("[a]\nx = 1\n[b]\nx = 2\n", "b", "x", NULL, "[a]\nx = 1\n[b]\n");
}

static void
a_new_key_goes_below_its_remark_or_to_the_end_of_its_section(void **state)
{
	(void)state;
	set_is("[a]\n# what\n#x = 1\n\n#y = 2\n", "a", "x", "3",
	    "[a]\n# what\n#x = 1\nx = 3\n\n#y = 2\n");
	set_is("[a]\n#y = 2\n\n[b]\n", "a", "x", "3",
	    "[a]\n#y = 2\nx = 3\n\n[b]\n");
}

static void
a_section_that_is_missing_is_made(void **state)
{
	(void)state;
	set_is("", "a", "x", "1", "[a]\nx = 1\n");
	set_is("[b]\n", "a", "x", "1", "[b]\n\n[a]\nx = 1\n");
	set_is("[b]\n", "a", "x", NULL, "[b]\n");
}

static void
setting_and_taking_back_leaves_the_text(void **state)
{
	static const char text[] = "# top\n\n[a]\n#x = 1\n\n[b]\ny = 2\n";
	struct str once = STR_INIT;

	(void)state;
	conffile_set(&once, view_of(text), "a", "x", "7");
	set_is(str_cstr(&once), "a", "x", NULL, text);
	str_release(&once);
}

static void
a_value_is_found_without_the_blanks_around_it(void **state)
{
	struct view v;

	(void)state;
	assert_true(conffile_get(view_of("[a]\n x =  1 = 2 \n"), "a", "x", &v));
	assert_true(view_is(v, "1 = 2"));
	assert_false(conffile_get(view_of("[a]\n#x = 1\n"), "a", "x", &v));
	assert_false(conffile_get(view_of("x = 1\n[a]\n"), "a", "x", &v));
	assert_false(conffile_get(view_of("[a\nx = 1\n"), "a", "x", &v));
	assert_false(conffile_get(view_of(""), "a", "x", &v));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_is_there_is_replaced_in_its_line),
		cmocka_unit_test(a_key_of_another_section_stays),
		cmocka_unit_test(
		    a_new_key_goes_below_its_remark_or_to_the_end_of_its_section),
		cmocka_unit_test(a_section_that_is_missing_is_made),
		cmocka_unit_test(setting_and_taking_back_leaves_the_text),
		cmocka_unit_test(a_value_is_found_without_the_blanks_around_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
