#include "tests/unit/server/store_fixture.h"

#include "server/domain/items.h"
#include "server/domain/work.h"
#include "server/store/issues.h"
#include "server/store/refs.h"
#include "server/store/seed.h"
#include "server/store/tickets.h"
#include "server/store/tokens.h"

#define SECRET_1 "0123456789abcdef0123456789abcdef01234567"
#define SECRET_2 "ffffffffffffffffffffffffffffffff01234567"

static int
steps_users(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct user u;
	struct user_list l;
	struct users_filter two = USERS_FILTER_INIT;
	int64_t id = 0;
	enum role role;

	two.limit = 2;
	two.offset = 1;
	STEP_FAILS(
	    ERR_EXISTS, users_insert(t, "ALICE", USER_PERSON, 1, &id, e));
	STEP(users_by_name(t, "Alice", &u, e) == 0);
	STEP(u.id == f->alice && strcmp(u.login, "alice") == 0);
	STEP(u.kind == USER_PERSON && !u.deleted);
	STEP_FAILS(ERR_NOTFOUND, users_by_name(t, "carol", &u, e));
	STEP(users_list(t, &two, &l, e) == 0);
	STEP(l.n == 2 && l.total == 3);
	STEP(strcmp(l.at[0].login, "bob") == 0);
	user_list_release(&l);
	STEP(roles_get(t, f->project, f->alice, &role, e) == 0);
	STEP(role == ROLE_MAINTAINER);
	STEP(roles_get(t, f->project, f->root, &role, e) == 0);
	STEP(role == ROLE_ADMIN);
	STEP(roles_get(t, f->project, f->bob, &role, e) == 0);
	STEP(role == ROLE_NONE);
	STEP(roles_set(t, f->project, f->bob, ROLE_READER, e) == 0);
	STEP(roles_set(t, f->project, f->bob, ROLE_MAINTAINER, e) == 0);
	STEP_FAILS(ERR_INVALID, roles_set(t, f->project, f->bob, ROLE_NONE, e));
	STEP_FAILS(ERR_NOTFOUND, roles_set(t, 999, f->bob, ROLE_READER, e));
	STEP(roles_remove(t, f->project, f->bob, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, roles_remove(t, f->project, f->bob, e));
	STEP(users_delete(t, f->alice, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, users_delete(t, f->alice, e));
	STEP(users_by_id(t, f->alice, &u, e) == 0 && u.deleted);
	STEP_FAILS(ERR_NOTFOUND, users_by_name(t, "alice", &u, e));
	STEP_FAILS(
	    ERR_EXISTS, users_insert(t, "alice", USER_PERSON, 1, &id, e));
	STEP(roles_get(t, f->project, f->alice, &role, e) == 0);
	STEP(role == ROLE_NONE);
	return fixture_verdict(f, e);
}

static void
users_have_unique_names_and_roles(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_users, f, e));
}

static int
steps_tokens(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct token_new n = {
		.user_id = f->alice,
		.kind = TOKEN_USER,
		.name = "laptop",
		.secret = SECRET_1,
		.now = 5,
	};
	struct token_new r = {
		.user_id = f->bob,
		.kind = TOKEN_RUN,
		.name = "run",
		.secret = SECRET_2,
		.run_id = 9,
		.project_id = f->project,
		.access = ACCESS_WRITE,
		.branch = "refs/heads/agent/fix-1",
		.expires_at = 100,
		.now = 5,
	};
	struct token k;
	struct token_list l;
	int64_t id = 0, run_token = 0;

	STEP(tokens_insert(t, &n, &id, e) == 0);
	n.secret = "1111111111111111111111111111111111111111";
	STEP_FAILS(ERR_EXISTS, tokens_insert(t, &n, &run_token, e));
	n.secret = "short";
	STEP_FAILS(ERR_INVALID, tokens_insert(t, &n, &run_token, e));
	STEP(tokens_insert(t, &r, &run_token, e) == 0);
	STEP(tokens_by_secret(t, SECRET_1, &k, e) == 0);
	STEP(k.id == id && k.user_id == f->alice && k.project_id == 0);
	STEP(strcmp(k.last_eight, "01234567") == 0);
	STEP(strcmp(k.login, "alice") == 0 && k.used_at == 0);
	token_release(&k);
	STEP(tokens_by_secret(t, SECRET_2, &k, e) == 0);
	STEP(k.kind == TOKEN_RUN && k.run_id == 9 && k.expires_at == 100);
	STEP(k.project_id == f->project && k.access == ACCESS_WRITE);
	STEP(strcmp(k.branch, "refs/heads/agent/fix-1") == 0);
	token_release(&k);
	STEP_FAILS(ERR_NOTFOUND, tokens_by_secret(t, "x", &k, e));
	STEP(tokens_touch(t, id, 70000, e) == 0);
	STEP(tokens_touch(t, id, 70001, e) == 0);
	STEP(tokens_list(t, f->alice, 0, 0, &l, e) == 0);
	STEP(l.n == 1 && l.total == 1 && l.at[0].used_at == 70000);
	token_list_release(&l);
	STEP_FAILS(ERR_NOTFOUND, tokens_delete(t, f->bob, id, e));
	STEP_FAILS(ERR_NOTFOUND, tokens_delete(t, f->bob, run_token, e));
	STEP(tokens_delete(t, f->alice, id, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, tokens_by_secret(t, SECRET_1, &k, e));
	STEP(tokens_delete_expired(t, 99, e) == 0);
	STEP(tokens_by_secret(t, SECRET_2, &k, e) == 0);
	token_release(&k);
	STEP(tokens_delete_by_run(t, 9, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, tokens_by_secret(t, SECRET_2, &k, e));
	return fixture_verdict(f, e);
}

static void
tokens_are_found_by_secret_and_die_with_their_run(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_tokens, f, e));
}

