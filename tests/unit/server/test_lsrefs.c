#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/pktline.h"
#include "server/git/ref_snapshot.h"
#include "server/githttp/lsrefs.h"
#include "server/githttp/refs_answer.h"

#define ID "0123456789012345678901234567890123456789"
#define TAG "1123456789012345678901234567890123456789"
#define HEAD_LINE "0014command=ls-refs\n"

static bool
parse(const char *body, struct lsrefs *out)
{
	return lsrefs_parse(view_of(body), out);
}

static void
refused(const char *body)
{
	struct lsrefs x;

	assert_false(parse(body, &x));
	assert_null(x.prefix);
}

static void
a_question_is_read(void **state)
{
	struct lsrefs x;

	(void)state;
	assert_true(parse(HEAD_LINE
	    "0015agent=git/2.39.5\n0016object-format=sha1"
	    "00010009peel\n000csymrefs\n000aunborn"
	    "001bref-prefix refs/heads/\n0014ref-prefix HEAD\n0000",
	    &x));
	assert_true(x.peel);
	assert_true(x.symrefs);
	assert_true(x.unborn);
	assert_int_equal(x.n, 2);
	assert_true(view_is(x.prefix[0], "HEAD"));
	assert_true(view_is(x.prefix[1], "refs/heads/"));
	lsrefs_release(&x);
	assert_true(parse(HEAD_LINE "0000", &x));
	assert_int_equal(x.n, 0);
	assert_false(x.peel);
	lsrefs_release(&x);
}

static void
all_else_is_left_to_git(void **state)
{
	(void)state;
	refused("");
	refused("0000");
	refused(HEAD_LINE);
	refused(HEAD_LINE "0001");
	refused(HEAD_LINE "0002");
	refused(HEAD_LINE "00010001");
	refused(HEAD_LINE HEAD_LINE "0000");
	refused(HEAD_LINE "00010009peel\n00000000");
	refused(HEAD_LINE "00010009pee1\n0000");
	refused(HEAD_LINE "0018object-format=sha256"
			  "0000");
	refused(HEAD_LINE "0007x=1"
			  "0000");
	refused(HEAD_LINE "0004"
			  "0000");
	refused(HEAD_LINE "0001"
			  "0004"
			  "0000");
	refused("0012command=fetch\n0000");
	refused("0015command=ls-refs2\n0000");
	refused(HEAD_LINE "zzzz");
}

static void
prefixes_that_others_cover_go(void **state)
{
	struct lsrefs x;

	(void)state;
	assert_true(parse(HEAD_LINE
	    "0001001bref-prefix refs/tags/v\n0019ref-prefix refs/tags\n"
	    "001aref-prefix refs/heads\n0019ref-prefix refs/tags\n0000",
	    &x));
	assert_int_equal(x.n, 2);
	assert_true(view_is(x.prefix[0], "refs/heads"));
	assert_true(view_is(x.prefix[1], "refs/tags"));
	lsrefs_release(&x);
	assert_true(
	    parse(HEAD_LINE "00010010ref-prefix \n0011ref-prefix x\n0000", &x));
	assert_int_equal(x.n, 0);
	lsrefs_release(&x);
}

static void
too_many_prefixes_are_none(void **state)
{
	(void)state;
	for (size_t n = LSREFS_PREFIXES - 1; n <= LSREFS_PREFIXES + 1; n++) {
		AUTO_STR struct str body = STR_INIT;
		struct lsrefs x;

		str_add(&body, HEAD_LINE "0001");
		for (size_t i = 0; i < n; i++)
			pktline_putf(&body, "ref-prefix refs/%05zx", i);
		pktline_flush(&body);
		assert_true(lsrefs_parse(str_view(&body), &x));
		assert_int_equal(x.n, n < LSREFS_PREFIXES ? n : 0);
		lsrefs_release(&x);
	}
}

static void
the_first_packet_decides(void **state)
{
	(void)state;
	assert_int_equal(lsrefs_begins(view_of("")), 0);
	assert_int_equal(lsrefs_begins(view_of("0014comm")), 0);
	assert_int_equal(lsrefs_begins(view_of(HEAD_LINE)), 1);
	assert_int_equal(lsrefs_begins(view_of("0013command=ls-refs")), 1);
	assert_int_equal(lsrefs_begins(view_of("0012command=fetch\n")), -1);
	assert_int_equal(lsrefs_begins(view_of("0000")), -1);
	assert_int_equal(lsrefs_begins(view_of("x\ny\n")), -1);
}

