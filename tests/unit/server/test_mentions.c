#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "server/domain/mentions.h"

/* What a text refers to, in short: "c#3 #4 o/n#5 @bob =abcdef1". */
static void
check(const char *text, const char *want)
{
	struct mention m[MENTIONS_MAX];
	struct str got = STR_INIT;
	size_t n = mentions_scan(view_of(text), m);

	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			str_addc(&got, ' ');
		if (m[i].action != MENTION_REFERS)
			str_addc(
			    &got, m[i].action == MENTION_CLOSES ? 'c' : 'r');
		if (m[i].owner.len > 0) {
			str_addv(&got, m[i].owner);
			str_addc(&got, '/');
			str_addv(&got, m[i].name);
		}
		if (m[i].kind == MENTION_ITEM)
			str_addf(&got, "#%lld", (long long)m[i].number);
		else
			str_addc(&got, m[i].kind == MENTION_USER ? '@' : '=');
		str_addv(&got, m[i].word);
	}
	assert_string_equal(str_cstr(&got), want);
	str_release(&got);
}

static void
numbers_with_a_verb_close(void **state)
{
	(void)state;
	check("Fixes #3", "c#3");
	check("closes: #3 and resolved #4", "c#3 c#4");
	check("fixes #3, #4", "c#3 #4");
	check("REOPENS #9", "r#9");
	check("see #3. It fixes #3", "c#3");
	check("prefixes #3", "#3");
	check("fixes\n#3", "#3");
	check("fixes org/repo#12", "corg/repo#12");
	check("Fixes #7 and fixes #7", "c#7");
	check("Fixes 7 Fixes#7 Fixes #7x Fixes #0 Fixes # Fixes", "");
	check("un-fixes #7", "#7");
}

static void
a_number_is_a_word_of_its_own(void **state)
{
	(void)state;
	check("#1 (#2) [#3] #4. !5", "#1 #2 #3 #4 #5");
	check("#1a a#2 &#39; #0 # #", "");
	check("#99999999999999999999", "");
	check("a/b/c#1 /x#2 x/#3", "");
	check("#7 #7 #7", "#7");
}

static void
a_user_is_named_by_an_at(void **state)
{
	(void)state;
	check("@bob, @Al-ice. and (@carl)", "@bob @Al-ice @carl");
	check("me@example.org @- @.x", "");
	check("@bob @BOB", "@bob");
}

static void
a_commit_has_a_digit(void **state)
{
	(void)state;
	check("in deadbee1 and deadbeef", "=deadbee1");
	check("abc123", "");
}

static void
code_and_quotes_refer_to_nothing(void **state)
{
	(void)state;
	check("`#1` ``@a ` #2`` #3", "#3");
	check("```\n#1\n```\n#2", "#2");
	check("~~~~ c\n#1\n~~~\n#2\n~~~~\n#3", "#3");
	check("> #1\n#2", "#2");
	check("a ` #1", "#1");
}

static void
no_more_than_the_maximum(void **state)
{
	struct mention m[MENTIONS_MAX];
	struct str text = STR_INIT;

	(void)state;
	for (int i = 1; i < 500; i++)
		str_addf(&text, "#%d ", i);
	assert_int_equal(mentions_scan(str_view(&text), m), MENTIONS_MAX);
	str_release(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_with_a_verb_close),
		cmocka_unit_test(a_number_is_a_word_of_its_own),
		cmocka_unit_test(a_user_is_named_by_an_at),
		cmocka_unit_test(a_commit_has_a_digit),
		cmocka_unit_test(code_and_quotes_refer_to_nothing),
		cmocka_unit_test(no_more_than_the_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
