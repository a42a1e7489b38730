#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/loop.h"
#include "server/auth/bucket.h"
#include "server/auth/password.h"

/* Stands for the worker: passwords that begin with "right" are; each start
 * leaves a byte in the file. */
#define SCRIPT                                                           \
	"printf x >>\"$0\"; IFS= read -r head; IFS= read -r word || :; " \
	"case $head in h*) printf '$made'; exit;; esac; "                \
	"case $word in right*) printf 1;; *) printf 0;; esac"

struct fixture {
	struct loop *loop;
	struct passwords *p;
	char file[64];
	const char *argv[5];
	int n; /* answers */
	enum password_verdict last;
	int64_t retry_ms;
	char hash[64];
	int wanted;
};

static int64_t fixture_now;

static int64_t
fixture_clock(void)
{
	return fixture_now;
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err e = ERR_INIT;
	int fd;

	(void)snprintf(f->file, sizeof(f->file), "/tmp/coffer-pw.XXXXXX");
	fd = mkstemp(f->file);
	close(fd);
	f->loop = loop_new(&e);
	f->argv[0] = "/bin/sh";
	f->argv[1] = "-c";
	f->argv[2] = SCRIPT;
	f->argv[3] = f->file;
	fixture_now = 1000000;
	f->p = passwords_new(f->loop, f->argv, fixture_clock);
	*state = f;
	return f->loop != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	passwords_free(f->p);
	loop_free(f->loop);
	unlink(f->file);
	free(f);
	return 0;
}

static void
on_verdict(enum password_verdict v, int64_t retry_ms, void *arg)
{
	struct fixture *f = arg;

	f->n++;
	f->last = v;
	f->retry_ms = retry_ms;
	if (f->n == f->wanted)
		loop_stop(f->loop);
}

static void
run(struct fixture *f, int wanted)
{
	struct err e = ERR_INIT;

	f->wanted = wanted;
	f->n = 0;
	assert_int_equal(loop_run(f->loop, &e), 0);
}

static size_t
started(const struct fixture *f)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;

	assert_int_equal(path_read(f->file, 10000, &text, &e), 0);
	return text.len;
}

static struct password_ask
ask(const char *password)
{
	return (struct password_ask){ .user_id = 7,
		.hash = "$stored",
		.login = "alice",
		.address = "127.0.0.1",
		.password = password };
}

static void
what_was_right_is_known_for_a_while(void **state)
{
	struct fixture *f = *state;
	struct password_ask a = ask("right one"), b = ask("right one");

	assert_false(passwords_known(f->p, &a));
	passwords_ask(f->p, &a, on_verdict, f);
	assert_int_equal(f->n, 0);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
	assert_true(passwords_known(f->p, &a));
	b.hash = "$another";
	assert_false(passwords_known(f->p, &b));
	b = a;
	b.user_id = 8;
	assert_false(passwords_known(f->p, &b));
	b = a;
	b.password = "right two";
	assert_false(passwords_known(f->p, &b));
	fixture_now += PASSWORD_CACHE_MS;
	assert_false(passwords_known(f->p, &a));
}

static void
what_was_wrong_and_nobody_s_is_not(void **state)
{
	struct fixture *f = *state;
	struct password_ask a = ask("wrong");

	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_WRONG);
	assert_false(passwords_known(f->p, &a));
	a = ask("right");
	a.user_id = 0;
	a.hash = "";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_false(passwords_known(f->p, &a));
}

static void
the_same_question_is_worked_out_once(void **state)
{
	struct fixture *f = *state;
	struct password_ask a = ask("right");

	for (int i = 0; i < 20; i++)
		passwords_ask(f->p, &a, on_verdict, f);
	passwords_cancel(passwords_ask(f->p, &a, on_verdict, f));
	run(f, 20);
	assert_int_equal(started(f), 1);
}

static void
guessing_an_account_is_throttled_from_that_address_alone(void **state)
{
	struct fixture *f = *state;
	struct password_ask a;
	char text[32];

	for (int i = 0; i < PASSWORD_PAIR_BURST; i++) {
		(void)snprintf(text, sizeof(text), "wrong %d", i);
		a = ask(text);
		passwords_ask(f->p, &a, on_verdict, f);
	}
	run(f, PASSWORD_PAIR_BURST);
	a = ask("right there");
	a.address = "127.0.0.2";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
	a = ask("right");
	a.login = "ALICE";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_THROTTLED);
	assert_int_equal(f->retry_ms, PASSWORD_PAIR_S * 1000);
	fixture_now += PASSWORD_PAIR_S * 1000;
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
	/* A right one is not counted. */
	a = ask("right too");
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
}

/* Wrong ones from so many addresses; run when the queue is full. */
static void
guess_from_everywhere(struct fixture *f, int n)
{
	char text[32];

	for (int i = 0; i < n; i++) {
		struct password_ask a;

		(void)snprintf(text, sizeof(text), "wrong %d", i);
		a = ask(text);
		a.address = text;
		passwords_ask(f->p, &a, on_verdict, f);
		if (i % PASSWORD_AT_ONCE != 0)
			run(f, PASSWORD_AT_ONCE);
	}
}