static int
steps_web(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char secret[TOKEN_SECRET_HEX + 1];
	struct token_new n = { .user_id = f->alice,
		.kind = TOKEN_USER,
		.name = "by",
		.secret = SECRET_1,
		.expires_at = 100,
		.now = 5 };
	struct token_list l;
	struct token k;
	int64_t by = 0, id = 0, last = 0;

	STEP(tokens_insert(t, &n, &by, e) == 0);
	n.secret = secret;
	tokens_make_secret(secret);
	STEP(tokens_insert_web(t, &n, by, &id, e) == 0);
	STEP(tokens_by_secret(t, secret, &k, e) == 0);
	STEP(k.kind == TOKEN_WEB && k.id == id && k.expires_at == 100);
	token_release(&k);
	STEP(tokens_list(t, f->alice, 0, 0, &l, e) == 0 && l.total == 1);
	token_list_release(&l);
	STEP(tokens_delete(t, f->alice, by, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, tokens_by_secret(t, secret, &k, e));
	for (int i = 0; i < TOKENS_WEB_MAX + 3; i++) {
		tokens_make_secret(secret);
		STEP(tokens_insert_web(t, &n, 0, &last, e) == 0);
	}
	STEP(tokens_list_web(t, f->alice, 6, &l, e) == 0);
	STEP(l.n == TOKENS_WEB_MAX && l.at[0].id == last);
	token_list_release(&l);
	STEP(tokens_list_web(t, f->alice, 100, &l, e) == 0 && l.n == 0);
	STEP(tokens_delete_web(t, f->bob, last, false, e) == 0);
	STEP(tokens_delete_web(t, f->alice, last, true, e) == 0);
	STEP(tokens_list_web(t, f->alice, 6, &l, e) == 0);
	STEP(l.n == 1 && l.at[0].id == last);
	token_list_release(&l);
	STEP(users_set_password(t, f->alice, "x", false, e) == 0);
	STEP(tokens_list_web(t, f->alice, 6, &l, e) == 0 && l.n == 0);
	return fixture_verdict(f, e);
}

static void
sessions_of_browsers_end(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_web, f, e));
}

/* Who may not, or is no person, or must see to his password first. */
static int
steps_web_barred(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	char secret[TOKEN_SECRET_HEX + 1];
	struct token_new n = { .user_id = f->alice,
		.secret = secret,
		.expires_at = 100,
		.now = 5 };
	struct revoked_list gone;
	struct token_list l;
	struct user was, u;
	int64_t id = 0, last = 0;

	STEP(users_by_id(t, f->alice, &was, e) == 0);
	for (int i = 0; i < 5; i++) {
		u = was;
		u.active = i != 1;
		u.no_login = i == 2;
		u.must_change = i == 3;
		u.bot = i == 4;
		STEP(users_update(t, &was, e) == 0);
		tokens_make_secret(secret);
		STEP(tokens_insert_web(t, &n, 0, &id, e) == 0);
		STEP(users_update(t, &was, e) == 0);
		STEP(tokens_revoked_last(t, &last, e) == 0);
		STEP(users_update(t, &u, e) == 0);
		STEP(tokens_list_web(t, f->alice, 6, &l, e) == 0);
		STEP(l.n == (i == 0 ? 1 : 0));
		token_list_release(&l);
		STEP(tokens_revoked(t, last, &gone, e) == 0);
		STEP((gone.n > 0) == (i != 0));
		revoked_list_release(&gone);
	}
	return fixture_verdict(f, e);
}

