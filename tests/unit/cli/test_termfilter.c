#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/termfilter.h"
#include "lib/base/str.h"

struct filter_case {
	const char *in, *out;
};

static void
filter_check(const struct filter_case *c)
{
	size_t n = strlen(c->in);

	/* Cut anywhere: the result is the same. */
	for (size_t cut = 0; cut <= n; cut++) {
		struct termfilter f = { 0 };
		AUTO_STR struct str out = STR_INIT;

		termfilter_feed(&f, (struct view){ c->in, cut }, &out);
		termfilter_feed(
		    &f, (struct view){ c->in + cut, n - cut }, &out);
		assert_string_equal(str_cstr(&out), c->out);
	}
}

static void
filter_check_all(const struct filter_case *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		filter_check(&c[i]);
}

#define FILTER(cases) \
	filter_check_all((cases), sizeof(cases) / sizeof((cases)[0]))

static void
text_colours_and_the_cursor_pass(void **state)
{
	static const struct filter_case cases[] = {
		{ "plain\r\n\ttext", "plain\r\n\ttext" },
		{ "\033[1;31mred\033[0m", "\033[1;31mred\033[0m" },
		{ "\033[38;2;1;2;3mx", "\033[38;2;1;2;3mx" },
		{ "\033[2J\033[H", "\033[2J\033[H" },
		{ "\033[?1049h\033[?25l", "\033[?1049h\033[?25l" },
		{ "\033[2 q", "\033[2 q" },
		{ "\033(B\033)0\033=\0337\0338",
		    "\033(B\033)0\033=\0337\0338" },
		{ "gr\303\274n \342\202\254", "gr\303\274n \342\202\254" },
		{ "\033[s\033[u", "\033[s\033[u" },
	};

	(void)state;
	FILTER(cases);
}

static void
clipboard_title_and_strings_are_dropped(void **state)
{
	static const struct filter_case cases[] = {
		{ "a\033]52;c;aGk=\007b", "ab" },
		{ "a\033]52;c;aGk=\033\\b", "ab" },
		{ "a\033]0;title\007b", "ab" },
		{ "a\033]8;;http://x\033\\link\033]8;;\033\\b", "alinkb" },
		{ "a\033P$q m\033\\b", "ab" },
		{ "a\033Ptmux;\033\033]52;c;eA==\007\033\\b", "ab" },
		{ "a\033^x\033\\b", "ab" },
		{ "a\033_Gi=1;AAAA\033\\b", "ab" },
		{ "a\033Xx\033\\b", "ab" },
		{ "a\033]0;never ends", "a" },
	};

	(void)state;
	FILTER(cases);
}

static void
questions_to_the_terminal_are_dropped(void **state)
{
	static const struct filter_case cases[] = {
		{ "a\033[cb", "ab" },
		{ "a\033[>cb", "ab" },
		{ "a\033[6nb", "ab" },
		{ "a\033[?6nb", "ab" },
		{ "a\033[18tb", "ab" },
		{ "a\033[21tb", "ab" },
		{ "a\033[22;0tb", "ab" },
		{ "a\033[?1$pb", "ab" },
		{ "a\033[>qb", "ab" },
		{ "a\033[?ub", "ab" },
		{ "a\033[xb", "ab" },
		{ "a\033[5ib", "ab" },
		{ "a\033Zb", "ab" },
		{ "a\005b", "ab" },
		{ "a\033[1*yb", "ab" },
	};

	(void)state;
	FILTER(cases);
}

static void
controls_of_eight_bits_are_dropped(void **state)
{
	static const struct filter_case cases[] = {
		{ "a\302\235"
		  "52;c;eA==\302\234b",
		    "a52;c;eA==b" },
		{ "a\302\233"
		  "6nb",
		    "a6nb" },
		{ "a\2336nb", "a?6nb" },
		{ "a\377b", "a?b" },
		{ "a\303b", "a?b" },
	};

	(void)state;
	FILTER(cases);
}

static void
a_sequence_without_end_is_bounded(void **state)
{
	struct termfilter f = { 0 };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	termfilter_feed(&f, VIEW_LIT("\033["), &out);
	for (int i = 0; i < 10000; i++)
		termfilter_feed(&f, VIEW_LIT("1;"), &out);
	termfilter_feed(&f, VIEW_LIT("mok"), &out);
	assert_string_equal(str_cstr(&out), "ok");
}

static void
the_alternate_screen_is_remembered(void **state)
{
	struct termfilter f = { 0 };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	termfilter_feed(&f, VIEW_LIT("\033[?1049h"), &out);
	assert_true(f.alternate);
	termfilter_feed(&f, VIEW_LIT("\033[?1049l"), &out);
	assert_false(f.alternate);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_colours_and_the_cursor_pass),
		cmocka_unit_test(clipboard_title_and_strings_are_dropped),
		cmocka_unit_test(questions_to_the_terminal_are_dropped),
		cmocka_unit_test(controls_of_eight_bits_are_dropped),
		cmocka_unit_test(a_sequence_without_end_is_bounded),
		cmocka_unit_test(the_alternate_screen_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
