#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "findings/policy.h"
#include "findings/rule.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

/* What a rule weighs at a path under the user's and the base's file. */
static const char *
policy_says(
    const char *user, const char *base, const char *id, const char *path)
{
	struct findings_policy *p = findings_policy_new();
	struct err e = ERR_INIT;
	const struct finding_rule *rule = finding_rule_get(id);
	enum finding_severity s = rule == NULL ? FINDING_ASK : rule->severity;
	bool on;

	assert_int_equal(findings_policy_read(p, view_of(user), "user", &e), 0);
	assert_int_equal(findings_policy_read(p, view_of(base), "base", &e), 0);
	on = findings_policy_weigh(p, rule, id, path, &s);
	findings_policy_free(p);
	return on ? finding_severity_name(s) : "off";
}

static const char *
policy_error(const char *text, size_t len)
{
	static struct err e;
	struct findings_policy *p = findings_policy_new();
	int rc;

	e = ERR_INIT;
	rc = findings_policy_read(p, (struct view){ text, len }, "f", &e);
	findings_policy_free(p);
	return rc == 0 ? "none" : e.msg;
}

static void
the_last_line_that_fits_wins(void **state)
{
	(void)state;
	assert_string_equal(policy_says("", "", "binary", "a"), "ask");
	assert_string_equal(
	    policy_says("rule binary note\n", "", "binary", "a"), "note");
	assert_string_equal(policy_says("rule binary note\nrule binary block",
				"", "binary", "a"),
	    "block");
	assert_string_equal(
	    policy_says("rule binary off path img/** reason ours\n", "",
		"binary", "img/a/b.png"),
	    "off");
	assert_string_equal(
	    policy_says("rule binary off path img/**\n", "", "binary", "a.png"),
	    "ask");
	assert_string_equal(
	    policy_says("# rule binary off\r\n\r\n", "", "binary", "a"), "ask");
}

static void
the_base_wins_over_the_user_but_not_over_his_locks(void **state)
{
	(void)state;
	assert_string_equal(
	    policy_says("rule hook block", "rule hook note", "hook", "h"),
	    "note");
	assert_string_equal(
	    policy_says("lock hook", "rule hook note", "hook", "h"), "block");
	assert_string_equal(policy_says("rule hook ask\nlock hook",
				"rule hook off", "hook", "h"),
	    "ask");
	assert_string_equal(policy_says("rule hook ask\nlock hook",
				"rule hook block", "hook", "h"),
	    "block");
	/* It does not lock itself out, nor the user. */
	assert_string_equal(
	    policy_says("rule hook note", "lock hook", "hook", "h"), "note");
	assert_string_equal(
	    policy_says("", "lock hook\nrule hook note", "hook", "h"), "note");
}

static void
what_nobody_looked_at_has_no_weight(void **state)
{
	struct findings_policy *p = findings_policy_new();
	struct err e = ERR_INIT;
	struct findings f = { .policy = p };

	(void)state;
	assert_string_equal(policy_error("rule too-large off", 18),
	    "f:1: too-large cannot be weighed: nothing was looked at");
	assert_int_equal(
	    findings_policy_read(p, view_of("rule fetch-policy off"), "u", &e),
	    0);
	finding_add(&f, "too-large", "a", 0, "x");
	finding_add(&f, "fetch-policy", "a", 0, "x");
	finding_add(&f, "no-such-rule", "a", 0, "x");
	assert_int_equal(findings_count(&f, FINDING_BLOCK), 3);
	findings_release(&f);
	findings_policy_free(p);
}

static void
a_rule_that_is_off_takes_no_room(void **state)
{
	struct findings_policy *p = findings_policy_new();
	struct err e = ERR_INIT;
	struct findings f = { .policy = p };
	char path[32];

	(void)state;
	assert_int_equal(findings_policy_read(
			     p, view_of("rule binary off path v/**"), "u", &e),
	    0);
	for (int i = 0; i < 2 * FINDING_MAX; i++) {
		(void)snprintf(path, sizeof(path), "v/%d", i);
		finding_add(&f, "binary", path, 0, "x");
	}
	finding_add(&f, "binary", "w/1", 0, "x");
	assert_int_equal(f.n, 1);
	assert_int_equal(f.dropped, 0);
	assert_string_equal(f.list[0].file, "w/1");
	findings_release(&f);
	findings_policy_free(p);
}

