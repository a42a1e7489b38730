#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/agentd/run_steps.h"

struct fake_driver fake_driver_state;

#define CLAUDE_INIT(tools)                                            \
	"coffer-agent version 2.1.329\n"                              \
	"{\"type\":\"system\",\"subtype\":\"init\",\"tools\":[" tools \
	"],\"session_id\":\"s-1\",\"mcp_servers\":[]}\n"
#define CLAUDE_END                                        \
	"{\"type\":\"result\",\"subtype\":\"success\","   \
	"\"is_error\":false,\"result\":\"All of it.\","   \
	"\"num_turns\":2,\"usage\":{\"input_tokens\":20," \
	"\"output_tokens\":3}}\n"

/* The project's agent is a CLI. */
static void
fix_agent(struct fix *f, const char *agent)
{
	AUTO_FREE char *row = xasprintf(
	    "[{\"id\":7,\"full_name\":\"own/app\",\"state\":\"active\","
	    "\"sandbox\":{\"want\":\"running\",\"state\":\"absent\"},"
	    "\"settings\":{\"network\":\"web\",\"agent\":\"%s\","
	    "\"agent_command\":[],\"memory\":2147483648,"
	    "\"cpus\":2,\"pids\":512,\"disk\":4294967296,\"wall_s\":60}}]",
	    agent);

	fix_message = "";
	fake_rule(
	    &f->c, 200, "GET /api/coffer/v1/projects?page=1&limit=16", row);
}

static unsigned
fix_lines(const struct fix *f, const char *leaf)
{
	AUTO_STR struct str text = STR_INIT;
	unsigned n = 0;

	fix_file(f, leaf, &text);
	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

static void
the_last_word_of_a_cli_is_the_answer(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent",
		.output = CLAUDE_INIT("\"Read\"") CLAUDE_END,
		.exit = { .exit_code = 1, .started_at = 1, .ended_at = 2 } };
	AUTO_STR struct str report = STR_INIT;

	fix_agent(f, "claude");
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_true(fake_saw(&f->c,
	    "\"message\":\"All of it.\\n\\n2 turns, 20 tokens in, 3 out"));
	fix_file(f, "agent.json", &report);
	assert_non_null(strstr(str_cstr(&report), "\"version\":\"2.1.329\""));
	assert_int_equal(fix_lines(f, "events.jsonl"), 4);
}

/* Of more than is kept the end says so, once, whoever goes on with it. */
static void
more_events_than_are_kept_end_with_a_line_that_says_so(void **state)
{
	struct fix *f = *state;
	AUTO_STR struct str out = STR_INIT, text = STR_INIT, events = STR_INIT;
	struct fake_plan p = { .phase = "agent",
		.exit = { .exit_code = 0, .started_at = 1, .ended_at = 2 } };
	const char *cut, *last;

	while (text.len < 4000)
		str_add(&text, "word ");
	str_add(&out, CLAUDE_INIT("\"Read\""));
	while (out.len < 9 << 20)
		str_addf(&out,
		    "{\"type\":\"assistant\",\"message\":{\"content\":["
		    "{\"type\":\"text\",\"text\":\"%s %zu\"}]}}\n",
		    str_cstr(&text), out.len);
	str_add(&out, CLAUDE_END);
	p.output = str_cstr(&out);
	fix_agent(f, "claude");
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	fix_file(f, "events.jsonl", &events);
	assert_true(events.len <= 8 << 20 && events.len > (8 << 20) - 8192);
	cut = strstr(str_cstr(&events), "\"kind\":\"cut\"");
	assert_non_null(cut);
	last = strchr(cut, '\n');
	assert_int_equal(last - str_cstr(&events), events.len - 1);
}

static void
what_it_wrote_itself_is_the_answer_before_that(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent",
		.output = CLAUDE_INIT("\"Read\"") CLAUDE_END,
		.exit = { .started_at = 1, .ended_at = 2 } };

	fix_agent(f, "claude");
	fix_message = "From the file.";
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c, "\"message\":\"From the file."));
	assert_false(fake_saw(&f->c, "All of it."));
}

