#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/agent/plan.h"
#include "agentd/agent/stream.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

#define CLAUDE_INIT(tools, servers)                                         \
	"{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s-1\"," \
	"\"tools\":[" tools "],\"mcp_servers\":[" servers "],"              \
	"\"model\":\"m-1\"}\n"
#define CLAUDE_RESULT                                                  \
	"{\"num_turns\":2,\"is_error\":false,\"subtype\":\"success\"," \
	"\"total_cost_usd\":0.0255,\"usage\":{\"input_tokens\":2000,"  \
	"\"output_tokens\":100,\"cache_read_input_tokens\":7},"        \
	"\"result\":\"The end.\",\"type\":\"result\"}\n"
#define CLAUDE_CALL                                                       \
	"{\"type\":\"assistant\",\"message\":{\"content\":[{\"type\":"    \
	"\"text\",\"text\":\"I look.\"},{\"type\":\"tool_use\",\"name\":" \
	"\"Bash\",\"input\":{\"command\":\"ls\"}}]}}\n"

/* Every event as a line of JSON. */
static void
seen_on_event(const struct agent_event *ev, void *arg)
{
	agent_event_write(ev, 0, 0, arg);
}

static struct agent_stream *
stream_of(const char *agent, bool write, const char *text, struct str *seen)
{
	struct agent_stream *s = agent_stream_new(agent_find(agent), write,
	    seen != NULL ? seen_on_event : NULL, seen);

	agent_stream_feed(s, view_of(text));
	agent_stream_end(s);
	return s;
}

static void
assert_seen(const struct str *seen, const char *const *words)
{
	const char *at = str_cstr(seen);

	for (; *words != NULL && at != NULL; words++)
		at = strstr(at, *words);
	if (at == NULL)
		fail_msg("no %s in:\n%s", words[-1], str_cstr(seen));
}

static void
a_good_run_of_claude_is_told(void **state)
{
	static const char *const words[] = {
		"\"kind\":\"version\",\"name\":\"2.1.329\"",
		"\"kind\":\"session\",\"name\":\"s-1\",\"text\":\"m-1\"",
		"\"kind\":\"text\",\"text\":\"I look.\"",
		"\"kind\":\"tool\",\"name\":\"Bash\",\"text\":\"ls\"",
		"\"kind\":\"usage\"",
		"\"kind\":\"end\",\"text\":\"The end.\"",
		NULL,
	};
	AUTO_STR struct str seen = STR_INIT, line = STR_INIT;
	struct agent_stream *s = stream_of("claude", false,
	    "coffer-agent version 2.1.329\n" CLAUDE_INIT(
		"\"Read\",\"Bash\"", "") CLAUDE_CALL CLAUDE_RESULT,
	    &seen);
	const struct agent_report *r = agent_stream_report(s);

	(void)state;
	assert_seen(&seen, words);
	assert_true(r->ended);
	assert_int_equal(r->fault, AGENT_FAULT_NONE);
	assert_int_equal(r->usage.input, 2000);
	assert_int_equal(r->usage.cache_read, 7);
	assert_int_equal(r->usage.cost, 25500);
	assert_string_equal(str_cstr(&r->text), "The end.");
	agent_report_line(r, &line);
	assert_string_equal(
	    str_cstr(&line), "2 turns, 2007 tokens in, 100 out, $0.025500");
	agent_stream_free(s);
}

/* However the bytes are cut. */
static void
a_line_may_come_in_pieces(void **state)
{
	static const char text[] = CLAUDE_INIT("\"Read\"", "")
	    CLAUDE_CALL CLAUDE_RESULT;
	AUTO_STR struct str whole = STR_INIT;

	(void)state;
	agent_stream_free(stream_of("claude", false, text, &whole));
	for (size_t cut = 1; cut < 40; cut++) {
		AUTO_STR struct str seen = STR_INIT;
		struct view rest = view_of(text);
		struct agent_stream *s = agent_stream_new(
		    agent_find("claude"), false, seen_on_event, &seen);

		while (rest.len > 0) {
			size_t n = rest.len < cut ? rest.len : cut;

			agent_stream_feed(
			    s, (struct view){ .p = rest.p, .len = n });
			rest = view_from(rest, n);
		}
		agent_stream_end(s);
		assert_string_equal(str_cstr(&seen), str_cstr(&whole));
		agent_stream_free(s);
	}
}

