#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/checks_yaml.h"

static void
all_keys_are_read(void **state)
{
	static const char
	    text[] = "# checks of this project\n"
		     "checks:\n"
		     "  - name: test            # context ci/test\n"
		     "    setup: ./configure\n"
		     "    test: |\n"
		     "      make\n"
		     "      make check\n"
		     "    network: {setup: web, test: none}\n"
		     "    timeout: 10m\n"
		     "    memory: 4G\n"
		     "    required: false\n"
		     "  - {name: lint, test: 'make lint'}\n";
	AUTO_CHECKS struct checks c = CHECKS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	if (checks_parse(view_of(text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(c.n, 2);
	assert_string_equal(c.v[0].name, "test");
	assert_string_equal(c.v[0].setup, "./configure");
	assert_string_equal(c.v[0].test, "make\nmake check\n");
	assert_int_equal(c.v[0].network_setup, NETWORK_WEB);
	assert_int_equal(c.v[0].network_test, NETWORK_NONE);
	assert_int_equal(c.v[0].timeout_s, 600);
	assert_int_equal(c.v[0].memory, UINT64_C(4) << 30);
	assert_false(c.v[0].required);
	assert_ptr_equal(checks_find(&c, "lint"), &c.v[1]);
	assert_null(c.v[1].setup);
	assert_int_equal(c.v[1].network_setup, NETWORK_LOCKED);
	assert_int_equal(c.v[1].network_test, NETWORK_OFF);
	assert_int_equal(c.v[1].timeout_s, CHECK_TIMEOUT_DEFAULT_S);
	assert_int_equal(c.v[1].memory, CHECK_MEMORY_DEFAULT);
	assert_true(c.v[1].required);
	assert_null(checks_find(&c, "none"));
}

static void
the_whole_grammar_is_read(void **state)
{
	static const char
	    text[] = "new_tests: required\n"
		     "tests: [\"spec/**\", '*_check.c']\n"
		     "checks:\n"
		     "  - name: unit\n"
		     "    profile: python\n"
		     "    setup: pip install -r requirements.txt\n"
		     "    test: pytest -q\n"
		     "    network: {test: locked}\n"
		     "    presets: [python, debian]\n"
		     "    labels: [gpu, big]\n"
		     "    limits: {memory: 1G, cpus: 2, pids: 100, disk: 1G}\n"
		     "    paths: ['src/**', '*.py']\n"
		     "    paths_ignore: ['docs/**']\n"
		     "  - {name: img, image: 'debian:12', test: 'true'}\n";
	AUTO_CHECKS struct checks c = CHECKS_INIT;
	struct err e = ERR_INIT;
	const struct check *k = &c.v[0];

	(void)state;
	if (checks_parse(view_of(text), &c, &e) == -1)
		fail_msg("%s", e.msg);
	assert_int_equal(c.new_tests, NEW_TESTS_REQUIRED);
	assert_string_equal(c.tests, "spec/**\n*_check.c\n");
	assert_string_equal(k->profile, "python");
	assert_null(k->image);
	assert_int_equal(k->network_setup, NETWORK_LOCKED);
	assert_int_equal(k->network_test, NETWORK_LOCKED);
	assert_string_equal(k->presets, "python debian");
	assert_string_equal(k->labels, "gpu big");
	assert_int_equal(k->memory, UINT64_C(1) << 30);
	assert_int_equal(k->cpus, 2);
	assert_int_equal(k->pids, 100);
	assert_int_equal(k->disk, UINT64_C(1) << 30);
	assert_true(check_wants(k, view_of("src/a/b.txt")));
	assert_true(check_wants(k, view_of("lib/deep/x.py")));
	assert_false(check_wants(k, view_of("docs/conf.py")));
	assert_false(check_wants(k, view_of("README.md")));
	assert_string_equal(c.v[1].image, "debian:12");
	assert_null(c.v[1].presets);
	assert_true(check_wants(&c.v[1], view_of("anything")));
	assert_true(check_path_is(c.tests, view_of("a/b/x_check.c")));
	assert_false(check_path_is(c.tests, view_of("a/spec/x.c")));
}

static const struct row {
	const char *text;
	const char *error; /* its beginning */
} bad[] = {
	{ "", "line 1: the file is empty" },
	{ "# nothing\n", "line 2: the file is empty" },
	{ "[]", "line 1: the file must begin" },
	{ "x: 1\n", "line 1: unknown key: x" },
	{ "checks: 1\n", "line 1: checks must be a list" },
	{ "checks: []\nchecks: []\n", "line 2: checks is there twice" },
	{ "checks: []\nmore: 1\n", "line 2: unknown key: more" },
	{ "checks:\n  - test\n", "line 2: a check must be a map" },
	{ "checks:\n  - test: x\n", "line 2: the check has no name" },
	{ "checks:\n  - name: x\n", "line 2: check x has no test" },
	{ "checks:\n  - name: x\n    tset: y\n", "line 3: unknown key: tset" },
	{ "checks:\n  - name: x\n    test: y\n    test: z\n",
	    "line 4: test is there twice" },
	{ "checks:\n  - name: x\n    test: ''\n", "line 3: test is empty" },
	{ "checks:\n  - name: X\n    test: y\n", "line 2: name must be of" },
	{ "checks:\n  - name: a/b\n    test: y\n", "line 2: name must be of" },
	{ "checks:\n  - name: [a]\n    test: y\n", "line 2: name is not text" },
	{ "checks:\n  - {name: a, test: x}\n  - {name: a, test: y}\n",
	    "line 3: check a is there twice" },
	{ "checks:\n  - name: a\n    test: b\n    timeout: 10\n",
	    "line 4: timeout must be" },
	{ "checks:\n  - name: a\n    test: b\n    timeout: 7h\n",
	    "line 4: timeout must be" },
	{ "checks:\n  - name: a\n    test: b\n    memory: 1\n",
	    "line 4: memory must be" },
	{ "checks:\n  - name: a\n    test: b\n    required: maybe\n",
	    "line 4: required must be" },
	{ "checks:\n  - name: a\n    test: b\n    network: web\n",
	    "line 4: network must be {" },
	{ "checks:\n  - name: a\n    test: b\n    network: {test: open}\n",
	    "line 4: test must be off, none, locked or web" },
	{ "checks:\n  - name: a\n    test: b\n    network: {x: web}\n",
	    "line 4: unknown key in network: x" },
	{ "checks:\n  - name: new-tests\n    test: y\n",
	    "line 2: the name new-tests is the server's" },
	{ "checks:\n  - name: a\n    test: b\n    image: ../x\n",
	    "line 4: image is no name" },
	{ "checks:\n  - name: a\n    test: b\n    image: --rm\n",
	    "line 4: image is no name" },
	{ "checks:\n  - {name: a, test: b, image: c, profile: d}\n",
	    "line 2: check a has an image and a profile" },
	{ "checks:\n  - name: a\n    test: b\n    presets: python\n",
	    "line 4: presets must be a list" },
	{ "checks:\n  - name: a\n    test: b\n    presets:\n"
	  "      - python\n      - ../etc\n",
	    "line 6: no preset is named so" },
	{ "checks:\n  - name: a\n    test: b\n    paths: ['a', '[z']\n",
	    "line 4: [z: " },
	{ "checks:\n  - name: a\n    test: b\n    paths: []\n",
	    "line 4: paths is empty" },
	{ "checks:\n  - name: a\n    test: b\n    limits: 2G\n",
	    "line 4: limits must be {" },
	{ "checks:\n  - name: a\n    test: b\n    limits: {cpus: 0}\n",
	    "line 4: cpus must be from 1 to 512" },
	{ "checks:\n  - name: a\n    test: b\n    limits: {ram: 1G}\n",
	    "line 4: unknown key: ram" },
	{ "checks:\n  - name: a\n    test: b\n    limits:\n"
	  "      disk: 1K\n",
	    "line 5: disk must be from 64M" },
	{ "checks: []\nnew_tests: always\n", "line 2: new_tests must be" },
	{ "tests: ['a']\n", "line 2: the file must have `checks:`" },
	{ "checks: &a\n  - name: x\n    test: y\n", "line 1: anchors" },
	{ "checks: *a\n", "line 1: aliases" },
	{ "checks:\n  - name: !!str x\n    test: y\n", "line 2: anchors" },
	{ "checks: []\n---\nchecks: []\n", "line 2: only one document" },
	{ "checks:\n\t- x\n", "line 2: not YAML" },
	{ "checks: [\n", "line 2: not YAML" },
	{ "checks:\n  - name: a\n    test: \"\\0\"\n", "line 3: test is not" },
};

static void
errors_name_their_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_CHECKS struct checks c = CHECKS_INIT;
		struct err e = ERR_INIT;

		if (checks_parse(view_of(bad[i].text), &c, &e) == 0)
			fail_msg("row %zu is taken", i);
		assert_int_equal(e.code, ERR_INVALID);
		assert_int_equal(c.n, 0);
		if (strncmp(e.msg, bad[i].error, strlen(bad[i].error)) != 0)
			fail_msg("row %zu: %s", i, e.msg);
	}
}

static void
sizes_are_bounded(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_CHECKS struct checks c = CHECKS_INIT;
	struct err e = ERR_INIT;

	(void)state;
	str_add(&s, "checks:\n");
	for (int i = 0; i < CHECKS_MAX; i++)
		str_addf(&s, "  - {name: c%d, test: x}\n", i);
	assert_int_equal(checks_parse(str_view(&s), &c, &e), 0);
	assert_int_equal(c.n, CHECKS_MAX);
	checks_release(&c);
	str_add(&s, "  - {name: more, test: x}\n");
	assert_int_equal(checks_parse(str_view(&s), &c, &e), -1);
	assert_non_null(strstr(e.msg, "line 18: there may be at most 16"));
	str_reset(&s);
	str_add(&s, "checks:\n  - name: a\n    test: ");
	for (int i = 0; i < CHECK_COMMAND_MAX + 1; i++)
		str_addc(&s, 'x');
	assert_int_equal(checks_parse(str_view(&s), &c, &e), -1);
	assert_non_null(strstr(e.msg, "line 3: test is longer"));
	str_reset(&s);
	for (int i = 0; i < 100000; i++)
		str_addc(&s, '[');
	assert_int_equal(checks_parse(str_view(&s), &c, &e), -1);
	assert_non_null(strstr(e.msg, "nested"));
	str_reset(&s);
	for (int i = 0; i < CHECKS_FILE_MAX + 1; i++)
		str_addc(&s, '#');
	assert_int_equal(checks_parse(str_view(&s), &c, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_keys_are_read),
		cmocka_unit_test(the_whole_grammar_is_read),
		cmocka_unit_test(errors_name_their_line),
		cmocka_unit_test(sizes_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
