#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "lib/base/view.h"
#include "server/domain/mirror_fail.h"
#include "server/jobs/mirror_host.h"

#define NOW INT64_C(1700000000000)

static void
every_kind_has_a_name_and_an_advice(void **state)
{
	(void)state;
	for (int i = 1; i < MIRROR_FAIL_MAX; i++) {
		enum mirror_fail f = (enum mirror_fail)i;

		assert_int_not_equal(mirror_fail_name(f)[0], '\0');
		assert_int_not_equal(mirror_fail_advice(f)[0], '\0');
	}
	assert_string_equal(mirror_fail_name(MIRROR_FAIL_NONE), "");
	assert_string_equal(mirror_fail_name((enum mirror_fail)99), "internal");
}

static const struct {
	const char *text;
	enum mirror_fail kind;
	const char *line;
} texts[] = {
	{ "fatal: unable to access 'http://h/': The requested URL returned "
	  "error: 403\n",
	    MIRROR_FAIL_AUTH,
	    "unable to access 'http://h/': The requested URL returned error: "
	    "403" },
	{ "No ED25519 host key is known for h.\nHost key verification failed."
	  "\nfatal: Could not read from remote repository.\n",
	    MIRROR_FAIL_HOST_KEY, "Host key verification failed." },
	{ "git@h: Permission denied (publickey).\nfatal: x", MIRROR_FAIL_AUTH,
	    "git@h: Permission denied (publickey)." },
	{ "fatal: write error: No space left on device\n", MIRROR_FAIL_DISK,
	    "write error: No space left on device" },
	{ "fatal: sha1 file 'p' write error. Out of diskspace\n",
	    MIRROR_FAIL_DISK, "sha1 file 'p' write error. Out of diskspace" },
	{ "error: index-pack died of signal 25\nfatal: index-pack failed",
	    MIRROR_FAIL_LIMIT, "index-pack died of signal 25" },
	{ "remote: hello\nfatal: something else\n", MIRROR_FAIL_PROTOCOL,
	    "something else" },
	{ "", MIRROR_FAIL_PROTOCOL, "" },
	{ "fatal: detected dubious ownership in repository at '/p'\nTo add",
	    MIRROR_FAIL_CONFIG,
	    "detected dubious ownership in repository at '/p'" },
	{ "fatal: unable to access 'x': The requested URL returned error: 302",
	    MIRROR_FAIL_REDIRECT,
	    "unable to access 'x': The requested URL returned error: 302" },
};

static void
texts_of_git_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct view line;

		assert_int_equal(
		    mirror_fail_of_text(texts[i].text, &line), texts[i].kind);
		assert_true(view_is(line, texts[i].line));
	}
}

static const struct {
	struct mirror_reply reply;
	enum mirror_fail kind;
	int64_t until;
} replies[] = {
	{ { .status = 200 }, MIRROR_FAIL_NONE, 0 },
	{ { .status = 301 }, MIRROR_FAIL_REDIRECT, 0 },
	{ { .status = 401 }, MIRROR_FAIL_AUTH, 0 },
	{ { .status = 403 }, MIRROR_FAIL_AUTH, 0 },
	{ { .status = 403, .retry_after = "30" }, MIRROR_FAIL_RATE,
	    NOW + 30000 },
	{ { .status = 403, .remaining = "0", .reset = "1700000100" },
	    MIRROR_FAIL_RATE, NOW + 100000 },
	{ { .status = 403, .remaining = "7", .reset = "1700000100" },
	    MIRROR_FAIL_AUTH, 0 },
	{ { .status = 429 }, MIRROR_FAIL_RATE, NOW + MIRROR_FAIL_WAIT_MS },
	{ { .status = 429, .retry_after = "0" }, MIRROR_FAIL_RATE, NOW + 1000 },
	{ { .status = 429, .retry_after = "4000000000" }, MIRROR_FAIL_RATE,
	    NOW + MIRROR_FAIL_WAIT_MAX_MS },
	{ { .status = 429, .retry_after = "99999999999999999999" },
	    MIRROR_FAIL_RATE, NOW + MIRROR_FAIL_WAIT_MS },
	{ { .status = 429, .retry_after = "-1" }, MIRROR_FAIL_RATE,
	    NOW + MIRROR_FAIL_WAIT_MS },
	{ { .status = 404 }, MIRROR_FAIL_NOT_FOUND, 0 },
	{ { .status = 500 }, MIRROR_FAIL_GONE, 0 },
	{ { .status = 503, .retry_after = "5" }, MIRROR_FAIL_RATE, NOW + 5000 },
	{ { .status = 418 }, MIRROR_FAIL_PROTOCOL, 0 },
};

