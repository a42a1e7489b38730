#include "tests/unit/server/store_fixture.h"

#include "server/store/fetches.h"

static struct fetched
one(const struct fixture *f, int n)
{
	struct fetched x = { .project_id = f->project,
		.item = n % 2 == 0 ? 7 : 0,
		.by.id = f->alice,
		.received_at = FIXTURE_NOW + n,
		.key = "k1",
		.result = "applied",
		.how = "staged",
		.branch = "agent/x",
		.head = SHA_A,
		.base = SHA_B };
	static char text[] = "the text";

	(void)snprintf(x.sha256, sizeof(x.sha256), "%064d", n);
	x.text = text;
	return x;
}

static int
steps_rows(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct fetched_list *l = xcalloc(1, sizeof(*l));
	struct fetched x = one(f, 0), got;
	int64_t owner = 0, id = 0, again = 0, n = 0;
	bool fresh = false;

	STEP(fetches_take_key(
		 t, "k1", f->alice, FIXTURE_NOW, &owner, &fresh, e) == 0);
	STEP(owner == f->alice && fresh);
	STEP(fetches_take_key(
		 t, "k1", f->bob, FIXTURE_NOW, &owner, &fresh, e) == 0);
	STEP(owner == f->alice && !fresh);
	STEP(fetches_keys(t, f->alice, &n, e) == 0 && n == 1);
	STEP(fetches_keys(t, f->bob, &n, e) == 0 && n == 0);
	STEP(fetches_add(t, &x, &id, &fresh, e) == 0 && fresh);
	STEP(fetches_add(t, &x, &again, &fresh, e) == 0 && !fresh);
	STEP(again == id);
	x = one(f, 1);
	STEP(fetches_add(t, &x, &again, &fresh, e) == 0 && fresh);
	STEP(fetches_list(t, f->project, 0, "", 50, 0, l, e) == 0);
	STEP(l->n == 2 && l->total == 2 && l->at[0].id == again);
	STEP(strcmp(l->at[0].by.login, "alice") == 0 && l->at[0].text == NULL);
	STEP(fetches_list(t, f->project, 7, "", 50, 0, l, e) == 0);
	STEP(l->n == 1 && l->at[0].id == id && l->at[0].item == 7);
	STEP(fetches_list(t, f->project, 0, "k2", 50, 0, l, e) == 0);
	STEP(l->n == 0);
	STEP(fetches_list(t, f->project, 0, "k1", 1, 1, l, e) == 0);
	STEP(l->n == 1 && l->total == 2 && l->at[0].id == id);
	STEP(fetches_get(t, f->project, id, &got, e) == 0);
	STEP(strcmp(got.text, "the text") == 0 && got.key_since == FIXTURE_NOW);
	STEP(strcmp(got.how, "staged") == 0 && strcmp(got.head, SHA_A) == 0);
	fetched_release(&got);
	STEP_FAILS(ERR_NOTFOUND, fetches_get(t, f->project + 1, id, &got, e));
	STEP(fetches_pull_of(t, f->project, "agent/x", &n, e) == 0 && n == 0);
	free(l);
	return fixture_verdict(f, e);
}

static int
steps_many(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct fetched_list *l = xcalloc(1, sizeof(*l));
	int64_t id = 0;
	bool fresh = false;

	STEP(fetches_take_key(t, "k1", f->alice, FIXTURE_NOW, &id, &fresh, e) ==
	    0);
	for (int i = 0; i < FETCH_KEPT + 3; i++) {
		struct fetched x = one(f, i);

		STEP(fetches_add(t, &x, &id, &fresh, e) == 0 && fresh);
	}
	STEP(fetches_list(t, f->project, 0, "", 100, 0, l, e) == 0);
	STEP(l->total == FETCH_KEPT && l->n == FETCH_LIST_MAX);
	STEP(l->at[0].id == id);
	free(l);
	return fixture_verdict(f, e);
}

static void
a_record_is_kept_once_and_found_by_pull_and_key(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_rows, f, e));
}

static void
the_oldest_go_beyond_what_is_kept(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_many, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_record_is_kept_once_and_found_by_pull_and_key,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    the_oldest_go_beyond_what_is_kept, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
