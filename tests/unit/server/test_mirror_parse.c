#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/git/mirror_fetch.h"
#include "server/git/pktline.h"
#include "server/service/svc_mirror.h"

#define A "1111111111111111111111111111111111111111"
#define B "2222222222222222222222222222222222222222"

struct lists {
	struct str refs;
	struct str odd;
	struct mirror_refs out;
};

static int
read_by(int (*parse)(struct view text, struct mirror_refs *out, struct err *e),
    struct view text, struct lists *l, struct err *e)
{
	str_reset(&l->refs);
	str_reset(&l->odd);
	l->out.refs = &l->refs;
	l->out.odd = &l->odd;
	return parse(text, &l->out, e);
}

static void
lists_release(struct lists *l)
{
	str_release(&l->refs);
	str_release(&l->odd);
}

#define LISTS                                                      \
	__attribute__((cleanup(lists_release))) struct lists l = { \
		.refs = STR_INIT, .odd = STR_INIT                  \
	}

static void
ls_refs_gives_sorted_refs_and_head(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	pktline_putf(&s, A " HEAD symref-target:refs/heads/main\n");
	pktline_putf(&s, B " refs/tags/v1 peeled:" A "\n");
	pktline_putf(&s, A " refs/heads/main\n");
	pktline_putf(&s, A " refs/pull/1/head\n");
	pktline_flush(&s);
	assert_int_equal(
	    read_by(mirror_parse_ls_refs, str_view(&s), &l, &e), 0);
	assert_string_equal(l.out.head, "refs/heads/main");
	assert_string_equal(
	    str_cstr(&l.refs), A " refs/heads/main\n" B " refs/tags/v1\n");
}

static void
ls_refs_refuses_what_is_cut_or_malformed(void **state)
{
	static const char *const bad[] = { "", "0008" A, "003d" A, "0001",
		"0008ERR ", "0005x0000", "xxxx" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		LISTS;

		assert_int_equal(
		    read_by(mirror_parse_ls_refs, view_of(bad[i]), &l, &e), -1);
	}
}

static void
ls_remote_is_read(void **state)
{
	static const char text[] = "ref: refs/heads/trunk\tHEAD\n" A
				   "\tHEAD\n" B "\trefs/tags/v1\n" A
				   "\trefs/tags/v1^{}\n" A
				   "\trefs/heads/trunk\n";
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	assert_int_equal(
	    read_by(mirror_parse_ls_remote, view_of(text), &l, &e), 0);
	assert_string_equal(l.out.head, "refs/heads/trunk");
	assert_string_equal(
	    str_cstr(&l.refs), A " refs/heads/trunk\n" B " refs/tags/v1\n");
	assert_int_equal(read_by(mirror_parse_ls_remote,
			     view_of("x\trefs/heads/a\n"), &l, &e),
	    -1);
	assert_int_equal(
	    read_by(mirror_parse_ls_remote, view_of(""), &l, &e), 0);
}

static void
a_head_that_points_nowhere_says_nothing(void **state)
{
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	assert_int_equal(
	    read_by(mirror_parse_ls_remote,
		view_of("ref: refs/heads/gone\tHEAD\n" A "\trefs/heads/x\n"),
		&l, &e),
	    0);
	assert_string_equal(l.out.head, "");
}

/* A name; 'n': not taken, 'o': odd, 'y': taken. */
static const struct {
	char what;
	const char *name;
} names[] = {
	{ 'y', "refs/heads/a/b-c_d.e+f@x" },
	{ 'n', "refs/heads/../x" },
	{ 'n', "refs/heads/a..b" },
	{ 'n', "refs/heads/.a" },
	{ 'n', "refs/heads/a/.b" },
	{ 'n', "refs/heads/a.lock" },
	{ 'n', "refs/heads/a.lock/b" },
	{ 'n', "refs/heads/a//b" },
	{ 'n', "refs/heads/a/" },
	{ 'n', "refs/heads/" },
	{ 'n', "refs/heads/a." },
	{ 'n', "refs/heads/a@{b" },
	{ 'n', "refs/heads/a~1" },
	{ 'n', "refs/heads/a^" },
	{ 'n', "refs/heads/a:b" },
	{ 'n', "refs/heads/a*" },
	{ 'n', "refs/heads/a\\b" },
	{ 'n', "refs/heads/a[b" },
	{ 'n', "refs/heads/a\177" },
	{ 'n', "refs/pull/1/head" },
	{ 'n', "refs/namespaces/upstream/refs/heads/x" },
	{ 'y', "refs/heads/-a" },
};

static void
names_are_those_that_git_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_STR struct str text = STR_INIT;
		struct err e = ERR_INIT;
		LISTS;

		str_addf(&text, "%s\t%s\n", A, names[i].name);
		assert_int_equal(
		    read_by(mirror_parse_ls_remote, str_view(&text), &l, &e),
		    0);
		if ((l.refs.len > 0) != (names[i].what == 'y'))
			fail_msg("%s", names[i].name);
	}
}

static void
a_name_that_no_disk_holds_is_odd(void **state)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	str_add(&text, A "\trefs/heads/");
	for (int i = 0; i < 250; i++)
		str_addc(&text, 'x');
	str_add(&text, "\n" A "\trefs/heads/y\n");
	assert_int_equal(
	    read_by(mirror_parse_ls_remote, str_view(&text), &l, &e), 0);
	assert_string_equal(str_cstr(&l.refs), A " refs/heads/y\n");
	assert_int_equal(l.odd.len, 11 + 250 + 1);
}

