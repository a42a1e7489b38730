#include "server/jobs/mirror_polls.h"

#include <stddef.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/io/timer.h"
#include "server/store/db.h"
#include "server/store/projects.h"

enum {
	MIRRORPOLLS_MAX = 200, /* in one transaction */
	MIRRORPOLLS_MS = 1000  /* that they may wait for it */
};

struct mirror_poll {
	int64_t project;
	int64_t ok_at;
	int64_t next_at;
};

struct mirror_polls_batch {
	struct mirror_poll v[MIRRORPOLLS_MAX];
	size_t n;
};

struct mirror_polls {
	struct db *db;
	struct timer *timer;
	struct mirror_polls_batch *batch; /* not written yet, may be NULL */
};

static int
mirrorpolls_job(struct txn *t, void *arg, struct err *e)
{
	const struct mirror_polls_batch *b = arg;

	for (size_t i = 0; i < b->n; i++)
		if (projects_set_polled(t, b->v[i].project, b->v[i].ok_at,
			b->v[i].next_at, e) == -1)
			return -1;
	return 0;
}

/* The next polls write them again. */
static void
mirrorpolls_on_written(const struct err *fail, void *arg)
{
	if (fail != NULL)
		log_warn("mirror polls-write err=%s", log_val(fail->msg));
	free(arg);
}

static void
mirrorpolls_flush(void *arg)
{
	struct mirror_polls *p = arg;
	struct mirror_polls_batch *b = p->batch;

	p->batch = NULL;
	timer_cancel(p->timer);
	if (b != NULL)
		db_write(p->db, mirrorpolls_job, mirrorpolls_on_written, b);
}

struct mirror_polls *
mirror_polls_new(struct loop *loop, struct db *db)
{
	struct mirror_polls *p = xcalloc(1, sizeof(*p));

	p->db = db;
	p->timer = timer_new(loop, mirrorpolls_flush, p);
	return p;
}

void
mirror_polls_free(struct mirror_polls *p)
{
	timer_free(p->timer);
	free(p->batch);
	free(p);
}

void
mirror_polls_add(
    struct mirror_polls *p, int64_t project, int64_t ok_at, int64_t next_at)
{
	if (p->batch == NULL) {
		p->batch = xcalloc(1, sizeof(*p->batch));
		timer_set(p->timer, MIRRORPOLLS_MS);
	}
	p->batch->v[p->batch->n++] = (struct mirror_poll){
		.project = project, .ok_at = ok_at, .next_at = next_at
	};
	if (p->batch->n == MIRRORPOLLS_MAX)
		mirrorpolls_flush(p);
}