static void
the_highest_known_version_counts(void **state)
{
	(void)state;
	assert_int_equal(lsrefs_protocol(NULL), 0);
	assert_int_equal(lsrefs_protocol("version=2"), 2);
	assert_int_equal(lsrefs_protocol("version=1"), 1);
	assert_int_equal(lsrefs_protocol("a=b:version=2:version=1"), 2);
	assert_int_equal(lsrefs_protocol("version=22"), 0);
	assert_int_equal(lsrefs_protocol("xversion=2"), 0);
}

/* A snapshot of these lines, those of the work side first. */
static struct ref_snapshot *
snapshot(const char *work, const char *upstream, const char *head,
    struct ref_budget *b)
{
	AUTO_STR struct str raw = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct git_result r = { .fail = NULL };
	struct err e = ERR_INIT;
	struct ref_snapshot *s;
	struct json *j;

	str_add(&raw, work);
	str_addf(&text,
	    "{\"work_bytes\":%zu,\"stamp\":\"7\",\"settled\":true,"
	    "\"shallow\":false,\"borrows\":false,\"work\":{\"odd\":false,%s},"
	    "\"upstream\":{\"odd\":false,%s}}",
	    raw.len, head, head);
	str_add(&raw, upstream);
	j = json_parse(str_view(&text), 0, &e);
	assert_non_null(j);
	r.j = j;
	r.raw = str_view(&raw);
	s = refsnap_new(&r, b, &e);
	json_free(j);
	return s;
}

static const char sample[] = ID
    " refs/heads/a-b\n" ID " refs/heads/a/b\n" ID " refs/heads/main\n" ID
    " refs/pull/1/head\n" TAG " refs/tags/v1 " ID "\n";
static const char sample_head[] = "\"target\":\"refs/heads/main\",\"sha\":\"" ID
				  "\"";

static void
rows_are_found(void **state)
{
	struct ref_budget *b = refbudget_new();
	struct ref_snapshot *s = snapshot(sample, "", sample_head, b);
	struct ref_row r;

	(void)state;
	assert_non_null(s);
	assert_int_equal(refsnap_count(s, REF_SIDE_WORK), 5);
	assert_int_equal(refsnap_count(s, REF_SIDE_UPSTREAM), 0);
	assert_true(refsnap_find(s, REF_SIDE_WORK, "refs/tags/v1", &r));
	assert_memory_equal(r.sha, TAG, REF_SHA_LEN);
	assert_memory_equal(r.peeled, ID, REF_SHA_LEN);
	assert_true(refsnap_find(s, REF_SIDE_WORK, "refs/heads/a-b", &r));
	assert_null(r.peeled);
	assert_false(refsnap_find(s, REF_SIDE_WORK, "refs/heads/a", &r));
	assert_false(refsnap_find(s, REF_SIDE_WORK, "refs/z", &r));
	assert_int_equal(
	    refsnap_seek(s, REF_SIDE_WORK, view_of("refs/heads/a/")), 1);
	assert_int_equal(refsnap_seek(s, REF_SIDE_WORK, view_of("")), 0);
	assert_int_equal(refsnap_seek(s, REF_SIDE_WORK, view_of("z")), 5);
	assert_true(b->bytes > 0);
	refsnap_unref(s);
	assert_int_equal(b->bytes, 0);
	refbudget_unref(b);
}

static void
a_worker_that_lies_is_not_believed(void **state)
{
	static const char *const bad[] = { "x\n", ID " \n", ID "refs/heads/a\n",
		ID " refs/heads/a", ID " refs/b\n" ID " refs/a\n",
		ID " refs/a\n" ID " refs/a\n", ID " refs/a 12\n",
		"0123456789012345678901234567890123456x89 refs/a\n" };
	struct ref_budget *b = refbudget_new();

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(snapshot(bad[i], "", sample_head, b));
	assert_null(snapshot(sample, "", "\"sha\":\"12\"", b));
	assert_int_equal(b->bytes, 0);
	refbudget_unref(b);
}

