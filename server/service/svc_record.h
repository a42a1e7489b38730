/*
 * svc_record: the records of runs, HOME/logs/runs/ID.tar, as agentd sealed
 * them: bytes that nobody here reads.  They come in parts, each saying where it
 * belongs; the file's length is where the next one does.
 */
#ifndef SERVER_SERVICE_SVC_RECORD_H
#define SERVER_SERVICE_SVC_RECORD_H

#include "lib/base/view.h"
#include "server/service/svc.h"

struct svc_run_finish;

enum {
	SVC_RECORD_MAX = 128 << 20,
	SVC_REPORT_MAX = 128 << 10
};

/* *next: where it ends then; ERR_EXISTS with it when from is not the end. */
int svc_record_append(const struct svc *s, int64_t run, int64_t from,
    struct view bytes, int64_t *next, struct err *e);
/* A descriptor to read, or -1. */
int svc_record_open(
    const struct svc *s, int64_t run, uint64_t *size, struct err *e);
void svc_record_remove(const struct svc *s, int64_t run);
/* The report of a run becomes a file of its comment.  On the writer thread. */
int svc_record_attach(struct txn *t, const struct svc_run_finish *op,
    int64_t comment, struct err *e);

#endif
