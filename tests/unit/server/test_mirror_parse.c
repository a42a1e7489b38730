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

static void
ls_refs_gives_sorted_refs_and_head(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	AUTO_STR struct str refs = STR_INIT;
	struct err e = ERR_INIT;
	char head[256];

	(void)state;
	pktline_putf(&s, A " HEAD symref-target:refs/heads/main\n");
	pktline_putf(&s, B " refs/tags/v1 peeled:" A "\n");
	pktline_putf(&s, A " refs/heads/main\n");
	pktline_putf(&s, A " refs/pull/1/head\n");
	pktline_flush(&s);
	assert_int_equal(
	    mirror_parse_ls_refs(str_view(&s), &refs, head, &e), 0);
	assert_string_equal(head, "refs/heads/main");
	assert_string_equal(
	    str_cstr(&refs), A " refs/heads/main\n" B " refs/tags/v1\n");
}

static void
ls_refs_refuses_what_is_cut_or_malformed(void **state)
{
	static const char *const bad[] = { "", "0008" A, "003d" A, "0001",
		"0008ERR ", "0005x0000", "xxxx" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		AUTO_STR struct str refs = STR_INIT;
		struct err e = ERR_INIT;
		char head[256];

		assert_int_equal(
		    mirror_parse_ls_refs(view_of(bad[i]), &refs, head, &e), -1);
	}
}

static void
ls_remote_is_read(void **state)
{
	static const char text[] = "ref: refs/heads/trunk\tHEAD\n" A
				   "\tHEAD\n" B "\trefs/tags/v1\n" A
				   "\trefs/tags/v1^{}\n" A
				   "\trefs/heads/trunk\n";
	AUTO_STR struct str refs = STR_INIT;
	struct err e = ERR_INIT;
	char head[256];

	(void)state;
	assert_int_equal(
	    mirror_parse_ls_remote(view_of(text), &refs, head, &e), 0);
	assert_string_equal(head, "refs/heads/trunk");
	assert_string_equal(
	    str_cstr(&refs), A " refs/heads/trunk\n" B " refs/tags/v1\n");
	str_reset(&refs);
	assert_int_equal(mirror_parse_ls_remote(
			     view_of("x\trefs/heads/a\n"), &refs, head, &e),
	    -1);
	assert_int_equal(
	    mirror_parse_ls_remote(view_of(""), &refs, head, &e), 0);
}

static void
scrubs(const char *in, const char *want)
{
	AUTO_STR struct str out = STR_INIT;

	mirror_scrub(&out, view_of(in));
	assert_string_equal(str_cstr(&out), want);
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
	assert_true(mirror_is_auth_text("fatal: Authentication failed for x"));
	assert_false(mirror_is_auth_text("fatal: repository not found"));
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ls_refs_gives_sorted_refs_and_head),
		cmocka_unit_test(ls_refs_refuses_what_is_cut_or_malformed),
		cmocka_unit_test(ls_remote_is_read),
		cmocka_unit_test(texts_are_scrubbed_of_credentials),
		cmocka_unit_test(urls_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
