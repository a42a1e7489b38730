/*
 * plan: what an adapter makes of a start: arguments and environment.  Texts
 * are borrowed, but for those of the ...f functions, which the plan owns.
 * Bounded by what an adapter says and PROJECT_ARGV_MAX: no outside size.
 */
#ifndef AGENTD_AGENT_PLAN_H
#define AGENTD_AGENT_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "agentd/agent/agent.h"
#include "agentd/sandbox/spec.h"

enum {
	AGENT_ARGV_MAX = 80,
	AGENT_ENV_MAX = 24,
	AGENT_OWN_MAX = 16
};

struct agent_plan {
	const char *argv[AGENT_ARGV_MAX + 1];
	size_t argc;
	struct spec_pair env[AGENT_ENV_MAX];
	size_t n_env;
	struct spec_file file; /* in its /etc; path NULL: none */
	bool prompt;           /* on its standard input; else that is empty */
	bool split;            /* what it says on stderr goes elsewhere */
	char *own[AGENT_OWN_MAX];
	size_t n_own;
};

void agent_plan_release(struct agent_plan *p);
void agent_plan_arg(struct agent_plan *p, const char *arg);
void agent_plan_args(struct agent_plan *p, const char *const *args); /* NULL */
void agent_plan_argf(struct agent_plan *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void agent_plan_env(struct agent_plan *p, const char *name, const char *value);
void agent_plan_envs(
    struct agent_plan *p, const struct spec_pair *env, size_t n);
void agent_plan_envf(struct agent_plan *p, const char *name, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));

/* What it finds in /etc as an administrator's word. */
void agent_plan_file(struct agent_plan *p, const char *path, const char *text);

/*
 * The first arguments of a CLI: it starts only when its --version fits the
 * pattern (a shell's); the stream begins with the line that tells which.  The
 * project's own program and arguments come in here and with agent_plan_more.
 */
void agent_plan_program(struct agent_plan *p, const struct agent_start *s,
    const char *program, const char *versions);
void agent_plan_more(struct agent_plan *p, const struct agent_start *s);

#endif
