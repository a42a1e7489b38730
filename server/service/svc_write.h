/*
 * svc_write: files changed through the API: one commit on top of a branch,
 * made by the git worker, then the branch (or a new one) moves to it by the
 * rule of a push.  ERR_NOTFOUND: no such branch or file; ERR_INVALID: a file
 * is not what the caller expected.
 */
#ifndef SERVER_SERVICE_SVC_WRITE_H
#define SERVER_SERVICE_SVC_WRITE_H

#include "lib/base/str.h"
#include "server/git/git_ask.h"
#include "server/service/svc.h"

struct ref_wait;
struct repo_hold;

enum {
	SVC_WRITE_MAX = GIT_ASK_FILES_MAX,
	SVC_WRITE_PERSON_MAX = 255
};

/* What happens to one file; owned. */
struct svc_file {
	const char *what; /* create, update, upload, rename, delete */
	char *path;
	char *from;
	char *sha;
	bool has_bytes;
	struct str bytes;
	char now[SHA_HEX + 1]; /* out: the blob, "" when deleted */
	int64_t size;          /* out */
};

/* name NULL: whoever asks; at 0: now. */
struct svc_person {
	char *name;
	char *email;
	int64_t at;
};

struct svc_write {
	struct svc_op op;
	int64_t project_id;
	char *branch;     /* NULL: the default branch */
	char *new_branch; /* NULL: branch itself moves */
	char *message;
	bool signoff;
	struct svc_person author;
	struct svc_person committer;
	struct svc_file *v; /* SVC_WRITE_MAX at most */
	size_t n;
	int64_t also;  /* wrote a part of it, too; 0: nobody */
	char *noreply; /* address of whoever asks and has none */

	char commit[SHA_HEX + 1]; /* out */
	char base[SHA_HEX + 1];
	struct ref_wait *wait;
	struct repo_hold *hold;
};

struct svc_write *svc_write_new(struct svc *s, const struct identity *who);
void svc_write(struct svc_write *op, svc_done_fn *done, void *arg);

/* Who asks, as git names people; free what was NULL in *p before. */
void svc_person_fill(struct txn *t, const struct identity *who,
    const char *noreply, int64_t now, struct svc_person *p);
void svc_person_release(struct svc_person *p);

#endif