static void
guessing_an_account_from_everywhere_slows_it_down(void **state)
{
	struct fixture *f = *state;
	struct password_ask a;
	char text[32];
	size_t n;

	guess_from_everywhere(f, PASSWORD_ACCOUNT_BURST);
	n = started(f);
	for (int i = 0; i < PASSWORD_SLOW_MAX; i++) {
		(void)snprintf(text, sizeof(text), "right %d", i);
		a = ask(text);
		a.address = text;
		passwords_ask(f->p, &a, on_verdict, f);
	}
	/* They wait; one more is told to come again, another user is not. */
	a = ask("right");
	a.address = "another";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_THROTTLED);
	assert_int_equal(started(f), n);
	a.login = "bob";
	a.user_id = 8;
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
}

static void
an_address_is_a_network_of_ipv6(void **state)
{
	static const char *const pairs[][2] = {
		{ "127.0.0.1:3000", "127.0.0.1" },
		{ "[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::" },
		{ "[2001:db8:1:2::1]:1", "2001:db8:1:2::" },
		{ "[2001:db8:1:3::1]:1", "2001:db8:1:3::" },
		{ "[fe80::1%eth0]:1", "fe80::" },
		{ "[::ffff:10.1.2.3]:1", "10.1.2.3" },
		{ "[::1]:1", "::" },
		{ "[x]:1", "x" },
		{ "", "" },
		{ "local", "local" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char out[BUCKET_ADDRESS_MAX];

		bucket_address(pairs[i][0], out);
		assert_string_equal(out, pairs[i][1]);
	}
}

static void
guessing_is_throttled_per_address(void **state)
{
	struct fixture *f = *state;
	struct password_ask a;
	char text[32];

	for (int i = 0; i < PASSWORD_ADDRESS_BURST; i++) {
		(void)snprintf(text, sizeof(text), "u%d", i);
		a = ask("wrong");
		a.user_id = 0;
		a.hash = "";
		a.login = text;
		passwords_ask(f->p, &a, on_verdict, f);
	}
	a = ask("right");
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, PASSWORD_ADDRESS_BURST + 1);
	assert_int_equal(started(f), PASSWORD_ADDRESS_BURST);
	a.address = "127.0.0.2";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_RIGHT);
}

static void
on_hash(const char *hash, void *arg)
{
	struct fixture *f = arg;

	(void)snprintf(f->hash, sizeof(f->hash), "%s", hash);
	loop_stop(f->loop);
}

static void
a_new_one_is_hashed_and_a_broken_worker_is_nobody_s_fault(void **state)
{
	struct fixture *f = *state;
	struct password_ask a = ask("right");

	passwords_hash(f->p, "a new one", on_hash, f);
	run(f, 0);
	assert_string_equal(f->hash, "$made");
	f->argv[2] = "exit 1";
	passwords_ask(f->p, &a, on_verdict, f);
	run(f, 1);
	assert_int_equal(f->last, PASSWORD_BUSY);
	f->argv[0] = "/nonexistent";
	passwords_hash(f->p, "a new one", on_hash, f);
	run(f, 0);
	assert_string_equal(f->hash, "");
}

static void
it_ends_while_questions_are_open(void **state)
{
	struct fixture *f = *state;
	struct password_ask a = ask("right");
	struct password_ask b = ask("wrong");

	passwords_ask(f->p, &a, on_verdict, f);
	passwords_ask(f->p, &b, on_verdict, f);
	passwords_free(f->p);
	f->p = NULL;
	assert_int_equal(f->n, 0);
}

static void
a_password_is_long_enough_and_no_token(void **state)
{
	static const char *const bad[] = { "", "1234567",
		"0123456789012345678901234567890123456789", "x-oauth-basic",
		"line\nbreak" };
	struct err e = ERR_INIT;
	char lots[CREDENTIAL_PASSWORD_MAX + 2];

	(void)state;
	assert_int_equal(password_check_new("12345678", &e), 0);
	assert_int_equal(password_check_new("p\303\244sswort: 1", &e), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(password_check_new(bad[i], &e), -1);
	memset(lots, 'a', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	assert_int_equal(password_check_new(lots, &e), -1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(what_was_right_is_known_for_a_while),
		WITH(what_was_wrong_and_nobody_s_is_not),
		WITH(the_same_question_is_worked_out_once),
		WITH(guessing_an_account_is_throttled_from_that_address_alone),
		WITH(guessing_an_account_from_everywhere_slows_it_down),
		WITH(guessing_is_throttled_per_address),
		WITH(a_new_one_is_hashed_and_a_broken_worker_is_nobody_s_fault),
		WITH(it_ends_while_questions_are_open),
		cmocka_unit_test(a_password_is_long_enough_and_no_token),
		cmocka_unit_test(an_address_is_a_network_of_ipv6),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
