#include "tests/unit/server/store_fixture.h"

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
