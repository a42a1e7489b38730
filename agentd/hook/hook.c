#include "agentd/hook/hook.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/hook/hook_json.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	HOOK_NAME_MAX = 200,
	HOOK_PATH_MAX = 4096
};
#define HOOK_PATCH "apply_patch"

static int
hook_read_fields(struct view call, struct hook_call *out, struct err *e)
{
	static const char *const paths[HOOK_PATHS] = { "file_path",
		"notebook_path", "path" };
	struct view in;

	if (hook_json_check(call, e) == -1 ||
	    hook_json_get(call, "tool_input", &in, e) == -1 ||
	    hook_json_text(call, "tool_name", HOOK_NAME_MAX, &out->tool, e) ==
		-1 ||
	    hook_json_text(call, "cwd", HOOK_PATH_MAX, &out->cwd, e) == -1 ||
	    hook_json_text(in, "command", HOOK_INPUT_MAX, &out->command, e) ==
		-1)
		return -1;
	for (size_t i = 0; i < HOOK_PATHS; i++)
		if (hook_json_text(
			in, paths[i], HOOK_PATH_MAX, &out->paths[i], e) == -1)
			return -1;
	if (out->tool == NULL || out->tool[0] == '\0')
		return err_set(e, ERR_INVALID, "no tool_name");
	if (out->cwd == NULL)
		out->cwd = xstrdup("/work/tree");
	out->shell = strcmp(out->tool, "Bash") == 0;
	if (out->shell && out->command == NULL)
		return err_set(e, ERR_INVALID, "Bash without a command");
	return 0;
}

int
hook_read(struct view call, struct hook_call *out, struct err *e)
{
	*out = (struct hook_call){ .tool = NULL };
	if (hook_read_fields(call, out, e) == 0)
		return 0;
	hook_release(out);
	return -1;
}

void
hook_release(struct hook_call *c)
{
	free(c->tool);
	free(c->command);
	free(c->cwd);
	for (size_t i = 0; i < HOOK_PATHS; i++)
		free(c->paths[i]);
	*c = (struct hook_call){ .tool = NULL };
}

const char *
hook_shell_line(const char *const *argv)
{
	bool is = false;

	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++) {
		const char *o = argv[i];

		if (o[0] != '-' && o[0] != '+')
			return is ? o : NULL;
		is = is ||
		    (o[0] == '-' && o[1] != '-' && strchr(o, 'c') != NULL);
		if (o[1] != '-' && strpbrk(o, "oO") != NULL &&
		    argv[i + 1] != NULL)
			i++;
	}
	return NULL;
}

/* A file of a patch as apply_patch takes it; view p NULL: the line names none.
 */
static struct view
hook_patched(struct view line)
{
	static const char *const heads[] = { "*** Add File: ",
		"*** Update File: ", "*** Delete File: ", "*** Move to: " };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		if (view_starts(line, heads[i]))
			return view_trim(view_from(line, strlen(heads[i])));
	return (struct view){ .p = NULL };
}

/* A patch changes files by a tool, whoever it is given to. */
static void
hook_judge_patch(const struct policy *p, const struct hook_call *c,
    struct policy_answer *out)
{
	struct view rest = view_of(c->command), line;
	struct policy_answer a;

	if (c->command == NULL || strstr(c->command, "*** Begin Patch") == NULL)
		return;
	while (view_split(&rest, '\n', &line)) {
		struct view file = hook_patched(view_trim(line));
		AUTO_FREE char *path = NULL;

		if (file.p == NULL)
			continue;
		path = view_dup(file);
		policy_tool(p, HOOK_PATCH, path, c->cwd, &a);
		if (a.verdict > out->verdict)
			*out = a;
	}
}

void
hook_judge(const struct policy *p, const struct hook_call *c,
    struct policy_answer *out)
{
	struct policy_answer a = { .verdict = POLICY_NONE };

	*out = a;
	for (size_t i = 0; i < HOOK_PATHS && !c->shell; i++) {
		policy_tool(p, c->tool, c->paths[i], c->cwd, &a);
		if (a.verdict > out->verdict)
			*out = a;
	}
	hook_judge_patch(p, c, out);
	if (c->command != NULL && strcmp(c->tool, HOOK_PATCH) != 0)
		policy_command(p, view_of(c->command), c->cwd, &a);
	if (a.verdict > out->verdict)
		*out = a;
}

int
hook_question(const struct hook_call *c, const struct policy_answer *a,
    struct str *out, struct err *e)
{
	struct str subject = STR_INIT_MAX(HOOK_SUBJECT_MAX);
	struct str why = STR_INIT;
	struct jw w;
	int rc = 0;

	str_add(&subject, c->shell ? c->command : c->tool);
	for (size_t i = 0; i < HOOK_PATHS && !c->shell; i++)
		if (c->paths[i] != NULL)
			str_addf(&subject, " %s", c->paths[i]);
	if (!c->shell && c->command != NULL)
		str_addf(&subject, " %s", c->command);
	str_addf(&why, "%s: %s", a->rule, a->why);
	if (!str_ok(&subject) || !utf8_valid(str_view(&subject)))
		rc = err_set(e, ERR_LIMIT,
		    "it is too long or no text, and so cannot be asked");
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "kind", c->shell ? "command" : "tool");
	jw_str(&w, "subject", rc == 0 ? str_cstr(&subject) : "");
	jw_str(&w, "reason", str_cstr(&why));
	jw_end(&w);
	str_release(&subject);
	str_release(&why);
	return rc;
}

char *
hook_token(struct view gitconfig)
{
	static const char mark[] = "extraHeader = Authorization: Bearer ";
	struct view rest = gitconfig, line;

	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		line = view_trim(line);
		if (view_starts(line, mark))
			return view_dup(view_from(line, sizeof(mark) - 1));
	}
	return NULL;
}
