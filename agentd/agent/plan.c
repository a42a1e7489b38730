#include "agentd/agent/plan.h"

#include <stdarg.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

/* $1 is the pattern, then the program and its arguments. */
static const char agent_plan_script
    [] = "PATH=/opt/coffer/agents/bin:$PATH\n"
	 "v=$1\n"
	 "shift\n"
	 "n=$(\"$1\" --version </dev/null 2>/dev/null |"
	 " grep -o '[0-9][0-9.]*' | head -n 1)\n"
	 "case $n in\n"
	 "$v) echo \"coffer-agent version $n\"; exec \"$@\" ;;\n"
	 "esac\n"
	 "echo \"coffer-agent refused version '$n', known are $v\"\n"
	 "exit 96\n";

/* Nobody sits in front of it. */
static const struct spec_pair agent_plan_quiet[] = {
	{ "CI", "1" },
	{ "NO_COLOR", "1" },
	{ "PAGER", "cat" },
	{ "GIT_PAGER", "cat" },
	{ "GIT_EDITOR", "true" },
};

void
agent_plan_release(struct agent_plan *p)
{
	for (size_t i = 0; i < p->n_own; i++)
		free(p->own[i]);
	*p = (struct agent_plan){ .argc = 0 };
}

__attribute__((format(printf, 2, 0))) static const char *
agent_plan_own(struct agent_plan *p, const char *fmt, va_list ap)
{
	struct str text = STR_INIT;

	if (p->n_own == AGENT_OWN_MAX)
		die("agent plan: over %d texts", AGENT_OWN_MAX);
	str_vaddf(&text, fmt, ap);
	p->own[p->n_own] = str_steal(&text);
	return p->own[p->n_own++];
}

void
agent_plan_arg(struct agent_plan *p, const char *arg)
{
	if (p->argc == AGENT_ARGV_MAX)
		die("agent plan: over %d arguments", AGENT_ARGV_MAX);
	p->argv[p->argc++] = arg;
}

void
agent_plan_args(struct agent_plan *p, const char *const *args)
{
	while (*args != NULL)
		agent_plan_arg(p, *args++);
}

void
agent_plan_argf(struct agent_plan *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	agent_plan_arg(p, agent_plan_own(p, fmt, ap));
	va_end(ap);
}

void
agent_plan_file(struct agent_plan *p, const char *path, const char *text)
{
	p->own[p->n_own] = xstrdup(text);
	p->file = (struct spec_file){ .path = path, .text = p->own[p->n_own] };
	p->n_own++;
}

void
agent_plan_env(struct agent_plan *p, const char *name, const char *value)
{
	if (p->n_env == AGENT_ENV_MAX)
		die("agent plan: over %d variables", AGENT_ENV_MAX);
	p->env[p->n_env++] = (struct spec_pair){ name, value };
}

void
agent_plan_envs(struct agent_plan *p, const struct spec_pair *env, size_t n)
{
	for (size_t i = 0; i < n; i++)
		agent_plan_env(p, env[i].name, env[i].value);
}

void
agent_plan_envf(struct agent_plan *p, const char *name, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	agent_plan_env(p, name, agent_plan_own(p, fmt, ap));
	va_end(ap);
}

void
agent_plan_program(struct agent_plan *p, const struct agent_start *s,
    const char *program, const char *versions)
{
	const char *own = s->project->argv[0];
	const char *const args[] = { "/bin/sh", "-c", agent_plan_script, "sh",
		versions, own != NULL ? own : program, NULL };

	agent_plan_args(p, args);
	agent_plan_envs(p, agent_plan_quiet,
	    sizeof(agent_plan_quiet) / sizeof(agent_plan_quiet[0]));
	p->split = true;
}

void
agent_plan_more(struct agent_plan *p, const struct agent_start *s)
{
	char *const *argv = s->project->argv;

	for (size_t i = 1; argv[0] != NULL && argv[i] != NULL; i++)
		agent_plan_arg(p, argv[i]);
}
