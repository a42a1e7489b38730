#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "router/quota.h"

static bool
take(struct quota *q, const char *format, int i, int64_t now)
{
	char name[254];

	snprintf(name, sizeof(name), "%.60s%d.ok.test", format, i);
	return quota_take(q, name, now);
}

static void
a_tunnel_of_labels_is_stopped_and_others_are_not(void **state)
{
	struct quota *q = quota_new();
	int n = 0;

	(void)state;
	for (int i = 0; i < 1000; i++)
		n += take(q, "x", i, 1000);
	assert_int_equal(n, QUOTA_NAMES);
	/* What was asked before is free, the domain itself too. */
	assert_true(take(q, "x", 5, 2000));
	assert_true(quota_take(q, "ok.test", 2000));
	assert_true(quota_take(q, "www.other.test", 2000));
	assert_false(take(q, "y", 1, QUOTA_SPAN_MS));
	assert_true(take(q, "y", 1, QUOTA_SPAN_MS + 1000));
	quota_free(q);
}

static void
bytes_and_odd_labels_count(void **state)
{
	static const char hex[] = "0123456789abcdef0123456789abcdef";
	char name[254];
	struct quota *q = quota_new();
	int n = 0;

	(void)state;
	for (int i = 0; i < 100; i++)
		n += take(q, hex, i, 1000);
	assert_int_equal(n, QUOTA_ODD);
	/* Long but plain names use up the bytes. */
	n = 0;
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name),
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbb."
		    "cccccccccccccccccccc.n%d.long.test",
		    i);
		n += quota_take(q, name, 1000);
	}
	assert_in_range(n, 80, 110);
	quota_free(q);
}

static void
many_domains_have_a_bound_together(void **state)
{
	struct quota *q = quota_new();
	char name[254];
	int n = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "x.d%d.test", i);
		n += quota_take(q, name, 1000);
	}
	assert_int_equal(n, QUOTA_ALL_NAMES);
	quota_free(q);
}

static void
what_looks_like_data_is_seen(void **state)
{
	static const struct {
		const char *name;
		bool odd;
	} rows[] = {
		{ "www.ok.test", false },
		{ "a.very.deep.name.of.a.thing.ok.test", false },
		{ "registry-mirror-eu-central-1.ok.test", false },
		{ "r3---sn-4g5e6nsz.ok.test", false },
		{ "mfrggzdfmztwq2lknnwg23tpobyxe43u.ok.test", true },
		{ "4f2a9c0d1e7b8356aa01bc92de45f607.x.ok.test", true },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ok.test", true },
		/* The domain itself is somebody's name, not data. */
		{ "mfrggzdfmztwq2lknnwg23tpobyxe43u.test", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(quota_is_odd(rows[i].name), rows[i].odd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_tunnel_of_labels_is_stopped_and_others_are_not),
		cmocka_unit_test(bytes_and_odd_labels_count),
		cmocka_unit_test(many_domains_have_a_bound_together),
		cmocka_unit_test(what_looks_like_data_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
