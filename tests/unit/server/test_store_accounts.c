#include "tests/unit/server/store_fixture.h"

#include "server/domain/scope.h"
#include "server/store/db_priv.h"
#include "server/store/tokens.h"

#define SECRET_1 "0123456789abcdef0123456789abcdef01234567"
#define SECRET_2 "ffffffffffffffffffffffffffffffff01234567"

static int
steps_profile(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct user u, v;

	STEP(users_by_id(t, f->alice, &u, e) == 0);
	STEP(u.active && !u.bot && !u.no_login && !u.has_password);
	(void)snprintf(u.email, sizeof(u.email), "Alice@Example.org");
	(void)snprintf(u.full_name, sizeof(u.full_name), "Alice L");
	STEP(users_update(t, &u, e) == 0);
	STEP(users_by_email(t, "alice@example.ORG", &v, e) == 0);
	STEP(v.id == f->alice && strcmp(v.full_name, "Alice L") == 0);
	STEP_FAILS(ERR_NOTFOUND, users_by_email(t, "", &v, e));
	STEP(users_by_id(t, f->bob, &v, e) == 0);
	(void)snprintf(v.email, sizeof(v.email), "ALICE@example.org");
	STEP_FAILS(ERR_EXISTS, users_update(t, &v, e));
	STEP(users_set_password(t, f->alice, "$hash", true, e) == 0);
	STEP(users_touch(t, f->alice, 77, e) == 0);
	STEP(users_by_id(t, f->alice, &u, e) == 0);
	STEP(u.has_password && u.must_change && u.login_at == 77);
	STEP(users_delete(t, f->alice, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, users_by_email(t, "alice@example.org", &v, e));
	STEP(users_by_id(t, f->alice, &u, e) == 0 && !u.has_password);
	return fixture_verdict(f, e);
}

static void
a_profile_is_kept_and_an_address_is_one_user_s(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_profile, f, e));
}

static int
steps_list(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct users_filter w = USERS_FILTER_INIT;
	struct user_list l;
	struct user u;

	STEP(users_by_id(t, f->bob, &u, e) == 0);
	u.active = false;
	(void)snprintf(u.email, sizeof(u.email), "b@corp.example");
	STEP(users_update(t, &u, e) == 0);
	w.is_active = 0;
	STEP(users_list(t, &w, &l, e) == 0);
	STEP(l.n == 1 && l.total == 1 && l.at[0].id == f->bob);
	user_list_release(&l);
	w = USERS_FILTER_INIT;
	w.q = "CORP";
	STEP(users_list(t, &w, &l, e) == 0 && l.n == 1);
	user_list_release(&l);
	w.q_names = true;
	STEP(users_list(t, &w, &l, e) == 0 && l.n == 0);
	user_list_release(&l);
	w = USERS_FILTER_INIT;
	w.is_admin = 1;
	STEP(users_list(t, &w, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].id == f->root);
	user_list_release(&l);
	w = USERS_FILTER_INIT;
	w.sort = USERS_BY_ID;
	w.descending = true;
	w.limit = 1;
	STEP(users_list(t, &w, &l, e) == 0);
	STEP(l.n == 1 && l.total == 3);
	user_list_release(&l);
	return fixture_verdict(f, e);
}

static void
users_are_filtered_and_sorted(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_list, f, e));
}

static int
steps_rename(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct project p;
	int64_t ids[4];
	size_t n;

	STEP(users_projects(t, f->root, ids, 4, &n, e) == 0);
	STEP(n == 1 && ids[0] == f->project);
	STEP(users_rename(t, f->root, "boss", e) == 0);
	STEP(projects_by_name(t, "boss", "demo", &p, e) == 0);
	STEP(p.owner_id == f->root);
	project_release(&p);
	STEP(users_projects(t, f->root, ids, 4, &n, e) == 0 && n == 1);
	STEP_FAILS(ERR_EXISTS, users_rename(t, f->root, "Alice", e));
	STEP_FAILS(ERR_NOTFOUND, users_rename(t, 999, "new", e));
	return fixture_verdict(f, e);
}

static void
a_new_name_goes_to_the_projects(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_rename, f, e));
}

