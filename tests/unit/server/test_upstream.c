#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "server/auth/signature.h"
#include "server/domain/forge.h"
#include "server/service/svc_upstream_read.h"
#include "server/store/upstream.h"

static void
a_url_names_a_repository_of_a_forge(void **state)
{
	static const struct {
		const char *url, *host, *owner, *name; /* host NULL: none */
	} rows[] = {
		{ "https://github.com/o/r", "github.com", "o", "r" },
		{ "https://github.com/o/r.git", "github.com", "o", "r" },
		{ "https://GitHub.com/O/R.git/", "github.com", "O", "R" },
		{ "http://127.0.0.1:81/o/r", "127.0.0.1:81", "o", "r" },
		{ "ssh://git@github.com/o/r.git", "github.com", "o", "r" },
		{ "git@github.com:o/r.git", "github.com", "o", "r" },
		{ "git@github.com:/o/r", "github.com", "o", "r" },
		{ "git://h/o/a.b_c-d", "h", "o", "a.b_c-d" },
		{ "https://github.com/o", NULL, NULL, NULL },
		{ "https://github.com/o/r/x", NULL, NULL, NULL },
		{ "https://github.com/o/..", NULL, NULL, NULL },
		{ "https://github.com/o/r?x=1", NULL, NULL, NULL },
		{ "https://github.com/o/r%2f..", NULL, NULL, NULL },
		{ "https:///o/r", NULL, NULL, NULL },
		{ "file:///o/r", NULL, NULL, NULL },
		{ "/srv/o/r", NULL, NULL, NULL },
		{ "ext::sh o/r", NULL, NULL, NULL },
		{ "", NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct forge_repo r;
		bool ok = forge_parse(rows[i].url, &r);

		if (ok != (rows[i].host != NULL))
			fail_msg("%s", rows[i].url);
		if (!ok)
			continue;
		assert_string_equal(r.host, rows[i].host);
		assert_string_equal(r.owner, rows[i].owner);
		assert_string_equal(r.name, rows[i].name);
	}
}

static void
the_map_says_where_an_api_is(void **state)
{
	static const char
	    map[] = "github.com=https://api.github.com, ghe.example:8443 = "
		    "http://127.0.0.1:1/api/v3";
	struct err e = ERR_INIT;

	(void)state;
	assert_true(
	    view_is(forge_api(map, "github.com"), "https://api.github.com"));
	assert_true(view_is(
	    forge_api(map, "ghe.example:8443"), "http://127.0.0.1:1/api/v3"));
	assert_int_equal(forge_api(map, "ghe.example").len, 0);
	assert_int_equal(forge_api("", "github.com").len, 0);
	assert_int_equal(forge_check(map, &e), 0);
	assert_int_equal(forge_check("", &e), 0);
	assert_int_equal(forge_check("github.com", &e), -1);
	assert_int_equal(forge_check("=https://x", &e), -1);
	assert_int_equal(forge_check("h=https://x/", &e), -1);
	assert_int_equal(forge_check("h=ftp://x", &e), -1);
	assert_int_equal(forge_check("h=https://u:p@x", &e), -1);
}

/* GitHub's own example of a signature. */
static void
a_signature_is_that_of_its_body_and_secret(void **state)
{
	static const char good[] =
	    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b0"
	    "43e17";
	struct view secret = view_of("It's a Secret to Everybody");
	struct view body = view_of("Hello, World!");

	(void)state;
	assert_true(signature_ok(good, secret, body));
	assert_true(signature_ok(good + 7, secret, body));
	assert_false(signature_ok(good, secret, view_of("Hello, World")));
	assert_false(signature_ok(good, view_of("other"), body));
	assert_false(signature_ok(good, view_of(""), body));
	assert_false(signature_ok(NULL, secret, body));
	assert_false(signature_ok("", secret, body));
	assert_false(signature_ok("sha256=00", secret, body));
	assert_false(signature_ok("sha1=757107", secret, body));
}

static void
an_empty_secret_signs_nothing(void **state)
{
	unsigned char mac[SIGNATURE_BYTES];
	AUTO_STR struct str hex = STR_INIT;

	(void)state;
	signature_make(view_of("none"), view_of("b"), mac);
	for (size_t i = 0; i < sizeof(mac); i++)
		str_addf(&hex, "%02x", mac[i]);
	assert_true(
	    signature_ok(str_cstr(&hex), view_of("none"), view_of("b")));
	assert_false(signature_ok(str_cstr(&hex), view_of(""), view_of("b")));
}

static void
facts_are_read_and_the_rest_ignored(void **state)
{
	static const char reply[] =
	    "{\"id\":1,\"full_name\":\"o/r\",\"description\":null,"
	    "\"default_branch\":\"main\",\"archived\":true,\"private\":false,"
	    "\"parent\":{\"full_name\":\"p/r\"},\"owner\":{\"login\":\"o\"}}";
	struct upstream_info x = { .checked_at = 7 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(upstream_read(view_of(reply), &x, &e), 0);
	assert_string_equal(x.full_name, "o/r");
	assert_string_equal(x.description, "");
	assert_string_equal(x.default_branch, "main");
	assert_string_equal(x.parent, "p/r");
	assert_true(x.archived);
	assert_false(x.is_private);
	assert_int_equal(x.checked_at, 7);
	/* A reply that is none leaves what was known. */
	assert_int_equal(upstream_read(view_of("[]"), &x, &e), -1);
	assert_int_equal(
	    upstream_read(view_of("{\"full_name\":1}"), &x, &e), -1);
	assert_int_equal(upstream_read(view_of("{\"full_name\":\"a/b\","
					       "\"archived\":\"yes\"}"),
			     &x, &e),
	    -1);
	assert_string_equal(x.full_name, "o/r");
	upstream_info_release(&x);
}

static void
a_long_text_is_cut_at_a_character(void **state)
{
	AUTO_STR struct str reply = STR_INIT;
	struct upstream_info x = { .checked_at = 0 };
	struct err e = ERR_INIT;

	(void)state;
	str_add(&reply, "{\"full_name\":\"o/r\",\"description\":\"x");
	for (int i = 0; i < 2000; i++)
		str_add(&reply, "\xc3\xa4");
	str_add(&reply, "\"}");
	assert_int_equal(upstream_read(str_view(&reply), &x, &e), 0);
	assert_int_equal(strlen(x.description), 1023);
	upstream_info_release(&x);
}

static void
only_what_moves_refs_wakes_a_mirror(void **state)
{
	(void)state;
	assert_int_equal(upstream_hook_of("push"), UPSTREAM_HOOK_SYNC);
	assert_int_equal(upstream_hook_of("delete"), UPSTREAM_HOOK_SYNC);
	assert_int_equal(upstream_hook_of("ping"), UPSTREAM_HOOK_PING);
	assert_int_equal(upstream_hook_of("issues"), UPSTREAM_HOOK_OTHER);
	assert_int_equal(upstream_hook_of(NULL), UPSTREAM_HOOK_OTHER);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_url_names_a_repository_of_a_forge),
		cmocka_unit_test(the_map_says_where_an_api_is),
		cmocka_unit_test(a_signature_is_that_of_its_body_and_secret),
		cmocka_unit_test(an_empty_secret_signs_nothing),
		cmocka_unit_test(facts_are_read_and_the_rest_ignored),
		cmocka_unit_test(a_long_text_is_cut_at_a_character),
		cmocka_unit_test(only_what_moves_refs_wakes_a_mirror),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
