#include "agentd/run/prune.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/timer.h"
#include "lib/net/apiclient.h"

enum {
	PRUNE_EVERY_MS = 60 * 60 * 1000,
	PRUNE_STEP_MS = 20,
	PRUNE_STEP = 16, /* folders looked at in one */
	PRUNE_ROWS_MAX = 200000
};

struct prune {
	struct prune_spec s;
	struct timer *timer;
	DIR *dir; /* NULL: it removes, or waits */
	struct prune_row *rows;
	size_t n, room, gone, going;
};

static int
prune_by_id(const void *a, const void *b)
{
	const struct prune_row *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

size_t
prune_pick(const struct prune_spec *s, struct prune_row *rows, size_t n,
    int64_t now_ms)
{
	const int64_t age = (int64_t)s->days * 24 * 3600 * 1000;
	uint64_t all = 0;
	size_t k = 0;

	if (n > 0)
		qsort(rows, n, sizeof(rows[0]), prune_by_id);
	for (size_t i = 0; i < n; i++)
		all += rows[i].bytes;
	while (k < n &&
	    ((s->days != 0 && now_ms - rows[k].at_ms > age) ||
		(s->bytes != 0 && all > s->bytes)))
		all -= rows[k++].bytes;
	return k;
}

/* Of the record alone: what is beside it is small.  False: it has none. */
static bool
prune_measure(const char *path, struct prune_row *row)
{
	AUTO_FREE char *token = path_join(path, "token");
	AUTO_FREE char *model = path_join(path, "model");
	AUTO_FREE char *record = path_join(path, "record");
	const struct dirent *entry;
	struct stat st;
	DIR *d;

	if (access(token, F_OK) == 0 || access(model, F_OK) == 0 ||
	    lstat(record, &st) == -1 || (d = opendir(record)) == NULL)
		return false;
	row->at_ms = (int64_t)st.st_mtime * 1000;
	while ((entry = readdir(d)) != NULL)
		if (fstatat(dirfd(d), entry->d_name, &st,
			AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode))
			row->bytes += (uint64_t)st.st_size;
	(void)closedir(d);
	return true;
}

static void
prune_look(struct prune *p, const char *name)
{
	AUTO_FREE char *path = xasprintf("%s/runs/%s", p->s.home, name);
	struct prune_row row = { .id = 0 };
	struct err e = ERR_INIT;

	if (num_i64(name, 1, INT64_MAX, &row.id, &e) == -1 ||
	    p->n == PRUNE_ROWS_MAX || !prune_measure(path, &row))
		return;
	if (p->n == p->room) {
		p->room = p->room == 0 ? 64 : 2 * p->room;
		p->rows = xrealloc(p->rows, p->room * sizeof(p->rows[0]));
	}
	p->rows[p->n++] = row;
}

static void
prune_wait(struct prune *p)
{
	timer_set(p->timer,
	    p->dir != NULL || p->gone < p->going ? PRUNE_STEP_MS
						 : PRUNE_EVERY_MS);
}

/* While the folder is there the record is found again. */
static void
prune_on_removed(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct prune *p = arg;
	const int64_t id = p->rows[p->gone++].id;
	AUTO_FREE char *path = xasprintf(
	    "%s/runs/%lld", p->s.home, (long long)id);
	struct err e = ERR_INIT;

	(void)j;
	if (fail != NULL && fail->code != ERR_NOTFOUND)
		log_warn("run prune run=%lld status=%d why=%s", (long long)id,
		    status, log_val(fail->msg));
	else if (path_rmtree(path, &e) == -1)
		log_warn(
		    "run prune run=%lld why=%s", (long long)id, log_val(e.msg));
	prune_wait(p);
}

static void
prune_remove(struct prune *p, int64_t id)
{
	AUTO_FREE char *url = xasprintf(
	    "/api/coffer/v1/runs/%lld/record", (long long)id);
	const struct api_call call = { .method = "DELETE",
		.path = url,
		.done = prune_on_removed,
		.arg = p };

	log_info("run prune run=%lld", (long long)id);
	(void)api_start(p->s.api, &call);
}

static void
prune_read(struct prune *p)
{
	const struct dirent *entry;

	for (int i = 0; i < PRUNE_STEP; i++) {
		entry = readdir(p->dir);
		if (entry != NULL) {
			prune_look(p, entry->d_name);
			continue;
		}
		(void)closedir(p->dir);
		p->dir = NULL;
		p->gone = 0;
		p->going = prune_pick(&p->s, p->rows, p->n, clock_now_ms());
		return;
	}
}

static void
prune_run(void *arg)
{
	struct prune *p = arg;
	AUTO_FREE char *root = path_join(p->s.home, "runs");

	if (p->dir != NULL)
		prune_read(p);
	else if (p->gone < p->going) {
		prune_remove(p, p->rows[p->gone].id);
		return; /* until cofferd answers */
	} else if ((p->dir = opendir(root)) != NULL)
		p->n = p->gone = p->going = 0;
	prune_wait(p);
}

struct prune *
prune_new(const struct prune_spec *spec)
{
	struct prune *p = xcalloc(1, sizeof(*p));

	p->s = *spec;
	p->timer = timer_new(p->s.loop, prune_run, p);
	timer_set(p->timer, PRUNE_STEP_MS);
	return p;
}

void
prune_free(struct prune *p)
{
	if (p == NULL)
		return;
	apiclient_forget(p->s.api, p);
	timer_free(p->timer);
	if (p->dir != NULL)
		(void)closedir(p->dir);
	free(p->rows);
	free(p);
}
