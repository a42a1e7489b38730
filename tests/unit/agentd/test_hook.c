#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "agentd/hook/hook.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static const char rules[] = "allow command any: * ...\n"
			    "deny command no: rm\n"
			    "ask command may: sudo # it is another user\n"
			    "allow tool files: Read|Write\n"
			    "deny path keys: */keys/*\n"
			    "ask tool web: WebFetch\n";

/* "allow", "ask KIND SUBJECT", "deny", or why it is not understood. */
static void
check(const char *call, const char *want)
{
	struct policy *p = policy_new();
	struct str body = STR_INIT, got = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = json_parse(view_of(call), 0, &e), *q = NULL;
	struct policy_answer a;
	struct hook_call c;

	assert_non_null(j);
	assert_int_equal(policy_add(p, view_of(rules), POLICY_OPERATOR, &e), 0);
	if (hook_read(j, &c, &e) == -1) {
		str_add(&got, e.msg);
	} else {
		hook_judge(p, &c, &a);
		str_add(&got, policy_verdict_name(a.verdict));
	}
	if (strcmp(str_cstr(&got), "ask") == 0) {
		assert_int_equal(hook_question(&c, &a, &body, &e), 0);
		q = json_parse(str_view(&body), 0, &e);
		str_addf(&got, " %s %s", json_str_or(q, "kind", ""),
		    json_str_or(q, "subject", ""));
	}
	assert_string_equal(str_cstr(&got), want);
	json_free(q);
	json_free(j);
	policy_free(p);
	str_release(&got);
	str_release(&body);
}

static void
a_shell_is_judged_by_its_line(void **state)
{
	(void)state;
	check("{\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"ls\"}}",
	    "allow");
	check("{\"tool_name\":\"Bash\",\"tool_input\":{\"command\":\"rm x\"}}",
	    "deny");
	check("{\"tool_name\":\"Bash\",\"tool_input\":"
	      "{\"command\":\"sudo id\"}}",
	    "ask command sudo id");
	check("{\"tool_name\":\"Bash\",\"tool_input\":{}}",
	    "Bash without a command");
}

static void
a_tool_with_a_command_is_still_that_tool(void **state)
{
	(void)state;
	check("{\"tool_name\":\"mcp__x\",\"tool_input\":{\"command\":\"ls\"}}",
	    "deny");
	check("{\"tool_name\":\"Read\",\"tool_input\":{\"command\":\"rm x\"}}",
	    "deny");
	check("{\"tool_name\":\"WebFetch\",\"tool_input\":"
	      "{\"command\":\"ls\"}}",
	    "ask tool WebFetch ls");
}

static void
each_file_of_a_call_counts(void **state)
{
	(void)state;
	check("{\"tool_name\":\"Read\",\"tool_input\":{\"file_path\":\"a\"}}",
	    "allow");
	check("{\"tool_name\":\"Read\",\"tool_input\":"
	      "{\"file_path\":\"a\",\"path\":\"keys/b\"}}",
	    "deny");
	check("{\"tool_name\":\"Write\",\"tool_input\":"
	      "{\"notebook_path\":\"/x/keys/b\"}}",
	    "deny");
}

static void
what_is_not_understood_is_told(void **state)
{
	(void)state;
	check("{\"tool_input\":{}}", "no tool_name");
	check("{\"tool_name\":\"\"}", "no tool_name");
	check("{\"tool_name\":1}", "tool_name is no text");
	check("{\"tool_name\":\"Read\",\"tool_input\":{\"path\":[]}}",
	    "path is no text");
	check("{\"tool_name\":\"Bash\",\"tool_input\":{\"command\":1}}",
	    "command is no text");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_is_judged_by_its_line),
		cmocka_unit_test(a_tool_with_a_command_is_still_that_tool),
		cmocka_unit_test(each_file_of_a_call_counts),
		cmocka_unit_test(what_is_not_understood_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
