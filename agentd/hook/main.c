/*
 * coffer-hook: may the agent do this?  Called `bash` it is a shell that asks
 * itself that of what it is to run, and then starts the real one.  Status 0:
 * the rules have nothing against it; 2: no, and why on standard error, which
 * the agent's model is shown.  The rules are the file `rules` beside the
 * program.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/hook/hook.h"
#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	HOOK_NOT_RUN = 126, /* a shell's */
	HOOK_CWD_MAX = 4096,
	HOOK_ALARM_S = 580 /* a CLI that waits no more lets it pass */
};

static int
hook_input(struct str *out, struct err *e)
{
	char buf[4096];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), stdin)) > 0)
		str_addn(out, buf, n);
	return str_ok(out) ? 0 : err_set(e, ERR_LIMIT, "the call is too long");
}

/* Whatever holds it up: before the CLI's patience ends, it says no. */
static void
hook_on_alarm(int sig)
{
	static const char text[] = "Not done: it was not judged in time\n";

	(void)sig;
	(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
	_exit(HOOK_NO);
}

static int
hook_shell_judge(const char *line)
{
	char cwd[HOOK_CWD_MAX] = "/";
	struct hook_call c = { .tool = xstrdup("Bash"), .shell = true };
	struct err e = ERR_INIT;
	struct policy *p = hook_rules(&e);
	int rc;

	c.command = xstrdup(line);
	if (p == NULL || getcwd(cwd, sizeof(cwd)) == NULL) {
		rc = hook_say("the policy cannot judge it", e.msg);
	} else {
		c.cwd = xstrdup(cwd);
		rc = hook_decide(p, &c);
	}
	hook_release(&c);
	policy_free(p);
	return rc;
}

/* As a shell, for CLIs that cannot ask but can be told which shell to use. */
static int
hook_shell(char *const *argv)
{
	const char *line = hook_shell_line((const char *const *)argv);

	if (line != NULL && hook_shell_judge(line) != HOOK_OK)
		return HOOK_NOT_RUN;
	(void)alarm(0);
	(void)setenv("SHELL", "/bin/bash", 1);
	(void)execv("/bin/bash", argv);
	(void)execv("/bin/sh", argv);
	perror("/bin/sh");
	return HOOK_NOT_RUN;
}

int
main(int argc, char **argv)
{
	struct str text = STR_INIT_MAX(HOOK_INPUT_MAX);
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	struct hook_call c;
	struct err e = ERR_INIT;
	struct policy *p = NULL;
	int rc;

	(void)signal(SIGALRM, hook_on_alarm);
	(void)alarm(HOOK_ALARM_S);
	if (name != NULL && strcmp(name, "/bash") == 0)
		return hook_shell(argv);
	if (hook_input(&text, &e) == -1 || (p = hook_rules(&e)) == NULL ||
	    hook_read(str_view(&text), &c, &e) == -1)
		return hook_say("the policy cannot judge it", e.msg);
	rc = hook_decide(p, &c);
	hook_release(&c);
	policy_free(p);
	str_release(&text);
	return rc;
}
