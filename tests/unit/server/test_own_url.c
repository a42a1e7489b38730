#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdbool.h>

#include "server/domain/own_url.h"

static const struct {
	const char *url, *public_url;
	bool own;
} rows[] = {
	{ "https://git.example", "https://git.example", true },
	{ "HTTPS://Git.Example", "https://git.example", true },
	{ "https://git.example:8443", "https://git.example:8443", true },
	{ "http://git.example", "https://git.example", false },
	{ "https://git.example:444", "https://git.example", false },
	{ "https://git.example.evil", "https://git.example", false },
	{ "https://git.example@evil", "https://git.example", false },
	{ "https://evil", "https://git.example", false },
	{ "https://evil", "http://127.0.0.1:3000", false },
	{ "https://git.example/", "https://git.example", true },
	{ "https://git.example:443", "https://git.example", true },
	{ "https://git.example:443/", "https://git.example", true },
	{ "https://git.example", "https://git.example:443", true },
	{ "http://git.example:80", "http://git.example", true },
	{ "https://git.example:80", "https://git.example", false },
	{ "https://git.example:4430", "https://git.example", false },
	{ "https://git.example/other", "https://git.example", false },
	/* Nobody said what it is. */
	{ "http://vm:3000", NULL, true },
	{ "https://git.example", NULL, true },
	{ "http://192.0.2.1:3000", NULL, true },
	{ "http://localhost", NULL, true },
	{ "http://127.0.0.1@evil", NULL, false },
	{ "ftp://git.example", NULL, false },
	{ "http://", NULL, false },
	{ "vm:3000", NULL, false },
	{ "", NULL, false },
	{ "http://127.0.0.1:3000", "https://git.example", true },
	{ "http://127.3.2.1", "https://git.example", true },
	{ "http://localhost:3000", "https://git.example", true },
	{ "http://localhost.evil", "https://git.example", false },
	{ "http://127.0.0.1.evil", "https://git.example", false },
	{ "http://127.0.0.1@evil", "https://git.example", false },
	{ "http://[::1]:3000", "https://git.example", true },
	{ "http://[::1].evil", "https://git.example", false },
	{ "http://[::1", "https://git.example", false },
	{ "http://192.0.2.1:3000", "https://git.example", false },
	{ "http://192.0.2.1:3000", "http://127.0.0.1:3000", false },
	{ "http://192.0.2.1:3000", "http://192.0.2.2:3000", false },
	{ "ftp://127.0.0.1", "https://git.example", false },
	{ "127.0.0.1", "https://git.example", false },
	{ "", "https://git.example", false },
	{ "http://", "https://git.example", false },
};

static void
only_its_own_addresses_are_its_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (own_url_is(rows[i].url, rows[i].public_url) != rows[i].own)
			fail_msg("%s at %s", rows[i].url,
			    rows[i].public_url == NULL ? "any"
						       : rows[i].public_url);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_its_own_addresses_are_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
