#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/fold.h"

#define ID_0 "0000000000000000000000000000000000000000"
#define ID_B "2222222222222222222222222222222222222222"

enum {
	FILE_MODE = 0100644,
	LINK_MODE = 0120000,
	SUB_MODE = 0160000
};

struct names_test {
	struct findings f;
	struct check *k;
};

static struct names_test
names_new(void)
{
	return (struct names_test){ .f = { .list = NULL } };
}

static void
names_begin(struct names_test *t)
{
	*t = names_new();
	t->k = check_new(&t->f);
}

static void
names_change(struct names_test *t, char status, const char *path, uint32_t mode)
{
	const struct scan_change c = { .status = status,
		.old_mode = status == 'A' ? 0 : mode,
		.new_mode = status == 'D' ? 0 : mode,
		.old_id = ID_0,
		.new_id = ID_B,
		.path = path };

	check_change(t->k, &c);
}

static void
names_link(struct names_test *t, const char *path, const char *target)
{
	const struct scan_change c = { .status = 'A',
		.new_mode = LINK_MODE,
		.old_id = ID_0,
		.new_id = ID_B,
		.path = path };
	const struct check_content b = { .size = strlen(target),
		.head = view_of(target) };

	(void)check_file(t->k, &c, &b);
	check_file_end(t->k);
}

/* Ends it: how many findings of this id there are. */
static int
names_count(const struct names_test *t, const char *id)
{
	int n = 0;

	for (size_t i = 0; i < t->f.n; i++)
		if (strcmp(t->f.list[i].id, id) == 0)
			n++;
	return n;
}

static int
names_end(struct names_test *t, const char *id)
{
	int n;

	check_end(t->k);
	n = names_count(t, id);
	check_free(t->k);
	findings_release(&t->f);
	return n;
}

/* How many findings of id an added path with this name has. */
static int
names_of(const char *path, const char *id)
{
	struct names_test t;

	names_begin(&t);
	names_change(&t, 'A', path, FILE_MODE);
	return names_end(&t, id);
}

