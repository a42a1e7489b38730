#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/gitindex.h"
#include "cli/snapshot.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

/* An index under construction: version 2, entries with names alone. */
struct index {
	char bytes[4096];
	size_t len;
	bool sha256;
};

static void
index_put(struct index *x, const void *p, size_t n)
{
	assert_true(x->len + n <= sizeof(x->bytes));
	memcpy(x->bytes + x->len, p, n);
	x->len += n;
}

static void
index_begin(struct index *x, unsigned char version, unsigned char n)
{
	const char head[12] = { 'D', 'I', 'R', 'C', 0, 0, 0, (char)version, 0,
		0, 0, (char)n };

	x->len = 0;
	index_put(x, head, sizeof(head));
}

static void
index_stat(struct index *x, unsigned mode)
{
	char st[62] = { 0 };

	st[26] = (char)(mode >> 8);
	st[27] = (char)mode;
	index_put(x, st, sizeof(st));
}

static void
index_add(struct index *x, unsigned mode, const char *name)
{
	static const char zero[12];
	size_t n = strlen(name), used = 62;

	index_stat(x, mode);
	if (x->sha256) {
		index_put(x, zero, 12);
		used += 12;
	}
	index_put(x, name, n);
	index_put(x, zero, 8 - (used + n) % 8);
}

static void
index_end(struct index *x)
{
	static const char sum[20];
	char hex[SHA256_HEX];

	if (!x->sha256) {
		index_put(x, sum, sizeof(sum));
		return;
	}
	sha256_hex((struct view){ .p = x->bytes, .len = x->len }, hex);
	for (int i = 0; i < 32; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1] };
		char byte = (char)strtoul(pair, NULL, 16);

		index_put(x, &byte, 1);
	}
}

struct seen {
	char names[1024];
};

static int
seen_path(const char *path, uint32_t mode, void *arg, struct err *e)
{
	struct seen *s = arg;
	size_t n = strlen(s->names);

	(void)e;
	(void)snprintf(s->names + n, sizeof(s->names) - n, "%s%s:%o",
	    n == 0 ? "" : " ", path, (unsigned)mode);
	return 0;
}

static int
index_walk(const struct index *x, struct seen *s, struct err *e)
{
	s->names[0] = '\0';
	return gitindex_walk(
	    (struct view){ .p = x->bytes, .len = x->len }, seen_path, s, e);
}

static void
an_index_names_its_paths(void **state)
{
	struct err e = ERR_INIT;
	struct index x = { .len = 0 };
	struct seen s;

	(void)state;
	index_begin(&x, 2, 3);
	index_add(&x, 0100644, "a");
	index_add(&x, 0100755, "deep/er/name");
	index_add(&x, 0120000, "z");
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), 0);
	assert_string_equal(s.names, "a:100644 deep/er/name:100755 z:120000");
}

static void
names_of_version_4_are_built_on_the_last(void **state)
{
	struct err e = ERR_INIT;
	struct index x = { .len = 0 };
	struct seen s;

	(void)state;
	index_begin(&x, 4, 2);
	index_stat(&x, 0100644);
	index_put(&x, "\0deep/one", 10);
	index_stat(&x, 0100644);
	index_put(&x, "\3two", 5);
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), 0);
	assert_string_equal(s.names, "deep/one:100644 deep/two:100644");
	/* More than there is. */
	x.bytes[x.len - 20 - 5] = 9;
	assert_int_equal(index_walk(&x, &s, &e), -1);
}

static void
an_index_of_sha256_names_its_paths(void **state)
{
	struct err e = ERR_INIT;
	struct index x = { .sha256 = true };
	struct seen s;

	(void)state;
	index_begin(&x, 2, 2);
	index_add(&x, 0100644, "a.txt");
	index_add(&x, 0160000, "deep/inner");
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), 0);
	assert_string_equal(s.names, "a.txt:100644 deep/inner:160000");
	/* Its sum says which it is. */
	x.bytes[x.len - 1] = (char)~x.bytes[x.len - 1];
	assert_int_equal(index_walk(&x, &s, &e), -1);
}

static void
a_cut_index_is_refused_wherever_it_is_cut(void **state)
{
	struct err e = ERR_INIT;
	struct index x = { .len = 0 };
	struct seen s;
	size_t whole;

	(void)state;
	index_begin(&x, 2, 2);
	index_add(&x, 0100644, "a");
	index_add(&x, 0100644, "b");
	index_end(&x);
	whole = x.len;
	for (x.len = 0; x.len < whole; x.len++) {
		e = ERR_INIT;
		assert_int_equal(index_walk(&x, &s, &e), -1);
	}
	assert_int_equal(index_walk(&x, &s, &e), 0);
}

static void
what_is_no_path_is_refused(void **state)
{
	static const char *const names[] = { "", "/a", "a/", "a//b", "../a",
		"a/../b", "./a", "a/.git/config", ".GIT/hooks/x" };
	struct err e = ERR_INIT;
	struct index x = { .len = 0 };
	struct seen s;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		index_begin(&x, 2, 1);
		index_add(&x, 0100644, names[i]);
		index_end(&x);
		assert_int_equal(index_walk(&x, &s, &e), -1);
	}
}