static void
a_ref_listed_twice_is_refused(void **state)
{
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	assert_int_equal(
	    read_by(mirror_parse_ls_remote,
		view_of(A "\trefs/heads/x\n" B "\trefs/heads/x\n"), &l, &e),
	    -1);
}

static void
another_hash_is_named(void **state)
{
	struct err e = ERR_INIT;
	LISTS;

	(void)state;
	assert_int_equal(
	    read_by(mirror_parse_ls_remote,
		view_of(A "111111111111111111111111\trefs/heads/x\n"), &l, &e),
	    -1);
	assert_non_null(strstr(e.msg, "sha256"));
}

static void
scrubs_of(const char *token, const char *in, const char *want)
{
	AUTO_STR struct str out = STR_INIT;

	mirror_scrub(&out, view_of(in), token);
	assert_string_equal(str_cstr(&out), want);
}

static void
scrubs(const char *in, const char *want)
{
	scrubs_of("", in, want);
}

static void
texts_are_scrubbed_of_credentials(void **state)
{
	(void)state;
	scrubs("fatal: https://u:p@h/x: 403", "fatal: https://h/x: 403");
	scrubs("https://h/x@y", "https://h/x@y");
	scrubs("a ghp_abc123 b", "a [hidden] b");
	scrubs("'github_pat_9' x", "'[hidden]' x");
	scrubs("Authorization: Basic eDp5 end", "Authorization: [hidden] end");
	scrubs("//", "//");
	scrubs("//@", "//");
	scrubs("plain", "plain");
	scrubs("a\033[2Jb\n", "a [2Jb ");
}

static void
texts_are_scrubbed_of_the_token_itself(void **state)
{
	(void)state;
	scrubs_of("s3cret", "no s3cret here", "no [hidden] here");
	/* printf 'x-access-token:s3cret' | base64 */
	scrubs_of(
	    "s3cret", "got eC1hY2Nlc3MtdG9rZW46czNjcmV0.", "got [hidden].");
	scrubs_of("me:s3cret", "s3cret me:s3cret", "[hidden] [hidden]");
	/* printf 'me:s3cret' | base64 */
	scrubs_of("me:s3cret", "bWU6czNjcmV0", "[hidden]");
	scrubs_of("abc", "abcdef", "abcdef");
}

static const struct {
	const char *url;
	bool file_ok;
	bool ok;
} urls[] = {
	{ "https://github.com/o/r.git", false, true },
	{ "http://h:8080/r", false, true },
	{ "git://h/r", false, true },
	{ "ssh://git@h:22/r", false, true },
	{ "git@github.com:o/r.git", false, true },
	{ "h:r", false, true },
	{ "file:///x", false, false },
	{ "file:///x", true, true },
	{ "/x/y.git", true, true },
	{ "/x/y.git", false, false },
	{ "x/y.git", true, false },
	{ "", true, false },
	{ "https://u:p@h/r", false, false },
	{ "https://u@h/r", false, false },
	{ "ssh://u:p@h/r", false, false },
	{ "ssh://-oProxyCommand=x/r", false, false },
	{ "-oProxyCommand=x:r", false, false },
	{ "-u@h:r", false, false },
	{ "ext::sh -c x", true, false },
	{ "ext::x", true, false },
	{ "ftp://h/r", false, false },
	{ "https:///r", false, false },
	{ "https://h/a b", false, false },
	{ "https://h/a\nb", false, false },
	{ "https://h/a?token=x", false, false },
	{ "https://h/a#x", false, false },
	{ "h:", false, false },
	{ ":r", false, false },
};

static void
urls_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct err e = ERR_INIT;
		int rc = svc_mirror_check_url(urls[i].url, urls[i].file_ok, &e);

		if ((rc == 0) != urls[i].ok)
			fail_msg(
			    "%s: %s", urls[i].url, rc == 0 ? "taken" : e.msg);
	}
}

static void
hosts_are_found(void **state)
{
	static const char *const pairs[][2] = {
		{ "https://GitHub.com/o/r.git", "github.com" },
		{ "http://h:8080/r", "h:8080" },
		{ "ssh://git@h:22/r", "h:22" },
		{ "git@github.com:o/r.git", "github.com" },
		{ "h:r", "h" },
		{ "file:///x", "" },
		{ "/x/y.git", "" },
		{ "git://h/r", "h" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char host[SVC_MIRROR_HOST_MAX + 1];

		svc_mirror_host(pairs[i][0], host);
		assert_string_equal(host, pairs[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ls_refs_gives_sorted_refs_and_head),
		cmocka_unit_test(ls_refs_refuses_what_is_cut_or_malformed),
		cmocka_unit_test(ls_remote_is_read),
		cmocka_unit_test(a_head_that_points_nowhere_says_nothing),
		cmocka_unit_test(names_are_those_that_git_takes),
		cmocka_unit_test(a_name_that_no_disk_holds_is_odd),
		cmocka_unit_test(a_ref_listed_twice_is_refused),
		cmocka_unit_test(another_hash_is_named),
		cmocka_unit_test(texts_are_scrubbed_of_the_token_itself),
		cmocka_unit_test(hosts_are_found),
		cmocka_unit_test(texts_are_scrubbed_of_credentials),
		cmocka_unit_test(urls_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
