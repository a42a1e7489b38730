/*
 * svc_log: the output of runs and CI jobs, HOME/logs/{runs,jobs}/ID.log.  What
 * is appended says where it belongs; the row has the length, so that a part
 * that comes twice is not there twice.  Of a long one the beginning and the end
 * are kept (log_file.h).
 */
#ifndef SERVER_SERVICE_SVC_LOG_H
#define SERVER_SERVICE_SVC_LOG_H

#include "lib/base/view.h"
#include "server/service/log_file.h"
#include "server/service/svc.h"

enum svc_log_kind {
	SVC_LOG_RUN,
	SVC_LOG_JOB
};

enum {
	SVC_LOG_PART_MAX = LOG_FILE_PART_MAX /* bytes of one append */
};

/*
 * have is the row's length now; from where this part begins.  done gets the
 * new length in op->next; ERR_EXISTS with it when from is not the length.
 */
struct svc_log_append {
	struct svc_op op;
	enum svc_log_kind kind;
	int64_t id;
	int64_t from;
	int64_t to;
	int64_t next; /* out, also when it failed */
};
struct svc_log_part {
	enum svc_log_kind kind;
	int64_t id;
	int64_t from;
	struct view bytes;
};
void svc_log_append(struct svc *s, const struct identity *who,
    const struct svc_log_part *part, svc_done_fn *done, void *arg);

/* A descriptor to read, or -1; the file may not be there yet. */
int svc_log_open(
    struct svc *s, enum svc_log_kind kind, int64_t id, struct err *e);
void svc_log_remove(const struct svc *s, enum svc_log_kind kind, int64_t id);
struct svc_log_of {
	enum svc_log_kind kind;
	int64_t id;
	int64_t bytes; /* how long it is, by its row */
};
/* The last max bytes as text. */
void svc_log_tail(
    struct svc *s, const struct svc_log_of *l, size_t max, struct str *out);

#endif
