/*
 * trigger: does an event give an order, and which one?  Pure.  An order comes
 * from a user with write access: a new issue, comment or review, an assignment
 * to `agent`, the project's label; and from two events of the server about the
 * agent's own pull request: a failed required check and a conflict.  An edit,
 * an agent, a CI identity, a service and a reader never trigger.
 */
#ifndef AGENTD_WATCH_TRIGGER_H
#define AGENTD_WATCH_TRIGGER_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/command/command.h"
#include "lib/base/slash.h"
#include "lib/base/view.h"

struct json;
struct err;

/* An event of cofferd (docs/api.md); the strings live as long as the JSON. */
struct watch_event {
	int64_t seq;
	const char *kind;
	int64_t project;       /* 0: none */
	const char *full_name; /* OWNER/NAME, "" if none */
	const char *actor;     /* login */
	const char *actor_kind;
	const char *actor_role;
	int64_t item; /* 0: none */
	bool is_pull;
	const char *request; /* id of the call that made it, "" if none */
	const struct json *data;
};

int watch_event_read(
    const struct json *j, struct watch_event *out, struct err *e);

enum trigger_verdict {
	TRIGGER_NONE,
	TRIGGER_RUN,   /* start `command` */
	TRIGGER_HELP,  /* /help, or a command that is not there: `asked` */
	TRIGGER_STOP,  /* what waits and goes on on the item */
	TRIGGER_RETRY, /* its last run again */
	TRIGGER_STATUS
};

struct trigger {
	enum trigger_verdict verdict;
	const struct command *command;
	char asked[SLASH_NAME_MAX + 1]; /* for TRIGGER_HELP */
	struct view args;
	const char *why; /* constant, for the log and the prompt */
};

/* What a project takes as an order. */
struct trigger_rules {
	bool pickup;       /* plain issues, for `fix` */
	const char *label; /* "" or NULL: no label is one */
};

/* Words that cofferd or the runner answer: never a run, never an error. */
bool trigger_is_reserved(const char *name);
void trigger_decide(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out);

#endif
