#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "server/domain/repo_profile.h"

static void
a_new_profile_allows_all_but_manual_merges(void **state)
{
	struct repo_profile p;
	struct err e = ERR_INIT;

	(void)state;
	repo_profile_init(&p);
	assert_int_equal(repo_profile_check(&p, &e), 0);
	assert_true(repo_profile_allows(&p, MERGE_STYLE_FAST_FORWARD));
	assert_false(repo_profile_allows(&p, MERGE_STYLE_MANUAL));
	repo_profile_release(&p);
}

static void
refuses(const struct repo_profile *p, const char *field)
{
	struct err e = ERR_INIT;

	assert_int_equal(repo_profile_check(p, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	assert_int_equal(strncmp(e.msg, field, strlen(field)), 0);
}

static void
a_profile_names_what_is_wrong_with_it(void **state)
{
	char long_text[REPO_DESCRIPTION_MAX + 2];
	char control[] = "a\001b";
	char script[] = "javascript:alert(1)";
	struct repo_profile p;
	struct err e = ERR_INIT;

	(void)state;
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	repo_profile_init(&p);
	p.description = long_text;
	refuses(&p, "description:");
	p.description = control;
	refuses(&p, "description:");
	p.description = NULL;
	p.website = script;
	refuses(&p, "website:");
	p.website = NULL;
	p.merge_styles = MERGE_STYLE_BIT(MERGE_STYLE_SQUASH);
	refuses(&p, "default_merge_style:");
	p.merge_style = MERGE_STYLE_SQUASH;
	assert_int_equal(repo_profile_check(&p, &e), 0);
	p.merge_styles = MERGE_STYLE_BIT(MERGE_STYLE_MANUAL);
	p.merge_style = MERGE_STYLE_MANUAL;
	refuses(&p, "allow_merge_commits:");
	p.has_pulls = false;
	assert_int_equal(repo_profile_check(&p, &e), 0);
}

static void
a_copy_is_its_own(void **state)
{
	struct repo_profile p, q;

	(void)state;
	repo_profile_init(&p);
	p.description = xstrdup("a");
	repo_profile_copy(&q, &p);
	repo_profile_release(&p);
	assert_string_equal(q.description, "a");
	assert_string_equal(q.website, "");
	repo_profile_release(&q);
}

static void
styles_have_gitea_s_words(void **state)
{
	(void)state;
	for (int v = MERGE_STYLE_MERGE; v <= MERGE_STYLE_MANUAL; v++)
		assert_int_equal(
		    merge_style_parse(merge_style_name((enum merge_style)v)),
		    v);
	assert_int_equal(
	    merge_style_parse("fast-forward-only"), MERGE_STYLE_FAST_FORWARD);
	assert_int_equal(merge_style_parse("octopus"), -1);
}

static void
a_topic_is_lower_case_and_short(void **state)
{
	static const char *const bad[] = { "", " ", "-a", ".a", "a b", "a_b",
		"\xc3\xa4", "0123456789012345678901234567890123456", "a\t\tb" };
	char out[REPO_TOPIC_MAX + 1];

	(void)state;
	assert_true(repo_topic_clean("  C-Lang.9\t", out));
	assert_string_equal(out, "c-lang.9");
	assert_true(
	    repo_topic_clean("01234567890123456789012345678901234", out));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(repo_topic_clean(bad[i], out));
}

static void
durations_are_go_s(void **state)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} good[] = { { "0", 0 }, { "8h0m0s", 28800 }, { "10m", 600 },
		{ "1h30m", 5400 }, { "45s", 45 }, { "0s", 0 },
		{ "8784h", 366 * 86400 } };
	static const char *const bad[] = { "", "5", "h", "-1h", "1d", "1.5h",
		"1h ", "99999999999999999999h", "8785h", "1h1", "10ms" };
	char text[32];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct err e = ERR_INIT;
		int64_t s = -1;

		assert_int_equal(repo_duration_parse(good[i].text, &s, &e), 0);
		assert_int_equal(s, good[i].seconds);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct err e = ERR_INIT;
		int64_t s = -1;

		assert_int_equal(repo_duration_parse(bad[i], &s, &e), -1);
		assert_int_equal(s, -1);
	}
	repo_duration_text(28800, text);
	assert_string_equal(text, "8h0m0s");
	repo_duration_text(600, text);
	assert_string_equal(text, "10m0s");
	repo_duration_text(7, text);
	assert_string_equal(text, "7s");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_profile_allows_all_but_manual_merges),
		cmocka_unit_test(a_profile_names_what_is_wrong_with_it),
		cmocka_unit_test(a_copy_is_its_own),
		cmocka_unit_test(styles_have_gitea_s_words),
		cmocka_unit_test(a_topic_is_lower_case_and_short),
		cmocka_unit_test(durations_are_go_s),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