static void
an_index_that_does_not_name_all_is_refused(void **state)
{
	struct err e = ERR_INIT;
	struct index x = { .len = 0 };
	struct seen s;

	(void)state;
	index_begin(&x, 2, 1);
	index_add(&x, 040000, "folder");
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	index_begin(&x, 2, 0);
	index_put(&x, "link\0\0\0\0", 8);
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	index_begin(&x, 2, 0);
	index_put(&x, "TREE\0\0\0\2ab", 10);
	index_end(&x);
	assert_int_equal(index_walk(&x, &s, &e), 0);
}

static void
a_link_that_leaves_is_known(void **state)
{
	(void)state;
	assert_false(snapshot_link_leaves("a", "b"));
	assert_false(snapshot_link_leaves("d/a", "../b"));
	assert_false(snapshot_link_leaves("d/a", "./x/../../b"));
	assert_true(snapshot_link_leaves("a", "/etc/passwd"));
	assert_true(snapshot_link_leaves("a", "../b"));
	assert_true(snapshot_link_leaves("d/a", "../../b"));
	assert_true(snapshot_link_leaves("d/a", "x/../../../d/b"));
}

/* A folder of the test; taken away by take_away. */
static char *
folder(void)
{
	char *dir = strdup("/tmp/coffer-snapshot-XXXXXX");

	assert_non_null(dir);
	assert_non_null(mkdtemp(dir));
	return dir;
}

static void
write_in(const char *dir, const char *name, const char *text)
{
	AUTO_FREE char *path = path_join(dir, name);
	struct err e = ERR_INIT;

	assert_int_equal(
	    path_write_atomic(path, text, strlen(text), 0644, &e), 0);
}

static void
take_away(char *dir)
{
	struct err e = ERR_INIT;

	assert_int_equal(path_rmtree(dir, &e), 0);
	free(dir);
}

static void
a_fingerprint_tells_what_changed(void **state)
{
	char *dir = folder();
	const struct snapshot_spec spec = { .dir = dir, .copy = true };
	struct snapshot a = SNAPSHOT_INIT, b = SNAPSHOT_INIT, c = SNAPSHOT_INIT;
	struct err e = ERR_INIT;
	char what[64];

	(void)state;
	write_in(dir, "one", "1\n");
	write_in(dir, "two", "2\n");
	assert_int_equal(snapshot_take(&spec, &a, &e), 0);
	assert_int_equal(snapshot_take(&spec, &b, &e), 0);
	assert_string_equal(a.print, b.print);
	snapshot_changed(&a, &b, what, sizeof(what));
	assert_string_equal(what, "");
	assert_int_equal(a.files, 2);
	write_in(dir, "two", "3\n");
	assert_int_equal(snapshot_take(&spec, &c, &e), 0);
	assert_string_not_equal(a.print, c.print);
	snapshot_changed(&a, &c, what, sizeof(what));
	assert_string_equal(what, "\"two\"");
	snapshot_release(&a);
	snapshot_release(&b);
	snapshot_release(&c);
	take_away(dir);
}

static void
what_cannot_be_copied_is_refused(void **state)
{
	char *dir = folder();
	const struct snapshot_spec spec = { .dir = dir, .copy = true };
	const struct snapshot_spec look = { .dir = dir };
	AUTO_FREE char *pipe_at = path_join(dir, "pipe");
	AUTO_FREE char *link_at = path_join(dir, "link");
	AUTO_FREE char *big_at = path_join(dir, "big");
	struct snapshot s = SNAPSHOT_INIT;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(mkfifo(pipe_at, 0600), 0);
	assert_int_equal(snapshot_take(&spec, &s, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	snapshot_release(&s);
	assert_int_equal(snapshot_take(&look, &s, &e), 0);
	snapshot_release(&s);
	assert_int_equal(unlink(pipe_at), 0);
	assert_int_equal(symlink("../x", link_at), 0);
	assert_int_equal(snapshot_take(&spec, &s, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	snapshot_release(&s);
	assert_int_equal(unlink(link_at), 0);
	write_in(dir, "big", "");
	assert_int_equal(truncate(big_at, (off_t)1 << 40), 0);
	assert_int_equal(snapshot_take(&spec, &s, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	snapshot_release(&s);
	take_away(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_index_names_its_paths),
		cmocka_unit_test(an_index_of_sha256_names_its_paths),
		cmocka_unit_test(names_of_version_4_are_built_on_the_last),
		cmocka_unit_test(a_cut_index_is_refused_wherever_it_is_cut),
		cmocka_unit_test(what_is_no_path_is_refused),
		cmocka_unit_test(an_index_that_does_not_name_all_is_refused),
		cmocka_unit_test(a_link_that_leaves_is_known),
		cmocka_unit_test(a_fingerprint_tells_what_changed),
		cmocka_unit_test(what_cannot_be_copied_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
