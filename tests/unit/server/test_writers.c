/* Whose the commits of a push are. */
#include "tests/unit/server/store_fixture.h"

#include "server/service/svc_writers.h"
#include "server/store/commit_writers.h"
#include "server/store/refs.h"

static const char zero[] = "0000000000000000000000000000000000000000";

static bool
brought(struct txn *t, struct fixture *f, const char *sha, int64_t user,
    struct err *e)
{
	bool yes = false;

	return commit_writers_has(t, f->project, sha, user, &yes, e) == 0 &&
	    yes;
}

static struct push_command
command(const char *old, const char *new_sha)
{
	static char ref[] = "refs/heads/x";
	struct push_command c = { .ref = ref };

	memcpy(c.old, old, sizeof(c.old));
	memcpy(c.new_sha, new_sha, sizeof(c.new_sha));
	return c;
}

static int
claims_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct svc_pusher alice = { .project = f->project,
		.actor = f->alice };
	const struct svc_pusher bob = { .project = f->project,
		.actor = f->bob };
	struct push_command c = command(SHA_A, SHA_B);

	STEP(refs_put(t, f->project, c.ref, SHA_A, f->root, e) == 0);
	STEP(svc_writers_claim(t, &alice, &c, e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	/* git refused it. */
	STEP(svc_writers_settle(t, &alice, &c, SHA_A, NULL, e) == 0);
	STEP(!brought(t, f, SHA_B, f->alice, e));
	/* It came, and one more with it. */
	STEP(svc_writers_claim(t, &alice, &c, e) == 0);
	STEP(svc_writers_settle(t, &alice, &c, SHA_B,
		 "[\"" SHA_B "\",\"" SHA_C "\"]", e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	STEP(brought(t, f, SHA_C, f->alice, e));
	/* Another one who pushes it elsewhere has brought nothing. */
	STEP(svc_writers_claim(t, &bob, &c, e) == 0);
	STEP(svc_writers_settle(
		 t, &bob, &c, SHA_B, "[\"" SHA_B "\",\"" SHA_C "\"]", e) == 0);
	STEP(!brought(t, f, SHA_B, f->bob, e));
	STEP(!brought(t, f, SHA_C, f->bob, e));
	return fixture_verdict(f, e);
}

static void
a_push_that_came_is_of_who_pushed_first(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, claims_job, f, e));
}

static int
doubts_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct svc_pusher alice = { .project = f->project,
		.actor = f->alice };
	struct push_command c = command(zero, SHA_B);

	STEP(refs_put(t, f->project, c.ref, SHA_C, f->root, e) == 0);
	/* Somebody else moved the branch on: it may have come in between. */
	STEP(svc_writers_claim(t, &alice, &c, e) == 0);
	STEP(svc_writers_settle(t, &alice, &c, SHA_C, NULL, e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	/* There is no branch: it did not. */
	STEP(svc_writers_settle(t, &alice, &c, NULL, NULL, e) == 0);
	STEP(!brought(t, f, SHA_B, f->alice, e));
	/* The default branch has it already. */
	STEP(refs_put(t, f->project, c.ref, SHA_B, f->root, e) == 0);
	STEP(svc_writers_claim(t, &alice, &c, e) == 0);
	STEP(svc_writers_settle(t, &alice, &c, SHA_B, "[]", e) == 0);
	STEP(!brought(t, f, SHA_B, f->alice, e));
	/* What is not known to be there already is hers. */
	STEP(svc_writers_claim(t, &alice, &c, e) == 0);
	STEP(svc_writers_settle(t, &alice, &c, SHA_B, NULL, e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	/* A deletion brings nothing. */
	c = command(SHA_B, zero);
	STEP(!svc_writers_brings(&c));
	return fixture_verdict(f, e);
}

static void
what_is_not_known_counts_against_who_claims_it(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, doubts_job, f, e));
}

static int
made_job(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const struct svc_pusher who = { .project = f->project,
		.actor = f->root,
		.writer = f->alice,
		.also = f->bob,
		.made = true };
	struct push_command c = command(SHA_A, SHA_B);

	STEP(refs_put(t, f->project, c.ref, SHA_B, f->root, e) == 0);
	STEP(svc_writers_claim(t, &who, &c, e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	STEP(brought(t, f, SHA_B, f->bob, e));
	STEP(svc_writers_settle(t, &who, &c, SHA_B, NULL, e) == 0);
	STEP(brought(t, f, SHA_B, f->alice, e));
	STEP(brought(t, f, SHA_B, f->bob, e));
	/* Who let the server make it has written nothing of it. */
	STEP(!brought(t, f, SHA_B, f->root, e));
	return fixture_verdict(f, e);
}

static void
what_the_server_makes_is_of_whose_words_are_in_it(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, made_job, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_push_that_came_is_of_who_pushed_first, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_not_known_counts_against_who_claims_it,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    what_the_server_makes_is_of_whose_words_are_in_it,
		    fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
