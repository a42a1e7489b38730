#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "tests/unit/server/git_fixture.h"

/* 1.git: main with a merge, a file that came, went and came again, a branch
 * named as a folder's beginning, a tag of each kind; shape, where a file is a
 * folder, a folder a file, and a name looks like a pattern; lines, where a file
 * of twenty changes and moves. */
static const char ask_script[] =
    "set -e\n"
    "cd \"$1\"\n"
    "n=1700000000\n"
    "c() { n=$((n + 60)); GIT_AUTHOR_DATE=\"$n +0200\""
    " GIT_COMMITTER_DATE=\"$n +0200\" git commit -q \"$@\"; }\n"
    "git init -q -b main w && cd w\n"
    "mkdir -p src/deep && echo a >src/a && echo b >src/deep/b && echo r >r\n"
    "git add . && c -m one\n"
    "echo gone >f && git add f && c -m 'f comes'\n"
    "git rm -q f && c -m 'f goes'\n"
    "git checkout -qb side && echo s >src/s && git add . && c -m side\n"
    "git checkout -q main && echo a2 >src/a && c -am 'a changes'\n"
    "n=$((n + 60)); GIT_AUTHOR_DATE=\"$n +0000\""
    " GIT_COMMITTER_DATE=\"$n +0000\" git merge -q --no-edit -m joined side\n"
    "echo again >f && git add f && c -m 'f is back'\n"
    "git branch feat/x side && git tag light main~1 && "
    "git tag -a -m note v1 && ln -s r link && chmod +x r && "
    "git add . && c -m 'link and mode'\n"
    "git checkout -qb shape && git rm -qr f src/deep && mkdir f && "
    "echo in >f/x && echo file >src/deep && echo star >'s*' && "
    "chmod -x r && git add . && c -m shape && git checkout -q main\n"
    "git checkout -qb lines && seq 20 >n && git add n && c -m twenty && "
    "sed -i 3s/.*/three/ n && c -am 'one of them' && git mv n m && "
    "c -m moved && sed -i 1d m && echo last >>m && c -am ends && "
    "git checkout -q main\n"
    "git clone -q --bare . ../1.git\n";

struct fixture {
	struct git_fixture git;
	bool failed;
	struct err fail;
	char *json;
	struct json *j;
	char *raw;
};

static int
setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	git_fixture_open(&f->git, ask_script, 1);
	*state = f;
	return 0;
}

static void
ask_reset(struct fixture *f)
{
	json_free(f->j);
	free(f->json);
	free(f->raw);
	f->j = NULL;
	f->json = f->raw = NULL;
	f->failed = false;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	git_fixture_close(&f->git);
	ask_reset(f);
	free(f);
	return 0;
}

static void
ask_on_done(const struct git_result *r, void *arg)
{
	struct fixture *f = arg;
	struct str text = STR_INIT;
	struct err e = ERR_INIT;

	ask_reset(f);
	f->failed = r->fail != NULL;
	if (r->fail != NULL) {
		f->fail = *r->fail;
	} else {
		json_print(r->j, &text);
		f->j = json_parse(str_view(&text), 0, &e);
		assert_non_null(f->j);
		f->raw = view_dup(r->raw);
	}
	str_release(&text);
	loop_stop(f->git.loop);
}

static void
ask_run(struct fixture *f)
{
	struct err e = ERR_INIT;

	assert_int_equal(loop_run(f->git.loop, &e), 0);
}

/* Titles of commits, joined by '|'. */
static const char *
ask_titles(struct fixture *f, struct str *out)
{
	const struct json *v;

	str_reset(out);
	for (v = json_first(json_get(f->j, "commits")); v != NULL;
	     v = json_next(v)) {
		const char *m = json_str_or(v, "message", "");

		if (out->len > 0)
			str_addc(out, '|');
		str_addn(out, m, strcspn(m, "\n"));
	}
	return str_cstr(out);
}

