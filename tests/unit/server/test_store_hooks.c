#include "tests/unit/server/store_fixture.h"

#include "server/store/db_priv.h"
#include "server/store/deliveries.h"
#include "server/store/event_ages.h"
#include "server/store/events.h"
#include "server/store/hooks.h"

static int
add_event(struct txn *t, const struct fixture *f, struct err *e)
{
	const struct actor who = { .id = f->root,
		.login = "root",
		.kind = USER_ADMIN,
		.role = ROLE_ADMIN };
	const struct event_new n = { .at = FIXTURE_NOW,
		.kind = "issue.opened",
		.project_id = f->project,
		.actor = &who,
		.item = 1 };

	return events_append(t, &n, NULL, e);
}

static struct hook_new
new_hook(int64_t project, int64_t account)
{
	return (struct hook_new){ .scope = { project, account },
		.active = true,
		.type = "gitea",
		.name = "n",
		.url = "http://h/x",
		.events = "issues\npush\n",
		.branch_filter = "",
		.secret = "secret",
		.authorization = "",
		.now = FIXTURE_NOW };
}

static int
scopes_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct hook_new n = new_hook(f->project, 0);
	const struct hook_scope other = { 0, f->root }, server = { 0, 0 };
	struct hook_list l = { .n = 0 };
	int64_t repo, user, all, model, seq = -1, ids[4];
	size_t due;
	struct hook h = { .id = 0 };

	STEP(hooks_cursor(t, &seq, e) == 0 && seq == 0);
	STEP(add_event(t, f, e) == 0);
	STEP(hooks_insert(t, &n, &repo, e) == 0);
	n.scope = other;
	STEP(hooks_insert(t, &n, &user, e) == 0);
	n.scope = server;
	STEP(hooks_insert(t, &n, &all, e) == 0);
	n.is_default = true;
	STEP(hooks_insert(t, &n, &model, e) == 0);
	/* The oldest hook is told nothing before itself. */
	STEP(hooks_cursor(t, &seq, e) == 0 && seq == 1);
	STEP_FAILS(ERR_NOTFOUND, hooks_get(t, &other, repo, &h, e));
	STEP_FAILS(ERR_NOTFOUND, hooks_get(t, &server, user, &h, e));
	STEP(hooks_get(t, &server, all, &h, e) == 0);
	STEP(strcmp(h.secret, "secret") == 0 && h.since == 1);
	STEP(hook_wants(&h, HOOK_PUSH) && !hook_wants(&h, HOOK_PULL));
	hook_release(&h);
	STEP(hooks_list(t, &server, HOOKS_SYSTEM, 0, 0, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].id == all);
	hook_list_release(&l);
	STEP(hooks_list(t, &server, HOOKS_ALL, 0, 0, &l, e) == 0 && l.n == 2);
	hook_list_release(&l);
	STEP(hooks_for_event(t, f->project, 1, 0, &l, e) == 0 && l.n == 0);
	STEP(hooks_for_event(t, f->project, 2, 0, &l, e) == 0);
	STEP(l.n == 3 && l.at[0].id == repo && l.at[2].id == all);
	hook_list_release(&l);
	/* A user who may not sign in is told nothing. */
	STEP(hooks_wake(t, user, 1, true, e) == 0);
	STEP(hooks_due(t, 1, 4, ids, &due, e) == 0 && due == 1);
	STEP(db_exec(t, "UPDATE account SET no_login = 1", NULL, NULL, e) == 0);
	STEP(hooks_due(t, 1, 4, ids, &due, e) == 0 && due == 0);
	STEP(hooks_for_event(t, f->project, 2, 0, &l, e) == 0);
	STEP(l.n == 2 && l.at[0].id == repo && l.at[1].id == all);
	hook_list_release(&l);
	STEP(db_exec(t, "UPDATE account SET no_login = 0, kind = 2", NULL, NULL,
		 e) == 0);
	STEP(db_exec(t, "DELETE FROM role", NULL, NULL, e) == 0);
	/* Nor one who owns it in name only. */
	STEP(hooks_for_event(t, f->project, 2, 0, &l, e) == 0 && l.n == 2);
	hook_list_release(&l);
	STEP(db_exec(t, "UPDATE account SET kind = 1 WHERE id = ?",
		 BINDS(I(f->root)), NULL, e) == 0);
	STEP(hooks_copy_defaults(t, f->project, FIXTURE_NOW, 7, e) == 0);
	STEP(hooks_for_event(t, f->project, 8, 0, &l, e) == 0 && l.n == 4);
	hook_list_release(&l);
	STEP_FAILS(ERR_NOTFOUND, hooks_delete(t, &server, repo, e));
	STEP(hooks_delete(t, &other, user, e) == 0);
	return fixture_verdict(f, e);
}

static void
a_hook_is_reached_in_its_scope_alone(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, scopes_job, f, e));
}

