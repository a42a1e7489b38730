#include "server/service/svc_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
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

enum {
	SVC_RECORD_STEP = 8 << 20, /* read in one transaction */
	SVC_RECORD_CHUNK = 8 << 10
};

static char *
svc_record_path(const struct svc *s, int64_t run, const char *end)
{
	return xasprintf("%s/logs/runs/%" PRId64 ".tar%s", s->home, run, end);
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

/* *size: -1, it is not there. */
static int
svc_record_size(const char *path, int64_t *size, struct err *e)
{
	struct stat st;

	*size = -1;
	if (lstat(path, &st) == 0)
		*size = st.st_size;
	else if (errno != ENOENT)
		return err_sys(e, ERR_IO, "look for a record");
	return 0;
}

/* How long the part is, which no other of the two threads changes now.  -1 with
 * ERR_INVALID: it became the record meanwhile. */
static int
svc_record_lock(
    int fd, const char *part, const char *whole, int64_t *size, struct err *e)
{
	struct stat st;
	int64_t kept;

	if (fd == -1 || flock(fd, LOCK_EX) == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "open a record");
	if (svc_record_size(whole, &kept, e) == -1)
		return -1;
	if (kept >= 0) {
		(void)unlink(part);
		return err_set(e, ERR_INVALID, "the record is kept already");
	}
	*size = st.st_size;
	return 0;
}

int
svc_record_append(const struct svc *s, int64_t run, int64_t from,
    struct view bytes, int64_t *next, struct err *e)
{
	AUTO_FREE char *whole = svc_record_path(s, run, "");
	AUTO_FREE char *path = svc_record_path(s, run, ".part");
	AUTO_CLOSE int fd = -1;

	if (svc_record_size(whole, next, e) == -1)
		return -1;
	if (*next >= 0 && from >= *next)
		return err_set(e, ERR_INVALID, "the record is kept already");
	if (*next >= 0)
		return err_set(e, ERR_EXISTS, "the record is there");
	*next = 0;
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (svc_record_lock(fd, path, whole, next, e) == -1)
		return -1;
	if (from != *next)
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
	AUTO_FREE char *path = svc_record_path(s, run, "");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
		    "open a record");
	*size = (uint64_t)st.st_size;
	return STEAL_FD(fd);
}

bool
svc_record_remove(const struct svc *s, int64_t run)
{
	static const char *const ends[] = { "", ".part" };
	bool was = false;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		AUTO_FREE char *path = svc_record_path(s, run, ends[i]);

		if (unlink(path) == 0)
			was = true;
		else if (errno != ENOENT)
			log_warn("record remove run=%" PRId64 " why=%s", run,
			    strerror(errno));
	}
	return was;
}

/* ---- all of it is there ---- */

static void
svc_record_keep_release(void *arg)
{
	struct svc_record_keep *op = arg;

	sha256_free(op->hash);
	if (op->fd != -1)
		(void)close(op->fd);
}

struct svc_record_keep *
svc_record_keep_new(struct svc *s, const struct identity *who)
{
	struct svc_record_keep *op = svc_op_new(
	    s, sizeof(*op), who, svc_record_keep_release);

	op->fd = -1;
	return op;
}

