#include "server/service/svc_ci_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/domain/words.h"
#include "server/service/log_file.h"
#include "server/service/svc_files_priv.h"
#include "server/store/attachments.h"

static char *
svc_ci_attach_name(const struct job *j)
{
	return xasprintf(
	    "%s-%" PRId64 "-%" PRId64 ".log", j->name, j->id, j->attempt);
}

static bool
svc_ci_attach_wants(const struct job *j)
{
	return job_state_is_end(j->state) && j->state != JOB_SUPERSEDED &&
	    j->log_bytes > 0;
}

/* What is kept of a long one is not in its order in the file. */
static int
svc_ci_attach_copy(const struct job *j, int fd, const char *to)
{
	AUTO_CLOSE int out = open(
	    to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct err e = ERR_INIT;

	if (out == -1)
		return -1;
	if (log_file_copy(fd, j->log_bytes, out, &e) == 0 && fsync(out) == 0)
		return 0;
	(void)unlink(to);
	return -1;
}

/* A second name of the log, which nobody writes any more: a job that runs
 * again begins another file. */
static int
svc_ci_attach_link(
    const struct svc *s, const struct job *j, const char *uuid, int64_t *size)
{
	AUTO_FREE char *from = xasprintf(
	    "%s/logs/jobs/%" PRId64 ".log", s->home, j->id);
	AUTO_FREE char *to = xasprintf("%s/attachments/%s", s->home, uuid);
	AUTO_CLOSE int fd = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	if (fd != -1 && log_file_lost(j->log_bytes) > 0)
		rc = svc_ci_attach_copy(j, fd, to);
	else if (fd != -1 && fsync(fd) == 0)
		rc = link(from, to);
	if (rc == -1 || stat(to, &st) == -1) {
		log_warn("ci attach job=%" PRId64 " reason=%s", j->id,
		    strerror(errno));
		return -1;
	}
	*size = (int64_t)st.st_size;
	return 0;
}

static int
svc_ci_attach_add(struct txn *t, struct svc *s, int64_t now,
    const struct words_target *on, const struct job *j, struct err *e)
{
	AUTO_FREE char *name = svc_ci_attach_name(j);
	char uuid[ATTACHMENT_UUID + 1];
	struct attachment_new n = { .on = *on,
		.account_id = s->ci_id,
		.uuid = uuid,
		.name = name,
		.type = "text/plain",
		.now = now };
	int64_t id;

	svc_files_uuid(uuid);
	if (svc_ci_attach_link(s, j, uuid, &n.size) == -1)
		return 0;
	return attachments_insert(t, &n, &id, e);
}

static bool
svc_ci_attach_has(const struct attachment_list *have, const char *name)
{
	for (size_t i = 0; i < have->n; i++)
		if (strcmp(have->at[i].name, name) == 0)
			return true;
	return false;
}

static int
svc_ci_attach_drop(struct txn *t, const struct attachment_list *have,
    const struct job_list *l, struct err *e)
{
	for (size_t i = 0; i < have->n; i++) {
		bool keep = false;

		for (size_t k = 0; k < l->n && !keep; k++) {
			AUTO_FREE char *name = svc_ci_attach_name(&l->at[k]);

			keep = svc_ci_attach_wants(&l->at[k]) &&
			    strcmp(name, have->at[i].name) == 0;
		}
		if (!keep && attachments_delete(t, have->at[i].id, e) == -1)
			return -1;
	}
	return 0;
}

int
svc_ci_attach(struct txn *t, struct svc *s, int64_t now, const struct pull *p,
    int64_t comment, const struct job_list *l, struct err *e)
{
	const struct words_target on = { p->issue.project_id, p->issue.number,
		comment };
	struct attachment_list have = { .n = 0 };
	int rc;

	if (attachments_list(t, &on, &have, e) == -1)
		return -1;
	rc = svc_ci_attach_drop(t, &have, l, e);
	for (size_t i = 0; i < l->n && rc == 0; i++) {
		const struct job *j = &l->at[i];
		AUTO_FREE char *name = svc_ci_attach_name(j);

		if (svc_ci_attach_wants(j) && !svc_ci_attach_has(&have, name) &&
		    i < ATTACHMENTS_MAX)
			rc = svc_ci_attach_add(t, s, now, &on, j, e);
	}
	attachment_list_release(&have);
	return rc;
}
