#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/net_hint.h"
#include "lib/base/str.h"

static const struct {
	struct net_refusal r;
	const char *mode, *want;
	bool lockdown;
} rows[] = {
	{ { "name-unlisted", "a.test", "dns", "", 0 }, "locked",
	    "allow 'a.test'", false },
	{ { "denied-unlisted", "a.test", "tcp", "", 443 }, "locked",
	    "allow 'a.test'", false },
	{ { "denied-pin", "a.test", "tcp", "", 22 }, "locked",
	    "allow 'a.test' --port 22", false },
	{ { "denied-pin", "", "tcp", "", 22 }, "locked", "", false },
	{ { "denied-pin", "a.test", "udp", "", 443 }, "locked", "mode open",
	    false },
	/* The mode was another then. */
	{ { "name-unlisted", "a.test", "dns", "", 0 }, "web", "", false },
	{ { "name-refused", "a.test", "dns", "", 0 }, "none", "mode web",
	    false },
	{ { "name-refused", "a.test", "dns", "", 0 }, "locked", "unlock",
	    true },
	{ { "denied-mode", "", "tcp", "", 22 }, "web", "mode open", false },
	{ { "denied-mode", "", "tcp", "", 22 }, "open", "", false },
	{ { "denied-mode", "", "icmp", "", 0 }, "none", "", false },
	{ { "name-denied", "b.a.test", "dns", "*.a.test", 0 }, "web",
	    "forget '*.a.test'", false },
	{ { "denied-rule", "a.test", "tcp", "", 443 }, "web", "", false },
	{ { "denied-upload", "a.test", "tcp", "", 443 }, "locked",
	    "upload-max 0", false },
	{ { "denied-never", "", "tcp", "", 443 }, "open", "", false },
	{ { "name-quota", "a.test", "dns", "", 0 }, "web", "", false },
};

static void
the_command_that_would_allow_it_is_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STR struct str out = STR_INIT;

		net_hint(&rows[i].r, rows[i].mode, rows[i].lockdown, &out);
		assert_string_equal(str_cstr(&out), rows[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_that_would_allow_it_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
