#include "tests/unit/server/store_fixture.h"

#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "server/auth/auth.h"
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
		char secret[TOKEN_SECRET_HEX + 1];
		struct err e = ERR_INIT;
		int rc = credential_parse(view_of(forms[i].header), secret, &e);

		if (rc != forms[i].rc)
			fail_msg("\"%s\": %d", forms[i].header, rc);
		assert_string_equal(secret, rc == 0 ? SECRET : "");
		if (rc == -1)
			assert_string_equal(e.msg, AUTH_TEXT_BAD);
	}
}

static int
parse_basic(const char *pair, char secret[TOKEN_SECRET_HEX + 1])
{
	AUTO_STR struct str header = STR_INIT;
	struct err e = ERR_INIT;

	str_add(&header, "Basic ");
	esc_base64(&header, view_of(pair));
	return credential_parse(str_view(&header), secret, &e);
}

static void
basic_takes_the_password_or_a_lone_user_name(void **state)
{
	char secret[TOKEN_SECRET_HEX + 1], lots[2000];

	(void)state;
	assert_int_equal(parse_basic("git:" SECRET, secret), 0);
	assert_string_equal(secret, SECRET);
	assert_int_equal(parse_basic(":" SECRET, secret), 0);
	assert_int_equal(parse_basic(SECRET ":", secret), 0);
	assert_int_equal(parse_basic(SECRET ":x-oauth-basic", secret), 0);
	assert_string_equal(secret, SECRET);
	assert_int_equal(parse_basic(SECRET ":other", secret), -1);
	assert_int_equal(parse_basic(SECRET, secret), -1);
	assert_int_equal(parse_basic("a:b:" SECRET, secret), -1);
	assert_int_equal(parse_basic(":", secret), -1);
	memset(lots, 'a', sizeof(lots) - 1);
	lots[sizeof(lots) - 1] = '\0';
	assert_int_equal(parse_basic(lots, secret), -1);
	lots[600] = '\0';
	assert_int_equal(parse_basic(lots, secret), -1);
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
		int rc = auth_identify(
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
	OK(auth_identify(
	    db_reader(f->db), "token " SECRET_RUN, "1", 1, &id, e));
	assert_string_equal(id.login, "agent");
	assert_int_equal(id.run_id, 4);
	assert_int_equal(id.project_id, 1);
	assert_int_equal(id.access, ACCESS_WRITE);
	assert_string_equal(id.branch, "refs/heads/agent/fix-1");
	assert_int_equal(id.expires_at, 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_forms_are_told_apart),
		cmocka_unit_test(basic_takes_the_password_or_a_lone_user_name),
		cmocka_unit_test_setup_teardown(
		    a_token_is_good_only_where_it_belongs, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    a_run_carries_what_it_may, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