static void
replies_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		int64_t until = 1;

		assert_int_equal(
		    mirror_fail_of_reply(&replies[i].reply, NOW, &until),
		    replies[i].kind);
		assert_int_equal(until, replies[i].until);
	}
}

static void
a_host_has_so_many_at_once(void **state)
{
	struct mirror_hosts *x = mirror_hosts_new(2);
	struct mirror_host *h = mirror_host_get(x, "h");

	(void)state;
	assert_ptr_equal(h, mirror_host_get(x, "h"));
	mirror_host_begin(h);
	assert_true(mirror_host_may(h, false, NOW));
	mirror_host_begin(h);
	assert_false(mirror_host_may(h, true, NOW));
	mirror_host_end(h, MIRROR_FAIL_NONE, 0, NOW);
	assert_true(mirror_host_may(h, false, NOW));
	assert_true(mirror_host_may(mirror_host_get(x, "other"), false, NOW));
	mirror_hosts_free(x);
}

static void
a_host_that_is_down_is_tried_by_one(void **state)
{
	struct mirror_hosts *x = mirror_hosts_new(4);
	struct mirror_host *h = mirror_host_get(x, "h");
	int64_t until;

	(void)state;
	mirror_host_begin(h);
	mirror_host_begin(h);
	mirror_host_end(h, MIRROR_FAIL_GONE, 0, NOW);
	until = mirror_host_until(h, NOW);
	assert_true(until > NOW);
	/* The other that ran beside it does not make it worse. */
	mirror_host_end(h, MIRROR_FAIL_GONE, 0, NOW + 1);
	assert_int_equal(mirror_host_until(h, NOW + 1), until);
	assert_false(mirror_host_may(h, false, NOW + 1));
	assert_true(mirror_host_may(h, true, NOW + 1));
	assert_true(mirror_host_may(h, false, until));
	mirror_host_begin(h);
	assert_false(mirror_host_may(h, false, until));
	mirror_host_end(h, MIRROR_FAIL_GONE, 0, until);
	assert_true(mirror_host_until(h, until) - until > until - NOW);
	/* A clock that is set back does not make it longer. */
	until = mirror_host_until(h, until);
	mirror_hosts_back(x, 3600 * 1000);
	until -= 3600 * 1000;
	assert_int_equal(mirror_host_until(h, until - 1), until);
	/* A refused credential is an answer. */
	mirror_host_begin(h);
	mirror_host_end(h, MIRROR_FAIL_AUTH, 0, until + 1);
	assert_int_equal(mirror_host_until(h, until + 1), 0);
	mirror_hosts_free(x);
}

static void
a_host_that_asks_to_wait_is_left_alone(void **state)
{
	struct mirror_hosts *x = mirror_hosts_new(4);
	struct mirror_host *h = mirror_host_get(x, "h");

	(void)state;
	mirror_host_begin(h);
	mirror_host_end(h, MIRROR_FAIL_RATE, NOW + 5000, NOW);
	assert_false(mirror_host_may(h, true, NOW));
	assert_int_equal(mirror_host_rate_until(h, NOW), NOW + 5000);
	assert_true(mirror_host_may(h, false, NOW + 5000));
	mirror_hosts_free(x);
}

static void
this_disk_is_no_host(void **state)
{
	struct mirror_hosts *x = mirror_hosts_new(4);
	struct mirror_host *h = mirror_host_get(x, "");

	(void)state;
	mirror_host_begin(h);
	mirror_host_end(h, MIRROR_FAIL_GONE, 0, NOW);
	assert_true(mirror_host_may(h, false, NOW));
	mirror_hosts_free(x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_a_name_and_an_advice),
		cmocka_unit_test(texts_of_git_are_understood),
		cmocka_unit_test(replies_are_understood),
		cmocka_unit_test(a_host_has_so_many_at_once),
		cmocka_unit_test(a_host_that_is_down_is_tried_by_one),
		cmocka_unit_test(a_host_that_asks_to_wait_is_left_alone),
		cmocka_unit_test(this_disk_is_no_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
