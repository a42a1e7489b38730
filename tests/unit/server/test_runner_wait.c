#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "server/domain/runner.h"

#define NOW 10000000

/* What a job says while these runners are what there is. */
static void
says(struct runner *r, size_t n, const char *labels, bool network,
    const char *want)
{
	const struct runner_list l = { .at = r, .n = n };
	char out[RUNNER_WAIT_MAX];

	runner_wait_text(&l, NOW, labels, network, out);
	assert_string_equal(out, want);
	assert_int_equal(runner_wait_is_text(out), want[0] != '\0');
}

static struct runner
runner(const char *name, char *labels)
{
	struct runner r = { .account_id = 1,
		.labels = labels,
		.network = true,
		.seen_at = NOW };

	(void)snprintf(r.name, sizeof(r.name), "%s", name);
	return r;
}

static void
a_job_says_what_it_waits_for(void **state)
{
	char none[] = "[]", gpu[] = "[\"gpu\",\"big\"]";
	struct runner r[2] = { runner("one", none), runner("two", gpu) };

	(void)state;
	says(r, 0, "[]", false, "waits for a runner: there is none");
	r[0].account_id = 0; /* invited */
	says(r, 1, "[]", false, "waits for a runner: there is none");
	r[0].account_id = 1;
	says(r, 1, "[]", false, "");
	says(r, 1, "[\"gpu\",\"arm\"]", false,
	    "waits for a runner: none has gpu arm");
	says(r, 2, "[\"big\"]", true, "");
	says(r, 2, "[\"bi\"]", true, "waits for a runner: none has bi");
	r[1].network = false;
	says(r, 2, "[\"big\"]", false, "");
	says(r, 2, "[\"big\"]", true,
	    "waits for a runner: none that has its labels has a network");
	says(r, 2, "[]", true, "");
	r[0].network = false;
	says(r, 2, "[]", true, "waits for a runner: none has a network");
}

static void
who_is_away_or_paused_is_named(void **state)
{
	char none[] = "[]";
	struct runner r[2] = { runner("one", none), runner("two", none) };

	(void)state;
	r[0].seen_at = NOW - RUNNER_AWAY_MS;
	says(r, 1, "[]", false, "waits for a runner: one is away");
	r[0].running = 1; /* it is heard of by its beats */
	says(r, 1, "[]", false, "");
	r[0].paused = true;
	says(r, 1, "[]", false, "waits for a runner: one is paused");
	says(r, 2, "[]", false, "");
	r[1].paused = true;
	says(r, 2, "[]", false,
	    "waits for a runner: the 2 that could run it are away or paused");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_job_says_what_it_waits_for),
		cmocka_unit_test(who_is_away_or_paused_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
