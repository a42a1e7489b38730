#include "tests/unit/server/store_fixture.h"

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "server/store/refs.h"
#include "server/store/repo_facts.h"

static int
steps_facts(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	struct topic_list topics = { .name = { "b", "a" }, .n = 2 };
	struct repo_facts v[2];
	struct project p[2] = { { .id = f->project }, { .id = 999 } };
	struct watching w;

	STEP(topics_set(t, f->project, &topics, e) == 0);
	STEP(topics_get(t, f->project, &topics, e) == 0);
	STEP(topics.n == 2 && strcmp(topics.name[0], "a") == 0);
	STEP(refs_put(t, f->project, "refs/heads/a", SHA_A, 0, e) == 0);
	STEP(refs_put(t, f->project, "refs/heads/a", SHA_B, 0, e) == 0);
	STEP(refs_put(t, f->project, "refs/heads/b/c", SHA_A, 0, e) == 0);
	STEP(refs_put(t, f->project, "refs/tags/v1", SHA_A, 0, e) == 0);
	STEP(refs_put(t, f->project, "refs/headsx", SHA_A, 0, e) == 0);
	STEP(watching_set(t, f->project, f->bob, 7, e) == 0);
	STEP(watching_set(t, f->project, f->bob, 9, e) == 0);
	STEP(watching_get(t, f->project, f->bob, &w, e) == 0);
	STEP(w.at == 7);
	STEP(repo_facts_get(t, p, 2, f->alice, v, e) == 0);
	STEP(v[0].branches == 2 && v[0].watchers == 1);
	STEP(v[0].issues == 0 && v[0].size == 0);
	STEP(v[0].role == ROLE_MAINTAINER);
	STEP(strcmp(v[0].topics, "[\"a\",\"b\"]") == 0);
	STEP(v[0].owner.id == f->root);
	STEP(v[1].branches == 0 && v[1].owner.id == 0);
	STEP(refs_delete(t, f->project, "refs/heads/b/c", e) == 0);
	STEP(refs_delete(t, f->project, "refs/tags/v1", e) == 0);
	STEP(watching_remove(t, f->project, f->bob, e) == 0);
	STEP(repo_facts_get(t, p, 1, f->bob, v, e) == 0);
	STEP(v[0].branches == 1 && v[0].watchers == 0);
	STEP(v[0].role == ROLE_NONE);
	return fixture_verdict(f, e);
}

static void
a_repository_is_counted_by_one_query(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_facts, f, e));
}

static bool
steps_members_are(struct txn *t, struct fixture *f, enum member_kind kind,
    const int64_t *want, size_t n, struct err *e)
{
	struct member_list l;
	bool same;

	if (members_list(t, f->project, kind, 0, 0, &l, e) == -1)
		return false;
	same = l.n == n && l.total == (int64_t)n;
	for (size_t i = 0; same && i < n; i++)
		same = l.at[i] == want[i];
	member_list_release(&l);
	return same;
}

static int
steps_members(struct txn *t, void *arg, struct err *e)
{
	struct fixture *f = arg;
	const int64_t writers[] = { f->alice, f->root };
	const int64_t readers[] = { f->alice, f->bob, f->root };
	const int64_t shared[] = { f->alice, f->bob };

	STEP(roles_set(t, f->project, f->bob, ROLE_READER, e) == 0);
	STEP(watching_set(t, f->project, f->root, 7, e) == 0);
	STEP(steps_members_are(t, f, MEMBER_WRITERS, writers, 2, e));
	STEP(steps_members_are(t, f, MEMBER_READERS, readers, 3, e));
	STEP(steps_members_are(t, f, MEMBER_COLLABORATORS, shared, 2, e));
	STEP(steps_members_are(t, f, MEMBER_WATCHERS, &f->root, 1, e));
	STEP(users_delete(t, f->bob, e) == 0);
	STEP(steps_members_are(t, f, MEMBER_COLLABORATORS, shared, 1, e));
	return fixture_verdict(f, e);
}

static void
members_are_who_has_a_role(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_members, f, e));
}

