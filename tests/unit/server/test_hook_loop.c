#include "tests/unit/server/store_fixture.h"

#include <inttypes.h>

#include "lib/base/clock.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"
#include "lib/wire/json.h"
#include "server/jobs/hook_loop.h"
#include "server/store/db_priv.h"
#include "server/store/events.h"
#include "server/store/hooks.h"

enum {
	GUARD_MS = 10000,
	POKE_MS = 5,
	FASTER = 10000, /* than the clock */
	FAR = 1000000   /* days, until which the hooks rest */
};

struct hooked {
	struct fixture *f;
	struct svc svc;
	struct net *net;
	struct hook_loop *loop;
	struct timer *guard;
	struct timer *poke;
	int64_t seq;
	int64_t rows; /* that are waited for */
	bool late;
};

static int64_t
test_now(void)
{
	return clock_mono_ms() * FASTER;
}

static int64_t
number(struct hooked *h, const char *sql)
{
	struct err e = ERR_INIT;
	int64_t n = -1;

	if (db_number(db_reader(h->f->db), sql, NULL, &n, &e) == -1)
		fail_msg("%s: %s", sql, e.msg);
	return n;
}

static void
on_commit(int64_t last_seq, void *arg)
{
	struct hooked *h = arg;

	(void)last_seq;
	if (number(h, "SELECT count(*) FROM delivery") >= h->rows &&
	    number(h, "SELECT seq FROM hook_cursor") == 5 &&
	    number(h, "SELECT sum(behind) FROM hook") == 0)
		loop_stop(h->f->loop);
}

static void
on_guard(void *arg)
{
	struct hooked *h = arg;

	h->late = true;
	loop_stop(h->f->loop);
}

/* The loop's timers do not run faster. */
static void
on_poke(void *arg)
{
	struct hooked *h = arg;

	hook_loop_on_commit(h->loop, ++h->seq);
	timer_set(h->poke, POKE_MS);
}

/* An event says how often its payload cannot be made. */
static int
make_payload(
    struct txn *t, const struct hook_payload *p, struct str *out, struct err *e)
{
	int64_t fails = json_i64_or(p->data, "fails", 0), tries;

	if (db_number(t, "SELECT coalesce(max(behind_tries), 0) FROM hook",
		NULL, &tries, e) == -1)
		return -1;
	if (tries < fails)
		return err_set(e, ERR_IO, "the disk is sick");
	str_addf(out, "%" PRId64, p->event->seq);
	return 0;
}

static int
seed_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct hook_new n = { .scope = { f->project, 0 },
		.active = true,
		.type = "gitea",
		.name = "",
		.url = "http://127.0.0.1:1/",
		.events = "issues\n",
		.branch_filter = "",
		.secret = "",
		.authorization = "",
		.now = FIXTURE_NOW };
	int64_t id;

	for (int i = 0; i < 2; i++)
		if (hooks_insert(t, &n, &id, e) == -1 ||
		    hooks_tried(t, id, 6, test_now() * FAR, 0, e) == -1)
			return -1;
	return 0;
}

static int
events_job(struct txn *t, void *arg, struct err *e)
{
	static const char *const data[] = { "{}", "{\"fails\":3}", "{}",
		"{\"fails\":100}", "{}" };
	const struct fixture *f = arg;
	const struct actor who = { .id = f->root, .login = "root" };
	struct event_new n = { .at = test_now(),
		.kind = "issue.opened",
		.project_id = f->project,
		.actor = &who,
		.item = 1 };

	for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++) {
		n.data = data[i];
		if (events_append(t, &n, NULL, e) == -1)
			return -1;
	}
	return 0;
}

static void
what_cannot_be_told_is_told_later_and_in_order(void **state)
{
	struct hooked h = { .f = *state, .rows = 8 };
	struct hook_loop_spec spec = {
		.svc = &h.svc, .payload = make_payload, .retry_ms = 10000
	};

	h.svc = (struct svc){ .loop = h.f->loop,
		.db = h.f->db,
		.now = test_now,
		.public_url = "http://x" };
	OK((h.net = net_new(h.f->loop, "test/1", e)) == NULL ? -1 : 0);
	spec.net = h.net;
	OK(db_write_now(h.f->db, seed_job, h.f, e));
	h.loop = hook_loop_new(&spec);
	h.guard = timer_new(h.f->loop, on_guard, &h);
	timer_set(h.guard, GUARD_MS);
	hook_loop_start(h.loop);
	db_on_commit(h.f->db, on_commit, &h);
	OK(db_write_now(h.f->db, events_job, h.f, e));
	h.poke = timer_new(h.f->loop, on_poke, &h);
	timer_set(h.poke, 0);
	OK(loop_run(h.f->loop, e));
	if (h.late)
		fail_msg("%" PRId64 " rows, cursor %" PRId64
			 ", behind %" PRId64,
		    number(&h, "SELECT count(*) FROM delivery"),
		    number(&h, "SELECT seq FROM hook_cursor"),
		    number(&h, "SELECT sum(behind) FROM hook"));
	hook_loop_stop(h.loop);
	/* Both hooks, all but the fourth, one row for a payload of both. */
	assert_int_equal(
	    number(&h,
		"SELECT count(*) FROM (SELECT group_concat(p.text, ' ') AS s"
		" FROM (SELECT * FROM delivery ORDER BY id) d"
		" JOIN delivery_payload p ON p.id = d.payload_id"
		" GROUP BY d.hook_id) WHERE s = '1 2 3 5'"),
	    2);
	assert_int_equal(
	    number(&h, "SELECT count(DISTINCT uuid) FROM delivery"), 8);
	db_close(h.f->db);
	h.f->db = NULL;
	hook_loop_free(h.loop);
	net_free(h.net);
	timer_free(h.guard);
	timer_free(h.poke);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_cannot_be_told_is_told_later_and_in_order,
		    fixture_setup_loop, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