static void
history_of_a_path_follows_what_changed_it(void **state)
{
	struct fixture *f = *state;
	struct git_ask_history spec = {
		.rev = "main", .path = "f", .limit = 10, .count = true
	};
	struct str t = STR_INIT;

	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	assert_string_equal(ask_titles(f, &t), "f is back|f goes|f comes");
	assert_int_equal(json_i64_or(f->j, "total", 0), 3);
	spec.path = "src/s";
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(ask_titles(f, &t), "side");
	spec.path = "src";
	spec.skip = 1;
	spec.limit = 2;
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	/* The merge joins two changes of the folder, so it is one itself. */
	assert_string_equal(ask_titles(f, &t), "a changes|side");
	assert_true(json_bool_or(f->j, "more", false));
	str_release(&t);
}

static void
history_is_bounded_by_times_and_by_another(void **state)
{
	struct fixture *f = *state;
	struct git_ask_history spec = {
		.rev = "main", .limit = 10, .without = "side", .count = true
	};
	struct str t = STR_INIT;

	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(
	    ask_titles(f, &t), "link and mode|f is back|joined|a changes");
	spec.without = NULL;
	spec.until = INT64_C(1700000120) * 1000;
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(ask_titles(f, &t), "f comes|one");
	assert_int_equal(json_i64_or(f->j, "total", 0), 2);
	spec.until = 0;
	spec.since = INT64_C(1700000400) * 1000;
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(ask_titles(f, &t), "link and mode|f is back");
	spec.since = 0;
	spec.skip = 7;
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(ask_titles(f, &t), "one");
	assert_false(json_bool_or(f->j, "more", true));
	assert_int_equal(json_i64_or(f->j, "total", 0), 8);
	str_release(&t);
}