static void
who_may_not_sign_in_has_no_session(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_web_barred, f, e));
}

static int
steps_tickets(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct ticket_new n = {
		.secret = SECRET_1,
		.user_id = f->alice,
		.project_id = f->project,
		.verb = "attach",
		.expires_at = 30,
	};
	struct ticket k;

	STEP(tickets_insert(t, &n, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, tickets_redeem(t, SECRET_2, 10, &k, e));
	STEP_FAILS(ERR_NOTFOUND, tickets_redeem(t, SECRET_1, 30, &k, e));
	STEP(tickets_redeem(t, SECRET_1, 29, &k, e) == 0);
	STEP(k.user_id == f->alice && k.project_id == f->project);
	STEP(strcmp(k.login, "alice") == 0);
	STEP(strcmp(k.project_name, "root/demo") == 0);
	STEP(strcmp(k.verb, "attach") == 0);
	STEP_FAILS(ERR_NOTFOUND, tickets_redeem(t, SECRET_1, 29, &k, e));
	STEP(tickets_insert(t, &n, e) == 0);
	STEP(tickets_delete_expired(t, 30, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, tickets_redeem(t, SECRET_1, 1, &k, e));
	return fixture_verdict(f, e);
}

static void
a_ticket_is_good_once_and_not_for_long(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_tickets, f, e));
}

static int
steps_settings(struct txn *t, void *arg, struct err *e)
{
	static const char *const argv[] = { "agent", "--quote", "a \"b\"\n" };
	struct fixture *f = arg;
	struct project p;
	struct project_settings s;
	int64_t generation = 0;

	STEP(projects_by_id(t, f->project, &p, e) == 0);
	STEP(p.settings.interval_s == 60 && p.settings.agent_command_n == 0);
	STEP(p.settings.disk == 4294967296);
	STEP(!p.settings.hold && p.settings.keep_days == 90);
	STEP(p.mirror.state == MIRROR_NEW && p.state == PROJECT_ACTIVE);
	STEP(p.sandbox.want == WANT_RUNNING);
	STEP(p.sandbox.state == SANDBOX_ABSENT);
	project_settings_copy(&s, &p.settings);
	project_release(&p);
	s.network = NETWORK_NONE;
	s.pickup = true;
	s.hold = true;
	s.keep_days = 3650;
	project_settings_set_agent(&s, "claude");
	project_settings_set_command(&s, argv, 3);
	sandbox_options_set_text(&s.sandbox, &sandbox_option_rows[0], "python");
	sandbox_options_set_list(&s.sandbox, &sandbox_option_rows[5], argv, 3);
	STEP(projects_set_settings(t, f->project, &s, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, projects_set_settings(t, 99, &s, e));
	project_settings_release(&s);
	STEP(projects_by_upstream_name(t, "DEMO", &p, e) == 0);
	STEP(p.settings.network == NETWORK_NONE && p.settings.pickup);
	STEP(p.settings.hold && p.settings.keep_days == 3650);
	STEP(strcmp(p.settings.agent, "claude") == 0);
	STEP(p.settings.agent_command_n == 3);
	STEP(strcmp(p.settings.agent_command[2], argv[2]) == 0);
	STEP(p.settings.agent_command[3] == NULL);
	STEP(strcmp(p.settings.sandbox.profile, "python") == 0);
	STEP(p.settings.sandbox.entrypoint.n == 3);
	STEP(strcmp(p.settings.sandbox.entrypoint.v[1], argv[1]) == 0);
	STEP(p.sandbox.generation == 0);
	STEP(projects_renew_sandbox(t, f->project, &generation, e) == 0);
	STEP(generation == 1);
	project_release(&p);
	return fixture_verdict(f, e);
}

static void
settings_survive_the_database(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_settings, f, e));
}