static void
what_is_not_known_is_passed_over(void **state)
{
	struct agent_stream *s = stream_of("claude", true,
	    "{\"type\":\"new\"}\nwarning: x\n\n{\"type\":7}\n[]\n{\"type\":"
	    "\"system\"}\n{\"type\":\"assistant\",\"message\":\"x\"}\n"
	    "{\"type\":\"assistant\",\"message\":{\"content\":\"x\"}}\n{"
	    "\n{\"type\":\"result\",\n" CLAUDE_RESULT,
	    NULL);
	const struct agent_report *r = agent_stream_report(s);

	(void)state;
	assert_true(r->ended);
	assert_int_equal(r->fault, AGENT_FAULT_NONE);
	assert_int_equal(r->lines, 10);
	assert_int_equal(r->other, 3);
	agent_stream_free(s);
}

/* The type is the line's own, wherever it stands; all others are text. */
static void
the_type_of_a_line_is_found_wherever_it_stands(void **state)
{
	static const struct {
		const char *text;
		bool ended;
	} rows[] = {
		{ "{\"is_error\":false,\"subtype\":\"success\","
		  "\"a\":[{\"type\":\"x\"}],\"type\" : \"result\"}",
		    true },
		{ "{\"q\":\"\\\\\\\"\",\"is_error\":false,\"type\":\"result\","
		  "\"subtype\":\"success\"}",
		    true },
		{ "{\"q\":\"type\",\"subtype\":\"success\",\"is_error\":false,"
		  "\"type\":\"result\"}",
		    true },
		{ "{\"m\":{\"type\":\"result\"},\"is_error\":false,"
		  "\"subtype\":\"success\",\"type\":\"user\"}",
		    false },
		{ "{\"type\":\"user\",\"is_error\":false,"
		  "\"subtype\":\"success\",\"t\":\"\\\",\\\"type\\\":"
		  "\\\"result\\\"\"}",
		    false },
		{ "{\"type\":\"user\",\"type\":\"result\",\"is_error\":false,"
		  "\"subtype\":\"success\"}",
		    false },
		{ "{\"type\":\"result\",\"is_error\":false,"
		  "\"subtype\":\"success\",\"type\":\"user\"}",
		    false },
		{ "{\"type", false },
		{ "{\"type\":\"result\\", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = stream_of(
		    "claude", true, rows[i].text, NULL);

		if (agent_stream_report(s)->ended != rows[i].ended)
			fail_msg("row %zu", i);
		agent_stream_free(s);
	}
}

static void
a_line_that_is_too_long_is_passed_over(void **state)
{
	struct agent_stream *s = agent_stream_new(
	    agent_find("claude"), true, NULL, NULL);
	AUTO_FREE char *much = xmalloc(8 << 20);
	const struct agent_report *r;

	(void)state;
	memset(much, 'x', 8 << 20);
	much[0] = '{';
	for (size_t at = 0; at < 8 << 20; at += 64 << 10)
		agent_stream_feed(
		    s, (struct view){ .p = much + at, .len = 64 << 10 });
	agent_stream_feed(s, view_of("\n" CLAUDE_RESULT));
	agent_stream_end(s);
	r = agent_stream_report(s);
	assert_int_equal(r->over, 1);
	assert_true(r->ended);
	agent_stream_free(s);
}

static void
a_tool_that_it_must_not_have_is_a_fault(void **state)
{
	static const struct {
		const char *agent;
		bool write;
		const char *text;
		const char *tool; /* NULL: it may */
	} rows[] = {
		{ "claude", true, CLAUDE_INIT("\"Edit\",\"Write\"", ""), NULL },
		{ "claude", false, CLAUDE_INIT("\"Read\",\"Edit\"", ""),
		    "Edit" },
		{ "claude", true, CLAUDE_INIT("\"Read\",\"WebFetch\"", ""),
		    "WebFetch" },
		{ "claude", true, CLAUDE_INIT("\"Read\"", "{\"name\":\"x\"}"),
		    "an MCP server" },
		/* Asking is not having. */
		{ "claude", true,
		    "{\"type\":\"assistant\",\"message\":{\"content\":[{"
		    "\"type\":\"tool_use\",\"name\":\"WebFetch\"}]}}\n",
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = stream_of(
		    rows[i].agent, rows[i].write, rows[i].text, NULL);
		const struct agent_report *r = agent_stream_report(s);

		if ((rows[i].tool != NULL) != (r->fault == AGENT_FAULT_TOOLS))
			fail_msg("row %zu: %s", i, agent_fault_name(r->fault));
		if (rows[i].tool != NULL)
			assert_string_equal(r->why, rows[i].tool);
		agent_stream_free(s);
	}
}

static void
what_went_wrong_is_one_of_few_words(void **state)
{
	static const struct {
		const char *agent, *text;
		enum agent_fault fault;
	} rows[] = {
		{ "claude",
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true,\"api_error_status\":401,"
		    "\"result\":\"Failed: x\"}",
		    AGENT_FAULT_KEY },
		{ "claude",
		    "{\"type\":\"result\",\"subtype\":\"error_max_turns\","
		    "\"is_error\":true}",
		    AGENT_FAULT_TURNS },
		{ "claude",
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true,\"api_error_status\":529,"
		    "\"result\":\"API Error\"}",
		    AGENT_FAULT_OVERLOAD },
		{ "claude",
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true,\"terminal_reason\":"
		    "\"prompt_too_long\"}",
		    AGENT_FAULT_CONTEXT },
		{ "claude",
		    "{\"type\":\"result\",\"is_error\":true,"
		    "\"api_error_status\":403,\"result\":\"the budget of "
		    "this run is used up\"}",
		    AGENT_FAULT_BUDGET },
		{ "claude",
		    "{\"type\":\"result\",\"subtype\":\"success\","
		    "\"is_error\":true,\"result\":\"Connection error.\"}",
		    AGENT_FAULT_NETWORK },
		{ "claude", "{\"type\":\"result\"}", AGENT_FAULT_OTHER },
		{ "claude", "coffer-agent refused version x",
		    AGENT_FAULT_VERSION },
		{ "claude", "coffer-agent refused version 3.0, known are 2.*",
		    AGENT_FAULT_VERSION },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct agent_stream *s = stream_of(
		    rows[i].agent, true, rows[i].text, NULL);
		const struct agent_report *r = agent_stream_report(s);

		if (r->fault != rows[i].fault || r->ended)
			fail_msg("row %zu: %s", i, agent_fault_name(r->fault));
		agent_stream_free(s);
	}
}

/* Not from the exit code: from what it told, and an answer or a change. */
static void
the_verdict_needs_a_result_and_work(void **state)
{
	static const struct {
		const char *text;
		int status;
		bool pushed, good;
	} rows[] = {
		{ CLAUDE_RESULT, 0, false, true },
		{ CLAUDE_RESULT, 1, false, true },
		{ CLAUDE_INIT("\"Read\"", ""), 0, true, false },
		{ "", 0, true, false },
		{ "{\"type\":\"result\",\"subtype\":\"success\","
		  "\"is_error\":false}",
		    0, false, false },
		{ "{\"type\":\"result\",\"subtype\":\"success\","
		  "\"is_error\":false}",
		    0, true, true },
		{ "{\"type\":\"result\",\"is_error\":true}", 0, true, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		AUTO_STR struct str why = STR_INIT;
		struct agent_stream *s = stream_of(
		    "claude", true, rows[i].text, NULL);
		const struct agent_report *p = agent_stream_report(s);
		const struct agent_result r = { .exit_code = rows[i].status,
			.message = str_view(&p->text),
			.pushed = rows[i].pushed,
			.can_push = true,
			.report = p };

		if (agent_find("claude")->judge(&r, &why) != rows[i].good)
			fail_msg("row %zu: %s", i, str_cstr(&why));
		assert_int_equal(why.len == 0, rows[i].good);
		agent_stream_free(s);
	}
}

static bool
plan_has(const struct agent_plan *p, const char *word)
{
	for (size_t i = 0; i < p->argc; i++) {
		if (strcmp(p->argv[i], word) == 0)
			return true;
	}
	return false;
}

static const char *
plan_env(const struct agent_plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_env; i++) {
		if (strcmp(p->env[i].name, name) == 0)
			return p->env[i].value;
	}
	return NULL;
}

static void
claude_takes_no_settings_of_the_repository(void **state)
{
	struct project project = { .agent = "claude" };
	struct agent_start start = { .project = &project,
		.model = { .url = "http://m", .name = "x", .token = "t" } };
	struct agent_plan p = { .argc = 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(agent_find("claude")->plan(&start, &p, &e), 0);
	assert_true(plan_has(&p, "--setting-sources"));
	assert_true(plan_has(&p, "--strict-mcp-config"));
	assert_true(plan_has(&p, "Read,Grep,Glob,Bash"));
	assert_true(
	    plan_has(&p, "{\"env\":{\"ANTHROPIC_BASE_URL\":\"http://m\"}}"));
	assert_string_equal(plan_env(&p, "ANTHROPIC_API_KEY"), "t");
	assert_true(p.prompt);
	agent_plan_release(&p);
	/* One that signs in by itself is told nothing of a model. */
	start.model = (struct agent_model){ .token = "t" };
	assert_int_equal(agent_find("claude")->plan(&start, &p, &e), 0);
	assert_null(plan_env(&p, "ANTHROPIC_API_KEY"));
	assert_false(plan_has(&p, "--settings"));
	agent_plan_release(&p);
}

static void
a_project_names_its_own_program_and_adds_arguments(void **state)
{
	static char own[] = "/opt/x", effort[] = "--effort", high[] = "high";
	struct project project = { .agent = "claude",
		.argv = { own, effort, high, NULL } };
	const struct agent_start start = { .project = &project };
	struct agent_plan p = { .argc = 0 };
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(agent_find("claude")->plan(&start, &p, &e), 0);
	assert_true(plan_has(&p, "/opt/x"));
	assert_false(plan_has(&p, "claude"));
	assert_string_equal(p.argv[p.argc - 1], "high");
	agent_plan_release(&p);
}

static void
events_are_shown_as_lines_for_people(void **state)
{
	static const struct agent_event events[] = {
		{ .kind = AGENT_EVENT_SESSION, .name = "id", .text = "m1" },
		{ .kind = AGENT_EVENT_TEXT, .text = "one\ntw" },
		{ .kind = AGENT_EVENT_TEXT, .text = "o", .more = true },
		{ .kind = AGENT_EVENT_TOOL,
		    .name = "Bash",
		    .text = "ls\x1b[2J",
		    .ok = true },
		{ .kind = AGENT_EVENT_TOOL, .name = "Edit" },
		{ .kind = AGENT_EVENT_USAGE },
		{ .kind = AGENT_EVENT_TEXT, .text = "done" },
		{ .kind = AGENT_EVENT_END },
	};
	AUTO_STR struct str out = STR_INIT;
	bool open = false;

	(void)state;
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		agent_event_show(&events[i], &open, &out);
	assert_string_equal(str_cstr(&out),
	    "[session]: m1\none\ntwo\n> Bash: ls<U+001B>[2J\n"
	    "> (not done) Edit\ndone\n[end]\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_run_of_claude_is_told),
		cmocka_unit_test(a_line_may_come_in_pieces),
		cmocka_unit_test(what_is_not_known_is_passed_over),
		cmocka_unit_test(
		    the_type_of_a_line_is_found_wherever_it_stands),
		cmocka_unit_test(a_line_that_is_too_long_is_passed_over),
		cmocka_unit_test(a_tool_that_it_must_not_have_is_a_fault),
		cmocka_unit_test(what_went_wrong_is_one_of_few_words),
		cmocka_unit_test(the_verdict_needs_a_result_and_work),
		cmocka_unit_test(claude_takes_no_settings_of_the_repository),
		cmocka_unit_test(
		    a_project_names_its_own_program_and_adds_arguments),
		cmocka_unit_test(events_are_shown_as_lines_for_people),
	};

	return cmocka_run_group_tests_name("agent_stream", tests, NULL, NULL);
}
