#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/err.h"

/* What Codex 0.169.0, OpenCode 1.18.33 and Goose 1.34.0 print. */
#define CODEX_ITEM(item) "{\"type\":\"item.completed\",\"item\":{" item "}}\n"
#define CODEX_SAYS \
	CODEX_ITEM("\"type\":\"agent_message\",\"text\":\"The end.\"")
#define CODEX_RUN                                    \
	CODEX_ITEM("\"type\":\"command_execution\"," \
		   "\"command\":\"bash -lc ls\","    \
		   "\"exit_code\":3,\"status\":\"failed\"")
#define CODEX_END                                                        \
	"{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":4000," \
	"\"cached_input_tokens\":1500,\"output_tokens\":200}}\n"
#define OPENCODE(type, part)                                                  \
	"{\"type\":\"" type "\",\"sessionID\":\"ses_1\",\"part\":{" part "}}" \
	"\n"
#define OPENCODE_TOOL(tool, status)               \
	OPENCODE("tool_use",                      \
	    "\"tool\":\"" tool "\",\"state\":{"   \
	    "\"status\":\"" status "\",\"input\"" \
	    ":{\"command\":\"ls\"}}")
#define OPENCODE_STEP(reason)                          \
	OPENCODE("step_finish",                        \
	    "\"reason\":\"" reason "\",\"tokens\":{"   \
	    "\"input\":1000,\"output\":50,"            \
	    "\"reasoning\":5,\"cache\":{\"read\":7}}," \
	    "\"cost\":0.01")
#define GOOSE(role, content)                                                \
	"{\"type\":\"message\",\"message\":{\"id\":\"m1\",\"role\":\"" role \
	"\",\"content\":[" content "]}}\n"
#define GOOSE_SAYS(text) \
	GOOSE("assistant", "{\"type\":\"text\",\"text\":\"" text "\"}")
#define GOOSE_ASKS(id, tool)                               \
	GOOSE("assistant",                                 \
	    "{\"type\":\"toolRequest\",\"id\":\"" id "\"," \
	    "\"toolCall\":{\"status\":\"success\","        \
	    "\"value\":{\"name\":\"" tool "\","            \
	    "\"arguments\":{\"command\":\"ls\"}}}}")
#define GOOSE_GETS(id, status)                              \
	GOOSE("user",                                       \
	    "{\"type\":\"toolResponse\",\"id\":\"" id "\"," \
	    "\"toolResult\":{\"status\":\"" status "\"}}")
#define GOOSE_END                                       \
	"{\"type\":\"complete\",\"total_tokens\":3150," \
	"\"input_tokens\":3000,\"output_tokens\":150}\n"

static struct agent_stream *
clis_of(const char *agent, bool write, const char *text)
{
	struct agent_stream *s = agent_stream_new(
	    agent_find(agent), write, NULL, NULL);

	agent_stream_feed(s, view_of(text));
	agent_stream_end(s);
	return s;
}

