#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "cli/fetch/review_files.h"
#include "cli/reviewer/reviewer.h"
#include "cli/reviewer/reviewer_reply.h"
#include "cli/reviewer/role.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static int
reply_of(enum provider_shape shape, const char *body, size_t asked,
    struct reviewer_reply *r)
{
	struct err e = ERR_INIT;

	return reviewer_reply_read(shape, view_of(body), asked, r, &e);
}

#define TOOL "review_of_the_change"

static void
replies_of_all_shapes_are_read(void **state)
{
	static const struct {
		enum provider_shape shape;
		const char *body;
	} good[] = {
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		    "\"content\":[{\"type\":\"thinking\",\"thinking\":\"h\"},"
		    "{\"type\":\"text\",\"text\":\"{}\"}],\"usage\":{"
		    "\"input_tokens\":1,\"cache_read_input_tokens\":399}}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"tool_use\","
		    "\"content\":[{\"type\":\"text\",\"text\":\"I will\"},"
		    "{\"type\":\"tool_use\",\"name\":\"" TOOL "\","
		    "\"input\":{}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		    "\"content\":\"{}\",\"refusal\":null}}],\"usage\":{"
		    "\"prompt_tokens\":400}}" },
		{ PROVIDER_CHAT,
		    ": WAIT\n\n: WAIT\n\n{\"choices\":[{\"finish_reason\":"
		    "\"tool_calls\",\"message\":{\"content\":null,"
		    "\"tool_calls\":[{\"function\":{\"name\":\"" TOOL "\","
		    "\"arguments\":\"{}\"}}]}}]}" },
		{ PROVIDER_RESPONSES,
		    "{\"status\":\"completed\",\"output\":[{\"type\":"
		    "\"reasoning\"},{\"type\":\"message\",\"content\":[{"
		    "\"type\":\"output_text\",\"text\":\"{}\"}]}]}" },
		{ PROVIDER_RESPONSES,
		    "{\"status\":\"completed\",\"output\":[{\"type\":"
		    "\"function_call\",\"name\":\"" TOOL "\","
		    "\"arguments\":\"{}\"}]}" },
		{ PROVIDER_OLLAMA,
		    "{\"message\":{\"content\":\"{}\"},\"done\":true,"
		    "\"done_reason\":\"stop\",\"prompt_eval_count\":400}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct reviewer_reply r;

		assert_int_equal(
		    reply_of(good[i].shape, good[i].body, 1000, &r), 0);
		assert_string_equal(str_cstr(&r.text), "{}");
		reviewer_reply_release(&r);
	}
}

