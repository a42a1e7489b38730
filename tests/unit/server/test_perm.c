#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "server/domain/perm.h"

enum {
	O = PERM_OK,
	H = PERM_HIDDEN,
	D = PERM_DENIED
};

static const struct perm_case {
	const char *name;
	struct perm_who who;
	int want[9]; /* read comment discuss propose write admin manage status
			serve */
} cases[] = {
	{ "nobody", { .kind = PERM_WHO_NOBODY },
	    { H, H, H, H, H, H, H, H, H } },
	{ "admin", { .kind = PERM_WHO_ADMIN }, { O, O, O, O, O, O, O, O, O } },
	{ "stranger", { .kind = PERM_WHO_PERSON },
	    { H, H, H, H, H, H, H, H, H } },
	{ "reader", { .kind = PERM_WHO_PERSON, .role = ROLE_READER },
	    { O, O, O, D, D, D, D, D, D } },
	{ "maintainer", { .kind = PERM_WHO_PERSON, .role = ROLE_MAINTAINER },
	    { O, O, O, O, O, D, D, O, D } },
	{ "agent", { .kind = PERM_WHO_AGENT, .role = ROLE_MAINTAINER },
	    { O, O, D, D, D, D, D, D, O } },
	{ "ci", { .kind = PERM_WHO_CI, .role = ROLE_ADMIN },
	    { O, O, D, D, D, D, D, O, D } },
	{ "service", { .kind = PERM_WHO_SERVICE },
	    { O, O, D, D, D, D, D, D, O } },
	{ "a run elsewhere", { .kind = PERM_WHO_RUN, .role = ROLE_MAINTAINER },
	    { H, H, H, H, H, H, H, H, H } },
	{ "a run at home",
	    { .kind = PERM_WHO_RUN, .role = ROLE_ADMIN, .own_project = true },
	    { O, D, D, D, D, D, D, D, D } },
	{ "a session elsewhere",
	    { .kind = PERM_WHO_SESSION, .role = ROLE_MAINTAINER },
	    { H, H, H, H, H, H, H, H, H } },
	{ "a session at home",
	    { .kind = PERM_WHO_SESSION, .own_project = true },
	    { O, D, D, O, D, D, D, D, D } },
};

static void
each_identity_may_what_the_table_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int v = PERM_READ; v <= PERM_SERVE; v++) {
			enum perm_answer got = perm_ask(
			    &cases[i].who, (enum perm_verb)v);

			if ((int)got != cases[i].want[v])
				fail_msg("%s: verb %d: %d", cases[i].name, v,
				    (int)got);
		}
}

static void
ci_contexts_belong_to_ci_alone(void **state)
{
	(void)state;
	assert_true(perm_context(USER_CI, "ci/test", 0));
	assert_true(perm_context(USER_CI, "ci/test", USER_CI));
	assert_false(perm_context(USER_ADMIN, "ci/test", 0));
	assert_false(perm_context(USER_PERSON, "ci/test", USER_PERSON));
	assert_false(perm_context(USER_AGENT, "ci/", 0));
	assert_false(perm_context(USER_SERVICE, "ci/x", 0));
	assert_false(perm_context(USER_CI, "lint", 0));
	assert_false(perm_context(USER_CI, "cix", 0));
}

static void
a_context_belongs_to_the_kind_that_wrote_it_first(void **state)
{
	(void)state;
	assert_true(perm_context(USER_PERSON, "lint", 0));
	assert_true(perm_context(USER_PERSON, "lint", USER_ADMIN));
	assert_true(perm_context(USER_ADMIN, "lint", USER_PERSON));
	assert_false(perm_context(USER_PERSON, "lint", USER_SERVICE));
	assert_false(perm_context(USER_AGENT, "lint", USER_PERSON));
}

static void
text_is_changed_by_its_author_or_an_admin(void **state)
{
	(void)state;
	assert_true(perm_edit(USER_ADMIN, 1, 2));
	assert_true(perm_edit(USER_PERSON, 2, 2));
	assert_false(perm_edit(USER_PERSON, 3, 2));
	assert_false(perm_edit(USER_AGENT, 2, 2));
	assert_false(perm_edit(USER_CI, 2, 2));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_identity_may_what_the_table_says),
		cmocka_unit_test(ci_contexts_belong_to_ci_alone),
		cmocka_unit_test(
		    a_context_belongs_to_the_kind_that_wrote_it_first),
		cmocka_unit_test(text_is_changed_by_its_author_or_an_admin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
