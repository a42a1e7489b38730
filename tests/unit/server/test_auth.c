#include "tests/unit/server/store_fixture.h"

#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/auth/auth.h"
#include "server/domain/scope.h"
#include "server/store/tokens.h"

#define SECRET "0123456789abcdef0123456789abcdef01234567"
#define SECRET_CI "1123456789abcdef0123456789abcdef01234567"
#define SECRET_RUN "2123456789abcdef0123456789abcdef01234567"
#define SECRET_SESSION "3123456789abcdef0123456789abcdef01234567"
#define SECRET_OLD "4123456789abcdef0123456789abcdef01234567"
#define SECRET_BOB "5123456789abcdef0123456789abcdef01234567"

struct form {
	const char *header;
	int rc; /* 1: no credential */
};

static const struct form forms[] = {
	{ "Bearer " SECRET, 0 },
	{ "bearer " SECRET, 0 },
	{ "BEARER   " SECRET "  ", 0 },
	{ "  token " SECRET, 0 },
	{ "Token " SECRET, 0 },
	{ "", 1 },
	{ "   ", 1 },
	{ "Bearer", -1 },
	{ "Bearer ", -1 },
	{ SECRET, -1 },
	{ "Bearer" SECRET, -1 },
	{ "Bearer " SECRET "0", -1 },
	{ "Bearer 0123456789ABCDEF0123456789abcdef01234567", -1 },
	{ "Bearer g123456789abcdef0123456789abcdef01234567", -1 },
	{ "Bearer 0123456789abcdef", -1 },
	{ "Bearer " SECRET " " SECRET, -1 },
	{ "Bearer " SECRET ",Basic x", -1 },
	{ "Digest " SECRET, -1 },
	{ "Basic", -1 },
	{ "Basic ", -1 },
	{ "Basic ====", -1 },
	{ "Basic !!", -1 },
};

static void
header_forms_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct credential c;
		struct err e = ERR_INIT;
		int rc = credential_parse(view_of(forms[i].header), &c, &e);

		if (rc == 0 && c.kind == CREDENTIAL_NONE)
			rc = 1;
		if (rc != forms[i].rc)
			fail_msg("\"%s\": %d", forms[i].header, rc);
		assert_string_equal(c.secret, rc == 0 ? SECRET : "");
		if (rc == -1)
			assert_string_equal(e.msg, AUTH_TEXT_BAD);
	}
}

static int
parse_basic(const char *pair, struct credential *c)
{
	AUTO_STR struct str header = STR_INIT;
	struct err e = ERR_INIT;

	str_add(&header, "Basic ");
	esc_base64(&header, view_of(pair));
	return credential_parse(str_view(&header), c, &e);
}

static void
basic_is_a_token_or_a_name_and_a_password(void **state)
{
	static const char *const tokens[] = { "git:" SECRET, ":" SECRET,
		SECRET ":", SECRET ":x-oauth-basic", "x-access-token:" SECRET };
	static const char *const bad[] = { SECRET, ":", ":x", "a/b:secret",
		"a b:secret", "..:secret", "bob:", "bob:x-oauth-basic" };
	struct credential c;
	char lots[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_int_equal(parse_basic(tokens[i], &c), 0);
		assert_int_equal(c.kind, CREDENTIAL_TOKEN);
		assert_string_equal(c.secret, SECRET);
	}
	assert_int_equal(parse_basic("bob:a:b", &c), 0);
	assert_int_equal(c.kind, CREDENTIAL_PASSWORD);
	assert_string_equal(c.login, "bob");
	assert_string_equal(c.password, "a:b");
	assert_string_equal(c.secret, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(parse_basic(bad[i], &c), -1);
		assert_string_equal(c.login, "");
	}
	memset(lots, 'a', sizeof(lots) - 1);
	lots[3] = ':';
	lots[600] = '\0';
	assert_int_equal(parse_basic(lots, &c), -1);
	lots[4 + CREDENTIAL_PASSWORD_MAX + 1] = '\0';
	assert_int_equal(parse_basic(lots, &c), -1);
	lots[4 + CREDENTIAL_PASSWORD_MAX] = '\0';
	assert_int_equal(parse_basic(lots, &c), 0);
}