static int
add_delivery(struct txn *t, int64_t hook, const char *payload, int64_t *id,
    struct err *e)
{
	struct delivery_new n = { .hook_id = hook,
		.project_id = 1,
		.uuid = "00000000-0000-4000-8000-000000000000",
		.type = HOOK_ISSUES,
		.action = "opened",
		.now = FIXTURE_NOW };

	if (deliveries_payload(t, payload, &n.payload_id, e) == -1)
		return -1;
	return deliveries_insert(t, &n, id, e);
}

static int
order_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct hook_new n = new_hook(f->project, 0);
	struct delivery_result r = { .state = DELIVERY_WAITS,
		.attempts = 1,
		.status = 500,
		.error = "no",
		.request = "POST x",
		.response_headers = "a: b",
		.response_body = "body",
		.now = FIXTURE_NOW };
	int64_t hook, first, second, at, ids[4];
	struct delivery d = { .id = 0 };
	size_t count;

	STEP(hooks_insert(t, &n, &hook, e) == 0);
	STEP(add_delivery(t, hook, "{}", &first, e) == 0);
	STEP(add_delivery(t, hook, "[1]", &second, e) == 0);
	STEP(hooks_wake(t, hook, 100, false, e) == 0);
	STEP(hooks_wake(t, hook, 50, false, e) == 0);
	STEP(hooks_due(t, 99, 4, ids, &count, e) == 0 && count == 0);
	STEP(hooks_due(t, 100, 4, ids, &count, e) == 0);
	STEP(count == 1 && ids[0] == hook);
	STEP(hooks_next_due(t, 0, &at, e) == 0 && at == 100);
	STEP(hooks_next_due(t, 100, &at, e) == 0 && at == 0);
	STEP(deliveries_head(t, hook, &d, e) == 0 && d.id == first);
	delivery_release(&d);
	r.id = first;
	r.hook_id = hook;
	STEP(deliveries_result(t, &r, e) == 0);
	STEP(deliveries_head(t, hook, &d, e) == 0);
	STEP(d.id == first && d.attempts == 1);
	delivery_release(&d);
	r.state = DELIVERY_OK;
	STEP(deliveries_result(t, &r, e) == 0);
	STEP_FAILS(ERR_EXISTS, deliveries_result(t, &r, e));
	STEP(deliveries_get(t, hook, first, &d, e) == 0);
	STEP(strcmp(d.response_body, "body") == 0 && d.ended_at == FIXTURE_NOW);
	delivery_release(&d);
	STEP(deliveries_head(t, hook, &d, e) == 0 && d.id == second);
	STEP(strcmp(d.payload, "[1]") == 0);
	delivery_release(&d);
	STEP(deliveries_give_up(t, hook, "off", FIXTURE_NOW, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, deliveries_head(t, hook, &d, e));
	STEP(hooks_next_due(t, 0, &at, e) == 0 && at == 0);
	/* One that rests is not woken by what comes, but by hand. */
	STEP(hooks_tried(t, hook, 6, 900, 0, e) == 0);
	STEP(hooks_wake(t, hook, 300, false, e) == 0);
	STEP(hooks_next_due(t, 0, &at, e) == 0 && at == 900);
	STEP(hooks_wake(t, hook, 400, true, e) == 0);
	STEP(hooks_next_due(t, 0, &at, e) == 0 && at == 400);
	return fixture_verdict(f, e);
}

static void
deliveries_are_tried_in_order_and_end_once(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, order_job, f, e));
}