static int
svc_record_keep_open(struct svc_record_keep *op, struct err *e)
{
	AUTO_FREE char *whole = svc_record_path(op->op.svc, op->run, "");
	AUTO_FREE char *part = svc_record_path(op->op.svc, op->run, ".part");
	struct stat st = { .st_size = 0 };

	op->fd = open(whole, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	op->kept = op->fd != -1;
	if (!op->kept && errno == ENOENT)
		op->fd = open(part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if ((op->fd == -1 && errno != ENOENT) ||
	    (op->fd != -1 && fstat(op->fd, &st) == -1))
		return err_sys(e, ERR_IO, "open a record");
	if (op->fd == -1 || (uint64_t)st.st_size != op->bytes)
		return err_set(e, ERR_EXISTS,
		    "%lld of its %llu bytes have come", (long long)st.st_size,
		    (unsigned long long)op->bytes);
	op->hash = sha256_new();
	return 0;
}

static int
svc_record_keep_read(struct svc_record_keep *op, struct err *e)
{
	char buf[SVC_RECORD_CHUNK];

	for (uint64_t end = op->at + SVC_RECORD_STEP;
	     op->at < end && op->at < op->bytes;) {
		ssize_t n = pread(op->fd, buf, sizeof(buf), (off_t)op->at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_sys(e, ERR_IO, "read a record");
		sha256_add(op->hash, (struct view){ buf, (size_t)n });
		op->at += (uint64_t)n;
	}
	return 0;
}

/* Another did it, or what was read has gone. */
static int
svc_record_keep_gone(struct svc_record_keep *op, const char *whole,
    const struct stat *mine, struct err *e)
{
	struct stat st;

	op->kept = lstat(whole, &st) == 0 && st.st_dev == mine->st_dev &&
	    st.st_ino == mine->st_ino;
	return op->kept
	    ? 0
	    : err_set(e, ERR_EXISTS,
		  "what had come was thrown away meanwhile: send it again");
}

/* Nothing comes behind it now: no more gets the name than what was read. */
static int
svc_record_keep_locked(struct svc_record_keep *op, struct err *e)
{
	AUTO_FREE char *whole = svc_record_path(op->op.svc, op->run, "");
	AUTO_FREE char *part = svc_record_path(op->op.svc, op->run, ".part");
	struct stat st, now;

	if (fstat(op->fd, &st) == -1)
		return err_sys(e, ERR_IO, "keep a record");
	if ((uint64_t)st.st_size != op->bytes)
		return err_set(e, ERR_EXISTS, "%lld bytes have come, not %llu",
		    (long long)st.st_size, (unsigned long long)op->bytes);
	if (lstat(part, &now) == -1 || now.st_dev != st.st_dev ||
	    now.st_ino != st.st_ino)
		return svc_record_keep_gone(op, whole, &st, e);
	return rename(part, whole) == 0 ? 0
					: err_sys(e, ERR_IO, "keep a record");
}

/* On the disk before it has its name. */
static int
svc_record_keep_rename(struct svc_record_keep *op, struct err *e)
{
	AUTO_FREE char *folder = xasprintf("%s/logs/runs", op->op.svc->home);
	AUTO_CLOSE int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc;

	if (dir == -1 || fsync(op->fd) == -1 || flock(op->fd, LOCK_EX) == -1)
		return err_sys(e, ERR_IO, "keep a record");
	rc = svc_record_keep_locked(op, e);
	(void)flock(op->fd, LOCK_UN);
	if (rc == 0 && fsync(dir) == -1)
		return err_sys(e, ERR_IO, "keep a record");
	return rc;
}

static int
svc_record_keep_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_record_keep *op = arg;
	AUTO_FREE char *part = svc_record_path(op->op.svc, op->run, ".part");
	char sha[SHA256_HEX];

	(void)t;
	if ((op->hash == NULL && svc_record_keep_open(op, e) == -1) ||
	    svc_record_keep_read(op, e) == -1)
		return -1;
	if (op->at < op->bytes)
		return 0;
	sha256_end(op->hash, sha);
	op->hash = NULL;
	if (strcmp(sha, op->sha) == 0)
		return op->kept ? 0 : svc_record_keep_rename(op, e);
	if (!op->kept)
		(void)unlink(part);
	return err_set(
	    e, ERR_EXISTS, "what has come has another SHA-256: %s", sha);
}

static bool
svc_record_keep_then(void *arg)
{
	struct svc_record_keep *op = arg;

	if (op->at == op->bytes)
		return false;
	svc_op_again(op, svc_record_keep_job);
	return true;
}

void
svc_record_keep(struct svc_record_keep *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_record_keep_then;
	svc_op_run(op, svc_record_keep_job, done, arg);
}

/* ---- the report ---- */

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