static int
steps_tokens(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct token_new n = { .user_id = f->alice,
		.kind = TOKEN_USER,
		.name = "1",
		.secret = SECRET_1,
		.scopes = scope_parse("read:issue"),
		.project_id = f->project };
	struct token_list l;
	struct token k;
	int64_t one = 0, two = 0, id = 0, count = 0;

	STEP(tokens_insert(t, &n, &one, e) == 0);
	/* The same last eight digits. */
	n.name = "laptop";
	n.secret = SECRET_2;
	n.project_id = 0;
	n.scopes = 0;
	STEP(tokens_insert(t, &n, &two, e) == 0);
	STEP(tokens_by_secret(t, SECRET_2, &k, e) == 0);
	STEP(k.id == two && k.scopes == SCOPE_ALL);
	token_release(&k);
	STEP(tokens_by_secret(t, SECRET_1, &k, e) == 0);
	STEP(k.id == one && k.scopes == scope_parse("read:issue"));
	STEP(k.project_id == f->project);
	token_release(&k);
	STEP_FAILS(ERR_NOTFOUND,
	    tokens_by_secret(
		t, "0000000000000000000000000000000001234567", &k, e));
	STEP(tokens_count(t, f->alice, &count, e) == 0 && count == 2);
	STEP(tokens_list(t, f->alice, 0, 0, &l, e) == 0);
	STEP(strcmp(l.at[0].project_name, "root/demo") == 0);
	STEP(strcmp(l.at[1].project_name, "") == 0);
	token_list_release(&l);
	STEP(tokens_find(t, f->alice, "laptop", &id, e) == 0 && id == two);
	STEP(tokens_find(t, f->alice, "1", &id, e) == 0 && id == one);
	STEP_FAILS(ERR_NOTFOUND, tokens_find(t, f->bob, "laptop", &id, e));
	n.name = "1";
	n.user_id = f->bob;
	n.secret = "1111111111111111111111111111111111111111";
	STEP(tokens_insert(t, &n, &id, e) == 0);
	n.name = "3";
	n.user_id = f->alice;
	n.secret = "2222222222222222222222222222222222222222";
	STEP(tokens_insert(t, &n, &id, e) == 0 && id == 4);
	n.name = "4";
	n.secret = "3333333333333333333333333333333333333333";
	STEP(tokens_insert(t, &n, &id, e) == 0);
	STEP_FAILS(ERR_INVALID, tokens_find(t, f->alice, "4", &id, e));
	return fixture_verdict(f, e);
}

static void
tokens_are_found_by_their_last_eight_id_or_name(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_tokens, f, e));
}

/* Rows of the schema before this one: no salt, no scopes. */
static int
steps_old(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	unsigned char hash[HASH_BYTES];
	struct token k;
	int64_t unsalted = 0;

	store_hash(SECRET_1, hash);
	STEP(db_exec(t,
		 "INSERT INTO token (hash, account_id, kind, name, last_eight,"
		 " run_id, access, branch, created_at, expires_at)"
		 " VALUES (?, ?, 1, 'old', '01234567', 0, 0, '', 1, 0)",
		 BINDS(B(hash, sizeof(hash)), I(f->alice)), NULL, e) == 0);
	STEP(tokens_by_secret(t, SECRET_1, &k, e) == 0);
	STEP(k.scopes == 0);
	token_release(&k);
	STEP(tokens_salt_old(t, e) == 0);
	STEP(db_number(t, "SELECT count(*) FROM token WHERE salt = x''", NULL,
		 &unsalted, e) == 0);
	STEP(unsalted == 0);
	STEP(tokens_by_secret(t, SECRET_1, &k, e) == 0);
	token_release(&k);
	STEP_FAILS(ERR_NOTFOUND, tokens_by_secret(t, SECRET_2, &k, e));
	return fixture_verdict(f, e);
}

static void
an_old_token_is_salted_and_goes_on(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_old, f, e));
}

static int
steps_revoked(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct token_new n = { .user_id = f->alice,
		.kind = TOKEN_USER,
		.name = "a",
		.secret = SECRET_1 };
	struct revoked_list l;
	struct user u;
	int64_t id = 0, last = -1, rows = 0;

	STEP(tokens_revoked_last(t, &last, e) == 0 && last == 0);
	STEP(tokens_insert(t, &n, &id, e) == 0);
	STEP(tokens_delete(t, f->alice, id, e) == 0);
	STEP(users_by_id(t, f->bob, &u, e) == 0);
	(void)snprintf(u.full_name, sizeof(u.full_name), "Bob");
	STEP(users_update(t, &u, e) == 0); /* takes nothing away */
	u.active = false;
	STEP(users_update(t, &u, e) == 0);
	STEP(tokens_revoked(t, 0, &l, e) == 0);
	STEP(l.n == 2 && !l.all && l.last == 2);
	STEP(l.at[0].token_id == id && l.at[0].account_id == 0);
	STEP(l.at[1].token_id == 0 && l.at[1].account_id == f->bob);
	revoked_list_release(&l);
	STEP(tokens_revoked(t, 2, &l, e) == 0 && l.n == 0 && l.last == 2);
	revoked_list_release(&l);
	for (int i = 0; i < 5100; i++) {
		STEP(tokens_insert(t, &n, &id, e) == 0);
		STEP(tokens_delete(t, f->alice, id, e) == 0);
	}
	STEP(db_number(t, "SELECT count(*) FROM revoked", NULL, &rows, e) == 0);
	STEP(rows <= 5001);
	STEP(tokens_revoked(t, 2, &l, e) == 0 && l.all);
	revoked_list_release(&l);
	return fixture_verdict(f, e);
}

static void
what_ends_is_told_once_and_forgotten_in_time(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_revoked, f, e));
}

#define WITH_DB(test) \
	cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DB(a_profile_is_kept_and_an_address_is_one_user_s),
		WITH_DB(users_are_filtered_and_sorted),
		WITH_DB(a_new_name_goes_to_the_projects),
		WITH_DB(tokens_are_found_by_their_last_eight_id_or_name),
		WITH_DB(an_old_token_is_salted_and_goes_on),
		WITH_DB(what_ends_is_told_once_and_forgotten_in_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
