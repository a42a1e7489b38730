#include "server/service/svc_attachment.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/rnd.h"
#include "server/domain/file_rule.h"
#include "server/service/svc_comment.h"
#include "server/service/svc_files_priv.h"
#include "server/store/comments.h"
#include "server/store/issues.h"

enum {
	SVC_UPLOAD_SYNC = 4 << 20 /* bytes between two nudges to the disk */
};

int
svc_attachment_may(struct txn *t, const struct identity *who,
    struct words_target *on, struct err *e)
{
	struct words_state state;

	if (svc_comment_may(t, who, on, &state, e) == -1)
		return -1;
	if (perm_edit_comment(who->user_kind, who->user_id, state.author_id))
		return 0;
	if (on->comment_id == 0)
		return svc_may(t, who, on->project_id, PERM_WRITE, NULL, e);
	return err_set(e, ERR_DENIED,
	    "only its author or an admin may attach to a comment");
}

/* Version 4 of RFC 9562. */
void
svc_files_uuid(char out[ATTACHMENT_UUID + 1])
{
	unsigned char b[16];

	rnd_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(out, ATTACHMENT_UUID + 1,
	    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
	    "%02x%02x%02x%02x%02x%02x",
	    b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10],
	    b[11], b[12], b[13], b[14], b[15]);
}

static void
svc_upload_part(const char *uuid, char *out, size_t size)
{
	snprintf(out, size, "%s%s", SVC_FILES_PART, uuid);
}

/* A free place, or -1. */
static int
svc_upload_place(struct svc_files *f, int64_t user_id, struct err *e)
{
	int place = -1;
	unsigned own = 0;

	for (int i = 0; i < SVC_UPLOADS_MAX; i++) {
		own += f->uploaders[i] == user_id;
		if (f->uploaders[i] == 0)
			place = i;
	}
	if (place == -1 || own >= SVC_UPLOADS_USER)
		return err_set(e, ERR_BUSY,
		    "attachment: too many come in at a time, try again");
	f->uploaders[place] = user_id;
	return place;
}

static void
svc_upload_leave(struct svc_files *f, int64_t user_id)
{
	for (int i = 0; i < SVC_UPLOADS_MAX; i++)
		if (f->uploaders[i] == user_id) {
			f->uploaders[i] = 0;
			return;
		}
}

/* errno says why. */
static int
svc_upload_failed(struct err *e, const char *what)
{
	if (errno == ENOSPC || errno == EDQUOT)
		return err_set(
		    e, ERR_BUSY, "attachments: the server's disk is full");
	return err_sys(e, ERR_IO, "%s", what);
}

struct svc_upload *
svc_upload_new(struct svc *s, const struct identity *who,
    const struct words_target *on, struct err *e)
{
	char part[sizeof(SVC_FILES_PART) + ATTACHMENT_UUID];
	struct svc_files *f = s->files;
	struct svc_upload *u;

	if (svc_files_room(f, e) == -1 ||
	    svc_upload_place(f, who->user_id, e) == -1)
		return NULL;
	u = xcalloc(1, sizeof(*u));
	u->files = f;
	u->who = *who;
	u->on = *on;
	svc_files_uuid(u->uuid);
	svc_upload_part(u->uuid, part, sizeof(part));
	u->fd = openat(f->dir, part,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd != -1)
		return u;
	(void)svc_upload_failed(e, "make an attachment");
	svc_upload_leave(f, who->user_id);
	free(u);
	return NULL;
}

void
svc_upload_drop(struct svc_upload *u)
{
	char part[sizeof(SVC_FILES_PART) + ATTACHMENT_UUID];

	if (u == NULL)
		return;
	svc_upload_leave(u->files, u->who.user_id);
	if (u->fd != -1) {
		close(u->fd);
		svc_upload_part(u->uuid, part, sizeof(part));
		svc_files_unlink(u->files, part);
	}
	free(u);
}

static int
svc_upload_put(struct svc_upload *u, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t w = write(u->fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return svc_upload_failed(e, "write an attachment");
		p += w;
		n -= (size_t)w;
		u->size += (uint64_t)w;
	}
	return 0;
}

int
svc_upload_write(struct svc_upload *u, const void *p, size_t n, struct err *e)
{
	size_t room = sizeof(u->head) - u->head_len;
	size_t head = n < room ? n : room;

	if (n > u->files->spec.max - u->size)
		return err_set(e, ERR_LIMIT,
		    "attachment: over %" PRIu64 " bytes", u->files->spec.max);
	memcpy(u->head + u->head_len, p, head);
	u->head_len += head;
	if (svc_upload_put(u, p, n, e) == -1)
		return -1;
	if (u->size - u->synced < SVC_UPLOAD_SYNC)
		return 0;
	/* So that the fsync at the end finds little left to do. */
	(void)sync_file_range(u->fd, (off_t)u->synced,
	    (off_t)(u->size - u->synced), SYNC_FILE_RANGE_WRITE);
	u->synced = u->size;
	return svc_files_room(u->files, e);
}

static void
svc_attach_release(void *arg)
{
	char part[sizeof(SVC_FILES_PART) + ATTACHMENT_UUID];
	struct svc_attach *op = arg;

	if (op->fd != -1)
		close(op->fd);
	if (op->uuid[0] != '\0' && !op->kept) {
		svc_upload_part(op->uuid, part, sizeof(part));
		svc_files_unlink(op->op.svc->files, part);
		svc_files_unlink(op->op.svc->files, op->uuid);
	}
	free(op->name);
	attachment_release(&op->attachment);
}

