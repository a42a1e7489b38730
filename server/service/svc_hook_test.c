/* svc_hook_test: a delivery by hand: the newest commit of a branch, as a push
 * that changed nothing else. */
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool.h"
#include "server/service/svc_hook.h"
#include "server/store/projects.h"

static int
svc_hook_test_say(struct svc_hook *op, const struct project *p,
    const struct json *git, struct str *out, struct err *e)
{
	const char *sha = json_str_or(json_get(git, "head"), "sha", SHA_ZERO);
	const struct identity *who = &op->op.who;
	const struct hook_say say = { HOOK_PUSH, "" };
	struct event ev = { .project_id = p->id };
	AUTO_STR struct str data = STR_INIT;
	struct svc *s = op->op.svc;
	struct hook_payload hp = { .url = s->public_url,
		.event = &ev,
		.say = &say,
		.project = p,
		.git = git };
	struct json *parsed;
	struct jw w;
	int rc;

	jw_init(&w, &data);
	jw_object(&w, NULL);
	jw_str(&w, "ref", op->ref);
	jw_str(&w, "old", sha);
	jw_str(&w, "new", sha);
	jw_end(&w);
	ev.actor.id = who->user_id;
	ev.actor.kind = who->user_kind;
	memcpy(ev.actor.login, who->login, sizeof(ev.actor.login));
	parsed = json_parse(str_view(&data), 0, e);
	if (parsed == NULL)
		return -1;
	hp.data = parsed;
	rc = s->upper->hook_payload(db_reader(s->db), &hp, out, e);
	json_free(parsed);
	return rc;
}

static void
svc_hook_test_on_git(const struct git_result *r, void *arg)
{
	struct svc_hook *op = arg;
	struct project p = { .id = 0 };
	struct str payload = STR_INIT;
	struct err e = ERR_INIT;

	if (r->fail != NULL) {
		svc_op_end(op, r->fail);
		return;
	}
	if (projects_by_id(db_reader(op->op.svc->db), op->scope.project_id, &p,
		&e) == -1 ||
	    svc_hook_test_say(op, &p, r->j, &payload, &e) == -1) {
		svc_op_end(op, &e);
	} else {
		op->project_id = p.id;
		op->type = HOOK_PUSH;
		op->payload = str_steal(&payload);
		svc_hook_send(op, op->op.done, op->op.arg);
	}
	str_release(&payload);
	project_release(&p);
}

/* A branch by its short name; NULL: the default branch. */
static void
svc_hook_test_ref(struct svc_hook *op, const struct project *p)
{
	AUTO_FREE char *given = STEAL(op->ref);

	if (given == NULL || *given == '\0')
		op->ref = xasprintf("refs/heads/%s", p->default_branch);
	else if (strncmp(given, "refs/", 5) == 0 || gitpool_sha_ok(given))
		op->ref = STEAL(given);
	else
		op->ref = xasprintf("refs/heads/%s", given);
}

void
svc_hook_test(struct svc_hook *op, svc_done_fn *done, void *arg)
{
	static const char *const hide[] = { NULL };
	struct svc *s = op->op.svc;
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (projects_by_id(db_reader(s->db), op->scope.project_id, &p, &e) ==
		-1 ||
	    svc_hook_may(db_reader(s->db), &op->op.who, &op->scope, &e) == -1) {
		svc_op_end_later(op, &e);
	} else if (p.default_branch[0] == '\0') {
		/* There is nothing to tell of an empty repository. */
		svc_op_end_later(op, NULL);
	} else {
		svc_hook_test_ref(op, &p);
		if (gitpool_rev_told(op->ref, &e) == -1)
			svc_op_end_later(op, &e);
		else
			gitpool_pushed(s->git, p.id, op->ref, hide, 1,
			    svc_hook_test_on_git, op);
	}
	project_release(&p);
}
