#include "server/http/refused.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/auth/auth.h"
#include "server/http/call.h"
#include "server/store/audit.h"
#include "server/store/db.h"

struct refused {
	struct audit_actor from;
	char login[NAME_LEN_MAX + 1];
};

static int
refused_job(struct txn *t, void *arg, struct err *e)
{
	const struct refused *x = arg;

	audit_as(t, &x->from);
	return audit_add(t,
	    &(struct audit_new){
		.what = "sign-in.refused", .subject = x->login },
	    e);
}

static void
refused_done(const struct err *fail, void *arg)
{
	if (fail != NULL)
		log_warn("refused not-noted reason=%s", log_val(fail->msg));
	free(arg);
}

void
refused_note(struct db *db, const struct request *q, const char *login)
{
	struct refused *x = xcalloc(1, sizeof(*x));
	struct identity who = { .kind = IDENTITY_NONE };

	call_origin(&who, q);
	(void)snprintf(
	    x->from.origin, sizeof(x->from.origin), "%s", who.origin);
	(void)snprintf(
	    x->from.request, sizeof(x->from.request), "%s", who.request);
	(void)snprintf(x->login, sizeof(x->login), "%.*s", NAME_LEN_MAX, login);
	db_write(db, refused_job, refused_done, x);
}
