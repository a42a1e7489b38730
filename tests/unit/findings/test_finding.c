#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check.h"
#include "findings/finding.h"
#include "findings/rule.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

static void
rules_are_sorted_and_say_what_to_do(void **state)
{
	size_t n;
	const struct finding_rule *rules = finding_rules(&n);

	(void)state;
	assert_true(n > 30);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(rules[i - 1].id, rules[i].id) >= 0)
			fail_msg("%s is not in its place", rules[i].id);
		if (rules[i].title == NULL || strlen(rules[i].title) < 5 ||
		    rules[i].todo == NULL || strlen(rules[i].todo) < 5)
			fail_msg("%s has no words", rules[i].id);
		for (const char *p = rules[i].id; *p != '\0'; p++)
			assert_true((*p >= 'a' && *p <= 'z') ||
			    (*p >= '0' && *p <= '9') || *p == '-');
		assert_ptr_equal(finding_rule_get(rules[i].id), &rules[i]);
	}
	assert_null(finding_rule_get("nosuch"));
	assert_false(finding_id_ok("too-large"));
	assert_false(finding_id_ok("nosuch"));
	assert_true(finding_id_ok("hook"));
	assert_true(finding_id_ok("review"));
	assert_true(finding_id_ok("sarif:tool/rule"));
}

static const struct finding *
finding_at(struct findings *f, const char *text, size_t point)
{
	findings_release(f);
	findings_look_at(f, view_of(text));
	findings_point(f, point);
	finding_add(f, "bidi", "a.c", 7, "x");
	findings_look_at(f, (struct view){ .p = NULL });
	assert_int_equal(f->n, 1);
	return &f->list[0];
}

static void
evidence_is_escaped_and_has_its_column(void **state)
{
	struct findings f = { .list = NULL };
	const struct finding *row;

	(void)state;
	row = finding_at(&f, "\t\303\244 = \342\200\256x\033[2J", 6);
	assert_string_equal(row->evidence, "\303\244 = <U+202E>x<U+001B>[2J");
	assert_int_equal(row->column, 6);
	assert_string_equal(row->sha256,
	    "0ba8dd91d1c73211e53dbd28b4db2128b0d74b0c2eb639cc03f8a50057fed93b");
	findings_release(&f);
}

static void
evidence_is_a_window_that_cuts_nothing_in_two(void **state)
{
	AUTO_STR struct str line = STR_INIT;
	struct findings f = { .list = NULL };
	const struct finding *row;

	(void)state;
	for (int i = 0; i < 3000; i++)
		str_add(&line, "\342\202\254\342\200\256");
	for (size_t at = 0; at < 400; at += 7) {
		row = finding_at(&f, line.p, at);
		assert_true(strlen(row->evidence) <= FINDING_EVIDENCE_MAX);
		assert_true(strlen(row->evidence) > FINDING_EVIDENCE_MAX - 12);
		assert_true(utf8_valid(view_of(row->evidence)));
		assert_true(view_ends(view_of(row->evidence), ">") ||
		    view_ends(view_of(row->evidence), "\342\202\254"));
	}
	/* What it is about is in it. */
	str_reset(&line);
	for (int i = 0; i < 900; i++)
		str_addc(&line, ' ');
	str_add(&line, "evil()");
	row = finding_at(&f, line.p, 900);
	assert_string_equal(row->evidence, "evil()");
	assert_int_equal(row->column, 901);
	findings_release(&f);
}

static void
a_key_is_asterisks_wherever_it_is_shown(void **state)
{
	struct findings f = { .list = NULL };
	char *path;
	const struct finding *row = finding_at(&f,
	    "x = \"ghp_"
	    "0123456789abcdefghijABCDEFGHIJ456789\"",
	    3);

	(void)state;
	assert_string_equal(
	    row->evidence, "x = \"****************************************\"");
	assert_string_equal(row->sha256, "");
	findings_release(&f);
	/* In messages and paths too; what only looks like a word stays. */
	finding_add(&f, "new-host", "a", 0, "see AKIAABCDEFGHIJKLMNOP here");
	assert_string_equal(f.list[0].message, "see ******************** here");
	findings_release(&f);
	path = finding_path_shown("docs/AKIAABCDEFGHIJKLMNOP.txt");
	assert_string_equal(path, "docs/********************.txt");
	free(path);
	/* Nor is the place of a rule that is about keys. */
	findings_look_at(&f, view_of("password = hunter2"));
	finding_add(&f, "secret", "a", 1, "x");
	assert_string_equal(f.list[0].evidence, "");
	findings_release(&f);
}

static void
a_long_message_is_cut_not_lost(void **state)
{
	AUTO_STR struct str line = STR_INIT;
	struct findings f = { .list = NULL };

	(void)state;
	for (int i = 0; i < 200; i++)
		str_add(&line, "\342\202\254");
	finding_add(&f, "bidi", "a", 0, "%s", str_cstr(&line));
	assert_int_equal(strlen(f.list[0].message), FINDING_TEXT_MAX);
	assert_true(utf8_valid(view_of(f.list[0].message)));
	findings_release(&f);
}

static void
what_is_looked_at_is_counted(void **state)
{
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);
	const struct scan_change c = {
		.new_mode = 0100644, .status = 'A', .path = "a.c"
	};
	const struct check_content b = {
		.size = 2, .head = VIEW_LIT("x\n"), .tail = VIEW_LIT("x\n")
	};
	const struct scan_line plus = {
		.path = "a.c", .kind = '+', .line = 1, .text = VIEW_LIT("x")
	};
	const struct scan_line minus = {
		.path = "a.c", .kind = '-', .line = 1, .text = VIEW_LIT("y")
	};

	(void)state;
	check_change(k, &c);
	assert_true(check_file(k, &c, &b));
	check_line(k, &plus);
	check_line(k, &plus);
	check_line(k, &minus);
	check_file_end(k);
	check_end(k);
	check_free(k);
	assert_int_equal(f.seen.files, 1);
	assert_int_equal(f.seen.added, 2);
	assert_int_equal(f.seen.removed, 1);
	findings_release(&f);
}

static void
a_change_of_the_policy_is_a_finding(void **state)
{
	static const char verbs[] = { 'A', 'M', 'D' };
	struct findings f = { .list = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(verbs); i++) {
		struct check *k = check_new(&f);
		const struct scan_change c = {
			.old_mode = verbs[i] == 'A' ? 0 : 0100644,
			.new_mode = verbs[i] == 'D' ? 0 : 0100644,
			.status = verbs[i],
			.path = ".coffer/fetch.policy"
		};
		bool found = false;

		check_change(k, &c);
		check_free(k);
		for (size_t j = 0; j < f.n; j++)
			if (strcmp(f.list[j].id, "fetch-policy") == 0 &&
			    f.list[j].severity == FINDING_BLOCK)
				found = true;
		assert_true(found);
		findings_release(&f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_sorted_and_say_what_to_do),
		cmocka_unit_test(evidence_is_escaped_and_has_its_column),
		cmocka_unit_test(evidence_is_a_window_that_cuts_nothing_in_two),
		cmocka_unit_test(a_key_is_asterisks_wherever_it_is_shown),
		cmocka_unit_test(a_long_message_is_cut_not_lost),
		cmocka_unit_test(what_is_looked_at_is_counted),
		cmocka_unit_test(a_change_of_the_policy_is_a_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
