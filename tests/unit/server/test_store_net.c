#include "tests/unit/server/store_fixture.h"

#include "server/store/net_log.h"
#include "server/store/net_rules.h"

static int
put(struct txn *t, const struct fixture *f, enum net_list list,
    const char *domain, const char *preset, int64_t until, struct err *e)
{
	struct net_rule r = { .list = list,
		.project_id = f->project,
		.until = until,
		.by_id = f->alice };

	snprintf(r.domain, sizeof(r.domain), "%s", domain);
	snprintf(r.preset, sizeof(r.preset), "%s", preset);
	if (net_rule_add_port(&r, 443, e) == -1)
		return -1;
	return net_rules_put(t, &r, FIXTURE_NOW, e);
}

static int
steps_rules(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct net_rule_filter one = { .preset = "mine" };
	struct net_rule_list l;
	struct net_rule r;
	int64_t n = 0;

	STEP(put(t, f, NET_DENY, "bad.test", "", 0, e) == 0);
	STEP(put(t, f, NET_ALLOW, "a.test", "", FIXTURE_NOW + 10, e) == 0);
	STEP(put(t, f, NET_ALLOW, "a.test", "mine", 0, e) == 0);
	STEP(put(t, f, NET_ALLOW, "a.test", "", FIXTURE_NOW + 20, e) == 0);
	STEP(net_rules_list(t, f->project, FIXTURE_NOW, &l, e) == 0);
	STEP(l.n == 3 && l.at[0].list == NET_ALLOW && l.at[0].n_ports == 1);
	STEP(strcmp(l.at[0].preset, "mine") == 0);
	STEP(l.at[1].until == FIXTURE_NOW + 20);
	STEP(strcmp(l.at[1].by, "alice") == 0);
	STEP(net_rules_get(t, f->project, l.at[1].id, &r, e) == 0);
	STEP(strcmp(r.domain, "a.test") == 0);
	net_rule_list_release(&l);
	STEP(net_rules_list(t, f->project, FIXTURE_NOW + 20, &l, e) == 0);
	STEP(l.n == 2);
	net_rule_list_release(&l);
	STEP(net_rules_delete(t, f->project, &one, &n, e) == 0 && n == 1);
	one = (struct net_rule_filter){ .domain = "bad.test", .preset = "" };
	STEP(net_rules_delete(t, f->project, &one, &n, e) == 0 && n == 1);
	STEP_FAILS(ERR_NOTFOUND, net_rules_get(t, f->project, 9999, &r, e));
	return fixture_verdict(f, e);
}

static int
steps_many(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char domain[32];

	for (int i = 0; i < NET_RULES_MAX; i++) {
		snprintf(domain, sizeof(domain), "a%d.test", i);
		STEP(put(t, f, NET_ALLOW, domain, "", 0, e) == 0);
	}
	STEP_FAILS(ERR_INVALID, put(t, f, NET_ALLOW, "b.test", "", 0, e));
	STEP(put(t, f, NET_ALLOW, "a7.test", "", 0, e) == 0);
	STEP(put(t, f, NET_DENY, "b.test", "", 0, e) == 0);
	return fixture_verdict(f, e);
}

static int
steps_bounds(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct net_bounds b;

	STEP(net_bounds_get(t, f->project, &b, e) == 0);
	STEP(!b.lockdown && b.upload_max == 0);
	b = (struct net_bounds){ .lockdown = true, .upload_max = 5 };
	STEP(net_bounds_set(t, f->project, &b, e) == 0);
	STEP(net_bounds_get(t, f->project, &b, e) == 0);
	STEP(b.lockdown && b.upload_max == 5);
	STEP_FAILS(ERR_NOTFOUND, net_bounds_set(t, 9999, &b, e));
	return fixture_verdict(f, e);
}

static int
seen(struct txn *t, const struct fixture *f, const char *name, int64_t first,
    int64_t count, struct err *e)
{
	struct net_seen s = { .project_id = f->project,
		.verdict = "name-unlisted",
		.proto = "dns",
		.first = first,
		.last = FIXTURE_NOW + count,
		.count = count };

	snprintf(s.name, sizeof(s.name), "%s", name);
	if (count == 2)
		snprintf(s.process, sizeof(s.process), "curl");
	return net_log_put(t, &s, e);
}

static int
steps_log(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct net_log_ask ask = { .project_id = f->project,
		.allowed = true,
		.blocked = true,
		.limit = 100 };
	struct net_seen_list l;
	struct net_seen s = { .project_id = 9999, .verdict = "answered" };

	STEP(net_log_put(t, &s, e) == 0);
	STEP(seen(t, f, "a.test", 50, 2, e) == 0);
	STEP(seen(t, f, "a.test", 50, 3, e) == 0);
	STEP(seen(t, f, "a.test", 50, 3, e) == 0);
	STEP(net_log_list(t, &ask, &l, e) == 0 && l.n == 1);
	STEP(l.at[0].count == 3 && strcmp(l.at[0].process, "curl") == 0);
	net_seen_list_release(&l);
	STEP(seen(t, f, "a.test", 70, 1, e) == 0);
	STEP(seen(t, f, "a.test", 70, 4, e) == 0);
	STEP(seen(t, f, "b.test", 70, 1, e) == 0);
	s = (struct net_seen){
		.project_id = f->project, .verdict = "answered", .last = 1
	};
	STEP(net_log_put(t, &s, e) == 0);
	STEP(net_log_list(t, &ask, &l, e) == 0 && l.n == 3);
	STEP(l.at[2].count == 7 && l.at[2].first == 50);
	net_seen_list_release(&l);
	ask.allowed = false;
	ask.since = FIXTURE_NOW + 2;
	STEP(net_log_list(t, &ask, &l, e) == 0 && l.n == 1);
	net_seen_list_release(&l);
	return fixture_verdict(f, e);
}

static int
steps_log_bound(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct net_log_ask ask = {
		.project_id = f->project, .blocked = true, .limit = 1000
	};
	struct net_seen_list l;
	char name[32];

	for (int i = 0; i < NET_SEEN_KEEP + 9; i++) {
		snprintf(name, sizeof(name), "a%d.test", i);
		STEP(seen(t, f, name, 50, i + 3, e) == 0);
	}
	STEP(net_log_prune(t, f->project, e) == 0);
	STEP(net_log_list(t, &ask, &l, e) == 0 && l.n == NET_SEEN_KEEP);
	STEP(strcmp(l.at[0].name, "a9.test") == 0);
	net_seen_list_release(&l);
	return fixture_verdict(f, e);
}

static void
what_was_asked_for_is_counted_once(void **state)
{
	OK(db_write_now(((struct fixture *)*state)->db, steps_log, *state, e));
}

static void
the_oldest_are_forgotten(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_log_bound, *state, e));
}

static void
rules_are_replaced_end_and_go(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_rules, *state, e));
}

static void
a_list_has_a_bound(void **state)
{
	OK(db_write_now(((struct fixture *)*state)->db, steps_many, *state, e));
}

static void
lockdown_and_the_upload_bound_are_kept(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_bounds, *state, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    what_was_asked_for_is_counted_once, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    the_oldest_are_forgotten, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(rules_are_replaced_end_and_go,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_list_has_a_bound, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    lockdown_and_the_upload_bound_are_kept, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
