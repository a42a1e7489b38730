/* api_lose: calls that take a sandbox away, and what would be lost. */
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/service/svc_work.h"

struct api_lose {
	struct call *c;
	struct str body; /* JSON, to be read again when it is clear */
	call_json_fn *fn;
};

static void
api_lose_refuse(
    struct call *c, const struct err *fail, const struct svc_work_check *op)
{
	AUTO_STR struct str out = STR_INIT;
	struct jw w;

	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_str(&w, "message", fail->msg);
	if (op->lost.len > 0)
		jw_raw(&w, "lost", str_view(&op->lost));
	else
		jw_null(&w, "lost");
	jw_end(&w);
	call_reply_json(c, 409, &out);
}

static void
api_lose_done(const struct err *fail, void *arg, void *data)
{
	const struct svc_work_check *op = arg;
	struct api_lose *x = data;
	struct err e = ERR_INIT;
	struct json *j;

	if (fail != NULL && fail->code == ERR_EXISTS) {
		api_lose_refuse(x->c, fail, op);
	} else if (!api_failed(x->c, fail) && call_request(x->c) != NULL) {
		/* Who left meanwhile does not want it any more. */
		j = json_parse(str_view(&x->body), CALL_BODY_MAX, &e);
		if (j != NULL)
			x->fn(x->c, j);
		else
			call_fail(x->c, &e);
		json_free(j);
	}
	call_release(x->c);
	str_release(&x->body);
	free(x);
}

void
api_unless_lost(struct call *c, int64_t project, enum perm_verb verb,
    const struct json *body, call_json_fn *fn)
{
	struct api_lose *x = xcalloc(1, sizeof(*x));
	struct svc_work_check *op = svc_work_check_new(api_svc(c), call_who(c));

	x->c = c;
	x->body = STR_INIT;
	x->fn = fn;
	if (body != NULL)
		json_print(body, &x->body);
	else
		str_add(&x->body, "{}");
	op->project_id = project;
	op->verb = verb;
	call_hold(c);
	svc_work_check(op, api_lose_done, x);
}
