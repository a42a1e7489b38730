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
			    "allow tool files: Read|Write|apply_patch\n"
			    "deny path keys: */keys/*\n"
			    "ask tool web: WebFetch\n";

/* "allow", "ask KIND SUBJECT", "deny", or why it is not understood. */
static void
check(const char *call, const char *want)
{
	struct policy *p = policy_new();
	struct str body = STR_INIT, got = STR_INIT;
	struct err e = ERR_INIT;
	struct json *q = NULL;
	struct policy_answer a;
	struct hook_call c;

	assert_int_equal(policy_add(p, view_of(rules), POLICY_OPERATOR, &e), 0);
	if (hook_read(view_of(call), &c, &e) == -1) {
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
	hook_release(&c);
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
	check("{\"tool_name\":\"Read\",\"tool_name\":\"Bash\"}",
	    "tool_name is there twice");
	check("[]", "it is no object");
	check("{\"tool_name\":\"a\\u0000b\"}",
	    "JSON: \\u0000 is not allowed at byte 21");
}

static void
a_patch_is_judged_by_its_files(void **state)
{
	(void)state;
	check("{\"tool_name\":\"Bash\",\"tool_input\":{\"command\":"
	      "\"apply_patch <<'P'\\n*** Begin Patch\\n"
	      "*** Add File: keys/x\\n+a\\n*** End Patch\\nP\"}}",
	    "deny");
	check("{\"tool_name\":\"apply_patch\",\"tool_input\":{\"command\":"
	      "\"*** Begin Patch\\n*** Update File: a\\n"
	      "*** Move to: /x/keys/b\\n*** End Patch\"}}",
	    "deny");
	check("{\"tool_name\":\"apply_patch\",\"tool_input\":{\"command\":"
	      "\"*** Begin Patch\\n*** Add File: a\\n+rm 'x\\n"
	      "*** End Patch\"}}",
	    "allow");
}

static void
a_shell_finds_its_line(void **state)
{
	static const char *const rows[][6] = {
		{ "bash", "-c", "ls", "x", NULL },
		{ "bash", "-lc", "ls", NULL },
		{ "bash", "-l", "-i", "-c", "ls", NULL },
		{ "bash", "-c", "--", "ls", NULL },
		{ "bash", "-c", "-o", "pipefail", "ls", NULL },
		{ "bash", "-ec", "+x", "ls", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(hook_shell_line(rows[i]), "ls");
	assert_null(hook_shell_line((const char *const[]){ "bash", NULL }));
	assert_null(
	    hook_shell_line((const char *const[]){ "bash", "-c", NULL }));
	assert_null(hook_shell_line(
	    (const char *const[]){ "bash", "x", "-c", "y", NULL }));
}

static void
escapes_are_what_they_stand_for(void **state)
{
	(void)state;
	check("{\"x\":{\"tool_name\":\"no\"},\"y\":[\"}\",{}],"
	      "\"tool_\\u006eame\" : \"Ba\\u0073h\" , \"tool_input\":"
	      "{\"command\":\"sudo '\\u00e9\\u20ac\\ud83d\\ude00\\n\\/"
	      "\\\\\\\"'\"}}",
	    "ask command sudo '\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\n/\\\"'");
}

static void
a_host_is_found_among_others(void **state)
{
	const struct view hosts = view_of("# 1.2.3.4 coffer\n::1 coffer\n"
					  "127.0.0.1 localhost x\n"
					  "10.1.2.3 other coffer # y\n");
	struct in_addr a;
	struct err e = ERR_INIT;

	(void)state;
	assert_int_equal(hook_host(hosts, "coffer", &a, &e), 0);
	assert_int_equal(ntohl(a.s_addr), 0x0a010203);
	assert_int_equal(hook_host(hosts, "y", &a, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_shell_is_judged_by_its_line),
		cmocka_unit_test(a_tool_with_a_command_is_still_that_tool),
		cmocka_unit_test(each_file_of_a_call_counts),
		cmocka_unit_test(a_patch_is_judged_by_its_files),
		cmocka_unit_test(what_is_not_understood_is_told),
		cmocka_unit_test(a_shell_finds_its_line),
		cmocka_unit_test(escapes_are_what_they_stand_for),
		cmocka_unit_test(a_host_is_found_among_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
