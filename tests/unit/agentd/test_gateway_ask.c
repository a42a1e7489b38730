#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "agentd/gateway/ask.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

static void
a_request_is_read_one_way_or_refused(void **state)
{
	/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding) */
	static const struct {
		enum ask_api api;
		const char *body;
		enum err_code code;
		const char *model;
		int64_t max, answers;
		bool stream;
	} rows[] = {
		{ ASK_CHAT, "{\"model\":\"m\"}", ERR_NONE, "m", 0, 1, false },
		{ ASK_CHAT,
		    " { \"max_tokens\" : 5 , "
		    "\"model\":\"a/b:c\",\"stream\":true}"
		    "\n",
		    ERR_NONE, "a/b:c", 5, 1, true },
		{ ASK_CHAT,
		    "{\"messages\":[{\"model\":\"x\",\"max_tokens\":9}],"
		    "\"model\":\"m\",\"n\":3,\"max_completion_tokens\":7,"
		    "\"max_tokens\":2}",
		    ERR_NONE, "m", 7, 3, false },
		{ ASK_CHAT,
		    "{\"a\":\"\\\"}],\",\"model\":\"m\",\"max_tokens\":null}",
		    ERR_NONE, "m", 0, 1, false },
		{ ASK_CHAT,
		    "{\"model\":\"m\",\"max_tokens\":1,\"max_tokens\":2}",
		    ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_token\\u0073\":1}",
		    ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_tokens\":1e9}", ERR_INVALID,
		    "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_tokens\":-1}", ERR_INVALID,
		    "", 0, 0, false },
		{ ASK_CHAT,
		    "{\"model\":\"m\",\"max_tokens\":999999999999999999999}",
		    ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":5}", ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"a\\nb\"}", ERR_INVALID, "", 0, 0,
		    false },
		{ ASK_CHAT, "{\"model\":\"m\",\"stream\":1}", ERR_INVALID, "",
		    0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\"} x", ERR_INVALID, "", 0, 0,
		    false },
		{ ASK_CHAT, "{\"model\":\"m\"", ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "[1]", ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{}", ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "", ERR_INVALID, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"background\":true}", ERR_DENIED,
		    "", 0, 0, false },
		{ ASK_CHAT,
		    "{\"model\":\"m\",\"mcp_servers\":[{\"url\":\"x\"}]}",
		    ERR_DENIED, "", 0, 0, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"mcp_servers\":[]}", ERR_NONE,
		    "m", 0, 1, false },
		{ ASK_CHAT, "{\"model\":\"m\",\"service_tier\":\"priority\"}",
		    ERR_DENIED, "", 0, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;
		struct ask a;
		int rc = ask_read(view_of(rows[i].body), rows[i].api, &a, &e);

		assert_int_equal(e.code, rows[i].code);
		if (rc == -1)
			continue;
		assert_string_equal(a.model, rows[i].model);
		assert_int_equal(a.max_output, rows[i].max);
		assert_int_equal(a.answers, rows[i].answers);
		assert_int_equal(a.stream, rows[i].stream);
	}
}

