/*
 * svc_record: the records of runs, HOME/logs/runs/ID.tar, as agentd sealed
 * them: bytes that nobody here reads.  They come in parts, each saying where it
 * belongs, into ID.tar.part: its length is where the next one does.  With all
 * of them there, of the length and SHA-256 that agentd names, it is ID.tar,
 * which nothing changes any more.
 */
#ifndef SERVER_SERVICE_SVC_RECORD_H
#define SERVER_SERVICE_SVC_RECORD_H

#include <stdbool.h>

#include "lib/base/view.h"
#include "lib/net/sha256.h"
#include "server/service/svc.h"

struct svc_run_finish;

enum {
	SVC_RECORD_MAX = 128 << 20,
	SVC_REPORT_MAX = 128 << 10
};

/* *next: where it ends then; ERR_EXISTS with it when from is not the end.
 * ERR_INVALID behind one that is kept already. */
int svc_record_append(const struct svc *s, int64_t run, int64_t from,
    struct view bytes, int64_t *next, struct err *e);
/* All parts are there.  ERR_EXISTS: they are not what is named; parts with
 * another SHA-256 are thrown away. */
struct svc_record_keep {
	struct svc_op op;
	int64_t run;
	uint64_t bytes;
	char sha[SHA256_HEX];
	struct sha256 *hash; /* of what was read, the first `at` bytes */
	uint64_t at;
	int fd;
	bool kept; /* before this */
};
struct svc_record_keep *svc_record_keep_new(
    struct svc *s, const struct identity *who);
void svc_record_keep(struct svc_record_keep *op, svc_done_fn *done, void *arg);
/* A descriptor to read, or -1; ERR_NOTFOUND: it is not there, or not whole. */
int svc_record_open(
    const struct svc *s, int64_t run, uint64_t *size, struct err *e);
/* Was there one, or a part? */
bool svc_record_remove(const struct svc *s, int64_t run);
/* The report of a run becomes a file of its comment.  On the writer thread. */
int svc_record_attach(struct txn *t, const struct svc_run_finish *op,
    int64_t comment, struct err *e);

#endif
