/*
 * attachments: the rows of files that hang on items and comments.  The bytes
 * are HOME/attachments/UUID: on disk before their row is, removed after it.
 */
#ifndef SERVER_STORE_ATTACHMENTS_H
#define SERVER_STORE_ATTACHMENTS_H

#include "server/domain/words.h"

struct err;
struct txn;

struct attachment_new {
	struct words_target on;
	int64_t account_id;
	const char *uuid;
	const char *name;
	const char *type;
	int64_t size;
	int64_t now;
};

/* Over ATTACHMENTS_MAX of one target: ERR_INVALID. */
int attachments_insert(
    struct txn *t, const struct attachment_new *n, int64_t *id, struct err *e);
/* One of a target; ERR_NOTFOUND. */
int attachments_get(struct txn *t, const struct words_target *of, int64_t id,
    struct attachment *out, struct err *e);
int attachments_by_uuid(
    struct txn *t, const char *uuid, struct attachment *out, struct err *e);
/* Of one target, oldest first. */
int attachments_list(struct txn *t, const struct words_target *of,
    struct attachment_list *out, struct err *e);
/* Of many comments, in the order of the comments' ids. */
/* Has anything of the project one? */
int attachments_any(
    struct txn *t, int64_t project_id, bool *any, struct err *e);
int attachments_of_comments(struct txn *t, const struct comment_list *of,
    struct attachment_list *out, struct err *e);
int attachments_rename(
    struct txn *t, int64_t id, const char *name, struct err *e);
int attachments_delete(struct txn *t, int64_t id, struct err *e);
int attachments_count_download(struct txn *t, int64_t id, struct err *e);

/* Files whose row is gone: at most max of them, and to forget one. */
struct uuid_list {
	struct attachment_file {
		char uuid[ATTACHMENT_UUID + 1];
	} * at;
	size_t n;
};
int attachments_gone(
    struct txn *t, int64_t max, struct uuid_list *out, struct err *e);
int attachments_forget(struct txn *t, const char *uuid, struct err *e);
/* Is there a row of it? */
int attachments_known(
    struct txn *t, const char *uuid, bool *known, struct err *e);

#endif
