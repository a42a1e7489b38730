#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "findings/scan.h"
#include "findings/scan_lines.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#define ID_A "1111111111111111111111111111111111111111"

static const char stream_patch[] =
    "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
    "@@ -1,2 +1,2 @@ int f(void)\n-diff --git a/no b/no\n+--- a/no\n same\n"
    "diff --git a/empty b/empty\nnew file mode 100644\nindex 0..1\n"
    "diff --git a/y b/y\ndeleted file mode 100644\n--- a/y\n+++ /dev/null\n"
    "@@ -1 +0,0 @@\n-gone\n\\ No newline at end of file\n";
static const char
    stream_told[] = "[x:1-diff --git a/no b/no\nx:1+--- a/no\n[[y:1-gone\n";

static void
stream_on_file(void *arg)
{
	str_add(arg, "[");
}

static void
stream_on_line(const struct scan_line *l, void *arg)
{
	str_addf(arg, "%s:%u%c%.*s\n", l->path, l->line, l->kind,
	    (int)l->text.len, l->text.p);
}

static void
a_patch_in_pieces_of_any_size_is_the_same_patch(void **state)
{
	(void)state;
	for (size_t step = 1; step < sizeof(stream_patch); step++) {
		AUTO_STR struct str out = STR_INIT;
		struct scan_patcher *s = scan_patcher_new(
		    stream_on_file, stream_on_line, &out);
		struct view rest = view_of(stream_patch);
		struct err e = ERR_INIT;

		while (rest.len > 0) {
			struct view piece = { rest.p,
				rest.len < step ? rest.len : step };

			assert_int_equal(scan_patcher_feed(s, piece, &e), 0);
			rest = view_from(rest, piece.len);
		}
		assert_int_equal(scan_patcher_end(s, &e), 0);
		assert_string_equal(str_cstr(&out), stream_told);
		scan_patcher_free(s);
	}
}

static void
stream_on_commit(const char *id, void *arg)
{
	str_addf(arg, "(%.3s)", id);
}

static void
patches_of_many_commits_are_told_apart(void **state)
{
	static const char text[] = ID_A
	    "\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+" ID_A
	    "\ndiff --git a/b b/b\nnew file mode 100644\nindex 0..1\n"
	    "Binary files /dev/null and b/b differ\n" ID_A "\n" ID_A "\n";
	AUTO_STR struct str out = STR_INIT;
	struct scan_patcher *s = scan_patcher_new(NULL, stream_on_line, &out);
	struct err e = ERR_INIT;

	(void)state;
	scan_patcher_commits(s, stream_on_commit);
	assert_int_equal(scan_patcher_feed(s, view_of(text), &e), 0);
	assert_int_equal(scan_patcher_end(s, &e), 0);
	assert_string_equal(str_cstr(&out), "(111)x:1+" ID_A "\n(111)(111)");
	scan_patcher_free(s);
	/* In a patch of one change an id is nothing. */
	s = scan_patcher_new(NULL, stream_on_line, &out);
	assert_int_equal(scan_patcher_feed(s, view_of(text), &e), -1);
	scan_patcher_free(s);
}

/* What parts say of a line: each goes on where the one before ended. */
struct stream_parts {
	uint64_t until; /* bytes of the line that were told */
	size_t lines, parts, longest;
	char last; /* the last byte of the line */
};

static void
stream_note_part(
    struct stream_parts *p, struct view text, uint64_t offset, bool more)
{
	if (offset == 0)
		assert_int_equal(p->until, 0);
	assert_true(offset <= p->until);
	assert_true(p->until - offset <= SCAN_OVERLAP);
	p->until = offset + text.len;
	p->parts++;
	if (text.len > p->longest)
		p->longest = text.len;
	if (text.len > 0)
		p->last = text.p[text.len - 1];
	if (more)
		return;
	p->lines++;
}

static void
stream_on_long(const struct scan_line *l, void *arg)
{
	stream_note_part(arg, l->text, l->offset, l->more);
}