static void
answers_are_kept_and_the_oldest_goes(void **state)
{
	struct ref_budget *b = refbudget_new();
	struct ref_snapshot *s = snapshot(sample, "", sample_head, b);
	struct ref_bytes *got;

	(void)state;
	for (unsigned i = 0; i <= REF_ANSWERS_MAX; i++) {
		AUTO_STR struct str text = STR_INIT;
		const char key[1] = { (char)i };
		struct ref_bytes *x;

		str_addf(&text, "answer %u", i);
		x = refbytes_new(s, &text);
		refsnap_keep_answer(s, (struct view){ key, 1 }, x);
		refbytes_unref(x);
	}
	assert_null(refsnap_answer(s, (struct view){ "\0", 1 }));
	got = refsnap_answer(s, (struct view){ "\1", 1 });
	assert_non_null(got);
	refsnap_unref(s);
	assert_true(view_is(refbytes_view(got), "answer 1"));
	assert_int_equal(b->bytes, strlen("answer 1"));
	refbytes_unref(got);
	assert_int_equal(b->bytes, 0);
	refbudget_unref(b);
}

static void
caps_are_learnt(void **state)
{
	AUTO_STR struct str ad = STR_INIT;
	AUTO_STR struct str out = STR_INIT;
	struct ref_budget *b = refbudget_new();
	struct ref_snapshot *s = snapshot(sample, "", sample_head, b);
	struct refs_caps c = { .before = NULL };
	static const char first[] = ID
	    " HEAD\0ofs symref=HEAD:refs/heads/x filter agent=y\n";

	(void)state;
	refs_caps_learn(&c, GIT_UPLOAD_PACK, view_of("0000"));
	assert_null(c.before);
	pktline_put(&ad, first, sizeof(first) - 1);
	refs_caps_learn(&c, GIT_UPLOAD_PACK, str_view(&ad));
	assert_string_equal(c.before, "ofs");
	assert_string_equal(c.after, " filter agent=y");
	refs_answer_upload(&out, s, REF_SIDE_WORK, &c, 0);
	assert_non_null(memmem(out.p, out.len,
	    "\0ofs symref=HEAD:refs/heads/main filter agent=y\n", 48));
	assert_non_null(strstr(out.p + 120, "refs/tags/v1^{}\n"));
	refs_caps_release(&c);
	refs_caps_learn(&c, GIT_RECEIVE_PACK, str_view(&ad));
	str_reset(&out);
	refs_answer_receive(&out, s, &c);
	assert_null(memmem(out.p, out.len, "refs/pull", 9));
	assert_non_null(memmem(out.p, out.len, "refs/tags/v1", 12));
	refs_caps_release(&c);
	refsnap_unref(s);
	refbudget_unref(b);
}

static void
hidden_names_are_those_of_the_keys(void **state)
{
	(void)state;
	assert_true(gitenv_hides(GIT_UPLOAD_PACK, view_of("refs/coffer/x")));
	assert_true(gitenv_hides(GIT_UPLOAD_PACK, view_of("refs/namespaces")));
	assert_false(gitenv_hides(GIT_UPLOAD_PACK, view_of("refs/coffers")));
	assert_false(gitenv_hides(GIT_UPLOAD_PACK, view_of("refs/pull/1")));
	assert_true(gitenv_hides(GIT_RECEIVE_PACK, view_of("refs/pull/1")));
	assert_true(gitenv_hides(GIT_RECEIVE_PACK, view_of("refs/coffer/x")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_is_read),
		cmocka_unit_test(all_else_is_left_to_git),
		cmocka_unit_test(prefixes_that_others_cover_go),
		cmocka_unit_test(too_many_prefixes_are_none),
		cmocka_unit_test(the_first_packet_decides),
		cmocka_unit_test(the_highest_known_version_counts),
		cmocka_unit_test(rows_are_found),
		cmocka_unit_test(a_worker_that_lies_is_not_believed),
		cmocka_unit_test(answers_are_kept_and_the_oldest_goes),
		cmocka_unit_test(caps_are_learnt),
		cmocka_unit_test(hidden_names_are_those_of_the_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
