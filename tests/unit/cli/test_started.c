#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/fetch/started.h"
#include "lib/base/str.h"

/* "word" of a file, "word/" of a folder, "-m word", each with " in CWD". */
static void
told(enum started_kind kind, const char *cwd, const char *word, void *arg)
{
	str_addf(arg, "%s%s%s%s%s;", kind == STARTED_MODULE ? "-m " : "", word,
	    kind == STARTED_FOLDER ? "/" : "", cwd[0] != '\0' ? " in " : "",
	    cwd);
}

static void
starts(const char *text, const char *what)
{
	AUTO_STR struct str out = STR_INIT;

	started_scan(view_of(text), told, &out);
	assert_string_equal(str_cstr(&out), what);
}

static void
what_stands_where_a_command_does_is_started(void **state)
{
	(void)state;
	starts("a/b", "a/b;");
	starts("true; a/b && c/d || e/f & g/h | i/j\nk/l",
	    "a/b;c/d;e/f;g/h;i/j;k/l;");
	starts("if a/b; then c/d; else e/f; fi", "a/b;c/d;e/f;");
	starts("X=1 exec sudo -u me env Y=2 a/b c/d", "a/b;");
	starts("f() { a/b; }\n( c/d )", "a/b;c/d;");
	starts("x=$(a/b c/d) y=`e/f` \"z $(g/h)\"", "a/b;e/f;g/h;");
	starts("true \\\n && a/b # c/d\n", "a/b;");
	starts("[ -x a/b ] && a/b >c/d 2>&1 <e/f", "a/b;");
	starts("case $x in a/*|b/c) d/e ;; (f/g) h/i ;; esac; j/k",
	    "d/e;h/i;j/k;");
}

static void
what_an_interpreter_is_started_with_is(void **state)
{
	(void)state;
	starts(". a", "a;");
	starts("sh -e a b", "a;");
	starts("/usr/bin/env python3 -W error a.py b", "a.py;");
	starts("python3 -m a.b c", "-m a.b;");
	starts("bash -lc 'a/b; sh c'", "a/b;c;");
	starts("sh <<-'END'\n\ta/b\n\tEND\nc/d", "a/b;c/d;");
	starts("cat <<END\na/b don't\nEND\nc/d", "c/d;");
	starts("eval 'a/b'; trap 'c/d' EXIT", "a/b;c/d;");
	starts("run-parts a", "a/;");
}

static void
what_is_known_is_put_in(void **state)
{
	(void)state;
	starts("D=a; $D/b \"${D}/c\"; ${E}/f", "a/b;$/f;");
	starts("for f in a/* b/c; do \"$f\" x; done", "a/*;b/c;");
	starts("cd a && ./b; cd ../c; ./d", "./b in a;./d in a/../c;");
	starts("\"$(git rev-parse --show-toplevel)/a/$(basename \"$0\")\"",
	    "$/a/$;");
	starts("$HOME/a", "~/a;");
}

static void
what_is_mentioned_is_not(void **state)
{
	(void)state;
	starts("echo a/b; grep -q c/d e/f; git diff -- g/h", "");
	starts("for f in a/b; do cat \"$f\"; done", "");
	starts("echo 'x; a/b' \"; c/d\" \\; e/f", "");
}

static void
a_text_that_makes_no_sense_ends(void **state)
{
	static const char *const texts[] = { "$(", "\"$(", "`", "${", "'", "\"",
		"\\", "<<", "<<-", "<", ">", "$", "\"$", "((", "case",
		"case x in", "for", "cd", ". ", "sh -c", "x=", "a\\", "<<''\n",
		"sh <<E\n", ";;", "${x", "$(\"", "\"\\" };
	AUTO_STR struct str deep = STR_INIT;
	AUTO_STR struct str out = STR_INIT_MAX(1 << 20);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		starts(texts[i], "");
	for (int i = 0; i < 8000; i++)
		str_add(&deep, i % 2 == 0 ? "$(a/b " : "eval \"x=$x$x ");
	started_scan(str_view(&deep), told, &out);
	str_reset(&deep);
	for (int i = 0; i < 20000; i++)
		str_add(&deep, "a/b;");
	str_reset(&out);
	started_scan(str_view(&deep), told, &out);
	assert_int_equal(out.len, 5000 * 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_stands_where_a_command_does_is_started),
		cmocka_unit_test(what_an_interpreter_is_started_with_is),
		cmocka_unit_test(what_is_known_is_put_in),
		cmocka_unit_test(what_is_mentioned_is_not),
		cmocka_unit_test(a_text_that_makes_no_sense_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