static int
seed_tokens(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	int64_t id = 0, ci = 0, agent = 0;

	STEP(users_insert(t, "ci", USER_CI, 1, &ci, e) == 0);
	STEP(users_insert(t, "agent", USER_AGENT, 1, &agent, e) == 0);
	const struct token_new rows[] = {
		{ .user_id = f->root, .secret = SECRET, .kind = TOKEN_USER },
		{ .user_id = ci, .secret = SECRET_CI, .kind = TOKEN_USER },
		{ .user_id = f->bob, .secret = SECRET_BOB, .kind = TOKEN_USER },
		{ .user_id = f->alice,
		    .secret = SECRET_OLD,
		    .kind = TOKEN_USER,
		    .expires_at = 100 },
		{ .user_id = agent,
		    .secret = SECRET_RUN,
		    .kind = TOKEN_RUN,
		    .run_id = 4,
		    .project_id = f->project,
		    .access = ACCESS_WRITE,
		    .branch = "refs/heads/agent/fix-1",
		    .expires_at = 200 },
		{ .user_id = f->alice,
		    .secret = SECRET_SESSION,
		    .kind = TOKEN_SESSION,
		    .project_id = f->project,
		    .access = ACCESS_WRITE },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct token_new n = rows[i];

		n.name = n.secret;
		STEP(tokens_insert(t, &n, &id, e) == 0);
	}
	STEP(users_delete(t, f->bob, e) == 0);
	return fixture_verdict(f, e);
}

struct who {
	const char *header;
	const char *label;
	int64_t now;
	int rc;
	enum identity_kind kind;
};

/* The project of the fixture has the id 1. */
static const struct who asked[] = {
	{ NULL, "", 1, 0, IDENTITY_NONE },
	{ "", "1", 1, 0, IDENTITY_NONE },
	{ "Bearer " SECRET, "", 1, 0, IDENTITY_ADMIN },
	{ "Bearer " SECRET, "1", 1, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_CI, "", 1, 0, IDENTITY_CI },
	{ "Bearer " SECRET_BOB, "", 1, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_OLD, "", 99, 0, IDENTITY_USER },
	{ "Bearer " SECRET_OLD, "", 100, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_RUN, "1", 199, 0, IDENTITY_RUN },
	{ "Bearer " SECRET_RUN, "1", 200, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_RUN, "", 1, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_RUN, "2", 1, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_RUN, "01x", 1, -1, IDENTITY_NONE },
	{ "Bearer " SECRET_SESSION, "1", 1, 0, IDENTITY_SESSION },
	{ "Bearer " SECRET_SESSION, "11", 1, -1, IDENTITY_NONE },
	{ "Bearer ffffffffffffffffffffffffffffffffffffffff", "", 1, -1,
	    IDENTITY_NONE },
};

static int
identify(struct txn *t, const char *header, const char *label, int64_t now,
    struct identity *out, struct err *e)
{
	struct credential c;

	*out = (struct identity){ .kind = IDENTITY_NONE };
	if (credential_parse(view_of(header), &c, e) == -1)
		return -1;
	return auth_by_token(t, &c, label, now, out, e);
}

static void
a_token_is_good_only_where_it_belongs(void **state)
{
	struct fixture *f = *state;
	struct identity id;

	OK(db_write_now(f->db, seed_tokens, f, e));
	assert_int_equal(f->project, 1);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct who *w = &asked[i];
		struct err e = ERR_INIT;
		int rc = identify(
		    db_reader(f->db), w->header, w->label, w->now, &id, &e);

		if (rc != w->rc || id.kind != w->kind)
			fail_msg(
			    "row %zu: %d %d %s", i, rc, (int)id.kind, e.msg);
		if (rc == -1) {
			assert_int_equal(e.code, ERR_DENIED);
			assert_string_equal(e.msg, AUTH_TEXT_BAD);
		}
		assert_int_equal(id.site_admin, w->kind == IDENTITY_ADMIN);
	}
}

