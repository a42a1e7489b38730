#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/git/gitmodules.h"

static void
entries_are_read_as_git_writes_them(void **state)
{
	static const char text[] = "# mine\n"
				   "[submodule \"lib/a\"]\r\n"
				   "\tpath = lib/a\n"
				   "\turl = https://h/a.git\n"
				   "\tbranch = x\n"
				   "[core]\n"
				   "\turl = not-this\n"
				   "[Submodule \"q \\\"b\\\"\"]\n"
				   "  Path = \"b ; c\" ; a comment\n"
				   "  url = ../b.git   # another\n"
				   "[submodule \"lib/a\"]\n"
				   "\turl = https://h/again.git\n";
	struct gitmodules m;

	(void)state;
	gitmodules_read(view_of(text), &m);
	assert_int_equal(m.n, 2);
	assert_string_equal(m.v[0].name, "lib/a");
	assert_string_equal(m.v[0].path, "lib/a");
	assert_string_equal(m.v[0].url, "https://h/again.git");
	assert_string_equal(m.v[1].name, "q \"b\"");
	assert_string_equal(m.v[1].path, "b ; c");
	assert_string_equal(m.v[1].url, "../b.git");
	assert_false(m.truncated);
	gitmodules_release(&m);
}

static void
what_is_malformed_is_skipped(void **state)
{
	static const char *const texts[] = { "", "\n\n", "[submodule]\nurl=x",
		"[submodule \"\"]\nurl=x", "[submodule \"a]\nurl=x", "url=x",
		"[submodule \"a\"", "]", "=" };
	struct gitmodules m;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		gitmodules_read(view_of(texts[i]), &m);
		assert_int_equal(m.n, 0);
		gitmodules_release(&m);
	}
	gitmodules_read(view_of("[submodule \"a\"]\nurl = \"x\npath = p\\\n"
				"path\nurl"),
	    &m);
	assert_int_equal(m.n, 1);
	assert_null(m.v[0].url);
	assert_null(m.v[0].path);
	gitmodules_release(&m);
}

static void
the_list_is_bounded(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct gitmodules m;

	(void)state;
	for (int i = 0; i < GITMODULES_MAX + 5; i++)
		str_addf(&text, "[submodule \"%d\"]\nurl = u\n", i);
	gitmodules_read(str_view(&text), &m);
	assert_int_equal(m.n, GITMODULES_MAX);
	assert_true(m.truncated);
	gitmodules_release(&m);
}

static void
a_relative_url_is_upstreams_neighbour(void **state)
{
	static const struct {
		const char *upstream, *url, *is; /* NULL: not relative */
	} rows[] = {
		{ "https://h/o/r.git", "../a.git", "https://h/o/a.git" },
		{ "https://h/o/r.git/", "../../p/a", "https://h/p/a" },
		{ "https://h/o/r", "./a", "https://h/o/r/a" },
		{ "https://h/o/r", "../../../a", NULL },
		{ "git@h:o/r.git", "../a.git", "git@h:o/a.git" },
		{ "git@h:r.git", "../a.git", "git@h:a.git" },
		{ "/srv/o/r.git", "../a.git", "/srv/o/a.git" },
		{ "https://h/o/r", "https://x/a", NULL },
		{ "https://h/o/r", "..", NULL },
		{ "https://h/o/r", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STR struct str out = STR_INIT;
		bool ok = gitmodules_resolve(
		    rows[i].upstream, rows[i].url, &out);

		if (ok != (rows[i].is != NULL))
			fail_msg("%s %s", rows[i].upstream, rows[i].url);
		if (ok)
			assert_string_equal(str_cstr(&out), rows[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_read_as_git_writes_them),
		cmocka_unit_test(what_is_malformed_is_skipped),
		cmocka_unit_test(the_list_is_bounded),
		cmocka_unit_test(a_relative_url_is_upstreams_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
