#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/signed.h"

static int
home_make(void **state)
{
	char home[] = "/tmp/coffer-signed-XXXXXX";
	struct err e = ERR_INIT;
	AUTO_FREE char *secrets = NULL;

	assert_non_null(mkdtemp(home));
	secrets = path_join(home, "secrets");
	assert_int_equal(path_mkdirs(secrets, 0700, &e), 0);
	*state = xstrdup(home);
	return 0;
}

static int
home_drop(void **state)
{
	struct err e = ERR_INIT;

	assert_int_equal(path_rmtree(*state, &e), 0);
	free(*state);
	return 0;
}

static void
what_was_signed_is_known_again(void **state)
{
	char sig[SIGNED_HEX], again[SIGNED_HEX];
	struct err e = ERR_INIT;
	AUTO_FREE char *key = path_join(*state, "secrets/prove.key");
	struct stat st;

	assert_int_equal(signed_make(*state, view_of("text"), sig, &e), 0);
	assert_int_equal(signed_check(*state, view_of("text"), sig, &e), 0);
	assert_int_equal(stat(key, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* The key stays. */
	assert_int_equal(signed_make(*state, view_of("text"), again, &e), 0);
	assert_string_equal(sig, again);
}

static void
another_text_or_signature_is_refused(void **state)
{
	char sig[SIGNED_HEX];
	struct err e = ERR_INIT;

	assert_int_equal(signed_make(*state, view_of("text"), sig, &e), 0);
	assert_int_equal(signed_check(*state, view_of("texT"), sig, &e), -1);
	assert_int_equal(e.code, ERR_DENIED);
	sig[5] = sig[5] == 'a' ? 'b' : 'a';
	assert_int_equal(signed_check(*state, view_of("text"), sig, &e), -1);
	sig[5] = 'x';
	assert_int_equal(signed_check(*state, view_of("text"), sig, &e), -1);
	sig[64] = '\0';
	assert_int_equal(signed_check(*state, view_of("text"), sig, &e), -1);
	assert_int_equal(signed_check(*state, view_of("text"), "", &e), -1);
}

static void
a_broken_key_signs_nothing(void **state)
{
	char sig[SIGNED_HEX];
	struct err e = ERR_INIT;
	AUTO_FREE char *key = path_join(*state, "secrets/prove.key");

	assert_int_equal(path_write_atomic(key, "abc", 3, 0600, &e), 0);
	assert_int_equal(signed_make(*state, view_of("text"), sig, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_was_signed_is_known_again, home_make, home_drop),
		cmocka_unit_test_setup_teardown(
		    another_text_or_signature_is_refused, home_make, home_drop),
		cmocka_unit_test_setup_teardown(
		    a_broken_key_signs_nothing, home_make, home_drop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