static void
an_end_without_a_result_is_a_failure(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent",
		.output = CLAUDE_INIT("\"Read\""),
		.exit = { .started_at = 1, .ended_at = 2 } };

	fix_agent(f, "claude");
	fix_message = "Something.";
	fix_plan(&p);
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the "
	    "agent ended with status 0 before it told "
	    "a result\""));
}

static void
what_it_says_beside_its_stream_is_told_when_it_fails(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent",
		.output = "coffer-agent version 2.1.329\n",
		.stays = true };
	const struct shim_exit bad = {
		.exit_code = 1, .started_at = 1, .ended_at = 2
	};
	AUTO_FREE char *dir = xasprintf("%s/runs/9/agent", f->home);

	fix_agent(f, "claude");
	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fake_put(dir, "err.log", "no such option\n", 15);
	fake_end("agent", &bad);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "    no such option"));
}

static void
a_cli_with_a_foreign_tool_is_ended_and_its_work_not_taken(void **state)
{
	struct fix *f = *state;
	const struct fake_plan p = { .phase = "agent",
		.output = CLAUDE_INIT("\"Read\",\"WebFetch\""),
		.stays = true };

	fix_agent(f, "claude");
	fake_rule(&f->c, 201, "POST /api/coffer/v1/runs", RUN_WRITE);
	fix_plan(&p);
	fix_run(f);
	assert_string_equal(str_cstr(&fake_driver_state.killed), "agent\n");
	assert_true(fake_saw(&f->c,
	    "{\"state\":\"failed\",\"why\":\"the agent has a tool that this "
	    "run does not allow: WebFetch\""));
	assert_null(strstr(str_cstr(&fake_driver_state.started), "finish"));
}

/* The output is read again from its first byte. */
static void
a_restart_in_the_middle_writes_each_event_once(void **state)
{
	struct fix *f = *state;
	const struct shim_exit good = { .started_at = 1, .ended_at = 2 };
	const struct fake_plan p = { .phase = "agent",
		.output = CLAUDE_INIT("\"Read\"") CLAUDE_END,
		.stays = true };

	fix_agent(f, "claude");
	fix_plan(&p);
	fix_begin(f);
	fix_order(f);
	assert_true(fake_until(&f->c, fix_agent_is_alive, f));
	fix_end(f);
	fake_rule(&f->c, 200,
	    "GET /api/coffer/v1/runs?state=unfinished&after=0&limit=50",
	    "[" RUN_ROW("read", "null", "running") "]");
	fix_begin(f);
	fake_end("agent", &good);
	assert_true(fake_until(&f->c, fix_is_over, f));
	assert_true(fake_saw(&f->c, "/finish {\"state\":\"done\""));
	assert_int_equal(fix_lines(f, "events.jsonl"), 4);
}

static void
an_unknown_agent_is_named_beside_those_there_are(void **state)
{
	struct fix *f = *state;

	fix_agent(f, "nobody");
	fix_run(f);
	assert_true(fake_saw(&f->c,
	    "no agent is called nobody; there are: command, claude, codex, "
	    "goose, opencode"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		RUN_TEST(the_last_word_of_a_cli_is_the_answer),
		RUN_TEST(
		    more_events_than_are_kept_end_with_a_line_that_says_so),
		RUN_TEST(what_it_wrote_itself_is_the_answer_before_that),
		RUN_TEST(an_end_without_a_result_is_a_failure),
		RUN_TEST(what_it_says_beside_its_stream_is_told_when_it_fails),
		RUN_TEST(
		    a_cli_with_a_foreign_tool_is_ended_and_its_work_not_taken),
		RUN_TEST(a_restart_in_the_middle_writes_each_event_once),
		RUN_TEST(an_unknown_agent_is_named_beside_those_there_are),
	};

	if (!fix_may_run())
		return 0;
	return cmocka_run_group_tests_name("run_agent", tests, NULL, NULL);
}
