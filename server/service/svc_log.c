#include "server/service/svc_log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/failpoint.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/service/log_file.h"
#include "server/store/jobs.h"
#include "server/store/runs.h"

static char *
svc_log_path(const struct svc *s, enum svc_log_kind kind, int64_t id)
{
	return xasprintf("%s/logs/%s/%" PRId64 ".log", s->home,
	    kind == SVC_LOG_RUN ? "runs" : "jobs", id);
}

static int
svc_log_write(struct svc *s, const struct svc_log_part *p, struct err *e)
{
	AUTO_FREE char *path = svc_log_path(s, p->kind, p->id);
	AUTO_CLOSE int fd = -1;

	/* Its older self may be attached somewhere: this is another file. */
	if (p->from == 0 && unlink(path) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "begin log");
	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1)
		return err_sys(e, ERR_IO, "open log");
	return log_file_write(fd, p->bytes, p->from, e);
}

static int
svc_log_length(struct txn *t, enum svc_log_kind kind, int64_t id, int64_t *out,
    struct err *e)
{
	struct run r = { .id = 0 };
	struct job j = { .id = 0 };
	int rc;

	if (kind == SVC_LOG_RUN) {
		rc = runs_get(t, id, &r, e);
		*out = r.log_bytes;
		run_release(&r);
	} else {
		rc = jobs_get(t, id, &j, e);
		*out = j.log_bytes;
		job_release(&j);
	}
	return rc;
}

static int
svc_log_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_log_append *op = arg;
	int rc;

	if (op->kind == SVC_LOG_RUN)
		rc = runs_set_log_bytes(t, op->id, op->from, op->to, e);
	else
		rc = jobs_set_log_bytes(t, op->id, op->from, op->to, e);
	if (rc == 0) {
		op->next = op->to;
		return 0;
	}
	if (e->code != ERR_BUSY ||
	    svc_log_length(t, op->kind, op->id, &op->next, e) == -1)
		return -1;
	return err_set(
	    e, ERR_EXISTS, "the log is %" PRId64 " bytes long", op->next);
}

/* Where the log ends must be where the part begins, before a byte is
 * written; the row's compare-and-set says so again. */
static int
svc_log_begin(struct svc *s, struct svc_log_append *op,
    const struct svc_log_part *part, struct err *e)
{
	if (svc_log_length(
		db_reader(s->db), part->kind, part->id, &op->next, e) == -1)
		return -1;
	if (op->next != part->from)
		return err_set(e, ERR_EXISTS,
		    "the log is %" PRId64 " bytes long", op->next);
	if (svc_log_write(s, part, e) == -1)
		return -1;
	FAIL_POINT(log_written);
	return 0;
}

void
svc_log_append(struct svc *s, const struct identity *who,
    const struct svc_log_part *part, svc_done_fn *done, void *arg)
{
	struct svc_log_append *op = svc_op_new(s, sizeof(*op), who, NULL);
	struct err e = ERR_INIT;

	op->kind = part->kind;
	op->id = part->id;
	op->from = part->from;
	op->to = part->from + (int64_t)part->bytes.len;
	op->op.done = done;
	op->op.arg = arg;
	if (svc_log_begin(s, op, part, &e) == -1)
		svc_op_end_later(op, &e);
	else
		svc_op_run(op, svc_log_job, done, arg);
}

int
svc_log_open(struct svc *s, enum svc_log_kind kind, int64_t id, struct err *e)
{
	AUTO_FREE char *path = svc_log_path(s, kind, id);
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd == -1)
		return err_sys(
		    e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO, "open log");
	return fd;
}

void
svc_log_remove(const struct svc *s, enum svc_log_kind kind, int64_t id)
{
	AUTO_FREE char *path = svc_log_path(s, kind, id);

	if (unlink(path) == -1 && errno != ENOENT)
		log_warn("log remove file=%s why=%s", log_val(path),
		    strerror(errno));
}

/* Its last bytes as they are. */
static size_t
svc_log_end(struct svc *s, const struct svc_log_of *l, char *buf, size_t max)
{
	struct err e = ERR_INIT;
	AUTO_CLOSE int fd = svc_log_open(s, l->kind, l->id, &e);
	size_t len = 0;
	int64_t at;
	long n = 1;

	if (fd == -1)
		return 0;
	at = log_file_tail(fd, l->bytes, max);
	while (n > 0 && len < max) {
		n = log_file_read(fd, l->bytes, &at, buf + len, max - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return len;
}

void
svc_log_tail(
    struct svc *s, const struct svc_log_of *l, size_t max, struct str *out)
{
	AUTO_FREE char *buf = xmalloc(max);
	struct view v = { buf, 0 };

	v.len = svc_log_end(s, l, buf, max);
	while (v.len > 0) {
		uint32_t cp;
		size_t len = utf8_decode(v, &cp);

		if (len > 0 && cp == 0x1b && v.len > 2 && v.p[1] == '[') {
			/* A sequence for terminals: to its last byte. */
			for (len = 2; len < v.len && v.p[len] >= 0x20 &&
			     v.p[len] < 0x40;)
				len++;
			len += len < v.len;
		} else if (len > 0 &&
		    (cp == '\n' || cp == '\t' ||
			(cp >= ' ' && !esc_unseen(cp))))
			str_addn(out, v.p, len);
		else if (len == 0 && out->len > 0)
			str_addc(out, '?');
		v = view_from(v, len > 0 ? len : 1);
	}
}
