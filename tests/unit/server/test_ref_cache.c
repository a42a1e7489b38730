#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"

#define ID "0123456789012345678901234567890123456789"

/* A pool of which the test is the worker. */
struct fake {
	struct ref_cache *cache;
	unsigned loads;
	int64_t project;
	char known[64];
	git_done_fn *done;
	void *arg;
};

struct answer {
	size_t rows;
	unsigned told;
	bool failed;
};

static int64_t fake_clock_ms;

static int64_t
fake_now_ms(void)
{
	return fake_clock_ms;
}

static void
fake_load(void *owner, int64_t project, const char *known, git_done_fn *done,
    void *arg)
{
	struct fake *f = owner;

	f->loads++;
	f->project = project;
	(void)snprintf(f->known, sizeof(f->known), "%s", known);
	f->done = done;
	f->arg = arg;
}

/* The load that runs is answered with n refs, or "same" for 0. */
static void
fake_reply(struct fake *f, unsigned n, bool settled)
{
	AUTO_STR struct str raw = STR_INIT;
	AUTO_STR struct str text = STR_INIT;
	struct git_result r = { .raw = { .p = "" } };
	struct err e = ERR_INIT;
	git_done_fn *done = f->done;
	struct json *j;

	for (unsigned i = 0; i < n; i++)
		str_addf(&raw, ID " refs/heads/%05u\n", i);
	if (n == 0)
		str_add(&text, "{\"same\":true}");
	else
		str_addf(&text,
		    "{\"work_bytes\":%zu,\"stamp\":\"%u\",\"settled\":%s}",
		    raw.len, n, settled ? "true" : "false");
	j = json_parse(str_view(&text), 0, &e);
	assert_non_null(j);
	r.j = j;
	r.raw = str_view(&raw);
	assert_non_null(done);
	f->done = NULL;
	done(&r, f->arg);
	json_free(j);
}

static void
on_ready(struct ref_snapshot *s, const struct err *fail, void *arg)
{
	struct answer *a = arg;

	a->told++;
	a->failed = fail != NULL;
	a->rows = s != NULL ? refsnap_count(s, REF_SIDE_WORK) : 0;
}

static int
setup(void **state)
{
	struct fake *f = xcalloc(1, sizeof(*f));
	const struct ref_cache_spec spec = { .repos = "/nonexistent",
		.load = fake_load,
		.now_ms = fake_now_ms,
		.owner = f,
		.max_bytes = 100000 };

	fake_clock_ms = 1000;
	f->cache = ref_cache_new(&spec);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fake *f = *state;

	ref_cache_free(f->cache);
	free(f);
	return 0;
}

static size_t
rows_now(struct fake *f, int64_t project)
{
	struct ref_snapshot *s = ref_cache_now(f->cache, project);
	size_t n = s != NULL ? refsnap_count(s, REF_SIDE_WORK) : 0;

	refsnap_unref(s);
	return n;
}

static void
many_askers_wait_for_one_load(void **state)
{
	struct fake *f = *state;
	struct answer a[50] = { { .rows = 0 } };

	assert_int_equal(rows_now(f, 7), 0);
	for (size_t i = 0; i < 50; i++)
		assert_non_null(ref_cache_ask(f->cache, 7, on_ready, &a[i]));
	assert_int_equal(f->loads, 1);
	assert_int_equal(f->project, 7);
	assert_int_equal(a[0].told, 0);
	fake_reply(f, 3, true);
	for (size_t i = 0; i < 50; i++) {
		assert_int_equal(a[i].told, 1);
		assert_int_equal(a[i].rows, 3);
	}
	assert_int_equal(rows_now(f, 7), 3);
	assert_int_equal(rows_now(f, 8), 0);
	assert_int_equal(f->loads, 1);
}