static void
a_run_carries_what_it_may(void **state)
{
	struct fixture *f = *state;
	struct identity id;

	OK(db_write_now(f->db, seed_tokens, f, e));
	OK(identify(db_reader(f->db), "token " SECRET_RUN, "1", 1, &id, e));
	assert_string_equal(id.login, "agent");
	assert_int_equal(id.run_id, 4);
	assert_int_equal(id.project_id, 1);
	assert_int_equal(id.access, ACCESS_WRITE);
	assert_string_equal(id.branch, "refs/heads/agent/fix-1");
	assert_int_equal(id.expires_at, 200);
}

static int
steps_scopes(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct token_new n = { .user_id = f->alice,
		.kind = TOKEN_USER,
		.name = "bound",
		.secret = SECRET,
		.project_id = f->project,
		.scopes = scope_parse("read:issue,status") };
	struct user u;
	int64_t id;

	STEP(tokens_insert(t, &n, &id, e) == 0);
	STEP(users_by_id(t, f->bob, &u, e) == 0);
	u.active = false;
	STEP(users_update(t, &u, e) == 0);
	n.user_id = f->bob;
	n.project_id = 0;
	n.scopes = 0;
	n.secret = SECRET_BOB;
	STEP(tokens_insert(t, &n, &id, e) == 0);
	return fixture_verdict(f, e);
}

static void
a_user_s_token_carries_scopes_and_its_repository(void **state)
{
	struct fixture *f = *state;
	struct identity id;

	OK(db_write_now(f->db, steps_scopes, f, e));
	OK(identify(db_reader(f->db), "token " SECRET, "", 1, &id, e));
	assert_int_equal(id.scopes, scope_parse("status,read:issue"));
	assert_int_equal(id.bound_project, f->project);
	assert_int_equal(id.project_id, 0);
	assert_false(id.barred);
	OK(identify(db_reader(f->db), "token " SECRET_BOB, "", 1, &id, e));
	assert_true(id.barred);
	assert_int_equal(id.scopes, SCOPE_ALL);
}

static int
steps_password(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct user u;
	int64_t ci;

	STEP(users_set_password(t, f->alice, "$hash", true, e) == 0);
	STEP(users_set_password(t, f->bob, "$hash", false, e) == 0);
	STEP(users_by_id(t, f->bob, &u, e) == 0 && u.has_password);
	u.bot = true;
	STEP(users_update(t, &u, e) == 0);
	STEP(users_insert(t, "ci", USER_CI, 1, &ci, e) == 0);
	STEP(users_set_password(t, ci, "$hash", false, e) == 0);
	return fixture_verdict(f, e);
}

static void
people_alone_have_passwords(void **state)
{
	static const char *const none[] = { "nobody", "bob", "ci" };
	struct fixture *f = *state;
	struct auth_account a;

	OK(db_write_now(f->db, steps_password, f, e));
	OK(auth_account(db_reader(f->db), "ALICE", &a, e));
	assert_string_equal(a.hash, "$hash");
	assert_string_equal(a.who.login, "alice");
	assert_true(a.who.by_password && a.who.must_change);
	assert_true(a.who.user_id > 0);
	assert_int_equal(auth_credential(&a.who), -a.who.user_id);
	a.who.token_id = 7;
	assert_int_equal(auth_credential(&a.who), 7);
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		OK(auth_account(db_reader(f->db), none[i], &a, e));
		assert_string_equal(a.hash, "");
		assert_int_equal(a.who.kind, IDENTITY_NONE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_forms_are_told_apart),
		cmocka_unit_test(basic_is_a_token_or_a_name_and_a_password),
		cmocka_unit_test_setup_teardown(
		    a_token_is_good_only_where_it_belongs, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_user_s_token_carries_scopes_and_its_repository,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(people_alone_have_passwords,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_run_carries_what_it_may, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
