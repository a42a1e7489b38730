#include "agentd/watch/trigger.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	TRIGGER_KIND_MAX = 64,
	TRIGGER_NAME_MAX = 256
};

static const char *const trigger_reserved[] = { "merge", "approve", "test-pr",
	"test-pr-bug", "stop", "retry", "status" };

int
watch_event_read(const struct json *j, struct watch_event *out, struct err *e)
{
	const struct json *project = json_get(j, "project");
	const struct json *actor = json_get(j, "actor");

	*out = (struct watch_event){ .kind = "",
		.full_name = "",
		.actor = "",
		.actor_kind = "",
		.actor_role = "none" };
	if (json_i64(j, "seq", 1, INT64_MAX, &out->seq, e) == -1 ||
	    json_str(j, "kind", TRIGGER_KIND_MAX, &out->kind, e) == -1 ||
	    json_i64(j, "item", 1, INT64_MAX, &out->item, e) == -1 ||
	    json_bool(j, "is_pull", &out->is_pull, e) == -1 ||
	    json_i64(project, "id", 1, INT64_MAX, &out->project, e) == -1 ||
	    json_str(project, "full_name", TRIGGER_NAME_MAX, &out->full_name,
		e) == -1 ||
	    json_str(actor, "login", TRIGGER_NAME_MAX, &out->actor, e) == -1 ||
	    json_str(actor, "kind", TRIGGER_KIND_MAX, &out->actor_kind, e) ==
		-1 ||
	    json_str(actor, "role", TRIGGER_KIND_MAX, &out->actor_role, e) ==
		-1)
		return err_wrap(e, "event");
	if (out->seq == 0 || out->kind[0] == '\0')
		return err_set(e, ERR_PROTO, "event: no seq or no kind");
	out->data = json_get(j, "data");
	return 0;
}

bool
trigger_is_reserved(const char *name)
{
	for (size_t i = 0;
	     i < sizeof(trigger_reserved) / sizeof(trigger_reserved[0]); i++) {
		if (strcmp(trigger_reserved[i], name) == 0)
			return true;
	}
	return false;
}

static bool
trigger_may_order(const struct watch_event *ev)
{
	bool person = strcmp(ev->actor_kind, "admin") == 0 ||
	    strcmp(ev->actor_kind, "user") == 0;
	bool writes = strcmp(ev->actor_role, "admin") == 0 ||
	    strcmp(ev->actor_role, "maintainer") == 0;

	return person && writes;
}

static void
trigger_run(struct trigger *out, const struct commands *all, const char *name,
    const char *why)
{
	out->command = commands_find(all, name);
	if (out->command == NULL)
		return;
	out->verdict = TRIGGER_RUN;
	out->why = why;
}

/* A text of a person: an order, a call for help, or just talk. */
static void
trigger_on_text(const struct watch_event *ev, const struct commands *all,
    struct trigger *out)
{
	struct view body = view_of(json_str_or(ev->data, "body", ""));
	struct slash s;

	if (!trigger_may_order(ev) || !slash_parse(body, &s))
		return;
	if (trigger_is_reserved(s.name))
		return;
	out->args = s.args;
	trigger_run(out, all, s.name, "a maintainer's order");
	if (out->verdict == TRIGGER_NONE) {
		out->verdict = TRIGGER_HELP;
		(void)snprintf(out->asked, sizeof(out->asked), "%s", s.name);
	}
}

void
trigger_decide(const struct watch_event *ev, const struct commands *all,
    bool pickup, struct trigger *out)
{
	*out = (struct trigger){ .verdict = TRIGGER_NONE, .why = "" };
	if (ev->project == 0 || ev->item == 0)
		return;
	if (strcmp(ev->kind, "comment.created") == 0 ||
	    strcmp(ev->kind, "review.created") == 0) {
		trigger_on_text(ev, all, out);
	} else if (strcmp(ev->kind, "issue.opened") == 0) {
		trigger_on_text(ev, all, out);
		if (out->verdict == TRIGGER_NONE && pickup &&
		    trigger_may_order(ev))
			trigger_run(out, all, "fix", "a maintainer's issue");
	} else if (strcmp(ev->kind, "check.failed") == 0) {
		trigger_run(out, all, "fix", "a required check failed");
	} else if (strcmp(ev->kind, "pull.conflict") == 0) {
		trigger_run(
		    out, all, "fix", "the branch conflicts with its base");
	}
}