static int
bounds_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct hook_new n = new_hook(f->project, 0);
	struct delivery d = { .id = 0 };
	struct delivery_list l = { .n = 0 };
	struct hook_list hooks = { .n = 0 };
	struct delivery_result r = { .state = DELIVERY_OK, .attempts = 1 };
	int64_t hook, id = 0, waiting, bytes, at;
	struct hook h = { .id = 0 };
	bool takes, any;

	STEP(hooks_insert(t, &n, &hook, e) == 0);
	for (int i = 0; i < HOOK_PENDING_MAX; i++) {
		STEP(hooks_takes(t, hook, 0, 5, &takes, e) == 0 && takes);
		STEP(add_delivery(t, hook, "{}", &id, e) == 0);
	}
	/* It falls behind, and goes on when half of that was told. */
	STEP(hooks_takes(t, hook, 0, 7, &takes, e) == 0 && !takes);
	STEP(hooks_takes(t, hook, 0, 8, &takes, e) == 0 && !takes);
	STEP(deliveries_waiting(t, hook, &waiting, &bytes, e) == 0);
	STEP(waiting == HOOK_PENDING_MAX && bytes == 2 * waiting);
	STEP(hooks_by_id(t, hook, &h, e) == 0 && h.behind == 7);
	hook_release(&h);
	STEP(hooks_for_event(t, f->project, 9, 0, &hooks, e) == 0);
	STEP(hooks.n == 0);
	STEP(hooks_for_event(t, f->project, 9, hook, &hooks, e) == 0);
	STEP(hooks.n == 1);
	hook_list_release(&hooks);
	STEP(hooks_behind_room(t, hook, 3, &any, e) == 0 && !any);
	STEP(hooks_behind_next(t, &h, &at, e) == 0 && at == 0);
	for (int i = 0; i < HOOK_PENDING_MAX / 2; i++) {
		STEP(deliveries_head(t, hook, &d, e) == 0);
		r.id = d.id;
		r.hook_id = hook;
		delivery_release(&d);
		STEP(deliveries_result(t, &r, e) == 0);
	}
	STEP(hooks_behind_room(t, hook, 3, &any, e) == 0 && any);
	STEP(hooks_behind_next(t, &h, &at, e) == 0);
	STEP(at == 3 && h.id == hook && h.behind == 7);
	hook_release(&h);
	STEP(hooks_takes(t, hook, 7, 7, &takes, e) == 0 && takes);
	STEP(hooks_behind_failed(t, hook, 7, 8, 50, e) == 0);
	STEP(hooks_behind_failed(t, hook, 7, 9, 60, e) == 0);
	STEP(hooks_behind_failed(t, hook, 8, 8, 70, e) == 0);
	STEP(hooks_behind_next(t, &h, &at, e) == 0);
	STEP(at == 70 && h.behind == 8 && h.behind_tries == 2);
	hook_release(&h);
	/* The log of what is at an end is bounded, too. */
	STEP(deliveries_give_up(t, hook, "off", FIXTURE_NOW, e) == 0);
	STEP(hooks_behind_next(t, &h, &at, e) == 0 && at == 0);
	STEP(deliveries_list(t, hook, 0, 0, &l, e) == 0);
	STEP(l.n == HOOK_LOG_MAX && l.at[0].id == id);
	delivery_list_release(&l);
	STEP(add_delivery(t, hook, "{}", &id, e) == 0);
	STEP(hooks_wake(t, hook, 1, false, e) == 0);
	STEP(deliveries_expire(t, FIXTURE_NOW + 1, FIXTURE_NOW + 2, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, deliveries_head(t, hook, &d, e));
	return fixture_verdict(f, e);
}

static void
what_waits_and_what_is_logged_is_bounded(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, bounds_job, f, e));
}

static int
limit_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct hook_new n = new_hook(f->project, 0);
	int64_t id;

	for (int i = 0; i < HOOKS_MAX; i++)
		STEP(hooks_insert(t, &n, &id, e) == 0);
	STEP_FAILS(ERR_INVALID, hooks_insert(t, &n, &id, e));
	return fixture_verdict(f, e);
}

static void
a_repository_has_so_many_hooks(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, limit_job, f, e));
}

/* How far events are gone when all of them are too old. */
static int64_t
pruned(struct txn *t, int64_t max, bool *more, struct err *e)
{
	const struct event_age age = { .until = FIXTURE_NOW + 1, .max = max };
	int64_t n, seq = -1;

	if (eventages_prune(t, &age, &n, more, e) == -1 ||
	    eventages_start(t, &seq, e) == -1)
		return -1;
	return seq;
}

static int
needed_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct hook_new n = new_hook(f->project, 0);
	int64_t hook, count;
	bool more;

	STEP(pruned(t, 100, &more, e) == 0);
	STEP(add_event(t, f, e) == 0);
	STEP(hooks_insert(t, &n, &hook, e) == 0);
	for (int i = 0; i < 9; i++)
		STEP(add_event(t, f, e) == 0);
	STEP(hooks_set_cursor(t, 6, e) == 0);
	STEP(hooks_set_behind(t, hook, 3, 0, e) == 0);
	/* Number 3 is still to be told. */
	STEP(pruned(t, 100, &more, e) == 2 && !more);
	STEP(hooks_set_behind(t, hook, 0, 0, e) == 0);
	STEP(pruned(t, 3, &more, e) == 5 && more);
	STEP(pruned(t, 3, &more, e) == 6 && !more);
	STEP(hooks_set_cursor(t, 10, e) == 0);
	/* The newest is kept: its number must not come again. */
	STEP(pruned(t, 100, &more, e) == 9 && !more);
	STEP(db_number(t, "SELECT count(*) FROM event", NULL, &count, e) == 0 &&
	    count == 1);
	return fixture_verdict(f, e);
}

static void
events_that_a_hook_needs_are_kept(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, needed_job, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_hook_is_reached_in_its_scope_alone, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    deliveries_are_tried_in_order_and_end_once, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    what_waits_and_what_is_logged_is_bounded, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(a_repository_has_so_many_hooks,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    events_that_a_hook_needs_are_kept, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
