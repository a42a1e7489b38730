#include "agentd/watch/trigger.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	TRIGGER_KIND_MAX = 64,
	TRIGGER_NAME_MAX = 256
};

static const char *const trigger_reserved[] = { "merge", "approve", "allow",
	"deny", "test-pr", "test-pr-bug" };

/* Answered at once: no run, whatever commands there are. */
static const struct {
	const char *name;
	enum trigger_verdict verdict;
} trigger_words[] = {
	{ "help", TRIGGER_HELP },
	{ "stop", TRIGGER_STOP },
	{ "retry", TRIGGER_RETRY },
	{ "status", TRIGGER_STATUS },
};

static const char trigger_agent[] = "agent";

int
watch_event_read(const struct json *j, struct watch_event *out, struct err *e)
{
	const struct json *project = json_get(j, "project");
	const struct json *actor = json_get(j, "actor");

	*out = (struct watch_event){ .kind = "",
		.full_name = "",
		.actor = "",
		.actor_kind = "",
		.actor_role = "none",
		.request = "" };
	if (json_i64(j, "seq", 1, INT64_MAX, &out->seq, e) == -1 ||
	    json_str(j, "kind", TRIGGER_KIND_MAX, &out->kind, e) == -1 ||
	    json_i64(j, "item", 1, INT64_MAX, &out->item, e) == -1 ||
	    json_bool(j, "is_pull", &out->is_pull, e) == -1 ||
	    json_str(j, "request", TRIGGER_NAME_MAX, &out->request, e) == -1 ||
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

static bool
trigger_on_word(const struct slash *s, struct trigger *out)
{
	for (size_t i = 0; i < sizeof(trigger_words) / sizeof(trigger_words[0]);
	     i++) {
		if (strcmp(trigger_words[i].name, s->name) != 0)
			continue;
		out->verdict = trigger_words[i].verdict;
		return true;
	}
	return false;
}

/* A text of a person: an order, a call for help, or just talk. */
static void
trigger_on_text(const struct watch_event *ev, const struct commands *all,
    struct trigger *out)
{
	struct view body = view_of(json_str_or(ev->data, "body", ""));
	struct slash s;

	if (!slash_parse(body, &s) || trigger_is_reserved(s.name))
		return;
	out->args = s.args;
	out->why = "a maintainer's order";
	if (trigger_on_word(&s, out))
		return;
	trigger_run(out, all, s.name, "a maintainer's order");
	if (out->verdict == TRIGGER_NONE) {
		out->verdict = TRIGGER_HELP;
		(void)snprintf(out->asked, sizeof(out->asked), "%s", s.name);
	}
}

static bool
trigger_is_talk(const struct watch_event *ev)
{
	struct slash s;

	return !slash_parse(view_of(json_str_or(ev->data, "body", "")), &s);
}

static void
trigger_on_issue(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	trigger_on_text(ev, all, out);
	if (rules->pickup && trigger_is_talk(ev))
		trigger_run(out, all, "fix", "a maintainer's issue");
}

/* Of the agent's own work: what it says of it is to be done. */
static void
trigger_on_review(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	const char *verdict = json_str_or(ev->data, "verdict", "");

	(void)rules;
	trigger_on_text(ev, all, out);
	if (!trigger_is_talk(ev) || !json_bool_or(ev->data, "of_agent", false))
		return;
	if (strcmp(verdict, "REQUEST_CHANGES") == 0 ||
	    (strcmp(verdict, "COMMENT") == 0 &&
		json_i64_or(ev->data, "comments", 0) > 0)) {
		out->args = view_trim(
		    view_of(json_str_or(ev->data, "body", "")));
		trigger_run(out, all, "fix", "a maintainer's review");
	}
}

static void
trigger_on_words(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	(void)rules;
	trigger_on_text(ev, all, out);
}

/* An issue is to be worked on, a pull request to be looked at. */
static void
trigger_on_item(const struct watch_event *ev, const struct commands *all,
    const char *why, struct trigger *out)
{
	trigger_run(out, all, ev->is_pull ? "review" : "fix", why);
}

static void
trigger_on_assigned(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	(void)rules;
	if (strcmp(json_str_or(ev->data, "login", ""), trigger_agent) == 0)
		trigger_on_item(ev, all, "a maintainer's assignment", out);
}

static void
trigger_on_labeled(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	const struct json *l = json_first(json_get(ev->data, "added"));

	if (rules->label == NULL || rules->label[0] == '\0')
		return;
	for (; l != NULL; l = json_next(l)) {
		if (strcasecmp(json_str_or(l, "name", ""), rules->label) == 0)
			trigger_on_item(ev, all, "a maintainer's label", out);
	}
}

static void
trigger_on_check(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	(void)ev;
	(void)rules;
	trigger_run(out, all, "fix", "a required check failed");
}

static void
trigger_on_conflict(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	(void)ev;
	(void)rules;
	trigger_run(out, all, "fix", "the branch conflicts with its base");
}

static const struct {
	const char *kind;
	bool person; /* who has to have write access */
	void (*decide)(const struct watch_event *ev, const struct commands *all,
	    const struct trigger_rules *rules, struct trigger *out);
} trigger_kinds[] = {
	{ "issue.opened", true, trigger_on_issue },
	{ "comment.created", true, trigger_on_words },
	{ "review.created", true, trigger_on_review },
	{ "review.commented", true, trigger_on_words },
	{ "issue.assigned", true, trigger_on_assigned },
	{ "issue.labeled", true, trigger_on_labeled },
	{ "check.failed", false, trigger_on_check },
	{ "pull.conflict", false, trigger_on_conflict },
};

void
trigger_decide(const struct watch_event *ev, const struct commands *all,
    const struct trigger_rules *rules, struct trigger *out)
{
	*out = (struct trigger){
		.verdict = TRIGGER_NONE, .args = { .p = "" }, .why = ""
	};
	if (ev->project == 0 || ev->item == 0)
		return;
	for (size_t i = 0; i < sizeof(trigger_kinds) / sizeof(trigger_kinds[0]);
	     i++) {
		if (strcmp(trigger_kinds[i].kind, ev->kind) != 0)
			continue;
		if (!trigger_kinds[i].person || trigger_may_order(ev))
			trigger_kinds[i].decide(ev, all, rules, out);
		return;
	}
}
