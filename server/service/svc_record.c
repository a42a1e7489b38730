#include "server/service/svc_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/rnd.h"
#include "server/service/svc_files_priv.h"
#include "server/service/svc_run.h"
#include "server/store/attachments.h"

static char *
svc_record_path(const struct svc *s, int64_t run)
{
	return xasprintf("%s/logs/runs/%" PRId64 ".tar", s->home, run);
}

static int
svc_record_write(int fd, struct view v, int64_t at, struct err *e)
{
	while (v.len > 0) {
		ssize_t n = pwrite(fd, v.p, v.len, at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "write a record");
		v = view_from(v, (size_t)n);
		at += n;
	}
	return 0;
}

int
svc_record_append(const struct svc *s, int64_t run, int64_t from,
    struct view bytes, int64_t *next, struct err *e)
{
	AUTO_FREE char *path = svc_record_path(s, run);
	AUTO_CLOSE int fd = open(
	    path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	*next = 0;
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "open a record");
	*next = st.st_size;
	if (from != st.st_size)
		return err_set(e, ERR_EXISTS,
		    "the record is %" PRId64 " bytes long", *next);
	if ((int64_t)bytes.len > SVC_RECORD_MAX - from)
		return err_set(e, ERR_LIMIT, "a record has at most %d bytes",
		    SVC_RECORD_MAX);
	if (svc_record_write(fd, bytes, from, e) == -1)
		return -1;
	*next = from + (int64_t)bytes.len;
	return 0;
}

int
svc_record_open(const struct svc *s, int64_t run, uint64_t *size, struct err *e)
{
	AUTO_FREE char *path = svc_record_path(s, run);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "open a record");
	*size = (uint64_t)st.st_size;
	return STEAL_FD(fd);
}

void
svc_record_remove(const struct svc *s, int64_t run)
{
	AUTO_FREE char *path = svc_record_path(s, run);

	if (unlink(path) == -1 && errno != ENOENT)
		log_warn("record remove run=%" PRId64 " why=%s", run,
		    strerror(errno));
}

/* On disk before its row is; one without a row goes at the next start. */
static int
svc_record_file(
    const struct svc_files *f, const char *uuid, struct view v, struct err *e)
{
	AUTO_CLOSE int fd = openat(f->dir, uuid,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(e, ERR_IO, "make a report");
	if (svc_record_write(fd, v, 0, e) == -1)
		return -1;
	if (fsync(fd) == -1 || fsync(f->dir) == -1)
		return err_sys(e, ERR_IO, "keep a report");
	return 0;
}

int
svc_record_attach(struct txn *t, const struct svc_run_finish *op,
    int64_t comment, struct err *e)
{
	const struct svc *s = op->op.svc;
	char uuid[ATTACHMENT_UUID + 1], name[48];
	struct err why = ERR_INIT;
	const struct attachment_new n = {
		.on = { .project_id = op->run.project_id,
		    .item = op->run.item,
		    .comment_id = comment },
		.account_id = op->agent.user_id,
		.uuid = uuid,
		.name = name,
		.type = "text/plain",
		.size = op->report == NULL ? 0 : (int64_t)strlen(op->report),
		.now = op->op.now
	};
	int64_t id;

	if (comment == 0 || n.size == 0 || s->files == NULL)
		return 0;
	svc_files_uuid(uuid);
	(void)snprintf(name, sizeof(name), "run-%" PRId64 ".md", op->run.id);
	/* A full disk is no reason not to tell how a run ended. */
	if (svc_files_room(s->files, &why) == -1 ||
	    svc_record_file(s->files, uuid, view_of(op->report), &why) == -1) {
		log_warn("record attach run=%" PRId64 " why=%s", op->run.id,
		    log_val(why.msg));
		svc_files_unlink(s->files, uuid);
		return 0;
	}
	return attachments_insert(t, &n, &id, e);
}