static void
a_commit_tells_its_files_and_lines(void **state)
{
	struct fixture *f = *state;
	const struct git_ask_history spec = {
		.rev = "main~0", .limit = 1, .want = { true, true, true }
	};
	struct git_ask_history root = spec;
	const struct json *commit;

	/* No revision syntax of git's. */
	gitask_history(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_true(f->failed);
	root.rev = "light";
	gitask_history(f->git.pool, 1, &root, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	commit = json_at(json_get(f->j, "commits"), 0);
	assert_int_equal(json_count(json_get(commit, "files")), 1);
	assert_string_equal(
	    json_str_or(json_at(json_get(commit, "files"), 0), "filename", ""),
	    "src/s");
	assert_int_equal(
	    json_i64_or(json_get(commit, "stats"), "additions", 0), 1);
	assert_null(json_get(commit, "signature"));
}

static const char *
ask_member(struct fixture *f, const char *list, size_t i, const char *key)
{
	return json_str_or(json_at(json_get(f->j, list), i), key, "");
}

static void
a_folder_tells_what_changed_each_entry_last(void **state)
{
	struct fixture *f = *state;
	const struct git_ask_entry spec = {
		.rev = "main", .path = "src", .last = true, .max = 100
	};
	static const char *const want[][2] = { { "src/a", "a changes\n" },
		{ "src/deep", "one\n" }, { "src/s", "side\n" } };

	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	assert_true(json_bool_or(f->j, "folder", false));
	for (size_t i = 0; i < 3; i++) {
		const struct json *entry = json_at(
		    json_get(f->j, "entries"), i);

		assert_string_equal(json_str_or(entry, "path", ""), want[i][0]);
		assert_string_equal(
		    json_str_or(json_get(entry, "last"), "message", ""),
		    want[i][1]);
	}
}

/* "path message|" of each entry. */
static const char *
ask_last(struct fixture *f, const struct git_ask_entry *spec, struct str *out)
{
	const struct json *k;

	str_reset(out);
	gitask_entry(f->git.pool, 1, spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	for (k = json_first(json_get(f->j, "entries")); k != NULL;
	     k = json_next(k)) {
		const char *message = json_str_or(
		    json_get(k, "last"), "message", "?");

		str_addf(out, "%s %.*s|", json_str_or(k, "path", ""),
		    (int)strcspn(message, "\n"), message);
	}
	return str_cstr(out);
}

static void
what_is_known_of_a_commit_holds_for_those_above_but_where_they_changed(
    void **state)
{
	struct fixture *f = *state;
	struct git_ask_entry spec = { .path = "src", .last = true };
	static const struct {
		const char *rev, *want;
	} rows[] = {
		/* From below up, and each again: found, then known. */
		{ "side", "src/a one|src/deep one|src/s side|" },
		{ "side", "src/a one|src/deep one|src/s side|" },
		{ "light", "src/a a changes|src/deep one|src/s side|" },
		{ "main", "src/a a changes|src/deep one|src/s side|" },
		{ "main", "src/a a changes|src/deep one|src/s side|" },
		{ "side", "src/a one|src/deep one|src/s side|" },
	};
	struct str got = STR_INIT;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		spec.rev = rows[i].rev;
		assert_string_equal(ask_last(f, &spec, &got), rows[i].want);
	}
	str_release(&got);
}

static void
a_folder_comes_by_pages_folders_first(void **state)
{
	struct fixture *f = *state;
	struct git_ask_entry spec = {
		.rev = "main", .path = "", .last = true, .limit = 2
	};
	static const char *const pages[] = { "src joined|f f is back|",
		"link link and mode|r link and mode|", "" };
	struct str got = STR_INIT;

	for (size_t i = 0; i < 3; i++) {
		spec.skip = 2 * i;
		assert_string_equal(ask_last(f, &spec, &got), pages[i]);
		assert_int_equal(json_i64_or(f->j, "total", 0), 4);
	}
	str_release(&got);
}

/* "message lines|" of each hunk. */
static const char *
ask_blame(struct fixture *f, const char *rev, const char *path, struct str *out)
{
	const struct json *k;

	str_reset(out);
	gitask_blame(f->git.pool, 1, rev, path, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	for (k = json_first(json_get(f->j, "hunks")); k != NULL;
	     k = json_next(k))
		str_addf(out, "%s %lld|", json_str_or(k, "message", ""),
		    (long long)json_i64_or(k, "lines", 0));
	return str_cstr(out);
}

static void
who_wrote_a_line_is_told_at_each_commit_and_again(void **state)
{
	struct fixture *f = *state;
	struct str got = STR_INIT;

	for (int i = 0; i < 2; i++) {
		assert_string_equal(
		    ask_blame(f, "side", "src/a", &got), "one 1|");
		assert_string_equal(
		    ask_blame(f, "main", "src/a", &got), "a changes 1|");
		assert_string_equal(
		    ask_blame(f, "light", "src/a", &got), "a changes 1|");
		assert_string_equal(
		    ask_blame(f, "main", "f", &got), "f is back 1|");
		assert_string_equal(ask_blame(f, "lines", "m", &got),
		    "twenty 1|one of them 1|twenty 17|ends 1|");
	}
	str_release(&got);
	gitask_blame(f->git.pool, 1, "main", "none", ask_on_done, f);
	ask_run(f);
	assert_true(f->failed);
	assert_int_equal(f->fail.code, ERR_NOTFOUND);
}

static void
a_path_may_begin_with_its_ref(void **state)
{
	struct fixture *f = *state;
	struct git_ask_entry spec = {
		.rev = "main", .path = "feat/x/src/s", .leading = true, .max = 9
	};

	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	assert_string_equal(ask_member(f, "entries", 0, "path"), "src/s");
	assert_string_equal(f->raw, "s\n");
	spec.path = "v1/f";
	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(f->raw, "again\n");
	spec.path = "link";
	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_string_equal(ask_member(f, "entries", 0, "target"), "r");
	spec.path = "f";
	spec.max = 3;
	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(json_bool_or(f->j, "whole", true));
	assert_string_equal(f->raw, "");
	spec.path = "feat/x/nope";
	gitask_entry(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_true(f->failed);
	assert_int_equal(f->fail.code, ERR_NOTFOUND);
}

static void
ask_tree(struct fixture *f, const char *rev, bool deep, uint32_t skip,
    uint32_t limit)
{
	const struct git_ask_tree spec = {
		.rev = rev, .recursive = deep, .skip = skip, .limit = limit
	};

	gitask_tree(f->git.pool, 1, &spec, ask_on_done, f);
}

static void
a_tree_comes_by_pages(void **state)
{
	struct fixture *f = *state;

	ask_tree(f, "main", true, 3, 2);
	ask_run(f);
	assert_false(f->failed);
	assert_int_equal(json_i64_or(f->j, "total", 0), 8);
	assert_int_equal(json_count(json_get(f->j, "tree")), 2);
	assert_string_equal(ask_member(f, "tree", 0, "path"), "src");
	assert_string_equal(ask_member(f, "tree", 1, "path"), "src/a");
	ask_tree(f, "main", false, 0, 10);
	ask_run(f);
	assert_string_equal(ask_member(f, "tree", 1, "mode"), "120000");
	assert_string_equal(ask_member(f, "tree", 2, "mode"), "100755");
}

static void
tags_are_told_with_what_they_name(void **state)
{
	struct fixture *f = *state;
	const struct json *o;

	gitask_tags(f->git.pool, 1, NULL, 0, 10, ask_on_done, f);
	ask_run(f);
	assert_int_equal(json_i64_or(f->j, "total", 0), 2);
	assert_string_equal(ask_member(f, "tags", 0, "name"), "v1");
	o = json_at(json_get(json_at(json_get(f->j, "tags"), 0), "objects"), 0);
	assert_string_equal(json_str_or(o, "type", ""), "tag");
	assert_string_equal(
	    json_str_or(json_get(o, "tag"), "message", ""), "note\n");
	gitask_tags(f->git.pool, 1, "nope", 0, 1, ask_on_done, f);
	ask_run(f);
	assert_int_equal(f->fail.code, ERR_NOTFOUND);
}

static void
ask_write(struct fixture *f, const struct git_ask_file *v, size_t n)
{
	const struct git_person who = { "T", "t@example.org", 1700001000000 };
	struct git_ask_write spec = { .message = "write",
		.author = who,
		.committer = who,
		.files = v,
		.n = n };
	char tip[GIT_SHA_TEXT];

	gitpool_resolve(f->git.pool, 1, "main", ask_on_done, f);
	ask_run(f);
	(void)snprintf(tip, sizeof(tip), "%s", json_str_or(f->j, "sha", ""));
	spec.base = tip;
	gitask_write(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
}

static void
a_write_is_refused_when_the_tree_is_not_as_expected(void **state)
{
	struct fixture *f = *state;
	static const char zero[] = GIT_ZERO_SHA;
	static const struct {
		struct git_ask_file file;
		enum err_code code;
	} rows[] = {
		{ { .op = "create", .path = "r", .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "create", .path = "r/below", .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "create", .path = "src", .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "update", .path = "r", .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "update",
		      .path = "r",
		      .sha = zero,
		      .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "update",
		      .path = "nope",
		      .sha = zero,
		      .has_bytes = true },
		    ERR_NOTFOUND },
		{ { .op = "delete", .path = "nope", .sha = zero },
		    ERR_NOTFOUND },
		{ { .op = "upload", .path = "link", .has_bytes = true },
		    ERR_INVALID },
		{ { .op = "chmod", .path = "r" }, ERR_INVALID },
		{ { .op = "create", .path = "x/.git/y", .has_bytes = true },
		    ERR_INTERNAL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask_write(f, &rows[i].file, 1);
		assert_true(f->failed);
		assert_int_equal(f->fail.code, rows[i].code);
	}
}

static void
a_write_keeps_modes_and_empties_folders(void **state)
{
	struct fixture *f = *state;
	char r[GIT_SHA_TEXT], b[GIT_SHA_TEXT], sha[GIT_SHA_TEXT];
	struct git_ask_file v[3] = {
		{ .op = "update",
		    .path = "r",
		    .sha = r,
		    .has_bytes = true,
		    .bytes = VIEW_LIT("new\n") },
		{ .op = "delete", .path = "src/deep/b", .sha = b },
		{ .op = "rename", .path = "g/h", .from = "f" },
	};
	char old[GIT_SHA_TEXT];

	ask_tree(f, "main", true, 0, 100);
	ask_run(f);
	for (size_t i = 0; i < json_count(json_get(f->j, "tree")); i++) {
		const char *path = ask_member(f, "tree", i, "path");
		const char *id = ask_member(f, "tree", i, "sha");

		if (strcmp(path, "r") == 0)
			(void)snprintf(r, sizeof(r), "%s", id);
		if (strcmp(path, "src/deep/b") == 0)
			(void)snprintf(b, sizeof(b), "%s", id);
		if (strcmp(path, "f") == 0)
			(void)snprintf(old, sizeof(old), "%s", id);
	}
	v[2].sha = old;
	ask_write(f, v, 3);
	assert_false(f->failed);
	(void)snprintf(sha, sizeof(sha), "%s", json_str_or(f->j, "sha", ""));
	ask_tree(f, sha, true, 0, 100);
	ask_run(f);
	assert_int_equal(json_i64_or(f->j, "total", 0), 7);
	assert_string_equal(ask_member(f, "tree", 0, "path"), "g");
	assert_string_equal(ask_member(f, "tree", 1, "path"), "g/h");
	assert_string_equal(ask_member(f, "tree", 1, "sha"), old);
	assert_string_equal(ask_member(f, "tree", 3, "path"), "r");
	assert_string_equal(ask_member(f, "tree", 3, "mode"), "100755");
	assert_string_equal(ask_member(f, "tree", 6, "path"), "src/s");
}

static void
a_range_is_shown_as_a_diff_or_as_mails(void **state)
{
	struct fixture *f = *state;
	struct git_ask_show spec = { .base = "side", .head = "main" };

	gitask_show(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	assert_non_null(strstr(f->raw, "diff --git a/src/a b/src/a"));
	assert_null(strstr(f->raw, "src/s"));
	spec.patch = true;
	gitask_show(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_non_null(strstr(f->raw, "Subject: [PATCH] a changes"));
	assert_null(strstr(f->raw, "joined"));
	spec = (struct git_ask_show){ .head = "light", .patch = true };
	gitask_show(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	/* A merge has no mail: its diff to the first parent. */
	assert_int_equal(strncmp(f->raw, "diff --git a/src/s", 18), 0);
}

static void
a_diff_has_what_changed_its_shape_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	const struct git_ask_show spec = { .head = "shape" };
	static const char *const files[] = { "a/f b/f\ndeleted file",
		"a/f/x b/f/x\nnew file", "a/r b/r\nold mode 100755",
		"a/s* b/s*\nnew file", "a/src/deep b/src/deep\nnew file",
		"a/src/deep/b b/src/deep/b\ndeleted file" };
	size_t n = 0;

	gitask_show(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_non_null(strstr(f->raw, files[i]));
	for (const char *p = f->raw; (p = strstr(p, "diff --git ")) != NULL;
	     p++)
		n++;
	assert_int_equal(n, sizeof(files) / sizeof(files[0]));
}

static void
what_is_equal_differs_in_nothing(void **state)
{
	struct fixture *f = *state;
	const struct git_ask_show spec = { .base = "main", .head = "main" };

	gitask_show(f->git.pool, 1, &spec, ask_on_done, f);
	ask_run(f);
	assert_false(f->failed);
	assert_string_equal(f->raw, "");
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_of_a_path_follows_what_changed_it),
		cmocka_unit_test(history_is_bounded_by_times_and_by_another),
		cmocka_unit_test(a_commit_tells_its_files_and_lines),
		cmocka_unit_test(a_folder_tells_what_changed_each_entry_last),
		cmocka_unit_test(
		    what_is_known_of_a_commit_holds_for_those_above_but_where_they_changed),
		cmocka_unit_test(a_folder_comes_by_pages_folders_first),
		cmocka_unit_test(
		    who_wrote_a_line_is_told_at_each_commit_and_again),
		cmocka_unit_test(a_path_may_begin_with_its_ref),
		cmocka_unit_test(a_tree_comes_by_pages),
		cmocka_unit_test(tags_are_told_with_what_they_name),
		cmocka_unit_test(
		    a_write_is_refused_when_the_tree_is_not_as_expected),
		cmocka_unit_test(a_write_keeps_modes_and_empties_folders),
		cmocka_unit_test(a_range_is_shown_as_a_diff_or_as_mails),
		cmocka_unit_test(
		    a_diff_has_what_changed_its_shape_and_nothing_else),
		cmocka_unit_test(what_is_equal_differs_in_nothing),
	};

	if (argc == 2 && strcmp(argv[1], "--git-worker") == 0)
		return gitworker_main(3);
	return cmocka_run_group_tests(tests, setup, teardown);
}
