/* A diff as git prints it, taken apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "server/text/diff.h"

/* "F path", "H", "+3 text" ... a line each. */
static const char *
parts(const char *patch)
{
	static struct str out;
	struct diff_part x;
	struct diff d;

	str_release(&out);
	diff_init(&d, view_of(patch));
	while (diff_next(&d, &x)) {
		if (x.kind == DIFF_FILE)
			str_addf(&out, "F %s>%s%s%s%s\n", str_cstr(&d.old_path),
			    str_cstr(&d.new_path), d.added ? " added" : "",
			    d.deleted ? " deleted" : "",
			    d.binary ? " binary" : "");
		else if (x.kind == DIFF_HUNK)
			str_add(&out, "H\n");
		else
			str_addf(&out, "%c%u,%u %.*s%s\n", x.sign, x.old, x.new,
			    (int)x.text.len, x.text.p,
			    x.no_newline ? " !" : "");
	}
	diff_release(&d);
	return str_cstr(&out);
}

static void
lines_have_their_numbers(void **state)
{
	(void)state;
	assert_string_equal(
	    parts("diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n"
		  "@@ -2,3 +2,3 @@ int f\n a\n-b\n+c\n d\n"
		  "@@ -9 +9,2 @@\n-e\n\\ No newline at end of file\n+f\n+g\n"),
	    "F x>x\nH\n 2,2 a\n-3,0 b\n+0,3 c\n 4,4 d\nH\n-9,0 e !\n+0,9 f\n"
	    "+0,10 g\n");
}

static void
content_is_no_header(void **state)
{
	(void)state;
	assert_string_equal(
	    parts("diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n"
		  "--- a/evil\n+++ b/evil\n-diff --git a/y b/y\n"
		  "+@@ -1 +1 @@\n"),
	    "F x>x\nH\n-1,0 -- a/evil\n+0,1 ++ b/evil\n"
	    "-2,0 diff --git a/y b/y\n+0,2 @@ -1 +1 @@\n");
}

static void
paths_are_as_in_the_repository(void **state)
{
	(void)state;
	assert_string_equal(
	    parts(
		"diff --git \"a/q\\\"\\t\\303\\274\" \"b/q\\\"\\t\\303\\274\"\n"
		"new file mode 100644\n--- /dev/null\n"
		"+++ \"b/q\\\"\\t\\303\\274\"\n@@ -0,0 +1 @@\n+x\n"),
	    "F >q\"\t\303\274 added\nH\n+0,1 x\n");
	assert_string_equal(
	    parts("diff --git a/a b c b/a b c\nold mode 100644\n"
		  "new mode 100755\n"),
	    "F a b c>a b c\n");
	assert_string_equal(
	    parts("diff --git a/old b/new\nsimilarity index 100%\n"
		  "rename from old\nrename to new\n"),
	    "F old>new\n");
	assert_string_equal(
	    parts("diff --git a/i.png b/i.png\ndeleted file mode 100644\n"
		  "Binary files a/i.png and /dev/null differ\n"),
	    "F i.png>i.png deleted binary\n");
}

static void
what_is_no_diff_ends(void **state)
{
	(void)state;
	assert_string_equal(parts(""), "");
	assert_string_equal(parts("hello\n@@ nonsense\n+x\n"), "");
	assert_string_equal(
	    parts("diff --git a/x b/x\n@@ -1,99999999999 +1 @@\n+a\n*\n+b\n"),
	    "F x>x\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_have_their_numbers),
		cmocka_unit_test(content_is_no_header),
		cmocka_unit_test(paths_are_as_in_the_repository),
		cmocka_unit_test(what_is_no_diff_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
