/* What the rules say of a call, and what a maintainer says when they ask. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/hook/hook.h"
#include "agentd/hook/hook_json.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	HOOK_WAIT_MS = 540 * 1000,
	HOOK_AWAY_MS = 60 * 1000, /* that cofferd may be, as it starts */
	HOOK_AGAIN_S = 2,
	HOOK_CONFIG_MAX = 64 << 10,
	HOOK_STATE_MAX = 20
};
#define HOOK_PATH "/api/coffer/v1/approvals"

int
hook_say(const char *what, const char *why)
{
	(void)fprintf(stderr, "Not done: %s%s%s\n", what,
	    why[0] != '\0' ? ": " : "", why);
	return HOOK_NO;
}

static bool
hook_is(struct view reply, const char *state)
{
	AUTO_FREE char *is = NULL;
	struct err ignored = ERR_INIT;

	return hook_json_text(reply, "state", HOOK_STATE_MAX, &is, &ignored) ==
	    0 &&
	    is != NULL && strcmp(is, state) == 0;
}

static int
hook_verdict(struct view reply)
{
	char what[80];

	if (hook_is(reply, "allowed"))
		return HOOK_OK;
	(void)snprintf(what, sizeof(what), "approval %" PRId64 " is %s",
	    hook_json_i64(reply, "id", 0),
	    hook_is(reply, "open")         ? "open"
		: hook_is(reply, "denied") ? "denied"
					   : "over");
	return hook_say(what,
	    hook_is(reply, "open")
		? "nobody answered yet; do something else, or end and say "
		  "what it is needed for"
		: "do without it");
}

/* Tried again while nobody is there: cofferd may be about to start. */
static int
hook_try(const char *token, const char *path, const struct str *body,
    struct str *reply, struct err *e)
{
	const int64_t until = clock_mono_ms() + HOOK_AWAY_MS;
	int rc = hook_http(token, path, body, reply, e);

	while (rc == -1 && e->code == ERR_IO && clock_mono_ms() < until) {
		*e = ERR_INIT;
		(void)sleep(HOOK_AGAIN_S);
		rc = hook_http(token, path, body, reply, e);
	}
	return rc;
}

/* Until somebody answers, or the CLI's patience is over. */
static int
hook_wait(const struct hook_call *c, const struct policy_answer *a)
{
	AUTO_STR struct str body = STR_INIT, config = STR_INIT,
			    reply = STR_INIT;
	AUTO_FREE char *token = NULL;
	int64_t until = clock_mono_ms() + HOOK_WAIT_MS;
	struct err e = ERR_INIT;
	int rc;

	if (hook_question(c, a, &body, &e) == -1 ||
	    path_read("/etc/gitconfig", HOOK_CONFIG_MAX, &config, &e) == -1)
		return hook_say("a maintainer cannot be asked", e.msg);
	token = hook_token(str_view(&config));
	if (token == NULL)
		return hook_say("a maintainer cannot be asked", "no token");
	rc = hook_try(token, HOOK_PATH, &body, &reply, &e);
	while (rc == 0 && hook_is(str_view(&reply), "open") &&
	    clock_mono_ms() < until) {
		AUTO_FREE char *path = xasprintf(HOOK_PATH "/%" PRId64,
		    hook_json_i64(str_view(&reply), "id", 0));

		(void)sleep(HOOK_AGAIN_S);
		rc = hook_try(token, path, NULL, &reply, &e);
	}
	return rc == 0 ? hook_verdict(str_view(&reply))
		       : hook_say("a maintainer cannot be asked", e.msg);
}

int
hook_decide(const struct policy *p, const struct hook_call *c)
{
	struct policy_answer a;

	hook_judge(p, c, &a);
	if (a.verdict == POLICY_ALLOW)
		return HOOK_OK;
	if (a.verdict == POLICY_ASK)
		return hook_wait(c, &a);
	(void)fprintf(stderr, "Not done: the policy's rule %s denies it: %s\n",
	    a.rule[0] != '\0' ? a.rule : "(none)", a.why);
	return HOOK_NO;
}