static void
a_good_run_of_each_is_told(void **state)
{
	static const struct {
		const char *agent, *text;
		int64_t in, out, cached;
		bool costed;
	} rows[] = {
		{ "codex",
		    "{\"type\":\"thread.started\",\"thread_id\":\"ses_1\"}\n"
		    "{\"type\":\"error\",\"message\":\"Reconnecting "
		    "1/4\"}\n" CODEX_RUN CODEX_SAYS CODEX_END,
		    2500, 200, 1500, false },
		{ "opencode",
		    OPENCODE("step_start", "") OPENCODE_TOOL(
			"bash", "completed") OPENCODE_STEP("tool-calls")
			OPENCODE("text", "\"text\":\"The end.\"")
			    OPENCODE_STEP("stop"),
		    2000, 110, 14, true },
		{ "goose",
		    GOOSE_ASKS("c1", "shell") GOOSE_GETS("c1", "success")
			GOOSE_SAYS("The ") GOOSE_SAYS("end.") GOOSE_END,
		    3000, 150, 0, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = clis_of(
		    rows[i].agent, false, rows[i].text);
		const struct agent_report *r = agent_stream_report(s);

		if (!r->ended || r->fault != AGENT_FAULT_NONE)
			fail_msg("%s: %s", rows[i].agent,
			    agent_fault_name(r->fault));
		assert_string_equal(str_cstr(&r->text), "The end.");
		assert_int_equal(r->usage.input, rows[i].in);
		assert_int_equal(r->usage.output, rows[i].out);
		assert_int_equal(r->usage.cache_read, rows[i].cached);
		assert_int_equal(r->costed, rows[i].costed);
		assert_int_equal(r->tools, 1);
		if (strcmp(rows[i].agent, "goose") != 0)
			assert_string_equal(r->session, "ses_1");
		agent_stream_free(s);
	}
}

static void
what_ends_each_of_them_is_a_fault(void **state)
{
	static const struct {
		const char *agent, *text;
		enum agent_fault fault;
	} rows[] = {
		{ "codex",
		    "{\"type\":\"turn.failed\",\"error\":{\"message\":"
		    "\"unexpected status 401 Unauthorized\"}}",
		    AGENT_FAULT_KEY },
		{ "codex",
		    "{\"type\":\"turn.failed\",\"error\":{\"message\":"
		    "\"Codex ran out of room in the model's context\"}}",
		    AGENT_FAULT_CONTEXT },
		{ "codex", "{\"type\":\"turn.failed\"}", AGENT_FAULT_OTHER },
		{ "codex",
		    CODEX_ITEM("\"type\":\"web_search\",\"query\":\"x\""),
		    AGENT_FAULT_TOOLS },
		{ "codex",
		    CODEX_ITEM("\"type\":\"mcp_tool_call\",\"status\":"
			       "\"completed\""),
		    AGENT_FAULT_TOOLS },
		{ "codex",
		    CODEX_ITEM("\"type\":\"file_change\",\"status\":"
			       "\"completed\",\"changes\":[{\"path\":\"x\"}]"),
		    AGENT_FAULT_TOOLS },
		{ "opencode",
		    "{\"type\":\"error\",\"error\":{\"name\":\"APIError\","
		    "\"data\":{\"message\":\"no\",\"statusCode\":429}}}",
		    AGENT_FAULT_RATE },
		{ "opencode", OPENCODE_TOOL("webfetch", "completed"),
		    AGENT_FAULT_TOOLS },
		{ "opencode", OPENCODE_TOOL("edit", "completed"),
		    AGENT_FAULT_TOOLS },
		{ "opencode", OPENCODE_STEP("length"), AGENT_FAULT_CONTEXT },
		{ "goose",
		    GOOSE_SAYS(
			"Ran into this error: Server error: 500.") "{\"type\":"
								   "\"complete"
								   "\",\"total_"
								   "tokens\":"
								   "null}",
		    AGENT_FAULT_OVERLOAD },
		{ "goose",
		    GOOSE_SAYS("I've reached the maximum number of actions")
			GOOSE_END,
		    AGENT_FAULT_TURNS },
		{ "goose",
		    GOOSE_SAYS(
			"x") "{\"type\":\"complete\",\"total_tokens\":null}",
		    AGENT_FAULT_OTHER },
		{ "goose",
		    GOOSE_ASKS("c1", "computer") GOOSE_GETS("c1", "success"),
		    AGENT_FAULT_TOOLS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = clis_of(
		    rows[i].agent, false, rows[i].text);
		const struct agent_report *r = agent_stream_report(s);

		if (r->fault != rows[i].fault)
			fail_msg("row %zu: %s", i, agent_fault_name(r->fault));
		assert_false(r->ended);
		agent_stream_free(s);
	}
}

/* A model asks for what is not there: its CLI says no, and it goes on. */
static void
a_tool_that_was_refused_is_no_fault(void **state)
{
	static const struct {
		const char *agent, *text;
	} rows[] = {
		{ "opencode", OPENCODE_TOOL("webfetch", "error") },
		{ "goose",
		    GOOSE_ASKS("c1", "webfetch") GOOSE_GETS("c1", "error") },
		{ "goose", GOOSE_GETS("c2", "success") },
		{ "codex",
		    CODEX_ITEM("\"type\":\"file_change\",\"status\":"
			       "\"failed\"") },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = clis_of(
		    rows[i].agent, false, rows[i].text);

		if (agent_stream_report(s)->fault != AGENT_FAULT_NONE)
			fail_msg("row %zu", i);
		agent_stream_free(s);
	}
}

static void
what_was_asked_is_bounded(void **state)
{
	struct agent_stream *s = agent_stream_new(
	    agent_find("goose"), false, NULL, NULL);
	AUTO_STR struct str text = STR_INIT;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		str_reset(&text);
		str_addf(&text, GOOSE_ASKS("c%d", "shell"), i);
		agent_stream_feed(s, str_view(&text));
	}
	agent_stream_feed(s, view_of(GOOSE_GETS("c0", "success")));
	agent_stream_feed(s, view_of(GOOSE_GETS("c999", "success")));
	assert_int_equal(agent_stream_report(s)->tools, 1000);
	assert_int_equal(agent_stream_report(s)->fault, AGENT_FAULT_NONE);
	agent_stream_free(s);
}

/* All are pure, and none gives a key but the run's placeholder. */
static void
each_plan_is_whole_and_the_same_again(void **state)
{
	static const char *const names[] = { "claude", "codex", "goose",
		"opencode" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct agent *a = agent_find(names[i]);
		struct project project = { .id = 1 };
		const struct agent_start start = { .project = &project,
			.write = i % 2 == 0,
			.model = { .url = "http://m",
			    .name = "x",
			    .token = "run-9" } };
		struct agent_plan p = { .argc = 0 }, q = { .argc = 0 };
		struct err e = ERR_INIT;
		unsigned tokens = 0;

		assert_non_null(a);
		assert_non_null(a->rows);
		assert_int_equal(a->plan(&start, &p, &e), 0);
		assert_int_equal(a->plan(&start, &q, &e), 0);
		assert_int_equal(p.argc, q.argc);
		for (size_t k = 0; k < p.argc; k++) {
			assert_string_equal(p.argv[k], q.argv[k]);
			assert_null(strstr(p.argv[k], "run-9"));
		}
		for (size_t k = 0; k < p.n_env; k++)
			tokens += strcmp(p.env[k].value, "run-9") == 0;
		assert_int_equal(tokens, 1);
		agent_plan_release(&p);
		agent_plan_release(&q);
	}
}

static bool
clis_plan_says(const struct agent_start *s, const char *agent, const char *what)
{
	struct agent_plan p = { .argc = 0 };
	struct err e = ERR_INIT;
	bool found = false;

	assert_int_equal(agent_find(agent)->plan(s, &p, &e), 0);
	for (size_t k = 0; k < p.argc; k++)
		found = found || strcmp(p.argv[k], what) == 0;
	for (size_t k = 0; k < p.n_env; k++)
		found = found || strstr(p.env[k].value, what) != NULL;
	agent_plan_release(&p);
	return found;
}

/* A command's tools, turns and budget are told to those that can be told. */
static void
a_plan_keeps_to_the_bounds_of_the_command(void **state)
{
	struct project project = { .id = 1 };
	struct agent_start s = { .project = &project,
		.write = false,
		.model = { .url = "http://m", .name = "x", .token = "t" } };

	(void)state;
	assert_true(clis_plan_says(&s, "claude", "Read,Grep,Glob,Bash"));
	assert_true(clis_plan_says(&s, "codex", "web_search=\"disabled\""));
	assert_false(clis_plan_says(&s, "opencode", "webfetch"));
	s.bounds = (struct agent_bounds){
		.tools = AGENT_READS | AGENT_WEB, .turns = 7, .budget = 2500000
	};
	assert_true(clis_plan_says(&s, "claude", "Read,WebFetch,WebSearch"));
	assert_true(clis_plan_says(&s, "claude", "WebFetch,WebSearch"));
	assert_true(clis_plan_says(&s, "claude", "--max-turns"));
	assert_true(clis_plan_says(&s, "claude", "2.500000"));
	assert_true(clis_plan_says(&s, "goose", "7"));
	assert_true(clis_plan_says(&s, "codex", "web_search=\"live\""));
	assert_true(clis_plan_says(&s, "opencode", "\"webfetch\":\"allow\""));
	assert_false(clis_plan_says(&s, "opencode", "\"bash\""));
	s.write = true;
	s.bounds.tools = AGENT_READS | AGENT_EDITS;
	assert_true(clis_plan_says(&s, "claude", "Read,Edit,Write"));
}

static void
what_goes_beyond_its_bounds_is_ended(void **state)
{
	static const char step[] =
	    "{\"type\":\"step_finish\",\"part\":{\"reason\":\"tool-calls\","
	    "\"tokens\":{\"input\":1,\"output\":1},\"cost\":0.4}}\n";
	static const struct {
		struct agent_bounds b;
		enum agent_fault fault; /* after the third step */
	} rows[] = {
		{ { .turns = 2 }, AGENT_FAULT_TURNS },
		{ { .turns = 3 }, AGENT_FAULT_NONE },
		{ { .budget = 1000000 }, AGENT_FAULT_BUDGET },
		{ { .budget = 1200000 }, AGENT_FAULT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = agent_stream_new(
		    agent_find("opencode"), true, NULL, NULL);

		agent_stream_bound(s, &rows[i].b);
		agent_stream_feed(s, view_of(step));
		agent_stream_feed(s, view_of(step));
		assert_false(agent_stream_is_beyond(s));
		agent_stream_feed(s, view_of(step));
		assert_int_equal(agent_stream_report(s)->fault, rows[i].fault);
		assert_int_equal(agent_stream_is_beyond(s),
		    rows[i].fault != AGENT_FAULT_NONE);
		agent_stream_free(s);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_run_of_each_is_told),
		cmocka_unit_test(what_ends_each_of_them_is_a_fault),
		cmocka_unit_test(a_tool_that_was_refused_is_no_fault),
		cmocka_unit_test(what_was_asked_is_bounded),
		cmocka_unit_test(each_plan_is_whole_and_the_same_again),
		cmocka_unit_test(a_plan_keeps_to_the_bounds_of_the_command),
		cmocka_unit_test(what_goes_beyond_its_bounds_is_ended),
	};

	return cmocka_run_group_tests_name("agent_clis", tests, NULL, NULL);
}