static void
a_load_from_before_a_move_is_not_told_after_it(void **state)
{
	struct fake *f = *state;
	struct answer before = { .rows = 0 }, after = { .rows = 0 };

	(void)ref_cache_ask(f->cache, 7, on_ready, &before);
	ref_cache_moved(f->cache, 7);
	(void)ref_cache_ask(f->cache, 7, on_ready, &after);
	assert_int_equal(f->loads, 1);
	fake_reply(f, 3, true);
	assert_int_equal(before.told, 1);
	assert_int_equal(before.rows, 3);
	assert_int_equal(after.told, 0);
	assert_int_equal(f->loads, 2);
	assert_int_equal(rows_now(f, 7), 0);
	fake_reply(f, 4, true);
	assert_int_equal(after.rows, 4);
	assert_int_equal(rows_now(f, 7), 4);
}

static void
a_move_makes_the_snapshot_old(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };

	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	fake_reply(f, 3, true);
	ref_cache_moved(f->cache, 8);
	assert_int_equal(rows_now(f, 7), 3);
	ref_cache_moved(f->cache, 7);
	assert_int_equal(rows_now(f, 7), 0);
	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	assert_string_equal(f->known, "");
	fake_reply(f, 5, true);
	assert_int_equal(a.rows, 5);
}

static void
after_a_while_a_look_is_taken(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };

	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	fake_reply(f, 3, true);
	fake_clock_ms += REF_CACHE_FULL_MS - 1;
	assert_int_equal(rows_now(f, 7), 3);
	fake_clock_ms += 1;
	assert_int_equal(rows_now(f, 7), 0);
	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	assert_string_equal(f->known, "3");
	fake_reply(f, 0, true);
	assert_int_equal(a.told, 2);
	assert_int_equal(a.rows, 3);
	assert_int_equal(rows_now(f, 7), 3);
}

static void
what_was_read_while_it_moved_is_soon_old(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };

	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	fake_reply(f, 3, false);
	assert_int_equal(rows_now(f, 7), 3);
	fake_clock_ms += REF_CACHE_UNSETTLED_MS;
	assert_int_equal(rows_now(f, 7), 0);
	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	assert_string_equal(f->known, "");
	fake_reply(f, 3, true);
}

static void
a_failure_is_told_and_forgotten(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };
	struct err e = ERR_INIT;
	struct git_result r = { .fail = &e };

	(void)err_set(&e, ERR_TIMEOUT, "no");
	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	f->done(&r, f->arg);
	assert_true(a.failed);
	assert_int_equal(rows_now(f, 7), 0);
	(void)ref_cache_ask(f->cache, 7, on_ready, &a);
	fake_reply(f, 2, true);
	assert_false(a.failed);
}

static void
who_cancels_is_not_told(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 }, b = { .rows = 0 };
	struct ref_wait *w = ref_cache_ask(f->cache, 7, on_ready, &a);

	(void)ref_cache_ask(f->cache, 7, on_ready, &b);
	ref_cache_cancel(w);
	fake_reply(f, 2, true);
	assert_int_equal(a.told, 0);
	assert_int_equal(b.told, 1);
}

static void
memory_is_bounded_and_the_least_used_goes(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };

	for (int64_t p = 1; p <= 4; p++) {
		(void)ref_cache_ask(f->cache, p, on_ready, &a);
		fake_reply(f, 500, true);
		assert_int_equal(a.rows, 500);
		assert_int_equal(rows_now(f, 1), 500);
	}
	assert_int_equal(rows_now(f, 1), 500);
	assert_int_equal(rows_now(f, 2), 0);
	assert_int_equal(rows_now(f, 4), 500);
}

static void
the_cache_may_go_before_those_that_wait(void **state)
{
	struct fake *f = *state;
	struct answer a = { .rows = 0 };
	struct ref_wait *w = ref_cache_ask(f->cache, 7, on_ready, &a);

	ref_cache_free(f->cache);
	f->cache = NULL;
	ref_cache_cancel(w);
	assert_int_equal(a.told, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(many_askers_wait_for_one_load),
		T(a_load_from_before_a_move_is_not_told_after_it),
		T(a_move_makes_the_snapshot_old),
		T(after_a_while_a_look_is_taken),
		T(what_was_read_while_it_moved_is_soon_old),
		T(a_failure_is_told_and_forgotten),
		T(who_cancels_is_not_told),
		T(memory_is_bounded_and_the_least_used_goes),
		T(the_cache_may_go_before_those_that_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