static void
a_deep_body_is_refused(void **state)
{
	AUTO_STR struct str s = STR_INIT;
	struct err e = ERR_INIT;
	struct ask a;

	(void)state;
	str_add(&s, "{\"model\":\"m\",\"x\":");
	for (int i = 0; i < 100000; i++)
		str_addc(&s, '[');
	assert_int_equal(ask_read(str_view(&s), ASK_CHAT, &a, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void
a_limit_counts_where_it_is_obeyed(void **state)
{
	static const struct {
		enum ask_api api;
		const char *body;
		int64_t max; /* -1: refused */
	} rows[] = {
		{ ASK_MESSAGES, "{\"model\":\"m\",\"max_tokens\":5}", 5 },
		{ ASK_MESSAGES, "{\"model\":\"m\",\"max_output_tokens\":5}",
		    -1 },
		{ ASK_MESSAGES, "{\"model\":\"m\",\"max_completion_tokens\":5}",
		    -1 },
		{ ASK_MESSAGES, "{\"model\":\"m\",\"n\":5}", -1 },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_completion_tokens\":5}",
		    5 },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_output_tokens\":5}", -1 },
		{ ASK_CHAT, "{\"model\":\"m\",\"max_output_tokens\":null}", 0 },
		{ ASK_RESPONSES, "{\"model\":\"m\",\"max_output_tokens\":5}",
		    5 },
		{ ASK_RESPONSES, "{\"model\":\"m\",\"max_tokens\":5}", -1 },
		{ ASK_RESPONSES, "{\"model\":\"m\",\"Max_Output_Tokens\":5}",
		    -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err e = ERR_INIT;
		struct ask a;
		int rc = ask_read(view_of(rows[i].body), rows[i].api, &a, &e);

		assert_int_equal(rc == -1 ? -1 : a.max_output, rows[i].max);
		assert_int_equal(
		    e.code, rows[i].max == -1 ? ERR_INVALID : ERR_NONE);
	}
}

/* What a body has beside its model, and what is found in it: d denied, w it is
 * as long as the model takes, n something is fetched, h writes for an hour. */
struct find {
	enum ask_api api;
	const char *more, *found;
};

static const struct find finds[] = {
	/* Another model, state or price at the provider. */
	{ ASK_CHAT, "\"models\":[\"dear\"]", "d" },
	{ ASK_CHAT, "\"models\":[]", "" },
	{ ASK_CHAT, "\"preset\":\"x\"", "d" },
	{ ASK_CHAT, "\"plugins\":[{\"id\":\"web\"}]", "d" },
	{ ASK_CHAT, "\"prediction\":{\"type\":\"content\"}", "d" },
	{ ASK_CHAT, "\"modalities\":[\"text\",\"audio\"]", "d" },
	{ ASK_CHAT, "\"modalities\":[\"text\"]", "" },
	{ ASK_CHAT, "\"audio\":{\"voice\":\"x\"}", "d" },
	{ ASK_CHAT, "\"web_search_options\":{}", "nw" },
	{ ASK_CHAT, "\"search_parameters\":{\"mode\":\"auto\"}", "nw" },
	{ ASK_CHAT, "\"enable_search\":true", "nw" },
	{ ASK_CHAT, "\"enable_search\":false", "" },
	{ ASK_RESPONSES, "\"previous_response_id\":\"resp_1\"", "d" },
	{ ASK_RESPONSES, "\"previous_response_id\":null", "" },
	{ ASK_RESPONSES, "\"conversation\":\"conv_1\"", "d" },
	{ ASK_RESPONSES, "\"prompt\":{\"id\":\"pmpt_1\"}", "d" },
	{ ASK_MESSAGES, "\"container\":\"c\"", "d" },
	{ ASK_MESSAGES, "\"inference_geo\":\"us\"", "d" },
	{ ASK_MESSAGES, "\"speed\":\"fast\"", "d" },
	/* Tools. */
	{ ASK_MESSAGES,
	    "\"tools\":[{\"name\":\"x\",\"input_schema\":{"
	    "\"type\":\"object\",\"properties\":{\"type\":{"
	    "\"type\":\"web_fetch\"}}}}]",
	    "" },
	{ ASK_MESSAGES,
	    "\"tools\":[{\"type\":\"bash_20250124\","
	    "\"cache_control\":{\"type\":\"ephemeral\"}}]",
	    "" },
	{ ASK_MESSAGES, "\"tools\":[{\"type\":\"web_fetch_20250910\"}]", "nw" },
	{ ASK_MESSAGES, "\"tools\":[{\"ty\\u0070e\":\"web_\\u0066etch_1\"}]",
	    "nw" },
	{ ASK_MESSAGES, "\"tools\":[{\"type\":\"code_execution_1\"}]", "d" },
	{ ASK_RESPONSES,
	    "\"tools\":[{\"type\":\"function\",\"parameters\":{"
	    "\"type\":\"object\"}},{\"type\":\"local_shell\"}]",
	    "" },
	{ ASK_RESPONSES, "\"tools\":[{\"type\":\"mcp\",\"server_url\":\"h\"}]",
	    "d" },
	{ ASK_RESPONSES,
	    "\"tools\":[{\"type\":\"namespace\",\"tools\":[{"
	    "\"type\":\"mcp\"}]}]",
	    "d" },
	{ ASK_RESPONSES,
	    "\"tools\":[{\"type\":\"shell\",\"environment\":{"
	    "\"type\":\"container_auto\"}}]",
	    "d" },
	{ ASK_RESPONSES, "\"tools\":[{\"type\":\"file_search\"}]", "d" },
	{ ASK_RESPONSES, "\"tools\":[{\"type\":\"image_generation\"}]", "d" },
	{ ASK_RESPONSES, "\"tools\":[{\"type\":\"web_search\"}]", "nw" },
	{ ASK_CHAT,
	    "\"tools\":[{\"type\":\"function\",\"function\":{"
	    "\"name\":\"x\",\"type\":\"mcp\"}}]",
	    "" },
	/* Content. */
	{ ASK_MESSAGES, "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]",
	    "" },
	{ ASK_MESSAGES,
	    "\"messages\":[{\"role\":\"assistant\",\"content\":[{"
	    "\"type\":\"tool_use\",\"input\":{\"url\":\"http://x\","
	    "\"type\":\"image\",\"file_id\":\"f\"}}]}]",
	    "" },
	{ ASK_MESSAGES,
	    "\"messages\":[{\"content\":[{\"type\":\"image\","
	    "\"source\":{\"type\":\"base64\",\"data\":\"x\"}}]}]",
	    "w" },
	{ ASK_MESSAGES,
	    "\"messages\":[{\"content\":[{\"type\":\"document\","
	    "\"source\":{\"type\":\"url\",\"url\":\"http://x\"}}]}]",
	    "nw" },
	{ ASK_MESSAGES,
	    "\"messages\":[{\"content\":[{\"type\":\"tool_result\","
	    "\"content\":[{\"type\":\"image\"}]}]}]",
	    "w" },
	{ ASK_MESSAGES,
	    "\"messages\":[{\"content\":[{\"type\":\"document\","
	    "\"source\":{\"type\":\"file\",\"file_id\":\"f\"}}]}]",
	    "d" },
	{ ASK_MESSAGES,
	    "\"system\":[{\"type\":\"text\",\"cache_control\":{"
	    "\"type\":\"ephemeral\",\"ttl\":\"1h\"}}]",
	    "h" },
	{ ASK_CHAT,
	    "\"messages\":[{\"content\":[{\"type\":\"image_url\","
	    "\"image_url\":{\"url\":\"data:image/png;base64,x\"}}]}]",
	    "w" },
	{ ASK_CHAT,
	    "\"messages\":[{\"content\":[{\"type\":\"image_url\","
	    "\"image_url\":{\"url\":\"https://x\"}}]}]",
	    "nw" },
	{ ASK_CHAT,
	    "\"messages\":[{\"content\":[{\"type\":\"file\","
	    "\"file\":{\"file_id\":\"f\"}}]}]",
	    "d" },
	{ ASK_RESPONSES, "\"input\":\"text\"", "" },
	{ ASK_RESPONSES,
	    "\"input\":[{\"role\":\"user\",\"content\":[{"
	    "\"type\":\"input_text\",\"text\":\"x\"}]},"
	    "{\"type\":\"function_call\",\"arguments\":\"{}\"},"
	    "{\"type\":\"local_shell_call\",\"action\":{"
	    "\"type\":\"exec\",\"command\":[\"x\"]}}]",
	    "" },
	{ ASK_RESPONSES,
	    "\"input\":[{\"type\":\"message\",\"content\":[{"
	    "\"type\":\"input_image\",\"file_id\":null,"
	    "\"image_url\":\"https://x\"}]}]",
	    "nw" },
	{ ASK_RESPONSES,
	    "\"input\":[{\"type\":\"message\",\"content\":[{"
	    "\"type\":\"input_file\",\"file_url\":\"https://x\"}]"
	    "}]",
	    "nw" },
	{ ASK_RESPONSES,
	    "\"input\":[{\"type\":\"item_reference\","
	    "\"id\":\"msg_1\"}]",
	    "d" },
	{ ASK_RESPONSES, "\"input\":[{\"id\":\"msg_1\"}]", "d" },
	{ ASK_RESPONSES, "\"input\":[{\"type\":null,\"id\":\"msg_1\"}]", "d" },
};

static void
what_comes_from_elsewhere_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++) {
		AUTO_STR struct str body = STR_INIT;
		AUTO_STR struct str got = STR_INIT;
		struct err e = ERR_INIT;
		struct ask a;

		str_addf(&body, "{\"model\":\"m\",%s}", finds[i].more);
		if (ask_read(str_view(&body), finds[i].api, &a, &e) == -1) {
			assert_int_equal(e.code, ERR_DENIED);
			str_add(&got, "d");
		} else {
			str_add(&got, a.web ? "n" : "");
			str_add(&got, a.whole ? "w" : "");
			str_add(&got, a.long_cache ? "h" : "");
		}
		if (strcmp(str_cstr(&got), finds[i].found) != 0)
			fail_msg("%s: %s, not %s", finds[i].more,
			    str_cstr(&got), finds[i].found);
	}
}

