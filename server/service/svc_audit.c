#include "server/service/svc_audit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
#include "server/store/snapshot.h"

enum {
	SVC_AUDIT_FILE_MAX = 4096
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

/* By a file that says what, by which `what` is to be noted; then it goes. */
static void
svc_audit_file(struct svc *s, const char *what, const char *path)
{
	static const struct identity nobody = { .kind = IDENTITY_NONE };
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j;

	if (path_read(path, SVC_AUDIT_FILE_MAX, &text, &e) == -1 ||
	    (j = json_parse(str_view(&text), 0, &e)) == NULL) {
		log_error("audit not-noted what=%s path=%s reason=%s", what,
		    log_val(path), log_val(e.msg));
		return;
	}
	json_free(j);
	svc_audit_start(s, &nobody,
	    &(struct svc_audit_note){
		.what = what, .subject = "", .details = str_cstr(&text) },
	    path);
}

void
svc_audit_restored(struct svc *s, const char *path)
{
	if (access(path, F_OK) == 0)
		svc_audit_file(s, "home.restored", path);
}

/* Not one that is being written. */
static int
svc_audit_is_backup(const struct dirent *d)
{
	const char *number = d->d_name + strlen(SNAPSHOT_BACKUP_MADE);

	return view_starts(view_of(d->d_name), SNAPSHOT_BACKUP_MADE) &&
		number[strspn(number, "0123456789")] == '\0'
	    ? 1
	    : 0;
}

void
svc_audit_backups(struct svc *s)
{
	AUTO_FREE char *folder = path_join(s->home, "db");
	struct dirent **list = NULL;
	int n = scandir(folder, &list, svc_audit_is_backup, alphasort);

	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = path_join(folder, list[i]->d_name);

		svc_audit_file(s, "backup.made", path);
		free(list[i]);
	}
	free(list);
}
