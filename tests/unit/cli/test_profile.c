#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/profile.h"
#include "lib/base/err.h"

static void
a_list_of_packages_is_names_comments_and_components(void **state)
{
	struct profile p = { .packages = STR_INIT, .components = STR_INIT };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    profile_parse(
		view_of("# all\n\n git \nlibstdc++6\ng++-12\n"), &p, &e),
	    0);
	assert_int_equal(p.n, 3);
	assert_string_equal(str_cstr(&p.packages), "git,libstdc++6,g++-12");
	assert_string_equal(str_cstr(&p.components), "main");
	assert_int_equal(
	    profile_parse(
		view_of("components: main  contrib non-free\ngit\n"), &p, &e),
	    0);
	assert_string_equal(str_cstr(&p.components), "main,contrib,non-free");
	profile_release(&p);
}

static void
what_could_be_anything_else_is_refused(void **state)
{
	static const char *const rows[] = { "", "# nothing\n", "--hook=x\n",
		"a,b\n", "git;rm\n", "Git\n", "g\n", "../x\n", "git jq\n",
		"-git\n", "components: --x\ngit\n", "git\n$(x)\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct profile p = { .packages = STR_INIT,
			.components = STR_INIT };
		struct err e = ERR_INIT;

		if (profile_parse(view_of(rows[i]), &p, &e) == 0)
			fail_msg("row %zu was taken", i);
		profile_release(&p);
	}
	assert_true(profile_name_ok("my-python3"));
	assert_false(profile_name_ok("../etc"));
	assert_false(profile_name_ok("-x"));
	assert_false(profile_name_ok(""));
	assert_false(profile_name_ok("A"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_list_of_packages_is_names_comments_and_components),
		cmocka_unit_test(what_could_be_anything_else_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