struct svc_attach *
svc_attach_new(struct svc *s, const struct identity *who,
    const struct words_target *on, int64_t id)
{
	struct svc_attach *op = svc_op_new(
	    s, sizeof(*op), who, svc_attach_release);

	op->on = *on;
	op->id = id;
	op->fd = -1;
	return op;
}

/* On the writer's thread: the bytes and their name are on disk before a row
 * says so. */
static int
svc_attach_keep(const struct svc_attach *op, struct err *e)
{
	char part[sizeof(SVC_FILES_PART) + ATTACHMENT_UUID];
	int dir = op->op.svc->files->dir;

	svc_upload_part(op->uuid, part, sizeof(part));
	if (fsync(op->fd) == -1 || renameat(dir, part, dir, op->uuid) == -1 ||
	    fsync(dir) == -1)
		return svc_upload_failed(e, "keep an attachment");
	return 0;
}

/* What it hangs on has changed. */
static int
svc_attach_touch(struct txn *t, const struct svc_attach *op, struct err *e)
{
	const struct words_target *on = &op->on;
	struct comment c = { .id = 0 };
	int rc;

	if (on->comment_id == 0)
		return issues_touch(t, on->project_id, on->item, op->op.now, e);
	if (comments_get(t, on->project_id, on->comment_id, &c, e) == -1)
		return -1;
	rc = issues_touch(t, on->project_id, c.item, op->op.now, e);
	comment_release(&c);
	return rc;
}

static int
svc_attach_add_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_attach *op = arg;
	const struct attachment_new n = { .on = op->on,
		.account_id = op->op.who.user_id,
		.uuid = op->uuid,
		.name = op->name,
		.type = op->type,
		.size = op->size,
		.now = op->op.now };

	if (svc_attachment_may(t, &op->op.who, &op->on, e) == -1 ||
	    attachments_insert(t, &n, &op->id, e) == -1 ||
	    svc_attach_keep(op, e) == -1 || svc_attach_touch(t, op, e) == -1)
		return -1;
	return attachments_get(t, &op->on, op->id, &op->attachment, e);
}

static bool
svc_attach_then(void *arg)
{
	struct svc_attach *op = arg;

	op->kept = true;
	return false;
}

void
svc_upload_finish(
    struct svc_upload *u, const char *name, svc_done_fn *done, void *arg)
{
	struct svc_files *f = u->files;
	struct svc_attach *op = svc_attach_new(f->spec.svc, &u->who, &u->on, 0);
	char clean[FILE_RULE_NAME_MAX + 1];
	struct err e = ERR_INIT;

	op->fd = u->fd;
	op->size = (int64_t)u->size;
	op->type = file_rule_type((struct view){ u->head, u->head_len });
	memcpy(op->uuid, u->uuid, sizeof(op->uuid));
	u->fd = -1;
	svc_upload_drop(u);
	op->op.then = svc_attach_then;
	op->op.done = done;
	op->op.arg = arg;
	if (!file_rule_name(view_of(name), clean))
		(void)err_set(
		    &e, ERR_INVALID, "attachment: the file has no name");
	else if (!file_rule_taken(f->spec.types, clean, op->type))
		(void)err_set(&e, ERR_INVALID,
		    "attachment: files of this type are not taken");
	if (e.code != ERR_NONE) {
		svc_op_end_later(op, &e);
		return;
	}
	op->name = xstrdup(clean);
	svc_op_run(op, svc_attach_add_job, done, arg);
}

static int
svc_attach_edit_job(struct txn *t, void *arg, struct err *e)
{
	struct svc_attach *op = arg;
	int rc;

	if (svc_attachment_may(t, &op->op.who, &op->on, e) == -1 ||
	    attachments_get(t, &op->on, op->id, &op->attachment, e) == -1)
		return -1;
	if (op->name == NULL)
		rc = attachments_delete(t, op->id, e);
	else if (!file_rule_taken(op->op.svc->files->spec.types, op->name,
		     op->attachment.type))
		rc = err_set(
		    e, ERR_INVALID, "name: files of this type are not taken");
	else
		rc = attachments_rename(t, op->id, op->name, e);
	if (rc == -1 || svc_attach_touch(t, op, e) == -1)
		return -1;
	if (op->name == NULL)
		return 0;
	attachment_release(&op->attachment);
	return attachments_get(t, &op->on, op->id, &op->attachment, e);
}

void
svc_attach_rename(struct svc_attach *op, svc_done_fn *done, void *arg)
{
	char clean[FILE_RULE_NAME_MAX + 1];
	struct err e = ERR_INIT;

	op->op.done = done;
	op->op.arg = arg;
	if (file_rule_name(view_of(op->name), clean)) {
		free(op->name);
		op->name = xstrdup(clean);
		svc_op_run(op, svc_attach_edit_job, done, arg);
		return;
	}
	(void)err_set(&e, ERR_INVALID, "name: not the name of a file");
	svc_op_end_later(op, &e);
}

static bool
svc_attach_gone(void *arg)
{
	struct svc_attach *op = arg;

	svc_files_soon(op->op.svc->files);
	return false;
}

void
svc_attach_remove(struct svc_attach *op, svc_done_fn *done, void *arg)
{
	op->op.then = svc_attach_gone;
	svc_op_run(op, svc_attach_edit_job, done, arg);
}

static int
svc_attach_count_job(struct txn *t, void *arg, struct err *e)
{
	const struct svc_attach *op = arg;

	return attachments_count_download(t, op->id, e);
}

void
svc_attach_count(struct svc *s, const struct identity *who, int64_t id)
{
	const struct words_target none = { .item = 0 };
	struct svc_attach *op = svc_attach_new(s, who, &none, id);

	svc_op_run(op, svc_attach_count_job, NULL, NULL);
}
