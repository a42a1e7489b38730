/*
 * hook: what an agent's CLI calls in the sandbox before it uses a tool, with
 * JSON on standard input as Claude Code and Codex give it: {"tool_name",
 * "tool_input":{"command"|"file_path"|...}, "cwd"}.  The rules judge it; what
 * is to be asked is asked of cofferd with the run's own token, and waited for.
 * It is a courtesy: the sandbox is the wall.  Whatever goes wrong is a no.
 */
#ifndef AGENTD_HOOK_HOOK_H
#define AGENTD_HOOK_HOOK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "agentd/policy/policy.h"
#include "lib/base/view.h"

struct err;
struct str;

enum {
	HOOK_INPUT_MAX = 1 << 20,
	HOOK_SUBJECT_MAX = 4096, /* as cofferd takes it */
	HOOK_PATHS = 3,
	HOOK_OK = 0,
	HOOK_NO = 2 /* any other status would let it pass */
};

/* The file `rules` beside the program, and what the repository adds. */
struct policy *hook_rules(struct err *e);

struct hook_call {
	char *tool;
	bool shell;
	char *command; /* what a shell is to run; of others judged, too */
	char *paths[HOOK_PATHS]; /* NULL: none */
	char *cwd;
};
int hook_read(struct view call, struct hook_call *out, struct err *e);
void hook_release(struct hook_call *c);

/* The line of a shell that is started with these arguments, -c LINE; NULL:
 * none. */
const char *hook_shell_line(const char *const *argv);

void hook_judge(const struct policy *p, const struct hook_call *c,
    struct policy_answer *out);
/* What is said, and HOOK_NO. */
int hook_say(const char *what, const char *why);
/* HOOK_OK, or HOOK_NO and why on standard error; waits for a maintainer. */
int hook_decide(const struct policy *p, const struct hook_call *c);

/* The body of POST approvals; ERR_LIMIT: too long to be shown to anybody. */
int hook_question(const struct hook_call *c, const struct policy_answer *a,
    struct str *out, struct err *e);

/* One request to http://coffer/ on a connection of its own; blocks at most some
 * seconds.  body NULL: GET.  *reply is a JSON object; not 2xx: ERR_DENIED,
 * ERR_IO when cofferd is not there. */
int hook_http(const char *token, const char *path, const struct str *body,
    struct str *reply, struct err *e);
/* The address that a hosts(5) says `name` has. */
int hook_host(
    struct view hosts, const char *name, struct in_addr *out, struct err *e);
/* Of the sandbox's /etc/gitconfig; free(3), NULL: there is none. */
char *hook_token(struct view gitconfig);

#endif
