#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "findings/check_priv.h"
#include "lib/base/str.h"

static int
git_files_count(const struct findings *f, const char *id)
{
	int n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].id, id) == 0)
			n++;
	return n;
}

static int
modules_of(struct view text)
{
	struct findings f = { .list = NULL };
	int n;

	check_modules(".gitmodules", text, &f);
	n = git_files_count(&f, "gitmodules-danger");
	assert_int_equal(n, f.n);
	findings_release(&f);
	return n;
}

static void
submodules_that_are_ordinary_are_no_danger(void **state)
{
	static const char *const good[] = {
		"",
		"# nothing\n; at all\n",
		"[submodule \"lib/x\"]\n\tpath = lib/x\n"
		"\turl = https://example.org/x.git\n\tbranch = main\n",
		"[submodule \"x\"]\r\n\tpath = x\r\n"
		"\turl = git@example.org:a/x.git\r\n",
		"[submodule \"x\"]\npath=\"x\"\nurl = ssh://git@example.org/x"
		" # why\nupdate = rebase\nignore = dirty\nshallow = true\n"
		"fetchRecurseSubmodules = false\n",
		"[submodule \"x.y\"]\n\tURL = https://example.org:8443/x\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (modules_of(view_of(good[i])) != 0)
			fail_msg("%s is found", good[i]);
}

static void
values_of_gitmodules_that_make_git_do_something_are_refused(void **state)
{
	static const char *const bad[] = {
		"url = ext::sh -c id",
		"url = \"ext::sh -c id\"",
		"url = -u./x",
		"url = --upload-pack=id",
		"url = ssh://-oProxyCommand=id/x",
		"url = ssh://a@-oProxyCommand=id/x",
		"url = -oProxyCommand=id:x",
		"url = git@-oProxyCommand=id:x",
		"url = file:///etc",
		"url = /srv/x",
		"url = ../x",
		"url = ./x",
		"url = ~/x",
		"url = x",
		"url = http://example.org/x",
		"url = git://example.org/x",
		"url = gopher://example.org/x",
		"url = https://u:p@example.org/x",
		"url = https://example.org/x%0ahost=y",
		"url = \"https://example.org/\\nx\"",
		"url =",
		"url",
		"update = !id",
		"update = \"!id\"",
		"update = \\!id",
		"path = ../x",
		"path = a/../../x",
		"path = /x",
		"path = .git/hooks",
		"path = a/.GIT/x",
		"path = git~1",
		"path = -x",
		"path = \"x\r\"",
		"path = \"x \"",
		"path = a\\\\b",
		"path =",
		"branch = -x",
		"command = id",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_STR struct str text = STR_INIT;

		str_addf(&text, "[submodule \"x\"]\n\t%s\n", bad[i]);
		if (modules_of(str_view(&text)) == 0)
			fail_msg("%s is not found", bad[i]);
	}
}

static void
sections_of_gitmodules_that_lead_away_are_refused(void **state)
{
	static const char *const bad[] = { "[submodule \"../../x\"]",
		"[submodule \"a/../../x\"]", "[submodule \"-x\"]",
		"[submodule \"\"]", "[submodule \"x/.git\"]",
		"[include]\n\tpath = x", "[core]", "[submodule \"x\"",
		"[submodule x]", "[submodule \"x\"] url = ext::id",
		"[alias \"x\"]", "[submodule \"x\"]\n\turl = a\\\nb" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (modules_of(view_of(bad[i])) == 0)
			fail_msg("%s is not found", bad[i]);
}

/* The worst id of one line, and whether file is found to be hidden. */
static const char *
attributes_of(const char *path, const char *line, const char *file, bool binary,
    bool *hidden)
{
	static const char *const ids[] = { "gitattributes-filter",
		"gitattributes-hide" };
	struct findings f = { .list = NULL };
	struct check_attributes *a = check_attributes_new();
	struct check_names *names = check_names_new(&f);
	const struct scan_change c = {
		.status = 'M', .new_mode = 0100644, .path = file
	};
	const struct scan_line l = {
		.path = path, .kind = '+', .line = 3, .text = view_of(line)
	};
	const char *id = "";

	check_names_change(names, &c);
	if (binary)
		check_names_binary(names, file);
	check_attributes_line(a, &l, &f);
	check_attributes_end(a, names, &f);
	*hidden = git_files_count(&f, "hidden-from-review") > 0;
	for (size_t i = 0; i < 2 && id[0] == '\0'; i++)
		if (git_files_count(&f, ids[i]) > 0)
			id = ids[i];
	check_names_free(names);
	check_attributes_free(a);
	findings_release(&f);
	return id;
}

static void
attributes_are_judged_by_what_they_make_git_do(void **state)
{
	static const struct {
		const char *line, *id;
	} cases[] = {
		{ "*.c filter=x", "gitattributes-filter" },
		{ "\"a b\" filter=x", "gitattributes-filter" },
		{ "*.c text filter=x", "gitattributes-filter" },
		{ "*.c diff=x", "gitattributes-filter" },
		{ "*.c merge=x", "gitattributes-filter" },
		{ "*.c working-tree-encoding=UTF-16", "gitattributes-filter" },
		{ "[attr]x diff=y", "gitattributes-filter" },
		{ "*.c -diff", "gitattributes-hide" },
		{ "*.c binary", "gitattributes-hide" },
		{ "*.c linguist-generated", "gitattributes-hide" },
		{ "*.c linguist-generated=true", "gitattributes-hide" },
		{ "*.c export-subst", "gitattributes-hide" },
		{ "/x export-ignore", "gitattributes-hide" },
		{ "*.c ident", "gitattributes-hide" },
		{ "*.psd filter=lfs diff=lfs merge=lfs -text",
		    "gitattributes-hide" },
		{ "*.c text eol=lf", "" },
		{ "* text=auto", "" },
		{ "*.c diff=cpp", "" },
		{ "*.py diff=python merge=union", "" },
		{ "# *.c filter=x", "" },
		{ "filter=x text", "" },
		{ "*.c -filter", "" },
		{ "\"filter=x", "" },
		{ "   ", "" },
		{ "*.c linguist-generated=false", "" },
		{ "*.png binary", "" },
	};
	bool hidden;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (strcmp(attributes_of(".gitattributes", cases[i].line, "x",
			       false, &hidden),
			cases[i].id) != 0)
			fail_msg("%s", cases[i].line);
}

static void
a_changed_file_that_an_attribute_hides_is_named(void **state)
{
	static const struct {
		const char *path, *line, *file;
		bool binary, hidden;
	} cases[] = {
		{ ".gitattributes", "*.c -diff", "src/a.c", false, true },
		{ ".gitattributes", "/src/*.c binary", "src/a.c", false, true },
		{ ".gitattributes", "**/a.c -diff", "x/y/a.c", false, true },
		{ "src/.gitattributes", "a.c linguist-generated", "src/a.c",
		    false, true },
		{ "src/.gitattributes", "*.c -diff", "lib/a.c", false, false },
		{ ".gitattributes", "*.png binary", "a.png", true, false },
		{ ".gitattributes", "*.png binary", "a.c", false, false },
		{ ".gitattributes", "*.c text", "a.c", false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool hidden;

		(void)attributes_of(cases[i].path, cases[i].line, cases[i].file,
		    cases[i].binary, &hidden);
		if (hidden != cases[i].hidden)
			fail_msg("%s for %s", cases[i].line, cases[i].file);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(submodules_that_are_ordinary_are_no_danger),
		cmocka_unit_test(
		    values_of_gitmodules_that_make_git_do_something_are_refused),
		cmocka_unit_test(
		    sections_of_gitmodules_that_lead_away_are_refused),
		cmocka_unit_test(
		    attributes_are_judged_by_what_they_make_git_do),
		cmocka_unit_test(
		    a_changed_file_that_an_attribute_hides_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
