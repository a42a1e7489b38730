#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "cli/fetch/fetch.h"
#include "cli/fetch/reviewer.h"
#include "cli/fetch/verdict.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static int
verdict_of(const char *text, struct findings *f)
{
	struct err e = ERR_INIT;

	return verdict_read(view_of(text), "abc", 3, f, &e);
}

static void
an_exact_answer_is_taken(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(
	    verdict_of("{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		       "\"findings\":[]}",
		&f),
	    0);
	assert_int_equal(f.n, 0);
	assert_int_equal(
	    verdict_of("```json\n{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":"
		       "\"ok\",\"findings\":[{\"file\":\"a\",\"line\":4,"
		       "\"severity\":\"ask\",\"message\":\"m\"}]}\n```",
		&f),
	    0);
	assert_int_equal(f.n, 1);
	assert_int_equal(findings_worst(&f), FINDING_ASK);
	findings_release(&f);
}

static void
a_no_without_a_finding_blocks(void **state)
{
	struct findings f = { .list = NULL };

	(void)state;
	assert_int_equal(
	    verdict_of("{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"block\","
		       "\"findings\":[]}",
		&f),
	    0);
	assert_int_equal(findings_worst(&f), FINDING_BLOCK);
	findings_release(&f);
}

static void
anything_else_is_no_verdict(void **state)
{
	static const char *const bad[] = { "", "ok", "LGTM", "{}", "[]",
		"{\"nonce\":\"xyz\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":[]}",
		"{\"nonce\":\"abc\",\"chunk\":4,\"verdict\":\"ok\","
		"\"findings\":[]}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"fine\","
		"\"findings\":[]}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\"}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":null}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":[],\"more\":1}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":[{\"file\":\"a\"}]}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":[{\"file\":\"a\",\"line\":1,\"severity\":"
		"\"mild\",\"message\":\"\"}]}",
		"{\"nonce\":\"abc\",\"chunk\":3,\"verdict\":\"ok\","
		"\"findings\":[]} and more" };
	struct findings f = { .list = NULL };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(verdict_of(bad[i], &f), -1);
		assert_int_equal(f.n, 0);
	}
}

static int
reply_of(const char *provider, const char *body, size_t asked, struct str *out)
{
	char name[16];
	const struct reviewer r = { .provider = name };
	struct err e = ERR_INIT;

	(void)snprintf(name, sizeof(name), "%s", provider);
	str_reset(out);
	return reviewer_reply_text(&r, view_of(body), asked, out, &e);
}

static void
replies_of_both_providers_are_read(void **state)
{
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	assert_int_equal(
	    reply_of("anthropic",
		"{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		"\"content\":[{\"type\":\"thinking\",\"thinking\":\"h\"},"
		"{\"type\":\"text\",\"text\":\"yes\"}]}",
		10, &out),
	    0);
	assert_string_equal(str_cstr(&out), "yes");
	assert_int_equal(
	    reply_of("openai",
		"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		"\"content\":\"yes\",\"refusal\":null}}],\"usage\":{"
		"\"prompt_tokens\":400}}",
		1000, &out),
	    0);
	assert_string_equal(str_cstr(&out), "yes");
}

static void
cut_refused_and_broken_replies_are_refused(void **state)
{
	static const char *const anthropic[] = { "", "{}", "null",
		"{\"type\":\"error\",\"error\":{\"message\":\"no\"}}",
		"{\"type\":\"message\",\"stop_reason\":\"max_tokens\","
		"\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}",
		"{\"type\":\"message\",\"stop_reason\":\"refusal\","
		"\"content\":[]}",
		"{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		"\"content\":[]}",
		"{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		"\"content\":[{\"type\":\"tool_use\"}]}" };
	static const char *const openai[] = { "{}", "{\"choices\":[]}",
		"{\"error\":{\"message\":\"x\"},\"choices\":[]}",
		"{\"choices\":[{\"finish_reason\":\"length\",\"message\":{"
		"\"content\":\"x\"}}]}",
		"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		"\"content\":\"x\",\"refusal\":\"no\"}}]}",
		"{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		"\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":10}}" };
	AUTO_STR struct str out = STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(anthropic) / sizeof(anthropic[0]); i++)
		assert_int_equal(
		    reply_of("anthropic", anthropic[i], 10, &out), -1);
	for (size_t i = 0; i < sizeof(openai) / sizeof(openai[0]); i++)
		assert_int_equal(
		    reply_of("openai", openai[i], 100000, &out), -1);
}

static void
a_key_goes_in_the_clear_to_this_machine_only(void **state)
{
	char provider[] = "openai", model[] = "m", key[] = "k";
	static const struct {
		const char *url;
		int want;
	} cases[] = {
		{ "https://api.example.org/v1", 0 },
		{ "http://127.0.0.1:11434/v1", 0 },
		{ "http://localhost/v1", 0 },
		{ "http://localhost.example.org/v1", -1 },
		{ "http://127.0.0.1.example.org/v1", -1 },
		{ "http://10.0.0.1/v1", -1 },
		{ "https://user@example.org/v1", -1 },
		{ "file:///etc/passwd", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char url[64];
		const struct reviewer r = { .provider = provider,
			.url = url,
			.model = model,
			.key = key };
		struct err e = ERR_INIT;

		(void)snprintf(url, sizeof(url), "%s", cases[i].url);
		assert_int_equal(reviewer_check(&r, &e), cases[i].want);
	}
}

static void
branch_names_are_checked(void **state)
{
	static const char *const bad[] = { "", "-x", "a..b", "a//b", "/a", "a/",
		"a.lock", "a/.b", "a b", "a~1", "a:b", "a^", "a\\b", "a@{1}",
		"a*", "a\n" };

	(void)state;
	assert_true(fetch_branch_ok("agent/fix-7"));
	assert_true(fetch_branch_ok("v1.2_x"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(fetch_branch_ok(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_exact_answer_is_taken),
		cmocka_unit_test(a_no_without_a_finding_blocks),
		cmocka_unit_test(anything_else_is_no_verdict),
		cmocka_unit_test(replies_of_both_providers_are_read),
		cmocka_unit_test(cut_refused_and_broken_replies_are_refused),
		cmocka_unit_test(a_key_goes_in_the_clear_to_this_machine_only),
		cmocka_unit_test(branch_names_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