static void
every_way_to_write_git_is_found(void **state)
{
	static const char *const bad[] = { ".git/config", ".GIT/x", "a/.Git/x",
		"git~1/x", "GIT~1", "a/git~12/b", ".git./x", ".git /x",
		".git. . ./x", ".git                              /x",
		".git::$INDEX_ALLOCATION/x", ".git:x", ".g\342\200\214it/x",
		"\357\273\277.git/x", ".gi\342\200\256t/x", ".git\\x",
		".gitmodules ", ".GITMODULES", "gitmod~1", "GI7EBA~2",
		".gitattributes.", "gitatt~3", ".g\342\200\215itmodules" };
	static const char *const good[] = { ".github/x", ".gitignore",
		".gitmodules", "a.git/x", "git/x", "digit~1", "git~", "git~x",
		".gitkeep", "a/.gitattributes" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (names_of(bad[i], "bad-name") == 0)
			fail_msg("%s is not found", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (names_of(good[i], "bad-name") != 0)
			fail_msg("%s is found", good[i]);
}

static void
names_that_some_system_refuses_are_found(void **state)
{
	static const char *const bad[] = { "con", "a/NUL.txt", "aux .c",
		"com1.log", "LPT9", "com\302\271", "lpt\302\263.x", "CONIN$",
		"x.", "x ", " x", "a/ b", "a\\b", "-x", "\"x\"", "a\nb", "a\tb",
		"a\001b", "a\177b", "a\377b" };
	static const char *const good[] = { "console.c", "a/null.txt",
		"auxiliary.c", "com10", "common.h", "lpt", "x.y", "a-b",
		"a b.txt", "a/-b", "gr\303\274n.md",
		"\346\227\245\346\234\254.txt" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (names_of(bad[i], "bad-name") == 0)
			fail_msg("%s is not found", bad[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (names_of(good[i], "bad-name") != 0)
			fail_msg("%s is found", good[i]);
}

static void
odd_names_ask(void **state)
{
	static const char *const odd[] = { "a/-rf", "$(id).txt", "a`id`", "x;y",
		"x|y", "what?.md", "e\314\201.txt", "A\314\210.c", "${x}" };
	static const char *const good[] = { "a$b.js", "[id].tsx", "(a)/b.ts",
		"a&b", "it's.md", "\303\251.txt", "a+b,c=d@e%f", "$param.ts",
		"q\314\201.txt" };

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		if (names_of(odd[i], "odd-name") != 1)
			fail_msg("%s is not found", odd[i]);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (names_of(good[i], "odd-name") != 0)
			fail_msg("%s is found", good[i]);
}

static void
very_deep_paths_are_refused_in_little_time(void **state)
{
	char path[SCAN_PATH_MAX + 1];
	struct names_test t;

	(void)state;
	for (size_t i = 0; i < SCAN_PATH_MAX; i++)
		path[i] = i % 2 == 0 ? 'a' : '/';
	path[SCAN_PATH_MAX] = '\0';
	path[SCAN_PATH_MAX - 1] = 'b';
	names_begin(&t);
	names_change(&t, 'A', path, FILE_MODE);
	check_tree(t.k, path, FILE_MODE);
	/* Too long, and too deep. */
	assert_int_equal(names_end(&t, "bad-name"), 2);
}

static void
names_in_other_letters_that_read_like_one_here_are_found(void **state)
{
	static const struct {
		const char *added, *tree;
		int n;
	} cases[] = {
		{ "\321\201\320\276\321\200.py", "cop.py", 1 },
		{ "src/\321\201\320\276\321\200.py", "cop.py", 0 },
		{ "\324\201\320\276\321\201\321\225/x", "docs/y", 1 },
		{ "\357\275\223rc/x", "SRC/y", 1 },
		{ "\357\274\221.c", "1.c", 1 },
		{ "\320\277\321\200\320\270.md", "pr.md", 0 },
		{ "caf\303\251.md", "cafe.md", 0 },
		{ "cop2.py", "cop.py", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', cases[i].added, FILE_MODE);
		check_tree(t.k, cases[i].added, FILE_MODE);
		check_tree(t.k, cases[i].tree, FILE_MODE);
		if (names_end(&t, "homoglyph") != cases[i].n)
			fail_msg("case %zu", i);
		/* Without the tree, when both are new. */
		names_begin(&t);
		names_change(&t, 'A', cases[i].added, FILE_MODE);
		names_change(&t, 'A', cases[i].tree, FILE_MODE);
		if (names_end(&t, "homoglyph") != cases[i].n)
			fail_msg("case %zu, both new", i);
	}
}

static void
links_named_like_folders_that_run_are_found(void **state)
{
	static const struct {
		const char *path, *id;
		int n;
	} cases[] = {
		{ ".claude", "agent-config", 1 },
		{ "a/.vscode", "editor-config", 1 },
		{ ".husky", "hook", 1 },
		{ "x/hooks", "hook", 1 },
		{ ".github", "agent-config", 1 },
		{ ".github/workflows", "ci-file", 1 },
		{ "src/vscode", "editor-config", 0 },
		{ "a.github/workflowsx", "ci-file", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', cases[i].path, LINK_MODE);
		if (names_end(&t, cases[i].id) != cases[i].n)
			fail_msg("%s", cases[i].path);
	}
}

static void
what_guards_a_change_does_not_go_away_unseen(void **state)
{
	struct names_test t;

	(void)state;
	names_begin(&t);
	names_change(&t, 'D', ".github/workflows/ci.yml", FILE_MODE);
	names_change(&t, 'D', "CODEOWNERS", FILE_MODE);
	names_change(&t, 'D', ".pre-commit-config.yaml", FILE_MODE);
	names_change(&t, 'D', "CLAUDE.md", FILE_MODE);
	assert_int_equal(names_end(&t, "ci-removed"), 3);
	names_begin(&t);
	names_change(&t, 'D', "jest.config.js", FILE_MODE);
	names_change(&t, 'D', ".npmrc", FILE_MODE);
	names_change(&t, 'D', "Makefile", FILE_MODE);
	assert_int_equal(names_end(&t, "config-removed"), 2);
	names_begin(&t);
	names_change(&t, 'D', "yarn.lock", FILE_MODE);
	assert_int_equal(names_end(&t, "lock-removed"), 1);
	names_begin(&t);
	names_change(&t, 'D', "yarn.lock", FILE_MODE);
	names_change(&t, 'D', "package.json", FILE_MODE);
	assert_int_equal(names_end(&t, "lock-removed"), 0);
}

static void
a_manifest_without_its_lock_file_is_noted(void **state)
{
	struct names_test t;

	(void)state;
	names_begin(&t);
	names_change(&t, 'M', "web/package.json", FILE_MODE);
	check_tree(t.k, "web/package-lock.json", FILE_MODE);
	assert_int_equal(names_end(&t, "manifest-alone"), 1);
	names_begin(&t);
	names_change(&t, 'M', "web/package.json", FILE_MODE);
	check_tree(t.k, "package-lock.json", FILE_MODE);
	check_tree(t.k, "web/a/package-lock.json", FILE_MODE);
	assert_int_equal(names_end(&t, "manifest-alone"), 0);
	names_begin(&t);
	names_change(&t, 'M', "web/package.json", FILE_MODE);
	names_change(&t, 'M', "web/package-lock.json", FILE_MODE);
	check_tree(t.k, "web/package-lock.json", FILE_MODE);
	assert_int_equal(names_end(&t, "manifest-alone"), 0);
}

static void
names_that_differ_in_case_alone_collide(void **state)
{
	static const struct {
		const char *added, *tree;
		int n;
	} cases[] = {
		{ "src/readme", "src/README", 1 },
		{ "SRC/x", "src/a.c", 1 },
		{ "A/x", "a", 1 },
		{ "\303\211.txt", "\303\251.txt", 1 },
		{ "\303\251.txt", "e\314\201.txt", 1 },
		{ "\320\224", "\320\264", 1 },
		{ "\316\243", "\317\202", 1 },
		{ "\342\204\252", "k", 1 },
		{ "src/readme", "src/readme.md", 0 },
		{ "src/b", "src/a", 0 },
		{ "resume", "r\303\251sum\303\251", 0 },
		{ "src/x", "src/y/z", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', cases[i].added, FILE_MODE);
		check_tree(t.k, "a0", FILE_MODE);
		check_tree(t.k, cases[i].added, FILE_MODE);
		check_tree(t.k, cases[i].tree, FILE_MODE);
		if (names_end(&t, "case-collision") != cases[i].n)
			fail_msg("%s and %s", cases[i].added, cases[i].tree);
	}
}

static void
two_added_names_collide_without_a_tree(void **state)
{
	struct names_test t;

	(void)state;
	names_begin(&t);
	names_change(&t, 'A', "A/post", FILE_MODE);
	names_change(&t, 'A', "a", LINK_MODE);
	assert_int_equal(names_end(&t, "case-collision"), 1);
	/* A change of a file that was there is no new name. */
	names_begin(&t);
	names_change(&t, 'M', "README", FILE_MODE);
	check_tree(t.k, "readme", FILE_MODE);
	assert_int_equal(names_end(&t, "case-collision"), 0);
}

static void
a_link_in_place_of_a_folder_is_refused(void **state)
{
	struct names_test t;

	(void)state;
	names_begin(&t);
	names_change(&t, 'A', "dir", LINK_MODE);
	names_change(&t, 'D', "dir/a/b", FILE_MODE);
	assert_int_equal(names_end(&t, "folder-to-link"), 1);
	names_begin(&t);
	names_change(&t, 'A', "dir/a", LINK_MODE);
	names_change(&t, 'D', "dir/b", FILE_MODE);
	assert_int_equal(names_end(&t, "folder-to-link"), 0);
	names_begin(&t);
	names_change(&t, 'A', "dir", FILE_MODE);
	names_change(&t, 'D', "dir/b", FILE_MODE);
	assert_int_equal(names_end(&t, "file-type"), 1);
	names_begin(&t);
	names_change(&t, 'D', "l", LINK_MODE);
	names_change(&t, 'A', "l/x", FILE_MODE);
	assert_int_equal(names_end(&t, "file-type"), 1);
	names_begin(&t);
	names_change(&t, 'D', "dir/b", FILE_MODE);
	names_change(&t, 'A', "dir/c", FILE_MODE);
	assert_int_equal(names_end(&t, "file-type"), 0);
}

static void
a_link_through_a_link_is_refused(void **state)
{
	static const struct {
		const char *path, *target;
		int n;
	} cases[] = {
		{ "x", "docs/../secret", 1 },
		{ "x", "docs/a", 1 },
		{ "sub/x", "../docs/a", 1 },
		{ "x", "./docs//a", 1 },
		{ "x", "docs", 0 },
		{ "x", "src/a", 0 },
		{ "docs2/x", "docs/a", 0 },
		{ "sub/x", "docs/a", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', cases[i].path, LINK_MODE);
		check_tree(t.k, "docs", LINK_MODE);
		names_link(&t, cases[i].path, cases[i].target);
		if (names_end(&t, "symlink-chain") != cases[i].n)
			fail_msg("%s -> %s", cases[i].path, cases[i].target);
	}
}

static void
links_out_of_the_tree_are_refused(void **state)
{
	static const char *const bad[] = { "/etc/passwd", "../../x", "~/x",
		"x/../../../y", "../.git/hooks", "../.GIT", "a\\b", "",
		"../git~1/x" };
	static const char *const good[] = { "../x", "x/../y", "a/b/c", "." };
	struct names_test t;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		names_begin(&t);
		names_link(&t, "d/l", bad[i]);
		if (names_end(&t, "symlink-escape") != 1)
			fail_msg("%s is not found", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		names_begin(&t);
		names_link(&t, "d/l", good[i]);
		if (names_end(&t, "symlink-escape") != 0)
			fail_msg("%s is found", good[i]);
	}
}

static void
a_repository_in_the_tree_is_found_by_its_last_piece(void **state)
{
	struct names_test t;

	(void)state;
	names_begin(&t);
	names_change(&t, 'A', "x/HEAD", FILE_MODE);
	check_tree(t.k, "x/HEAD", FILE_MODE);
	check_tree(t.k, "x/objects/00/1", FILE_MODE);
	check_tree(t.k, "x/refs/heads/a", FILE_MODE);
	assert_int_equal(names_end(&t, "embedded-repository"), 1);
	/* Also at the root, with other case, and by a commondir. */
	names_begin(&t);
	names_change(&t, 'A', "head", FILE_MODE);
	names_change(&t, 'A', "Objects/x", FILE_MODE);
	names_change(&t, 'A', "packed-refs", FILE_MODE);
	assert_int_equal(names_end(&t, "embedded-repository"), 1);
	names_begin(&t);
	names_change(&t, 'A', "y/commondir", FILE_MODE);
	check_tree(t.k, "y/HEAD", FILE_MODE);
	assert_int_equal(names_end(&t, "embedded-repository"), 1);
	/* One that was there and is not touched is not of this change. */
	names_begin(&t);
	names_change(&t, 'A', "x/other", FILE_MODE);
	check_tree(t.k, "x/HEAD", FILE_MODE);
	check_tree(t.k, "x/objects/00/1", FILE_MODE);
	check_tree(t.k, "x/refs/heads/a", FILE_MODE);
	assert_int_equal(names_end(&t, "embedded-repository"), 0);
	/* The pieces in different folders are none. */
	names_begin(&t);
	names_change(&t, 'A', "x/HEAD", FILE_MODE);
	names_change(&t, 'A', "objects/a", FILE_MODE);
	names_change(&t, 'A', "y/refs/a", FILE_MODE);
	assert_int_equal(names_end(&t, "embedded-repository"), 0);
}

static void
sizes_beyond_the_usual_ask_and_too_many_files_are_refused(void **state)
{
	const struct check_limits small = { .file = 10, .total = 25 };
	const struct scan_change c = {
		.status = 'M', .new_mode = FILE_MODE, .path = "a"
	};
	const struct check_content b = { .size = 11 };
	struct names_test t;

	(void)state;
	names_begin(&t);
	check_set_limits(t.k, &small);
	for (int i = 0; i < 3; i++) {
		(void)check_file(t.k, &c, &b);
		check_file_end(t.k);
	}
	assert_int_equal(names_count(&t, "large-file"), 3);
	assert_int_equal(names_end(&t, "large-change"), 1);
	names_begin(&t);
	for (int i = 0; i < CHECK_FILES_MAX + 2; i++)
		names_change(&t, 'M', "a", FILE_MODE);
	assert_int_equal(names_count(&t, "too-large"), 1);
	assert_int_equal(names_end(&t, "large-change"), 1);
}

static void
files_that_something_obeys_are_found_at_any_depth(void **state)
{
	static const struct {
		const char *path, *id;
	} cases[] = {
		{ "a/b/.windsurf/rules/x.md", "agent-config" },
		{ "docs/AKIAZ7QW3EXKLMN4PR2T.txt", "secret" },
		{ "tests/AKIAZ7QW3EXKLMN4PR2T", "secret-likely" },
		{ ".clinerules/x", "agent-config" },
		{ "CRUSH.md", "agent-config" },
		{ ".github/prompts/x.md", "agent-config" },
		{ "sub/.github/instructions/x.md", "agent-config" },
		{ "x/mcp.json", "agent-config" },
		{ "x/libfoo.so-gdb.py", "editor-config" },
		{ ".bashrc", "editor-config" },
		{ "a/.mise/tasks/x", "editor-config" },
		{ ".openhands/setup.sh", "agent-config" },
		{ "AGENT.md", "agent-config" },
		{ "a/.rules", "agent-config" },
		{ "WARP.md", "agent-config" },
		{ ".factory/x", "agent-config" },
		{ ".amp/settings.json", "agent-config" },
		{ "mise.local.toml", "editor-config" },
		{ ".config/mise.toml", "editor-config" },
		{ ".helix/languages.toml", "editor-config" },
		{ ".vim/ftplugin/c.vim", "editor-config" },
		{ ".config/nvim/init.lua", "editor-config" },
		{ ".luarc.json", "editor-config" },
		{ "hie.yaml", "editor-config" },
		{ ".ghci", "editor-config" },
		{ ".formatter.exs", "editor-config" },
		{ "config.nims", "editor-config" },
		{ ".gitpod.yml", "editor-config" },
		{ ".codesandbox/tasks.json", "editor-config" },
		{ ".idx/dev.nix", "editor-config" },
		{ ".replit", "editor-config" },
		{ ".appveyor.yml", "ci-file" },
		{ ".rubocop.yml", "build-file" },
		{ "gradle.properties", "build-rules" },
		{ "buildSrc/src/P.java", "build-file" },
		{ "tsconfig.json", "build-rules" },
		{ "A.xcodeproj/project.pbxproj", "build-rules" },
		{ "CMakePresets.json", "build-rules" },
		{ "ansible.cfg", "build-file" },
		{ "rebar.config", "build-rules" },
		{ ".user.ini", "build-file" },
		{ ".htaccess", "build-file" },
		{ "devbox.json", "build-file" },
		{ "tasks.py", "build-rules" },
		{ "go.mod", "build-rules" },
		{ ".editorconfig", "editor-style" },
		{ "hooks/pre-commit.py", "hook" },
		{ "docs/build.instructions.md", "agent-name" },
		{ "src/build.instructions.md", "agent-config" },
		{ "a/.env.local", "tool-config" },
		{ ".pre-commit-hooks.yaml", "hook" },
		{ "x/hooks/reference-transaction", "hook" },
		{ ".lintstagedrc.json", "hook" },
		{ "a/.yarn/releases/yarn.cjs", "build-file" },
		{ ".mvn/jvm.config", "build-file" },
		{ "a/vite.config.ts", "build-file" },
		{ "a/Directory.Build.props", "build-file" },
		{ "tox.ini", "build-rules" },
		{ "flake.nix", "build-file" },
		{ "x/PKGBUILD", "build-rules" },
		{ "pkg.spec", "build-rules" },
		{ "a/.pylintrc", "build-file" },
		{ ".tekton/x.yaml", "ci-file" },
		{ "buildspec.yml", "ci-file" },
		{ ".cirrus.star", "ci-file" },
		{ "a/bun.lockb", "lockfile" },
		{ "uv.lock", "lockfile" },
	};
	static const char *const good[] = { "src/build.c", "docs/agents.html",
		"src/Workspace.tsx", "x.spec.ts", "a/hooks/useX.ts", "rules.md",
		"src/hooks/pre-fetch.ts", "src/hooks/post-list.tsx",
		"hooks/pre-commit.md", "tests/mise_test.go", "env.c",
		"src/cursor/x.c", "claude.c" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (names_of(cases[i].path, cases[i].id) != 1)
			fail_msg("%s is not found", cases[i].path);
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', good[i], FILE_MODE);
		check_end(t.k);
		if (t.f.n > 0)
			fail_msg("%s is %s", good[i], t.f.list[0].id);
		check_free(t.k);
		findings_release(&t.f);
	}
}

static void
links_named_like_many_folders_are_links(void **state)
{
	static const char *const names[] = { "tools", "a/.config", "r/renv" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct names_test t;

		names_begin(&t);
		names_change(&t, 'A', names[i], SCAN_MODE_LINK);
		check_end(t.k);
		if (t.f.n != 1 || strcmp(t.f.list[0].id, "symlink") != 0)
			fail_msg("%s is more than a link", names[i]);
		check_free(t.k);
		findings_release(&t.f);
	}
	assert_int_equal(names_of("tools/bazel", "editor-config"), 1);
}

/* Is a file of tests deleted when it goes and the other comes with these
 * contents? */
static bool
tests_go(const char *was, const char *is, char id, uint32_t mode)
{
	struct scan_change gone = {
		.old_mode = FILE_MODE, .status = 'D', .path = was
	};
	struct scan_change new = {
		.new_mode = mode, .status = 'A', .path = is
	};
	struct names_test t;
	bool found = false;

	memset(gone.old_id, 'a', SCAN_ID);
	memset(new.new_id, id, SCAN_ID);
	names_begin(&t);
	check_change(t.k, &gone);
	check_change(t.k, &new);
	check_end(t.k);
	for (size_t i = 0; i < t.f.n; i++)
		found = found || strcmp(t.f.list[i].id, "test-deleted") == 0;
	check_free(t.k);
	findings_release(&t.f);
	return found;
}

static void
tests_that_get_another_name_are_not_deleted(void **state)
{
	(void)state;
	assert_false(
	    tests_go("tests/test_a.py", "tests/test_b.py", 'a', FILE_MODE));
	assert_false(tests_go("tests/data", "tests/x/data", 'a', FILE_MODE));
	assert_true(
	    tests_go("tests/test_a.py", "tests/test_b.py", 'b', FILE_MODE));
	assert_true(
	    tests_go("tests/test_a.py", "tests/off_a.py", 'a', FILE_MODE));
	assert_true(
	    tests_go("tests/test_a.py", "tests/test_a.py.off", 'a', FILE_MODE));
	assert_true(tests_go("tests/test_a.py", "src/a.py", 'a', FILE_MODE));
	assert_true(tests_go(
	    "tests/test_a.py", "tests/test_b.py", 'a', SCAN_MODE_LINK));
	assert_false(
	    tests_go("src/a.test.js", "src/b.test.js", 'a', FILE_MODE));
	assert_false(
	    tests_go("pkg/a_test.go", "internal/p/a_test.go", 'a', FILE_MODE));
	assert_false(tests_go(
	    "tests/unit/test_a.py", "tests/more/test_a.py", 'a', FILE_MODE));
	assert_false(tests_go(
	    "tests/fixtures/a.in", "tests/fixtures/b/a.in", 'a', FILE_MODE));
	assert_false(tests_go("test_a.py", "test_b.py", 'a', FILE_MODE));
}

static void
tests_that_are_moved_out_of_the_way_are_deleted(void **state)
{
	static const char *const moves[][2] = {
		{ "pkg/auth_test.go", "pkg/testdata/auth_test.go" },
		{ "pkg/auth_test.go", "pkg/_old/auth_test.go" },
		{ "pkg/auth_test.go", "vendor/p/auth_test.go" },
		{ "tests/test_a.py", "attic/test_a.py" },
		{ "tests/test_a.py", "old/tests/test_a.py" },
		{ "tests/test_a.py", "tests/attic/test_a.py" },
		{ "tests/test_a.py", "tests/.off/test_a.py" },
		{ "tests/test_a.py", "test_a.py" },
		{ "src/__tests__/a.test.js", "src/__fixtures__/a.test.js" },
		{ "src/__tests__/a.test.js",
		    "src/__tests__/__mocks__/a.test.js" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
		if (!tests_go(moves[i][0], moves[i][1], 'a', FILE_MODE))
			fail_msg("%s is gone", moves[i][0]);
}

static void
folding_is_bounded_by_its_room(void **state)
{
	char out[8] = "";
	size_t n = fold_path(view_of("ABCDEFGHIJKLMNOP"), out, sizeof(out));

	(void)state;
	assert_int_equal(n, strlen(out));
	assert_true(n < sizeof(out));
	assert_true(fold_is_decomposed(view_of("e\314\201")));
	assert_false(fold_is_decomposed(view_of("\303\251")));
	assert_false(fold_is_decomposed(view_of("\314\201")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_named_like_many_folders_are_links),
		cmocka_unit_test(tests_that_get_another_name_are_not_deleted),
		cmocka_unit_test(
		    tests_that_are_moved_out_of_the_way_are_deleted),
		cmocka_unit_test(every_way_to_write_git_is_found),
		cmocka_unit_test(names_that_some_system_refuses_are_found),
		cmocka_unit_test(odd_names_ask),
		cmocka_unit_test(very_deep_paths_are_refused_in_little_time),
		cmocka_unit_test(names_that_differ_in_case_alone_collide),
		cmocka_unit_test(
		    names_in_other_letters_that_read_like_one_here_are_found),
		cmocka_unit_test(links_named_like_folders_that_run_are_found),
		cmocka_unit_test(what_guards_a_change_does_not_go_away_unseen),
		cmocka_unit_test(a_manifest_without_its_lock_file_is_noted),
		cmocka_unit_test(two_added_names_collide_without_a_tree),
		cmocka_unit_test(a_link_in_place_of_a_folder_is_refused),
		cmocka_unit_test(a_link_through_a_link_is_refused),
		cmocka_unit_test(links_out_of_the_tree_are_refused),
		cmocka_unit_test(
		    a_repository_in_the_tree_is_found_by_its_last_piece),
		cmocka_unit_test(
		    sizes_beyond_the_usual_ask_and_too_many_files_are_refused),
		cmocka_unit_test(
		    files_that_something_obeys_are_found_at_any_depth),
		cmocka_unit_test(folding_is_bounded_by_its_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
