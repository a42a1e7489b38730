#include "server/service/svc_audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/service/svc.h"
#include "server/store/audit.h"

enum {
	SVC_AUDIT_RESTORED_MAX = 4096
};

struct svc_audit_op {
	struct svc_op op;
	struct audit_new row; /* its texts are the op's */
	char *what, *subject, *details;
	char *file; /* goes when the row is there; or NULL */
};

static void
svc_audit_release(void *arg)
{
	struct svc_audit_op *op = arg;

	free(op->what);
	free(op->subject);
	free(op->details);
	free(op->file);
}

static int
svc_audit_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_audit_op *op = arg;

	return audit_add(t, &op->row, e);
}

static void
svc_audit_done(const struct err *fail, void *arg, void *unused)
{
	const struct svc_audit_op *op = arg;

	(void)unused;
	if (fail != NULL)
		log_error("audit not-noted what=%s reason=%s", op->what,
		    log_val(fail->msg));
	else if (op->file != NULL && unlink(op->file) == -1)
		log_warn("audit not-removed path=%s", log_val(op->file));
}

static void
svc_audit_start(struct svc *s, const struct identity *who,
    const struct svc_audit_note *n, const char *file)
{
	struct svc_audit_op *op = svc_op_new(
	    s, sizeof(*op), who, svc_audit_release);

	op->what = xstrdup(n->what);
	op->subject = xstrdup(n->subject);
	op->details = xstrdup(n->details != NULL ? n->details : "{}");
	op->file = file != NULL ? xstrdup(file) : NULL;
	op->row = (struct audit_new){ .what = op->what,
		.subject = op->subject,
		.details = op->details,
		.project_id = n->project };
	svc_op_run(op, svc_audit_job, svc_audit_done, NULL);
}

void
svc_audit_note(
    struct svc *s, const struct identity *who, const struct svc_audit_note *n)
{
	svc_audit_start(s, who, n, NULL);
}

void
svc_audit_restored(struct svc *s, const char *path)
{
	static const struct identity nobody = { .kind = IDENTITY_NONE };
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;

	if (access(path, F_OK) == -1)
		return;
	if (path_read(path, SVC_AUDIT_RESTORED_MAX, &text, &e) == -1 ||
	    (j = json_parse(str_view(&text), 0, &e)) == NULL) {
		log_error("audit restored reason=%s", log_val(e.msg));
		return;
	}
	json_free(j);
	svc_audit_start(s, &nobody,
	    &(struct svc_audit_note){ .what = "home.restored",
		.subject = "",
		.details = str_cstr(&text) },
	    path);
}
