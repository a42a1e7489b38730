#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/watch/trigger.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

struct row {
	const char *kind;
	const char *actor_kind;
	const char *role;
	const char *body;
	bool pickup;
	enum trigger_verdict verdict;
	const char *command;
};

static struct commands all;

static int
load(void **state)
{
	static const char *const dirs[] = { "prompts/commands", NULL };
	struct err e = ERR_INIT;

	(void)state;
	return commands_load(&all, dirs, &e);
}

static int
unload(void **state)
{
	(void)state;
	commands_release(&all);
	return 0;
}

/* data: JSON; NULL: the row's body. */
static void
check_event(const struct row *r, const char *data, bool is_pull, size_t i)
{
	struct str text = STR_INIT;
	struct jw w;
	struct json *j;
	struct watch_event ev;
	struct trigger t;
	struct err e = ERR_INIT;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_i64(&w, "seq", 5);
	jw_str(&w, "kind", r->kind);
	jw_i64(&w, "item", 2);
	jw_object(&w, "project");
	jw_i64(&w, "id", 1);
	jw_str(&w, "full_name", "admin/x");
	jw_end(&w);
	jw_object(&w, "actor");
	jw_str(&w, "login", "a");
	jw_str(&w, "kind", r->actor_kind);
	jw_str(&w, "role", r->role);
	jw_end(&w);
	jw_bool(&w, "is_pull", is_pull);
	if (data != NULL) {
		jw_raw(&w, "data", view_of(data));
	} else {
		jw_object(&w, "data");
		jw_str(&w, "body", r->body);
		jw_end(&w);
	}
	jw_end(&w);
	j = json_parse(str_view(&text), 0, &e);
	assert_non_null(j);
	assert_int_equal(watch_event_read(j, &ev, &e), 0);
	trigger_decide(&ev, &all,
	    &(struct trigger_rules){ .pickup = r->pickup, .label = "agent" },
	    &t);
	if (t.verdict != r->verdict)
		fail_msg("row %zu (%s): verdict %d", i, r->kind, t.verdict);
	if (r->command != NULL)
		assert_string_equal(t.command->name, r->command);
	json_free(j);
	str_release(&text);
}

static void
check_row(const struct row *r, size_t i)
{
	check_event(r, NULL, false, i);
}

static void
trigger_table(void **state)
{
	static const struct row rows[] = {
		{ "issue.opened", "admin", "admin", "/plan", false, TRIGGER_RUN,
		    "plan" },
		{ "comment.created", "user", "maintainer", "/fix now", false,
		    TRIGGER_RUN, "fix" },
		{ "review.created", "user", "maintainer", "/fix", false,
		    TRIGGER_RUN, "fix" },
		{ "comment.created", "user", "reader", "/fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "user", "none", "/fix", true, TRIGGER_NONE,
		    NULL },
		{ "comment.created", "agent", "maintainer", "/fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "ci", "maintainer", "/fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "service", "admin", "/fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.edited", "admin", "admin", "/fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "thanks", true,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "/dance", false,
		    TRIGGER_HELP, NULL },
		{ "comment.created", "user", "reader", "/dance", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "/merge", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "/help", false,
		    TRIGGER_HELP, NULL },
		{ "comment.created", "admin", "admin", "/stop\nplease", false,
		    TRIGGER_STOP, NULL },
		{ "comment.created", "admin", "admin", "/retry", false,
		    TRIGGER_RETRY, NULL },
		{ "review.commented", "admin", "admin", "/status", false,
		    TRIGGER_STATUS, NULL },
		{ "comment.created", "user", "reader", "/stop", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "agent", "none", "/retry", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "> /fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "```\n/fix\n```", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "    /fix", false,
		    TRIGGER_NONE, NULL },
		{ "comment.created", "admin", "admin", "see\n/fix", false,
		    TRIGGER_NONE, NULL },
		{ "issue.opened", "admin", "admin", "/stop", true, TRIGGER_STOP,
		    NULL },
		{ "issue.opened", "admin", "admin", "it breaks", false,
		    TRIGGER_NONE, NULL },
		{ "issue.opened", "admin", "admin", "it breaks", true,
		    TRIGGER_RUN, "fix" },
		{ "issue.opened", "agent", "none", "it breaks", true,
		    TRIGGER_NONE, NULL },
		{ "check.failed", "ci", "none", "", false, TRIGGER_RUN, "fix" },
		{ "pull.conflict", "service", "none", "", false, TRIGGER_RUN,
		    "fix" },
		{ "check.finished", "ci", "none", "", true, TRIGGER_NONE,
		    NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], i);
}

