#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/run/objcache.h"
#include "agentd/sandbox/objects.h"
#include "tests/unit/agentd/run_steps.h"

struct fake_driver fake_driver_state;

#define CACHE_LINE "cache net=1 /work/template:rw\n"

static const struct shim_exit cache_good = { .started_at = 1, .ended_at = 2 };
static struct objcaches *caches;
static unsigned cache_wanted; /* lines to wait for */

static unsigned
cache_starts(void)
{
	const char *at = str_cstr(&fake_driver_state.started);
	unsigned n = 0;

	while ((at = strstr(at, CACHE_LINE)) != NULL) {
		at += strlen(CACHE_LINE);
		n++;
	}
	return n;
}

static bool
cache_was_started(void *arg)
{
	(void)arg;
	return cache_starts() >= cache_wanted;
}

static bool
cache_is_alive(void *arg)
{
	(void)arg;
	return fake_live("cache") != NULL;
}

static bool
cache_is_free(void *arg)
{
	const struct fix *f = arg;

	return !projects_held(f->projects, 7);
}

static void
cache_begin(struct fix *f)
{
	fix_begin(f);
	caches = objcaches_new(&f->host, &fake_driver, f->projects);
	objcaches_set_sandboxes(caches, &f->sandboxes);
	f->env.caches = caches;
}

static void
cache_wait_starts(struct fix *f, unsigned n)
{
	cache_wanted = n;
	assert_true(fake_until(&f->c, cache_was_started, f));
}

static int
cache_teardown(void **state)
{
	struct fix *f = *state;

	loop_drain(f->c.loop);
	runs_free(f->runs);
	f->runs = NULL;
	objcaches_free(caches);
	caches = NULL;
	f->env.caches = NULL;
	return fix_teardown(state);
}

static void
cache_put_current(struct fix *f)
{
	AUTO_FREE char *dir = objects_dir(&f->host, 7);
	AUTO_FREE char *current = path_join(dir, "current");
	struct err e = ERR_INIT;

	assert_int_equal(objects_make(&f->host, 7, &e), 0);
	assert_int_equal(symlink("g1", current), 0);
}

static void
a_run_waits_for_the_first_objects(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache", .stays = true };

	fix_plan(&p);
	cache_begin(f);
	objcaches_open(caches);
	fix_order(f);
	assert_true(fake_until(&f->c, cache_is_alive, f));
	assert_string_equal(str_cstr(&fake_driver_state.started), CACHE_LINE);
	fake_end("cache", &cache_good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_ptr_equal(strstr(str_cstr(&fake_driver_state.started),
			     CACHE_LINE "prepare net=1"),
	    str_cstr(&fake_driver_state.started));
}

static void
without_them_it_goes_on(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache",
		.output = "fatal: no space\n",
		.exit = { .exit_code = 1, .started_at = 1 } };

	fix_plan(&p);
	cache_begin(f);
	objcaches_open(caches);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_int_equal(cache_starts(), 1);
	/* It is not tried again for each run, nor for each change. */
	objcaches_when_ready(caches, 7, fix_on_loaded, f);
	objcaches_want(caches, 7);
	f->loaded = false;
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	assert_int_equal(f->fail.code, ERR_NONE);
	assert_int_equal(cache_starts(), 1);
}

static void
a_disk_that_cannot_be_written_is_no_reason_to_fail(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache", .fail = "no loop" };

	fix_plan(&p);
	cache_begin(f);
	objcaches_open(caches);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
}

static void
what_is_there_is_not_waited_for(void **state)
{
	struct fix *f = *state;

	cache_begin(f);
	cache_put_current(f);
	objcaches_open(caches);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_int_equal(cache_starts(), 0);
}

static void
many_changes_are_one_look_and_one_more_after_it(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache", .stays = true };

	fix_plan(&p);
	cache_begin(f);
	/* Before the runs are known nothing is done. */
	objcaches_want(caches, 7);
	assert_int_equal(cache_starts(), 0);
	objcaches_open(caches);
	for (int i = 0; i < 5; i++)
		objcaches_want(caches, 7);
	assert_true(fake_until(&f->c, cache_is_alive, f));
	for (int i = 0; i < 5; i++)
		objcaches_want(caches, 7);
	assert_int_equal(cache_starts(), 1);
	fake_driver_state.plan[0].stays = false;
	fake_end("cache", &cache_good);
	cache_wait_starts(f, 2);
	assert_true(fake_until(&f->c, cache_is_free, f));
	assert_int_equal(cache_starts(), 2);
	objcaches_want(caches, 8); /* not one of ours */
	assert_int_equal(cache_starts(), 2);
}

static void
a_sandbox_that_does_not_run_has_none_made(void **state)
{
	struct fix *f = *state;

	cache_begin(f);
	objcaches_open(caches);
	f->sandboxes.state = SANDBOX_STOPPED;
	objcaches_when_ready(caches, 7, fix_on_loaded, f);
	f->loaded = false;
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	assert_int_equal(f->fail.code, ERR_NOTFOUND);
	assert_int_equal(cache_starts(), 0);
	f->loaded = false;
	objcaches_when_ready(caches, 7, fix_on_loaded, f);
	objcaches_forget(caches, f);
	loop_drain(f->c.loop);
	assert_false(f->loaded);
}

static void
a_stop_ends_it(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache", .stays = true };

	fix_plan(&p);
	cache_begin(f);
	objcaches_open(caches);
	objcaches_want(caches, 7);
	assert_true(fake_until(&f->c, cache_is_alive, f));
	assert_true(projects_held(f->projects, 7));
	objcaches_stop(caches, 7);
	objcaches_stop(caches, 7);
	assert_true(fake_until(&f->c, cache_is_free, f));
	assert_string_equal(str_cstr(&fake_driver_state.killed), "cache now\n");
}

static void
a_tree_that_stands_apart_has_them_made_anew(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "prepare",
		.exit = { .exit_code = 3, .started_at = 1 } };

	fix_plan(&p);
	cache_begin(f);
	cache_put_current(f);
	objcaches_open(caches);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	cache_wait_starts(f, 1);
}

static void
what_an_earlier_process_left_is_ended(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "cache", .stays = true };

	fix_plan(&p);
	cache_begin(f);
	objcaches_open(caches);
	objcaches_want(caches, 7);
	assert_true(fake_until(&f->c, cache_is_alive, f));
	objcaches_free(caches);
	caches = objcaches_new(&f->host, &fake_driver, f->projects);
	objcaches_set_sandboxes(caches, &f->sandboxes);
	f->env.caches = caches;
	f->loaded = false;
	objcaches_adopt(caches, fix_on_loaded, f);
	assert_true(fake_until(&f->c, fix_is_loaded, f));
	assert_int_equal(f->fail.code, ERR_NONE);
	assert_false(cache_is_alive(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CACHE_TEST(name) \
	cmocka_unit_test_setup_teardown(name, fix_setup, cache_teardown)
		CACHE_TEST(a_run_waits_for_the_first_objects),
		CACHE_TEST(without_them_it_goes_on),
		CACHE_TEST(a_disk_that_cannot_be_written_is_no_reason_to_fail),
		CACHE_TEST(what_is_there_is_not_waited_for),
		CACHE_TEST(many_changes_are_one_look_and_one_more_after_it),
		CACHE_TEST(a_sandbox_that_does_not_run_has_none_made),
		CACHE_TEST(a_stop_ends_it),
		CACHE_TEST(a_tree_that_stands_apart_has_them_made_anew),
		CACHE_TEST(what_an_earlier_process_left_is_ended),
#undef CACHE_TEST
	};

	if (!fix_may_run())
		return 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
