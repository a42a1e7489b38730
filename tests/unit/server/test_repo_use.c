#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"
#include "lib/io/loop.h"
#include "server/git/repo_use.h"

struct fixture {
	struct loop *l;
	struct repo_use *u;
	int ready, stop, idle;
	int64_t project;
};

static void
on_ready(void *arg)
{
	((struct fixture *)arg)->ready++;
}

static void
on_stop(void *arg)
{
	((struct fixture *)arg)->stop++;
}

static void
on_idle(int64_t project, void *arg)
{
	struct fixture *f = arg;

	f->idle++;
	f->project = project;
}

static void
fixture_init(struct fixture *f)
{
	struct err e = ERR_INIT;

	*f = (struct fixture){ .l = loop_new(&e) };
	assert_non_null(f->l);
	f->u = repo_use_new(f->l);
	repo_use_on_idle(f->u, on_idle, f);
}

static void
fixture_release(struct fixture *f)
{
	repo_use_free(f->u);
	loop_free(f->l);
}

static void
many_share_and_ready_comes_later(void **state)
{
	struct fixture f;
	struct repo_hold *a, *b;

	(void)state;
	fixture_init(&f);
	a = repo_use_share(f.u, 7, 0, on_ready, &f);
	b = repo_use_share(f.u, 7, 0, on_ready, &f);
	assert_int_equal(f.ready, 0);
	loop_drain(f.l);
	assert_int_equal(f.ready, 2);
	assert_null(repo_use_own(f.u, 7, on_stop, &f));
	repo_use_leave(a);
	assert_int_equal(f.idle, 0);
	repo_use_leave(b);
	assert_int_equal(f.idle, 1);
	assert_int_equal(f.project, 7);
	assert_true(repo_use_is_free(f.u, 7));
	fixture_release(&f);
}

static void
an_owner_is_told_once_and_the_wanters_go_on_when_it_left(void **state)
{
	struct fixture f;
	struct repo_hold *own, *a, *b;

	(void)state;
	fixture_init(&f);
	own = repo_use_own(f.u, 7, on_stop, &f);
	assert_non_null(own);
	assert_null(repo_use_own(f.u, 7, on_stop, &f));
	a = repo_use_share(f.u, 7, 0, on_ready, &f);
	b = repo_use_share(f.u, 7, 0, on_ready, &f);
	assert_int_equal(f.stop, 0);
	loop_drain(f.l);
	assert_int_equal(f.stop, 1);
	assert_int_equal(f.ready, 0);
	repo_use_leave(own);
	loop_drain(f.l);
	assert_int_equal(f.ready, 2);
	assert_int_equal(f.idle, 0);
	repo_use_leave(a);
	repo_use_leave(b);
	assert_int_equal(f.idle, 1);
	fixture_release(&f);
}

static void
a_patient_wanter_does_not_stop_the_owner(void **state)
{
	struct fixture f;
	struct repo_hold *own, *a, *b;

	(void)state;
	fixture_init(&f);
	own = repo_use_own(f.u, 7, on_stop, &f);
	a = repo_use_share(f.u, 7, 60000, on_ready, &f);
	loop_drain(f.l);
	assert_int_equal(f.stop, 0);
	b = repo_use_share(f.u, 7, 0, on_ready, &f);
	loop_drain(f.l);
	assert_int_equal(f.stop, 1);
	repo_use_leave(own);
	loop_drain(f.l);
	assert_int_equal(f.ready, 2);
	repo_use_leave(a);
	repo_use_leave(b);
	fixture_release(&f);
}

static void
who_leaves_early_gets_no_call(void **state)
{
	struct fixture f;
	struct repo_hold *a, *own;

	(void)state;
	fixture_init(&f);
	a = repo_use_share(f.u, 7, 0, on_ready, &f);
	repo_use_leave(a);
	assert_int_equal(f.idle, 0);
	own = repo_use_own(f.u, 7, on_stop, &f);
	assert_non_null(own);
	a = repo_use_share(f.u, 7, 0, on_ready, &f);
	repo_use_leave(own); /* the stop is due, and now nobody's */
	loop_drain(f.l);
	assert_int_equal(f.stop, 0);
	assert_int_equal(f.ready, 1);
	repo_use_leave(a);
	fixture_release(&f);
}

static void
repositories_are_apart_and_the_register_may_end_first(void **state)
{
	struct fixture f;
	struct repo_hold *a, *own;

	(void)state;
	fixture_init(&f);
	a = repo_use_share(f.u, 7, 0, on_ready, &f);
	own = repo_use_own(f.u, 8, on_stop, &f);
	assert_non_null(own);
	loop_drain(f.l);
	repo_use_free(f.u);
	f.u = NULL;
	repo_use_leave(a);
	repo_use_leave(own);
	repo_use_leave(NULL);
	fixture_release(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_share_and_ready_comes_later),
		cmocka_unit_test(
		    an_owner_is_told_once_and_the_wanters_go_on_when_it_left),
		cmocka_unit_test(a_patient_wanter_does_not_stop_the_owner),
		cmocka_unit_test(who_leaves_early_gets_no_call),
		cmocka_unit_test(
		    repositories_are_apart_and_the_register_may_end_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
