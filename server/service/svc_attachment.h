/*
 * svc_attachment: files on items and comments.  The bytes are written on the
 * loop as they come, into HOME/attachments, and are on disk under their name
 * before the row is; what has no row is removed at the next start.
 */
#ifndef SERVER_SERVICE_SVC_ATTACHMENT_H
#define SERVER_SERVICE_SVC_ATTACHMENT_H

#include "server/domain/words.h"
#include "server/service/svc.h"

struct svc_files;
struct svc_upload;
struct view;

enum {
	SVC_UPLOADS_MAX = 16, /* at a time */
	SVC_UPLOADS_USER = 4  /* of them of one user; the rest: ERR_BUSY */
};

struct svc_files_spec {
	struct svc *svc;
	uint64_t max;      /* bytes of one file */
	const char *types; /* file_rule_taken; borrowed */
	uint64_t min_free; /* what an upload leaves free on disk */
};

/* Makes the folder. */
struct svc_files *svc_files_new(
    const struct svc_files_spec *spec, struct err *e);
/* Removes what no row knows, then now and then what rows left. */
void svc_files_start(struct svc_files *f);
/* Rows of some are gone: their bytes go soon.  NULL is fine. */
void svc_files_soon(struct svc_files *f);
void svc_files_free(struct svc_files *f); /* NULL is fine */
uint64_t svc_files_max(const struct svc_files *f);
const char *svc_files_types(const struct svc_files *f);
/* For reading: the descriptor, or -1. */
int svc_files_open(const struct svc_files *f, const char *uuid, struct err *e);

/* May who attach to it, or change what is attached?  Its author, and on an
 * item a maintainer. */
int svc_attachment_may(struct txn *t, const struct identity *who,
    struct words_target *on, struct err *e);

/* A file that comes in; drop or finish takes it. */
struct svc_upload *svc_upload_new(struct svc *s, const struct identity *who,
    const struct words_target *on, struct err *e);
void svc_upload_drop(struct svc_upload *u); /* NULL is fine */
int svc_upload_write(
    struct svc_upload *u, const void *p, size_t n, struct err *e);

/* Its row; also the result of the two below. */
struct svc_attach {
	struct svc_op op;
	struct words_target on;
	int64_t id; /* of one that is there */
	char *name; /* of a change; NULL: remove it */
	char uuid[ATTACHMENT_UUID + 1];
	const char *type;
	int64_t size;
	int fd;                       /* of what is not on disk yet, or -1 */
	bool kept;                    /* the row is */
	struct attachment attachment; /* out */
};
void svc_upload_finish(
    struct svc_upload *u, const char *name, svc_done_fn *done, void *arg);
struct svc_attach *svc_attach_new(struct svc *s, const struct identity *who,
    const struct words_target *on, int64_t id);
void svc_attach_rename(struct svc_attach *op, svc_done_fn *done, void *arg);
void svc_attach_remove(struct svc_attach *op, svc_done_fn *done, void *arg);
/* One more download; nobody waits for it. */
void svc_attach_count(struct svc *s, const struct identity *who, int64_t id);

#endif