static void
cut_refused_and_broken_replies_are_refused(void **state)
{
	static const struct {
		enum provider_shape shape;
		const char *body;
	} bad[] = {
		{ PROVIDER_MESSAGES, "" },
		{ PROVIDER_MESSAGES, "{}" },
		{ PROVIDER_MESSAGES, "null" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"error\",\"error\":{\"message\":\"no\"}}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"max_tokens\","
		    "\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"refusal\","
		    "\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		    "\"content\":[]}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"tool_use\","
		    "\"content\":[{\"type\":\"tool_use\",\"name\":\"rm\","
		    "\"input\":{}}]}" },
		{ PROVIDER_MESSAGES,
		    "{\"type\":\"message\",\"stop_reason\":\"end_turn\","
		    "\"content\":[{\"type\":\"text\",\"text\":\"x\"}],"
		    "\"usage\":{\"input_tokens\":10}}" },
		{ PROVIDER_CHAT, "{}" },
		{ PROVIDER_CHAT, "{\"choices\":[]}" },
		{ PROVIDER_CHAT,
		    "{\"error\":{\"message\":\"x\"},\"choices\":[]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"error\":{\"code\":502},"
		    "\"finish_reason\":\"stop\",\"message\":{"
		    "\"content\":\"x\"}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"length\","
		    "\"message\":{\"content\":\"x\"}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"content_filter\","
		    "\"message\":{\"content\":\"x\"}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		    "\"content\":\"x\",\"refusal\":\"no\"}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		    "\"content\":null}}]}" },
		{ PROVIDER_CHAT,
		    "{\"choices\":[{\"finish_reason\":\"stop\",\"message\":{"
		    "\"content\":\"x\"}}],\"usage\":{\"prompt_tokens\":10}}" },
		{ PROVIDER_CHAT,
		    "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n"
		    "data: [DONE]\n\n" },
		{ PROVIDER_RESPONSES, "{\"output\":[]}" },
		{ PROVIDER_RESPONSES,
		    "{\"status\":\"incomplete\",\"incomplete_details\":{"
		    "\"reason\":\"max_output_tokens\"},\"output\":[{\"type\":"
		    "\"message\",\"content\":[{\"type\":\"output_text\","
		    "\"text\":\"x\"}]}]}" },
		{ PROVIDER_RESPONSES,
		    "{\"status\":\"completed\",\"output\":[{\"type\":"
		    "\"message\",\"content\":[{\"type\":\"refusal\","
		    "\"refusal\":\"x\"}]}]}" },
		{ PROVIDER_RESPONSES,
		    "{\"status\":\"failed\",\"error\":{\"code\":"
		    "\"server_error\",\"message\":\"x\"}}" },
		{ PROVIDER_OLLAMA, "{\"error\":\"model not found\"}" },
		{ PROVIDER_OLLAMA,
		    "{\"message\":{\"content\":\"x\"},\"done\":true,"
		    "\"done_reason\":\"length\"}" },
		{ PROVIDER_OLLAMA,
		    "{\"message\":{\"content\":\"x\"},\"done\":false}" },
		{ PROVIDER_OLLAMA,
		    "{\"message\":{\"content\":\"x\"},\"done\":true,"
		    "\"prompt_eval_count\":10}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct reviewer_reply r;

		assert_int_equal(
		    reply_of(bad[i].shape, bad[i].body, 100000, &r), -1);
		reviewer_reply_release(&r);
	}
}

static void
errors_say_what_is_to_be_done(void **state)
{
	static const struct {
		int status;
		const char *body;
		bool context, final, tokens_name, model_unknown;
	} rows[] = {
		{ 400, "{\"error\":{\"code\":\"context_length_exceeded\"}}",
		    true, false, false, false },
		{ 400, "{\"error\":{\"type\":\"exceed_context_size_error\"}}",
		    true, false, false, false },
		{ 400,
		    "{\"object\":\"error\",\"message\":\"This model's maximum "
		    "context length is 4096\"}",
		    true, false, false, false },
		{ 413, "<html>", true, false, false, false },
		{ 429, "{\"error\":{\"code\":\"insufficient_quota\"}}", false,
		    true, false, false },
		{ 429,
		    "{\"error\":{\"type\":\"rate_limit_error\",\"details\":{"
		    "\"error_code\":\"enforced_spend_limit_reached\"}}}",
		    false, true, false, false },
		{ 429, "{\"error\":{\"type\":\"rate_limit_error\"}}", false,
		    false, false, false },
		{ 400,
		    "{\"error\":{\"message\":\"Unsupported parameter: "
		    "'max_tokens'\"}}",
		    false, false, true, false },
		{ 404, "{\"error\":{\"code\":\"model_not_found\"}}", false,
		    false, false, true },
		{ 500, "", false, false, false, false },
		{ 500, "[1]", false, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reviewer_fault f;

		reviewer_fault_read(rows[i].status, view_of(rows[i].body), &f);
		assert_int_equal(f.status, rows[i].status);
		assert_int_equal(f.context, rows[i].context);
		assert_int_equal(f.final, rows[i].final);
		assert_int_equal(f.tokens_name, rows[i].tokens_name);
		assert_int_equal(f.model_unknown, rows[i].model_unknown);
	}
}

static void
an_error_in_a_200_has_the_status_that_it_says(void **state)
{
	static const struct {
		const char *body;
		int status;
	} rows[] = {
		{ "{\"error\":{\"code\":502,\"message\":\"x\"}}", 502 },
		{ "{\"error\":{\"code\":\"429\"}}", 429 },
		{ "{\"type\":\"error\",\"error\":{\"type\":"
		  "\"overloaded_error\"}}",
		    529 },
		{ "{\"error\":{\"message\":\"x\"}}", 200 },
		{ ": p\n\nevent: error\ndata: {\"error\":{\"code\":402}}\n\n",
		    402 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct reviewer_reply r;

		assert_int_equal(
		    reply_of(PROVIDER_CHAT, rows[i].body, 10, &r), -1);
		assert_true(r.is_error);
		assert_int_equal(r.fault.status, rows[i].status);
		reviewer_reply_release(&r);
	}
}

static void
it_is_asked_again_by_the_rules(void **state)
{
	/* Sun, 06 Nov 1994 08:49:37 GMT */
	static const int64_t then = 784111777000LL;
	static const struct {
		struct reviewer_again a;
		int attempt;
		int64_t want;
	} rows[] = {
		{ { .status = 429 }, 0, 500 },
		{ { .status = 429 }, 1, 1000 },
		{ { .status = 429 }, 2, -1 },
		{ { .status = 408 }, 0, 500 },
		{ { .status = 409 }, 0, 500 },
		{ { .status = 529 }, 0, 500 },
		{ { .status = 0 }, 0, 500 },
		{ { .status = 0, .timed_out = true }, 0, -1 },
		{ { .status = 400 }, 0, -1 },
		{ { .status = 401 }, 0, -1 },
		{ { .status = 404 }, 0, -1 },
		{ { .status = 429, .final = true }, 0, -1 },
		{ { .status = 400, .should_retry = "true" }, 0, 500 },
		{ { .status = 500, .should_retry = "false" }, 0, -1 },
		{ { .status = 500, .should_retry = "perhaps" }, 0, 500 },
		{ { .status = 429, .after = "7" }, 0, 7000 },
		{ { .status = 429, .after = "7", .after_ms = "20" }, 0, 20 },
		{ { .status = 429, .after = "0" }, 0, 0 },
		{ { .status = 429, .after = "61" }, 0, -1 },
		{ { .status = 429, .after = "-1" }, 0, 500 },
		{ { .status = 429, .after = "99999999999999999999" }, 0, 500 },
		{ { .status = 429, .after = "Sun, 06 Nov 1994 08:49:37 GMT" },
		    0, 30000 },
		{ { .status = 429, .after = "Sun, 06 Nov 1994 08:48:37 GMT" },
		    0, 0 },
		{ { .status = 429, .after = "Sun, 06 Nov 1994 09:49:37 GMT" },
		    0, -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(reviewer_retry_ms(&rows[i].a, rows[i].attempt,
				     then - 30000, 0),
		    rows[i].want);
	assert_int_equal(
	    reviewer_retry_ms(
		&(struct reviewer_again){ .status = 500 }, 0, 0, 1000),
	    375);
}

static void
requests_of_all_shapes_and_modes_are_json_of_their_api(void **state)
{
	static const struct {
		const char *provider;
		enum provider_mode mode;
		const char *has;
	} rows[] = {
		{ "anthropic", PROVIDER_SCHEMA, "\"output_config\":{" },
		{ "anthropic", PROVIDER_TOOL,
		    "\"tool_choice\":{\"type\":\"tool\",\"name\":\"" TOOL },
		{ "anthropic", PROVIDER_TEXT, "\"system\":\"be\"" },
		{ "openai", PROVIDER_SCHEMA, "\"strict\":true,\"schema\":{" },
		{ "openai", PROVIDER_TOOL,
		    "\"tool_choice\":{\"type\":\"function\",\"function\":{" },
		{ "openai", PROVIDER_OBJECT, "{\"type\":\"json_object\"}" },
		{ "openai", PROVIDER_TEXT, "\"max_completion_tokens\":99" },
		{ "openai-responses", PROVIDER_SCHEMA,
		    "\"text\":{\"format\":{\"type\":\"json_schema\"" },
		{ "openai-responses", PROVIDER_TOOL, "\"parameters\":{" },
		{ "openai-responses", PROVIDER_OBJECT, "\"store\":false" },
		{ "openrouter", PROVIDER_SCHEMA,
		    "\"data_collection\":\"deny\"" },
		{ "ollama", PROVIDER_SCHEMA, "\"format\":{\"type\"" },
		{ "ollama", PROVIDER_OBJECT, "\"num_ctx\":777" },
		{ "llamacpp", PROVIDER_SCHEMA, "\"max_tokens\":99" },
		{ "vllm", PROVIDER_TOOL, "\"temperature\":0" },
		{ "compatible", PROVIDER_OBJECT, "\"max_tokens\":99" },
	};
	char model[] = "m";
	const struct reviewer r = { .model = model };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct reviewer_session s = { .r = &r,
			.p = provider_find(rows[i].provider),
			.mode = rows[i].mode,
			.context = 777,
			.answer = 99 };
		AUTO_STR struct str body = STR_INIT;
		struct err e = ERR_INIT;
		struct json *j;

		reviewer_body(&s, "be", view_of("q\"\n"), &body);
		j = json_parse(str_view(&body), 0, &e);
		assert_non_null(j);
		assert_non_null(strstr(str_cstr(&body), rows[i].has));
		assert_non_null(strstr(str_cstr(&body), "q\\\"\\n"));
		json_free(j);
	}
}

static void
the_ladder_goes_down_and_ends(void **state)
{
	const struct provider *p = provider_find("anthropic");

	(void)state;
	assert_int_equal(provider_first_mode(p), PROVIDER_SCHEMA);
	assert_int_equal(provider_next_mode(p, PROVIDER_SCHEMA), PROVIDER_TOOL);
	assert_int_equal(provider_next_mode(p, PROVIDER_TOOL), PROVIDER_TEXT);
	assert_int_equal(provider_next_mode(p, PROVIDER_TEXT), PROVIDER_MODES);
	assert_null(provider_find("none"));
}

static void
the_context_is_read(void **state)
{
	(void)state;
	assert_int_equal(
	    reviewer_read_context(PROVIDER_CONTEXT_PROPS, "m",
		view_of("{\"default_generation_settings\":{\"n_ctx\":5}}")),
	    5);
	assert_int_equal(
	    reviewer_read_context(PROVIDER_CONTEXT_MODELS, "m",
		view_of("{\"data\":[{\"id\":\"x\",\"max_model_len\":4},"
			"{\"id\":\"m\",\"max_model_len\":6}]}")),
	    6);
	assert_int_equal(
	    reviewer_read_context(PROVIDER_CONTEXT_SHOW, "m",
		view_of("{\"model_info\":{\"a.context_length\":7}}")),
	    7);
	assert_int_equal(reviewer_read_context(
			     PROVIDER_CONTEXT_SHOW, "m", view_of("<html>")),
	    0);
	assert_int_equal(reviewer_read_context(PROVIDER_CONTEXT_PROPS, "m",
			     view_of("{\"n_ctx\":-5}")),
	    0);
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
the_rules_of_the_answer_follow_any_prompt(void **state)
{
	struct role r = { .system = STR_INIT };

	(void)state;
	role_make(view_of("---\na: b\n---\nBe kind.\n"), &r);
	assert_int_equal(strncmp(str_cstr(&r.system), "Be kind.\n", 9), 0);
	assert_non_null(strstr(str_cstr(&r.system), "\"files_reviewed\""));
	assert_int_equal(strlen(r.sha), 64);
	role_release(&r);
}

static void
what_runs_is_looked_at_before_what_is_read(void **state)
{
	bool made;

	(void)state;
	assert_true(review_files_risk("a/build.sh", &made) >
	    review_files_risk("src/a.c", &made));
	assert_true(review_files_risk("src/a.c", &made) >
	    review_files_risk("tests/test_a.c", &made));
	assert_true(review_files_risk("tests/test_a.c", &made) >
	    review_files_risk("README.md", &made));
	assert_false(made);
	assert_true(review_files_risk("README.md", &made) >
	    review_files_risk("web/yarn.lock", &made));
	assert_true(made);
}

static void
no_part_of_the_key_is_left(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "Incorrect key: sk-abcdefgh-12345678",
		    "Incorrect key: ********************" },
		{ "cut: sk-abcdefg", "cut: **********" },
		{ "cut: sk-abcd", "cut: sk-abcd" },
		{ "end: -12345678.", "end: *********." },
		{ "SK-ABCDEFGH-1234", "****************" },
		{ "sk-abcdefgh-sk-abcdefgh-12", "**************************" },
		{ "nothing of it", "nothing of it" },
		{ "", "" },
	};
	static char key[] = "sk-abcdefgh-12345678";
	const struct reviewer r = { .key = key };
	const struct reviewer_session s = { .r = &r };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "%s", rows[i].text);
		reviewer_hide_key(&s, text, strlen(text));
		assert_string_equal(text, rows[i].want);
	}
}

/* What becomes of a text, when that is the key. */
static void
hides(char *key, const char *text, const char *want)
{
	const struct reviewer r = { .key = key };
	const struct reviewer_session s = { .r = &r };
	char got[128];

	(void)snprintf(got, sizeof(got), "%s", text);
	reviewer_hide_key(&s, got, strlen(got));
	assert_string_equal(got, want);
}

static void
a_key_that_is_no_secret_is_hidden_whole_only(void **state)
{
	static char none[] = "sk-no-key-required",
		    local[] = "my-local-reviewer";
	static char brief[] = "pass-1234567", word[] = "findings-Xy12-aB34";

	(void)state;
	hides(none, "a check that is required was removed",
	    "a check that is required was removed");
	hides(none, "key sk-no-key-required", "key ******************");
	hides(local, "removed from the reviewer", "removed from the reviewer");
	hides(
	    brief, "pass-1234 and pass-1234567", "pass-1234 and ************");
	hides(word, "{\"findings\":[]}", "{\"findings\":[]}");
	hides(word, "ends in Xy12-aB34", "ends in *********");
}

static void
a_large_text_takes_no_longer_for_a_key_that_repeats_itself(void **state)
{
	enum {
		LARGE = 8 << 20
	};
	char *key = xcalloc(1, 4001), *text = xcalloc(1, LARGE);
	const struct reviewer r = { .key = key };
	const struct reviewer_session s = { .r = &r };

	(void)state;
	memset(key, '1', 4000);
	memset(text, '1', LARGE);
	/* Not a whole one anywhere. */
	for (size_t i = 0; i < LARGE; i += 3999)
		text[i] = ' ';
	reviewer_hide_key(&s, text, LARGE);
	for (size_t i = 0; i + 1 < LARGE; i++)
		if (text[i] != (i % 3999 == 0 ? ' ' : '*'))
			fail_msg("byte %zu", i);
	free(key);
	free(text);
}

static void
a_short_key_hides_no_words(void **state)
{
	static char key[] = "abc";
	const struct reviewer r = { .key = key };
	const struct reviewer_session s = { .r = &r };
	char text[] = "abc and abc";

	(void)state;
	reviewer_hide_key(&s, text, strlen(text));
	assert_string_equal(text, "abc and abc");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replies_of_all_shapes_are_read),
		cmocka_unit_test(cut_refused_and_broken_replies_are_refused),
		cmocka_unit_test(errors_say_what_is_to_be_done),
		cmocka_unit_test(an_error_in_a_200_has_the_status_that_it_says),
		cmocka_unit_test(it_is_asked_again_by_the_rules),
		cmocka_unit_test(
		    requests_of_all_shapes_and_modes_are_json_of_their_api),
		cmocka_unit_test(the_ladder_goes_down_and_ends),
		cmocka_unit_test(the_context_is_read),
		cmocka_unit_test(a_key_goes_in_the_clear_to_this_machine_only),
		cmocka_unit_test(the_rules_of_the_answer_follow_any_prompt),
		cmocka_unit_test(what_runs_is_looked_at_before_what_is_read),
		cmocka_unit_test(no_part_of_the_key_is_left),
		cmocka_unit_test(a_short_key_hides_no_words),
		cmocka_unit_test(a_key_that_is_no_secret_is_hidden_whole_only),
		cmocka_unit_test(
		    a_large_text_takes_no_longer_for_a_key_that_repeats_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
