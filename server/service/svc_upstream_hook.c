/* What people and upstreams tell a mirror: a signed webhook, a ref to take. */
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/auth/signature.h"
#include "server/service/svc_secret.h"
#include "server/service/svc_upstream.h"
#include "server/store/audit.h"
#include "server/store/upstream.h"

int
svc_upstream_set_hook(struct svc *s, const struct identity *who,
    int64_t project, const char *secret, struct err *e)
{
	if (svc_secret_check_word(secret, SVC_HOOK_SECRET_MIN,
		SVC_HOOK_SECRET_MAX, "secret", e) == -1)
		return -1;
	return svc_secret_set(
	    s, who, project, SVC_SECRET_HOOK, view_of(secret), e);
}

bool
svc_upstream_hook_ok(
    struct svc *s, int64_t project, const char *header, struct view body)
{
	AUTO_SECRET struct str text = STR_INIT;
	struct err ignored = ERR_INIT;
	struct view secret;

	(void)svc_secret_read(
	    s->home, project, SVC_SECRET_HOOK, &text, &secret, &ignored);
	return signature_ok(header, secret, body);
}

static void
accept_release(void *arg)
{
	struct svc_upstream_accept *op = arg;

	free(op->ref);
	free(op->upstream);
}

struct svc_upstream_accept *
svc_upstream_accept_new(struct svc *s, const struct identity *who)
{
	return svc_op_new(
	    s, sizeof(struct svc_upstream_accept), who, accept_release);
}

/* The entry as it was, and accepted. */
static void
accept_put(struct jw *w, const struct json *entry)
{
	jw_object(w, NULL);
	for (const struct json *m = json_first(entry); m != NULL;
	     m = json_next(m)) {
		AUTO_STR struct str text = STR_INIT;

		if (strcmp(json_key(m), "accepted") == 0)
			continue;
		json_print(m, &text);
		jw_raw(w, json_key(m), str_view(&text));
	}
	jw_bool(w, "accepted", true);
	jw_end(w);
}

/* The list with that ref accepted; ERR_NOTFOUND, ERR_EXISTS when upstream is
 * elsewhere by now. */
static int
accept_list(const struct svc_upstream_accept *op, const struct json *list,
    struct str *out, struct err *e)
{
	bool found = false;
	struct jw w;

	jw_init(&w, out);
	jw_array(&w, NULL);
	for (const struct json *x = json_first(list); x != NULL;
	     x = json_next(x)) {
		AUTO_STR struct str text = STR_INIT;

		if (strcmp(json_str_or(x, "ref", ""), op->ref) != 0) {
			json_print(x, &text);
			jw_raw(&w, NULL, str_view(&text));
			continue;
		}
		found = true;
		if (op->upstream != NULL &&
		    strcmp(json_str_or(x, "upstream", ""), op->upstream) != 0)
			return err_set(e, ERR_EXISTS,
			    "upstream's %.100s is %.40s now: look again",
			    op->ref, json_str_or(x, "upstream", "gone"));
		accept_put(&w, x);
	}
	jw_end(&w);
	if (!found)
		return err_set(e, ERR_NOTFOUND,
		    "%.100s does not wait: mirror.waiting lists what does",
		    op->ref);
	return 0;
}

static int
accept_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_upstream_accept *op = arg;
	struct mirror_memo memo = { .waiting = NULL };
	AUTO_STR struct str now = STR_INIT;
	struct json *list;
	int rc;

	if (svc_may(t, &op->op.who, op->project_id, PERM_WRITE, NULL, e) ==
		-1 ||
	    mirror_memo_get(t, op->project_id, &memo, e) == -1)
		return -1;
	list = json_parse(
	    view_of(svc_text(memo.waiting)[0] != '\0' ? memo.waiting : "[]"), 0,
	    e);
	mirror_memo_release(&memo);
	if (list == NULL)
		return err_wrap(e, "what waits");
	rc = accept_list(op, list, &now, e);
	json_free(list);
	if (rc == -1 ||
	    audit_add(t,
		&(struct audit_new){ .what = "upstream.accepted",
		    .subject = op->ref,
		    .project_id = op->project_id },
		e) == -1)
		return -1;
	return mirror_memo_set(
	    t, op->project_id, MIRROR_MEMO_WAITING, str_cstr(&now), e);
}

void
svc_upstream_accept(
    struct svc_upstream_accept *op, svc_done_fn *done, void *arg)
{
	svc_op_run(op, accept_job, done, arg);
}
