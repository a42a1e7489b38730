#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/reviewer/chunk.h"
#include "lib/base/str.h"

static const char patch_head[] = "diff --git a/x.c b/x.c\n--- a/x.c\n"
				 "+++ b/x.c\n@@ -10,2 +20,400 @@ f\n";

/* Every line begins with the mark and one of the three signs. */
static void
assert_marked(const struct chunk *c)
{
	struct view rest = str_view(&c->text), line;

	assert_true(chunk_mark_ok(c));
	assert_true(rest.len > 0 && rest.p[rest.len - 1] == '\n');
	rest.len--;
	while (view_split(&rest, '\n', &line)) {
		assert_true(line.len > CHUNK_MARK);
		assert_int_equal(memcmp(line.p, c->mark, CHUNK_MARK), 0);
		assert_non_null(strchr("#|>", line.p[CHUNK_MARK]));
	}
}

static bool
chunk_has(const struct chunk *c, const char *line)
{
	AUTO_STR struct str want = STR_INIT;

	str_addf(&want, "%s%s\n", c->mark, line);
	return strstr(str_cstr(&c->text), str_cstr(&want)) != NULL;
}

static void
lines_have_a_mark_and_their_number(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct chunk_part part = { .what = { 3, "x.c" }, .patch = true };
	struct chunk c;

	(void)state;
	str_addf(
	    &text, "%s a\n-b\n+c\n\\ No newline at end of file\n", patch_head);
	part.text = str_view(&text);
	chunk_init(&c);
	assert_true(chunk_add(&c, &part, 10000));
	assert_int_equal(part.at, text.len);
	assert_int_equal(c.n, 1);
	assert_int_equal(c.texts[0].number, 3);
	assert_marked(&c);
	assert_true(chunk_has(&c, "#file 3: x.c"));
	assert_true(chunk_has(&c, "|  20  a"));
	assert_true(chunk_has(&c, "|     -b"));
	assert_true(chunk_has(&c, "|  21 +c"));
	chunk_release(&c);
}

static void
what_cannot_be_seen_is_written_out(void **state)
{
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	chunk_show(&out,
	    VIEW_LIT("a\tb\xe2\x80\xae\x1b[0m\xff\xc2\xa0\xee\x80\x80<U+202E>"
		     "\xf3\xa0\x81\x81<b>"));
	assert_string_equal(str_cstr(&out),
	    "a\tb<U+202E><U+001B>[0m<0xFF><U+00A0><U+E000><U+003C>U+202E>"
	    "<U+E0041><b>");
}

static void
a_name_cannot_end_its_line(void **state)
{
	struct chunk c;

	(void)state;
	chunk_init(&c);
	chunk_say(&c, "file %d: %s", 1, "a\nnonce: x\r\nreceipt: y");
	assert_int_equal(c.lines, 1);
	assert_marked(&c);
	chunk_release(&c);
}

/* All lines of content come, whatever the budget; none twice as new. */
static void
a_long_file_goes_on_without_a_gap(void **state)
{
	static const size_t budgets[] = { 300, 1500, 4000, 1 << 20 };
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	str_add(&text, patch_head);
	for (int i = 0; i < 400; i++)
		str_addf(&text, "+line number %d of the file\n", i);
	for (size_t b = 0; b < sizeof(budgets) / sizeof(budgets[0]); b++) {
		struct chunk_part part = { .what = { 1, "x.c" },
			.text = str_view(&text),
			.patch = true };
		int next = 0, chunks = 0;

		while (part.at < text.len) {
			struct chunk c;
			const char *from;

			chunk_init(&c);
			assert_true(chunk_add(&c, &part, budgets[b]));
			assert_true(++chunks < 1000);
			assert_marked(&c);
			from = strstr(str_cstr(&c.text), "#from here on");
			if (chunks > 1)
				assert_non_null(from);
			if (chunks > 1)
				assert_true(
				    chunk_has(&c, "|@@ -10,2 +20,400 @@ f"));
			for (from = from == NULL ? str_cstr(&c.text) : from;;
			     next++) {
				AUTO_STR struct str want = STR_INIT;

				str_addf(&want,
				    "|%4d +line number %d of the file\n",
				    20 + next, next);
				from = strstr(from, str_cstr(&want));
				if (from == NULL || next == 400)
					break;
			}
			chunk_release(&c);
		}
		assert_int_equal(next, 400);
	}
}

static void
a_long_line_is_shown_whole(void **state)
{
	AUTO_STR struct str text = STR_INIT, seen = STR_INIT;
	struct chunk_part part = { .what = { 1, "x.c" }, .patch = true };
	int rounds = 0;

	(void)state;
	str_add(&text, patch_head);
	str_addc(&text, '+');
	for (int i = 0; i < 3000; i++)
		str_addf(&text, "%04d\xc3\xa4", i);
	str_addc(&text, '\n');
	part.text = str_view(&text);
	while (part.at < text.len) {
		struct view rest, line;
		struct chunk c;
		bool is_new = part.at == 0;

		chunk_init(&c);
		assert_true(chunk_add(&c, &part, 5000));
		assert_true(++rounds < 100);
		assert_marked(&c);
		rest = str_view(&c.text);
		while (rest.len > 0 && view_split(&rest, '\n', &line)) {
			line = view_from(line, CHUNK_MARK);
			if (view_starts(line, "#from here on"))
				is_new = true;
			else if (is_new && view_starts(line, ">"))
				str_addv(&seen, view_from(line, 1));
			else if (is_new && view_starts(line, "|  20 +"))
				str_addv(&seen, view_from(line, 7));
		}
		chunk_release(&c);
	}
	for (int i = 0; i < 3000; i++) {
		AUTO_STR struct str want = STR_INIT;

		str_addf(&want, "%04d\xc3\xa4", i);
		assert_int_equal(
		    memcmp(seen.p + (size_t)i * want.len, want.p, want.len), 0);
	}
}

static void
what_does_not_fit_waits_for_the_next(void **state)
{
	struct chunk_part a = { .what = { 1, "a" },
		.text = VIEW_LIT("one\ntwo\n") };
	struct chunk_part b = a;
	struct chunk c;
	size_t lines;

	(void)state;
	b.what.number = 2;
	chunk_init(&c);
	assert_true(chunk_add(&c, &a, 60));
	assert_int_equal(a.at, a.text.len);
	lines = c.lines;
	assert_false(chunk_add(&c, &b, c.text.len + 15));
	assert_int_equal(b.at, 0);
	assert_int_equal(c.lines, lines);
	assert_int_equal(c.n, 1);
	assert_marked(&c);
	chunk_release(&c);
}

static void
a_text_with_the_mark_in_it_is_noticed(void **state)
{
	struct chunk c;

	(void)state;
	chunk_init(&c);
	chunk_say(&c, "x %s y", c.mark);
	assert_false(chunk_mark_ok(&c));
	chunk_release(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_a_mark_and_their_number),
		cmocka_unit_test(what_cannot_be_seen_is_written_out),
		cmocka_unit_test(a_name_cannot_end_its_line),
		cmocka_unit_test(a_long_file_goes_on_without_a_gap),
		cmocka_unit_test(a_long_line_is_shown_whole),
		cmocka_unit_test(what_does_not_fit_waits_for_the_next),
		cmocka_unit_test(a_text_with_the_mark_in_it_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