static void
a_name_of_a_model_has_nothing_else_in_it(void **state)
{
	struct err e = ERR_INIT;
	struct ask a;

	(void)state;
	assert_int_equal(
	    ask_read(VIEW_LIT("{\"model\":\"a/b:online\"}"), ASK_CHAT, &a, &e),
	    0);
	assert_true(a.web && a.whole);
	assert_int_equal(ask_read(VIEW_LIT("{\"model\":\"a/b@preset/x\"}"),
			     ASK_CHAT, &a, &e),
	    -1);
	assert_int_equal(e.code, ERR_DENIED);
}

static void
a_model_that_searches_by_itself_reaches_the_web(void **state)
{
	static const struct {
		const char *model;
		bool web;
	} rows[] = {
		{ "gpt-4o-search-preview", true },
		{ "openai/gpt-5-search-api", true },
		{ "perplexity/sonar-pro", true },
		{ "Sonar", true },
		{ "o4-mini-deep-research-2025-06-26", true },
		{ "gpt-4o", false },
		{ "research-1", false },
		{ "claude-sonnet-4-5", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_FREE char *body = xasprintf(
		    "{\"model\":\"%s\"}", rows[i].model);
		struct err e = ERR_INIT;
		struct ask a;

		assert_int_equal(ask_read(view_of(body), ASK_CHAT, &a, &e), 0);
		assert_int_equal(a.web, rows[i].web);
		assert_int_equal(a.whole, rows[i].web);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_one_way_or_refused),
		cmocka_unit_test(a_deep_body_is_refused),
		cmocka_unit_test(a_limit_counts_where_it_is_obeyed),
		cmocka_unit_test(what_comes_from_elsewhere_is_found),
		cmocka_unit_test(a_name_of_a_model_has_nothing_else_in_it),
		cmocka_unit_test(
		    a_model_that_searches_by_itself_reaches_the_web),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