static int
steps_mirror(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct mirror_state m = { .state = MIRROR_OK,
		.refs = 3,
		.last_ok_at = 50,
		.next_at = FIXTURE_NOW + 500 };
	struct project p;
	int64_t ids[4], next = 0, changed = 0;
	size_t n = 0;

	STEP(projects_due(t, FIXTURE_NOW, ids, 4, &n, &next, e) == 0);
	STEP(n == 1 && ids[0] == f->project && next == 0);
	STEP(projects_move_mirror(
		 t, f->project, MIRROR_NEW, MIRROR_SYNCING, e) == 0);
	STEP_FAILS(ERR_BUSY,
	    projects_move_mirror(t, f->project, MIRROR_NEW, MIRROR_SYNCING, e));
	STEP(projects_due(t, FIXTURE_NOW, ids, 4, &n, &next, e) == 0);
	STEP(n == 0 && next == 0);
	STEP(projects_reset_syncing(t, 7, &changed, e) == 0 && changed == 1);
	STEP(projects_set_mirror(t, f->project, &m, e) == 0);
	STEP(projects_due(t, FIXTURE_NOW, ids, 4, &n, &next, e) == 0);
	STEP(n == 0 && next == FIXTURE_NOW + 500);
	m.next_at = 1;
	STEP(projects_set_mirror(t, f->project, &m, e) == 0);
	STEP(projects_due(t, FIXTURE_NOW, ids, 0, &n, &next, e) == 0);
	STEP(n == 0 && next == 1);
	STEP(projects_by_name(t, "root", "demo", &p, e) == 0);
	STEP(p.mirror.refs == 3 && p.mirror.last_ok_at == 50);
	STEP(p.mirror.last_error[0] == '\0');
	project_release(&p);
	STEP_FAILS(ERR_NOTFOUND, projects_by_name(t, "bob", "demo", &p, e));
	return fixture_verdict(f, e);
}

static void
a_mirror_is_due_when_its_time_came(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_mirror, f, e));
}

static int
steps_purge(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct sandbox_state s = { .state = SANDBOX_RUNNING, .updated_at = 3 };
	struct issue_new issue = { .project_id = f->project,
		.author_id = f->alice,
		.title = "t",
		.body = "b" };
	struct project_filter filter = { .viewer = f->alice };
	struct project_list l;
	struct issue i;
	int64_t number = 0;

	STEP(projects_set_sandbox(t, f->project, &s, e) == 0);
	STEP(projects_set_want(t, f->project, WANT_STOPPED, 4, e) == 0);
	STEP(issues_insert(t, &issue, &number, e) == 0);
	STEP(
	    refs_put(t, f->project, "refs/heads/main", SHA_A, f->root, e) == 0);
	STEP(projects_list(t, &filter, &l, e) == 0);
	STEP(l.n == 1 && l.total == 1);
	STEP(l.at[0].sandbox.want == WANT_STOPPED);
	STEP(l.at[0].sandbox.state == SANDBOX_RUNNING);
	project_list_release(&l);
	filter.viewer = f->bob;
	STEP(projects_list(t, &filter, &l, e) == 0 && l.total == 0);
	filter = (struct project_filter){ .q = "EM" };
	STEP(projects_list(t, &filter, &l, e) == 0 && l.total == 1);
	project_list_release(&l);
	STEP_FAILS(ERR_BUSY, projects_purge(t, f->project, e));
	STEP(projects_set_deleting(t, f->project, 9, e) == 0);
	STEP_FAILS(ERR_BUSY, projects_set_deleting(t, f->project, 9, e));
	STEP_FAILS(ERR_NOTFOUND, issues_insert(t, &issue, &number, e));
	STEP(projects_purge(t, f->project, e) == 0);
	STEP_FAILS(ERR_NOTFOUND, issues_get(t, f->project, 1, &i, e));
	return fixture_verdict(f, e);
}

static void
a_purged_project_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct project p;

	OK(db_write_now(f->db, steps_purge, f, e));
	FAILS(
	    ERR_NOTFOUND, projects_by_id(db_reader(f->db), f->project, &p, e));
}

static int
steps_refs(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct kept_new k = { .project_id = f->project,
		.kept = "refs/coffer/kept/1/refs/heads/x",
		.ref = "refs/heads/x",
		.sha = SHA_A,
		.why = "forced",
		.now = 5 };
	struct ref_row_list l;
	struct kept_ref_list kl;
	char sha[SHA_HEX + 1], name[32];

	for (int i = 0; i < DB_LIST_MAX + 5; i++) {
		(void)snprintf(name, sizeof(name), "refs/heads/b%05d", i);
		STEP(refs_put(t, f->project, name, SHA_A, f->root, e) == 0);
	}
	STEP(refs_put(t, f->project, "refs/heads/b00000", SHA_B, f->root, e) ==
	    0);
	STEP(refs_list(t, f->project, "", &l, e) == 0);
	STEP(l.n == DB_LIST_MAX && l.more);
	STEP(strcmp(l.at[0].sha, SHA_B) == 0);
	(void)snprintf(name, sizeof(name), "%s", l.at[l.n - 1].ref);
	ref_row_list_release(&l);
	STEP(refs_list(t, f->project, name, &l, e) == 0);
	STEP(l.n == 5 && !l.more);
	ref_row_list_release(&l);
	STEP(refs_delete(t, f->project, "refs/heads/b00000", e) == 0);
	STEP(refs_get(t, f->project, "refs/heads/b00000", sha, e) == 0);
	STEP(sha[0] == '\0');
	STEP(kept_put(t, &k, e) == 0);
	STEP(kept_list(t, f->project, 0, 10, 0, &kl, e) == 0);
	STEP(kl.n == 1 && strcmp(kl.at[0].ref, "refs/heads/x") == 0);
	kept_ref_list_release(&kl);
	STEP(kept_list(t, f->project, 5, 10, 0, &kl, e) == 0 && kl.n == 0);
	return fixture_verdict(f, e);
}