struct item_row {
	struct row row;
	const char *data;
	bool is_pull;
};

static void
items_trigger_by_what_is_done_to_them(void **state)
{
	static const struct item_row rows[] = {
		{ { "issue.assigned", "user", "maintainer", NULL, false,
		      TRIGGER_RUN, "fix" },
		    "{\"login\":\"agent\",\"removed\":false}", false },
		{ { "issue.assigned", "user", "maintainer", NULL, false,
		      TRIGGER_RUN, "review" },
		    "{\"login\":\"agent\"}", true },
		{ { "issue.assigned", "user", "maintainer", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"login\":\"ann\"}", false },
		{ { "issue.assigned", "user", "reader", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"login\":\"agent\"}", false },
		{ { "issue.unassigned", "admin", "admin", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"login\":\"agent\"}", false },
		{ { "issue.labeled", "user", "maintainer", NULL, false,
		      TRIGGER_RUN, "fix" },
		    "{\"added\":[{\"name\":\"x\"},{\"name\":\"Agent\"}]}",
		    false },
		{ { "issue.labeled", "user", "maintainer", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"added\":[],\"removed\":[{\"name\":\"agent\"}]}",
		    false },
		{ { "issue.labeled", "agent", "none", NULL, false, TRIGGER_NONE,
		      NULL },
		    "{\"added\":[{\"name\":\"agent\"}]}", false },
		{ { "review.created", "user", "maintainer", NULL, false,
		      TRIGGER_RUN, "fix" },
		    "{\"verdict\":\"REQUEST_CHANGES\",\"body\":\"no\","
		    "\"of_agent\":true}",
		    true },
		{ { "review.created", "user", "maintainer", NULL, false,
		      TRIGGER_RUN, "fix" },
		    "{\"verdict\":\"COMMENT\",\"body\":\"\",\"comments\":2,"
		    "\"of_agent\":true}",
		    true },
		{ { "review.created", "user", "maintainer", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"verdict\":\"APPROVED\",\"body\":\"\",\"comments\":2,"
		    "\"of_agent\":true}",
		    true },
		{ { "review.created", "user", "maintainer", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"verdict\":\"REQUEST_CHANGES\",\"body\":\"no\","
		    "\"of_agent\":false}",
		    true },
		{ { "review.created", "user", "reader", NULL, false,
		      TRIGGER_NONE, NULL },
		    "{\"verdict\":\"REQUEST_CHANGES\",\"body\":\"no\","
		    "\"of_agent\":true}",
		    true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_event(&rows[i].row, rows[i].data, rows[i].is_pull, i);
}

static void
trigger_refuses_a_broken_event(void **state)
{
	static const char *const texts[] = { "{}", "{\"seq\":1}",
		"{\"seq\":\"x\",\"kind\":\"a\"}",
		"{\"seq\":1,\"kind\":\"a\",\"item\":-4}" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct err e = ERR_INIT;
		struct json *j = json_parse(view_of(texts[i]), 0, &e);
		struct watch_event ev;

		assert_non_null(j);
		assert_int_equal(watch_event_read(j, &ev, &e), -1);
		json_free(j);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(trigger_table),
		cmocka_unit_test(items_trigger_by_what_is_done_to_them),
		cmocka_unit_test(trigger_refuses_a_broken_event),
	};

	return cmocka_run_group_tests_name("trigger", tests, load, unload);
}
