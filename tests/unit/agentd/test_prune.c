#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agentd/run/prune.h"
#include "lib/base/path.h"
#include "tests/unit/agentd/cofferd_loop.h"

enum {
	DAY_MS = 24 * 3600 * 1000
};

static const int64_t now = (int64_t)1000 * DAY_MS;

static size_t
pick(uint64_t days, uint64_t bytes)
{
	const struct prune_spec s = { .days = days, .bytes = bytes };
	struct prune_row rows[] = {
		{ .id = 9, .at_ms = now, .bytes = 10 },
		{ .id = 3, .at_ms = now - 8 * (int64_t)DAY_MS, .bytes = 10 },
		{ .id = 5, .at_ms = now - 2 * (int64_t)DAY_MS, .bytes = 10 },
	};
	size_t n = prune_pick(&s, rows, 3, now);

	assert_int_equal(rows[0].id, 3);
	return n;
}

static void
the_oldest_go_by_age_and_by_size(void **state)
{
	(void)state;
	assert_int_equal(pick(0, 0), 0);
	assert_int_equal(pick(7, 0), 1);
	assert_int_equal(pick(1, 0), 2);
	assert_int_equal(pick(0, 30), 0);
	assert_int_equal(pick(0, 29), 1);
	assert_int_equal(pick(0, 5), 3);
	assert_int_equal(pick(7, 15), 2);
}

struct fix {
	struct cofferd c;
	char home[64];
};

static void
fix_record(const struct fix *f, int id)
{
	AUTO_FREE char *runs = path_join(f->home, "runs");
	AUTO_FREE char *dir = xasprintf("%s/%d", runs, id);
	AUTO_FREE char *record = path_join(dir, "record");
	AUTO_FREE char *file = path_join(record, "report.md");
	struct err e = ERR_INIT;

	assert_int_equal(path_mkdirs(runs, 0700, &e), 0);
	assert_int_equal(path_mkdirs(dir, 0700, &e), 0);
	assert_int_equal(path_mkdirs(record, 0700, &e), 0);
	assert_int_equal(path_write_atomic(file, "12", 2, 0600, &e), 0);
}

static bool
fix_has(const struct fix *f, int id)
{
	AUTO_FREE char *dir = xasprintf("%s/runs/%d", f->home, id);

	return access(dir, F_OK) == 0;
}

static bool
fix_asked_last(void *arg)
{
	struct fix *f = arg;

	return fake_saw(&f->c, "DELETE /api/coffer/v1/runs/6/record");
}

static bool
fix_is_empty(void *arg)
{
	return !fix_has(arg, 5) && !fix_has(arg, 6);
}

static void
a_record_stays_until_cofferd_has_none(void **state)
{
	struct fix f = { .home = "/tmp/coffer-prune-XXXXXX" };
	struct prune_spec s = { .home = f.home, .bytes = 1 };
	struct err e = ERR_INIT;
	struct prune *p;

	(void)state;
	fake_init(&f.c);
	assert_non_null(mkdtemp(f.home));
	fix_record(&f, 5);
	fix_record(&f, 6);
	s.loop = f.c.loop;
	s.api = f.c.api;
	fake_rule(&f.c, 503, "DELETE /api/coffer/v1/runs/5/record", "{}");
	fake_rule(&f.c, 503, "DELETE /api/coffer/v1/runs/6/record", "{}");
	p = prune_new(&s);
	assert_true(fake_until(&f.c, fix_asked_last, &f));
	prune_free(p);
	assert_true(fix_has(&f, 5));
	assert_true(fix_has(&f, 6));
	fake_rule(&f.c, 200, "DELETE /api/coffer/v1/runs/5/record", "{}");
	fake_rule(&f.c, 404, "DELETE /api/coffer/v1/runs/6/record", "{}");
	p = prune_new(&s);
	assert_true(fake_until(&f.c, fix_is_empty, &f));
	prune_free(p);
	fake_release(&f.c);
	(void)path_rmtree(f.home, &e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_go_by_age_and_by_size),
		cmocka_unit_test(a_record_stays_until_cofferd_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