static void
limits_move_and_can_be_locked(void **state)
{
	static const struct {
		const char *user, *base;
		uint64_t file, total;
	} cases[] = {
		{ "", "", 10 << 20, 100 << 20 },
		{ "limit file 1M\nlimit total 2G", "", 1 << 20,
		    (uint64_t)2 << 30 },
		{ "limit file 1M", "limit file 20M", 20 << 20, 100 << 20 },
		{ "limit file 1M\nlock too-large",
		    "limit file 20M\nlimit total 64k", 1 << 20, 64 << 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct findings_policy *p = findings_policy_new();
		struct err e = ERR_INIT;

		assert_int_equal(
		    findings_policy_read(p, view_of(cases[i].user), "u", &e),
		    0);
		assert_int_equal(
		    findings_policy_read(p, view_of(cases[i].base), "b", &e),
		    0);
		assert_true(
		    findings_limit(p, FINDINGS_LIMIT_FILE) == cases[i].file);
		assert_true(
		    findings_limit(p, FINDINGS_LIMIT_TOTAL) == cases[i].total);
		findings_policy_free(p);
	}
	assert_true(
	    findings_limit(NULL, FINDINGS_LIMIT_FILE) == (uint64_t)10 << 20);
}

static void
errors_name_the_line(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "allow x", "f:1: a line begins with rule, limit, lock or #" },
		{ "\n\nrule\n",
		    "f:3: there is no rule ; `coffer fetch rules` lists them" },
		{ "#\nrule nosuch off",
		    "f:2: there is no rule nosuch; `coffer fetch rules` lists "
		    "them" },
		{ "rule binary",
		    "f:1: after the rule comes block, ask, note "
		    "or off" },
		{ "rule binary never",
		    "f:1: after the rule comes block, ask, "
		    "note or off" },
		{ "rule binary off path",
		    "f:1: path is a pattern from the top "
		    "of the tree, at most 200 bytes" },
		{ "rule binary off path /etc",
		    "f:1: path is a pattern from "
		    "the top of the tree, at most "
		    "200 bytes" },
		{ "rule binary off reason ", "f:1: the reason is empty" },
		{ "rule binary off because",
		    "f:1: only `path GLOB` and `reason TEXT` may follow" },
		{ "limit line 3M",
		    "f:1: a limit is of a `file` or of the `total`" },
		{ "limit file",
		    "f:1: a size is a number with k, M or G, at "
		    "most 4G" },
		{ "limit file 5G",
		    "f:1: a size is a number with k, M or G, at "
		    "most 4G" },
		{ "limit file 5M 6M", "f:1: nothing may follow the size" },
		{ "lock nosuch",
		    "f:1: there is no rule nosuch; `coffer fetch rules` lists "
		    "them" },
		{ "lock hook hook", "f:1: nothing may follow the rule" },
		{ "rule hook off \xff", "f:1: it is not UTF-8" },
		{ "rule hook off reason \342\200\256x",
		    "f:1: U+202E is a character that is not seen" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(
		    policy_error(cases[i].text, strlen(cases[i].text)),
		    cases[i].why);
	assert_string_equal(policy_error("rule hook\0off", 13),
	    "f:1: U+0000 is a character that is not seen");
}

static void
files_and_lines_are_bounded(void **state)
{
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	for (int i = 0; i < FINDINGS_POLICY_LINES; i++)
		str_add(&text, "lock hook\n");
	assert_string_equal(policy_error(text.p, text.len), "none");
	str_add(&text, "lock hook\n");
	assert_string_equal(
	    policy_error(text.p, text.len), "f:501: more than 500 lines");
	str_reset(&text);
	for (int i = 0; i < FINDINGS_POLICY_LINE; i++)
		str_add(&text, "#");
	assert_string_equal(policy_error(text.p, text.len), "none");
	str_add(&text, "#");
	assert_string_equal(
	    policy_error(text.p, text.len), "f:1: a line of over 1000 bytes");
	str_reset(&text);
	for (int i = 0; i <= FINDINGS_POLICY_MAX; i++)
		str_add(&text, "\n");
	assert_string_equal(
	    policy_error(text.p, text.len), "f: over 65536 bytes");
}

static void
the_line_that_decides_is_known(void **state)
{
	struct findings_policy *p = findings_policy_new();
	const struct finding_rule *hook = finding_rule_get("hook");
	const struct findings_policy_line *by;
	struct err e = ERR_INIT;

	(void)state;
	assert_null(findings_policy_why(p, hook, NULL));
	assert_int_equal(findings_policy_read(p,
			     view_of("#\nrule hook ask\nlock hook\n"), "u", &e),
	    0);
	assert_int_equal(
	    findings_policy_read(p, view_of("rule hook off\n"), "b", &e), 0);
	by = findings_policy_why(p, hook, NULL);
	assert_non_null(by);
	assert_string_equal(by->from, "u");
	assert_int_equal(by->number, 2);
	assert_int_equal(findings_policy_count(p), 3);
	assert_string_equal(findings_policy_at(p, 2)->text, "rule hook off");
	assert_true(findings_policy_at(p, 2)->locked);
	assert_false(findings_policy_at(p, 0)->locked);
	findings_policy_free(p);
}

static void
patterns_fit_paths(void **state)
{
	static const struct {
		const char *glob, *path;
		bool fits;
	} cases[] = {
		{ "*.png", "a/b/c.png", true },
		{ "*.png", "c.pngx", false },
		{ "a/*.png", "a/c.png", true },
		{ "a/*.png", "a/b/c.png", false },
		{ "a/**", "a/b/c.png", true },
		{ "a/**", "ab/c.png", false },
		{ "a/**/c", "a/c", true },
		{ "a/**/c", "a/b/b/c", true },
		{ "a/**/c", "a/bc", false },
		{ "**/c", "c", true },
		{ "**/c", "x/c", true },
		{ "**/c", "xc", false },
		{ "vendor/", "vendor/a/b", true },
		{ "vendor/", "vendors/a", false },
		{ "vendor/", "vendor", false },
		{ "a?c", "abc", true },
		{ "x/a?c", "x/a/c", false },
		{ "a/b", "x/a/b", false },
		{ "**", "a/b/c", true },
		{ "a**b/c", "axx/yyb/c", true },
		{ "", "a", false },
		{ "*", ".hidden", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (findings_glob(cases[i].glob, cases[i].path) !=
		    cases[i].fits)
			fail_msg("%s %s", cases[i].glob, cases[i].path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_line_that_fits_wins),
		cmocka_unit_test(
		    the_base_wins_over_the_user_but_not_over_his_locks),
		cmocka_unit_test(what_nobody_looked_at_has_no_weight),
		cmocka_unit_test(a_rule_that_is_off_takes_no_room),
		cmocka_unit_test(limits_move_and_can_be_locked),
		cmocka_unit_test(errors_name_the_line),
		cmocka_unit_test(files_and_lines_are_bounded),
		cmocka_unit_test(the_line_that_decides_is_known),
		cmocka_unit_test(patterns_fit_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
