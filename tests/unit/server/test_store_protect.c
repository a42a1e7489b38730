#include "tests/unit/server/store_fixture.h"

#include "server/store/auto_merges.h"
#include "server/store/issues.h"
#include "server/store/protections.h"

static int
add(struct txn *t, const struct fixture *f, const char *name, int64_t priority,
    int64_t *id, struct err *e)
{
	struct protect_rule r = { .project_id = f->project,
		.priority = priority,
		.created_at = FIXTURE_NOW,
		.updated_at = FIXTURE_NOW,
		.flags = UINT64_C(1) << PROTECT_PUSH,
		.approvals = 2 };
	int rc;

	r.name = xstrdup(name);
	protect_rule_add_context(&r, "ci/*");
	protect_rule_add_user(&r, PROTECT_MAY_PUSH, f->alice, "alice");
	protect_rule_add_user(&r, PROTECT_MAY_MERGE, f->bob, "bob");
	rc = protections_insert(t, &r, id, e);
	protect_rule_release(&r);
	return rc;
}

static int
steps_rules(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct protect_list l;
	struct protect_rule r;
	int64_t one, two;

	STEP(add(t, f, "main", 0, &one, e) == 0);
	STEP(add(t, f, "release/*", 0, &two, e) == 0);
	STEP_FAILS(ERR_EXISTS, add(t, f, "main", 0, &two, e));
	STEP(protections_list(t, f->project, &l, e) == 0 && l.n == 2);
	STEP(l.at[0].id == one && l.at[0].priority == 1);
	STEP(l.at[1].priority == 2 && l.at[1].n_contexts == 1);
	STEP(protect_in_list(&l.at[1], PROTECT_MAY_MERGE, f->bob));
	STEP(protections_set_priority(t, f->project, l.at[1].id, 0, e) == 0);
	protect_list_release(&l);
	STEP(protections_get(t, f->project, "main", &r, e) == 0);
	STEP(r.approvals == 2 && r.people[PROTECT_MAY_PUSH].n == 1);
	r.people[PROTECT_MAY_PUSH].n = 0;
	r.flags = 0;
	STEP(protections_update(t, &r, e) == 0);
	protect_rule_release(&r);
	STEP(protections_list(t, f->project, &l, e) == 0 && l.n == 2);
	STEP(l.at[1].id == one && l.at[1].flags == 0);
	STEP(l.at[1].people[PROTECT_MAY_PUSH].n == 0);
	protect_list_release(&l);
	STEP(users_delete(t, f->bob, e) == 0);
	STEP(protections_get(t, f->project, "main", &r, e) == 0);
	STEP(r.people[PROTECT_MAY_MERGE].n == 0);
	protect_rule_release(&r);
	STEP(protections_delete(t, f->project, "main", e) == 0);
	STEP_FAILS(ERR_NOTFOUND, protections_delete(t, f->project, "main", e));
	return fixture_verdict(f, e);
}

static void
rules_are_kept_in_their_order(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_rules, *state, e));
}

static int
steps_limit(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	int64_t id;
	char name[32];

	for (int i = 0; i < PROTECT_RULES_MAX; i++) {
		(void)snprintf(name, sizeof(name), "b%d", i);
		STEP(add(t, f, name, 0, &id, e) == 0);
	}
	STEP_FAILS(ERR_INVALID, add(t, f, "more", 0, &id, e));
	return fixture_verdict(f, e);
}

static void
a_project_has_a_bounded_number_of_rules(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_limit, *state, e));
}

static int
steps_waiting(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct issue_new n = { .project_id = f->project,
		.author_id = f->alice,
		.title = "t",
		.body = "",
		.now = FIXTURE_NOW };
	struct auto_merge m = { .project_id = f->project,
		.user_id = f->alice,
		.at = FIXTURE_NOW,
		.style = MERGE_STYLE_SQUASH,
		.delete_branch = true };
	struct auto_merge_list l;
	int64_t ids[4];
	size_t count;

	STEP(issues_insert(t, &n, &m.number, e) == 0);
	memcpy(m.head_sha, SHA_A, sizeof(m.head_sha));
	STEP(auto_merges_insert(t, &m, e) == 0);
	STEP_FAILS(ERR_EXISTS, auto_merges_insert(t, &m, e));
	STEP(auto_merges_projects(t, 0, ids, 4, &count, e) == 0 && count == 1);
	STEP(ids[0] == f->project);
	STEP(auto_merges_list(t, f->project, &l, e) == 0 && l.n == 1);
	STEP(l.at[0].style == MERGE_STYLE_SQUASH && l.at[0].delete_branch);
	STEP(strcmp(l.at[0].head_sha, SHA_A) == 0 && l.at[0].title[0] == '\0');
	auto_merge_list_release(&l);
	STEP(auto_merges_delete(t, f->project, m.number, e) == 0);
	STEP_FAILS(
	    ERR_NOTFOUND, auto_merges_get(t, f->project, m.number, &m, e));
	return fixture_verdict(f, e);
}

static void
a_pull_request_waits_once(void **state)
{
	OK(db_write_now(
	    ((struct fixture *)*state)->db, steps_waiting, *state, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(rules_are_kept_in_their_order,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_project_has_a_bounded_number_of_rules, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_pull_request_waits_once, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