static void
a_line_of_any_length_comes_in_parts_that_overlap(void **state)
{
	static const size_t lengths[] = { SCAN_PIECE - 2, SCAN_PIECE - 1,
		SCAN_PIECE, SCAN_PIECE + 1, 2 * SCAN_PIECE, 1000001 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct stream_parts p = { .lines = 0 };
		struct scan_patcher *s = scan_patcher_new(
		    NULL, stream_on_long, &p);
		AUTO_FREE char *line = xmalloc(lengths[i]);
		struct err e = ERR_INIT;

		memset(line, 'x', lengths[i]);
		line[lengths[i] - 1] = 'z';
		assert_int_equal(
		    scan_patcher_feed(s,
			view_of("diff --git a/x b/x\n--- /dev/null\n+++ b/x\n"
				"@@ -0,0 +1 @@\n+"),
			&e),
		    0);
		assert_int_equal(
		    scan_patcher_feed(s, (struct view){ line, lengths[i] }, &e),
		    0);
		assert_int_equal(scan_patcher_feed(s, view_of("\n"), &e), 0);
		assert_int_equal(scan_patcher_end(s, &e), 0);
		assert_int_equal(p.lines, 1);
		assert_int_equal(p.until, lengths[i]);
		assert_int_equal(p.last, 'z');
		assert_true(p.longest <= SCAN_PIECE);
		scan_patcher_free(s);
	}
}

static int
stream_on_utf8(const struct scan_part *part, void *arg)
{
	/* No part begins or ends inside a character. */
	assert_true(((unsigned char)part->text.p[0] & 0xc0) != 0x80);
	assert_int_equal((unsigned char)part->text.p[part->text.len - 1], 0xac);
	stream_note_part(arg, part->text, part->offset, part->more);
	return 0;
}

static void
parts_of_a_line_are_whole_characters(void **state)
{
	struct scan_lines s = SCAN_LINES_INIT;
	struct stream_parts p = { .lines = 0 };
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	for (int i = 0; i < 100000; i++)
		str_add(&text, "\342\202\254");
	assert_int_equal(
	    scan_lines_feed(&s, str_view(&text), stream_on_utf8, &p), 0);
	assert_int_equal(scan_lines_end(&s, stream_on_utf8, &p), 0);
	assert_int_equal(p.until, text.len);
	assert_int_equal(p.lines, 1);
	assert_true(p.parts > 4);
	scan_lines_release(&s);
}

static void
an_endless_line_outside_of_a_hunk_is_refused(void **state)
{
	struct scan_patcher *s = scan_patcher_new(NULL, stream_on_line, NULL);
	AUTO_FREE char *line = xcalloc(1, (size_t)2 * SCAN_PIECE);
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(scan_patcher_feed(s,
			     (struct view){ line, (size_t)2 * SCAN_PIECE }, &e),
	    -1);
	assert_int_equal(e.code, ERR_PROTO);
	scan_patcher_free(s);
}

static void
entries_of_a_tree_are_read_strictly(void **state)
{
	static const char *const bad[] = { "", "100644 blob " ID_A,
		"100644 blob " ID_A "\t", "100644 tree " ID_A "\tx",
		"10064 blob " ID_A "\tx", "100644 blob 11\tx",
		"100644 blob " ID_A " x" };
	struct err e = ERR_INIT;
	struct view path;
	uint32_t mode;

	(void)state;
	assert_int_equal(scan_tree_entry(view_of("120000 blob " ID_A "\ta\tb"),
			     &mode, &path, &e),
	    0);
	assert_int_equal(mode, SCAN_MODE_LINK);
	assert_true(view_is(path, "a\tb"));
	assert_int_equal(scan_tree_entry(view_of("160000 commit " ID_A "\ts"),
			     &mode, &path, &e),
	    0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    scan_tree_entry(view_of(bad[i]), &mode, &path, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_patch_in_pieces_of_any_size_is_the_same_patch),
		cmocka_unit_test(patches_of_many_commits_are_told_apart),
		cmocka_unit_test(
		    a_line_of_any_length_comes_in_parts_that_overlap),
		cmocka_unit_test(parts_of_a_line_are_whole_characters),
		cmocka_unit_test(an_endless_line_outside_of_a_hunk_is_refused),
		cmocka_unit_test(entries_of_a_tree_are_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
