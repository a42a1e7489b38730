#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "findings/scan.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

#define ID_A "1111111111111111111111111111111111111111"
#define ID_B "2222222222222222222222222222222222222222"

static void
scan_note_change(const struct scan_change *c, void *arg)
{
	str_addf(
	    arg, "%c %o>%o %s\n", c->status, c->old_mode, c->new_mode, c->path);
}

static void
scan_note_line(const struct scan_line *l, void *arg)
{
	str_addf(arg, "%s:%u%c%.*s\n", l->path, l->line, l->kind,
	    (int)l->text.len, l->text.p);
}

static void
a_list_of_changes_is_read(void **state)
{
	static const char raw[] = ":000000 120000 " ID_A " " ID_B " A\0a b\0"
				  ":100644 100755 " ID_A " " ID_B
				  " M\0dir/\nx\0";
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(scan_raw((struct view){ raw, sizeof(raw) - 1 },
			     scan_note_change, &out, &e),
	    0);
	assert_string_equal(
	    str_cstr(&out), "A 0>120000 a b\nM 100644>100755 dir/\nx\n");
}

static void
a_damaged_list_is_refused(void **state)
{
	static const char *const bad[] = { ":", "x", ":100644 100644 1 2 M",
		":100644 100644 " ID_A " " ID_B " M",
		":100644 100644 " ID_A " " ID_B " Mpath",
		":100648 100644 " ID_A " " ID_B " M" };
	struct err e = ERR_INIT;
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    scan_raw(view_of(bad[i]), scan_note_change, &out, &e), -1);
}

static void
added_and_removed_lines_have_their_numbers(void **state)
{
	static const char patch[] = "diff --git a/f b/f\n"
				    "index " ID_A ".." ID_B " 100644\n"
				    "--- a/f\n+++ b/f\n"
				    "@@ -3,3 +3,4 @@ int x\n"
				    " keep\n-old\n+new\n+newer\n keep\n"
				    "@@ -20 +21,0 @@\n-gone\n"
				    "\\ No newline at end of file\n";
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    scan_patch(view_of(patch), scan_note_line, &out, &e), 0);
	assert_string_equal(
	    str_cstr(&out), "f:4-old\nf:4+new\nf:5+newer\nf:20-gone\n");
}

static void
content_cannot_pass_for_a_header(void **state)
{
	static const char patch[] = "diff --git a/f b/f\n--- a/f\n+++ b/f\n"
				    "@@ -1,2 +1,4 @@\n"
				    "--- a/other\n+++ b/other\n"
				    "+diff --git a/o b/o\n"
				    "+@@ -1 +1 @@\n keep\n";
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    scan_patch(view_of(patch), scan_note_line, &out, &e), 0);
	assert_string_equal(str_cstr(&out),
	    "f:1--- a/other\nf:1+++ b/other\nf:2+diff --git a/o b/o\n"
	    "f:3+@@ -1 +1 @@\n");
}

static void
quoted_names_are_read(void **state)
{
	static const char patch[] =
	    "diff --git \"a/t\\tb\" \"b/t\\tb\"\nnew file mode 100644\n"
	    "--- /dev/null\n+++ \"b/t\\tb\\303\\274\\\"\"\n@@ -0,0 +1 @@\n+x\n"
	    "diff --git a/a b b/a b\n--- a/a b\t\n+++ b/a b\t\n"
	    "@@ -1 +1 @@\n-x\n+y\n";
	AUTO_STR struct str out = STR_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(
	    scan_patch(view_of(patch), scan_note_line, &out, &e), 0);
	assert_string_equal(
	    str_cstr(&out), "t\tb\303\274\":1+x\na b:1-x\na b:1+y\n");
}

static void
what_is_not_a_patch_is_refused(void **state)
{
	static const char *const bad[] = { "hello\n", "@@ -1 +1 @@\n-x\n+y\n",
		"diff --git a/f b/f\n@@ -1 +1 @@\n-x\n+y\n",
		"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1,9 +1 @@\n-x\n",
		"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1 @@\n*x\n",
		"diff --git a/f b/f\n--- a/f\n+++ b/f\n@@ -1 +1\n",
		"diff --git a/f b/f\n--- x\n",
		"diff --git a/f b/f\n+++ \"b/\\9\"\n",
		("diff --git a/f b/f\n--- a/f\n+++ b/f\n"
		 "@@ -1 +999999999999 @@\n") };
	struct err e = ERR_INIT;
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(
		    scan_patch(view_of(bad[i]), scan_note_line, &out, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_of_changes_is_read),
		cmocka_unit_test(a_damaged_list_is_refused),
		cmocka_unit_test(added_and_removed_lines_have_their_numbers),
		cmocka_unit_test(content_cannot_pass_for_a_header),
		cmocka_unit_test(quoted_names_are_read),
		cmocka_unit_test(what_is_not_a_patch_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