static void
refs_are_listed_in_bounded_pages(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_refs, f, e));
}

static void
seeding_twice_changes_nothing_and_keeps_the_files_secrets(void **state)
{
	struct fixture *f = *state;
	struct seed_secrets s = { .admin = SECRET_1 }, again;
	struct token_list l;
	struct token k;
	struct user u;

	OK(store_init_home(f->db, &s, FIXTURE_NOW, e));
	assert_string_equal(s.admin, SECRET_1);
	assert_int_equal(strlen(s.runner), TOKEN_SECRET_HEX);
	assert_int_equal(strlen(s.agentd), TOKEN_SECRET_HEX);
	again = s;
	OK(store_init_home(f->db, &again, FIXTURE_NOW, e));
	assert_memory_equal(&s, &again, sizeof(s));
	OK(tokens_by_secret(db_reader(f->db), s.runner, &k, e));
	assert_string_equal(k.login, "ci");
	assert_int_equal(k.user_kind, USER_CI);
	token_release(&k);
	OK(users_by_name(db_reader(f->db), SEED_AGENT, &u, e));
	assert_int_equal(u.kind, USER_AGENT);
	OK(tokens_list(db_reader(f->db), u.id, 0, 0, &l, e));
	assert_int_equal(l.total, 0);
}

static void
a_lost_secret_is_made_anew_and_a_swapped_one_refused(void **state)
{
	struct fixture *f = *state;
	struct seed_secrets s = { .admin = SECRET_1 }, again;

	OK(store_init_home(f->db, &s, FIXTURE_NOW, e));
	again = s;
	again.agentd[0] = '\0';
	OK(store_init_home(f->db, &again, FIXTURE_NOW, e));
	assert_string_not_equal(again.agentd, s.agentd);
	assert_string_equal(again.admin, s.admin);
	/* A file that holds somebody else's token. */
	again = s;
	(void)snprintf(again.admin, sizeof(again.admin), "%s", s.runner);
	FAILS(ERR_EXISTS, store_init_home(f->db, &again, FIXTURE_NOW, e));
}

static void
words_go_both_ways(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i++) {
		const char *run = run_state_name((enum run_state)i);
		const char *job = job_state_name((enum job_state)i);

		if (run[0] != '\0')
			assert_int_equal(run_state_parse(run), i);
		if (job[0] != '\0')
			assert_int_equal(job_state_parse(job), i);
	}
	assert_string_equal(run_state_name(RUN_TIMED_OUT), "timed_out");
	assert_string_equal(run_state_name(RUN_BUDGET), "budget");
	assert_int_equal(run_state_parse(""), -1);
	assert_int_equal(network_parse("wide"), -1);
	assert_int_equal(access_parse("scratch"), ACCESS_SCRATCH);
	assert_int_equal(review_state_parse("APPROVED"), REVIEW_APPROVED);
	assert_int_equal(status_state_parse("failure"), STATUS_FAILURE);
	assert_string_equal(user_kind_name(USER_PERSON), "user");
	assert_true(run_state_is_end(RUN_DONE));
	assert_false(run_state_is_end(RUN_FINISHING));
	assert_true(job_state_is_end(JOB_SUPERSEDED));
	assert_false(job_state_is_end(JOB_RUNNING));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
		T(users_have_unique_names_and_roles),
		T(tokens_are_found_by_secret_and_die_with_their_run),
		T(sessions_of_browsers_end),
		T(who_may_not_sign_in_has_no_session),
		T(a_ticket_is_good_once_and_not_for_long),
		T(settings_survive_the_database),
		T(a_mirror_is_due_when_its_time_came),
		T(a_purged_project_leaves_nothing),
		T(refs_are_listed_in_bounded_pages),
		T(seeding_twice_changes_nothing_and_keeps_the_files_secrets),
		T(a_lost_secret_is_made_anew_and_a_swapped_one_refused),
		cmocka_unit_test(words_go_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