static int
steps_insert(struct txn *t, struct fixture *f, const char *owner,
    const char *name, int64_t *id, struct err *e)
{
	struct project_settings s;
	struct project_new n = { .owner = owner,
		.name = name,
		.upstream = "https://example.org/x.git",
		.description = "Words of it",
		.settings = &s,
		.now = FIXTURE_NOW + 1 };
	int rc;

	(void)f;
	project_settings_init(&s);
	rc = projects_insert(t, &n, id, e);
	project_settings_release(&s);
	return rc;
}

/* The names of what is found, in order. */
static bool
steps_found(struct txn *t, const struct project_filter *f, const char *want,
    struct err *e)
{
	struct project_list l;
	AUTO_STR struct str got = STR_INIT;

	if (projects_list(t, f, &l, e) == -1)
		return false;
	for (size_t i = 0; i < l.n; i++)
		str_addf(&got, "%s%s", i > 0 ? " " : "", l.at[i].name);
	project_list_release(&l);
	return strcmp(str_cstr(&got), want) == 0;
}

#define FOUND(want, ...) \
	STEP(steps_found(t, &(struct project_filter){ __VA_ARGS__ }, (want), e))

static int
steps_filters(struct txn *t, void *arg, struct err *e)
{
	struct topic_list topics = { .name = { "math" }, .n = 1 };
	struct fixture *f = arg;
	struct repo_profile profile;
	struct project p;
	int64_t zoo = 0, ant = 0;
	bool archived = false;

	STEP(steps_insert(t, f, "bob", "zoo", &zoo, e) == 0);
	STEP(steps_insert(t, f, "root", "ant", &ant, e) == 0);
	STEP(roles_set(t, zoo, f->bob, ROLE_ADMIN, e) == 0);
	STEP(roles_set(t, ant, f->bob, ROLE_READER, e) == 0);
	STEP(topics_set(t, zoo, &topics, e) == 0);
	repo_profile_init(&profile);
	profile.archived_at = 5;
	STEP(projects_set_profile(t, ant, &profile, e) == 0);
	STEP(projects_archived(t, ant, &archived, e) == 0 && archived);
	STEP(projects_by_id(t, zoo, &p, e) == 0);
	STEP(strcmp(p.profile.description, "Words of it") == 0);
	STEP(p.profile.has_issues && p.profile.merge_styles == 31);
	project_release(&p);
	FOUND("demo zoo ant", .viewer = 0);
	FOUND("ant demo zoo", .sort = PROJECT_BY_NAME);
	FOUND("zoo demo ant", .sort = PROJECT_BY_NAME, .descending = true);
	FOUND("demo zoo ant", .sort = PROJECT_BY_CREATED);
	FOUND("demo zoo ant", .sort = PROJECT_BY_SIZE);
	FOUND("ant zoo demo", .sort = PROJECT_BY_UPDATED, .descending = true);
	FOUND("zoo ant", .viewer = f->bob);
	FOUND("zoo ant", .uid = f->bob);
	FOUND("zoo", .uid = f->bob, .exclusive = true);
	FOUND("ant", .uid = f->bob, .shared = true);
	FOUND("zoo demo ant", .first_uid = f->bob);
	FOUND("ant", .archived = 1);
	FOUND("demo zoo", .archived = -1);
	FOUND("zoo", .q = "O", .owner = "BOB");
	FOUND("zoo", .q = "WORDS", .in_text = true);
	FOUND("zoo", .q = "Math", .by_topic = true);
	FOUND("", .q = "words");
	STEP(projects_set_deleting(t, zoo, 9, e) == 0);
	FOUND("demo ant", .active = true);
	FOUND("ant", .active = true, .limit = 1, .offset = 1);
	return fixture_verdict(f, e);
}

static void
projects_are_found_by_what_is_asked(void **state)
{
	struct fixture *f = *state;

	OK(db_write_now(f->db, steps_filters, f, e));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_repository_is_counted_by_one_query, fixture_setup,
		    fixture_teardown),
		cmocka_unit_test_setup_teardown(members_are_who_has_a_role,
		    fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(
		    projects_are_found_by_what_is_asked, fixture_setup,
		    fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
