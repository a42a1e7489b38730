/*
 * db_write: what one change costs on disk.  N changes in flight (32), each a
 * comment, its issue's count and an event in one transaction through db_write,
 * against write + fdatasync of one 4 KiB block in the same folder, one after
 * the other.  Prints changes per second for both, and the latency of a change.
 *   db_write DIR [SECONDS]
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/loop.h"
#include "server/store/comments.h"
#include "server/store/db.h"
#include "server/store/events.h"
#include "server/store/issues.h"
#include "server/store/projects.h"
#include "server/store/users.h"

enum {
	IN_FLIGHT = 32,
	SAMPLES_MAX = 1 << 20
};

struct bench {
	struct db *db;
	struct loop *loop;
	int64_t user, project, until_us;
	int64_t *took_us;
	size_t done, failed;
	int left;
};

struct change {
	struct bench *b;
	int64_t began_us;
};

static int64_t
bench_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int
bench_seed(struct txn *t, void *arg, struct err *e)
{
	struct bench *b = arg;
	struct project_settings s;
	struct project_new p = { .owner = "bench",
		.name = "bench",
		.upstream = "x",
		.settings = &s,
		.now = 1 };
	struct issue_new i = { .title = "t", .body = "b", .now = 1 };
	int64_t number;
	int rc;

	project_settings_init(&s);
	rc = users_insert(t, "bench", USER_ADMIN, 1, &b->user, e);
	if (rc == 0)
		rc = projects_insert(t, &p, &b->project, e);
	i.project_id = b->project;
	i.author_id = b->user;
	if (rc == 0)
		rc = issues_insert(t, &i, &number, e);
	project_settings_release(&s);
	return rc;
}

static int
bench_job(struct txn *t, void *arg, struct err *e)
{
	const struct change *c = arg;
	const struct actor who = {
		.id = c->b->user, .login = "bench", .kind = USER_ADMIN
	};
	const struct comment_new n = { .project_id = c->b->project,
		.item = 1,
		.author_id = c->b->user,
		.body = "A comment of the length that people write, more or "
			"less, when they ask for a change.",
		.now = 2 };
	const struct event_new v = {
		.kind = "comment.created",
		.project_id = c->b->project,
		.actor = &who,
		.item = 1,
		.at = 2,
		.data = "{\"comment\":1,\"body\":\"A comment of the length\"}"
	};
	int64_t id;

	if (comments_insert(t, &n, &id, e) == -1)
		return -1;
	return events_append(t, &v, NULL, e);
}

static void
bench_on_done(const struct err *fail, void *arg)
{
	struct change *c = arg;
	struct bench *b = c->b;
	int64_t now = bench_us();

	if (fail != NULL)
		b->failed++;
	else if (b->done < SAMPLES_MAX)
		b->took_us[b->done++] = now - c->began_us;
	if (now < b->until_us) {
		c->began_us = now;
		db_write(b->db, bench_job, bench_on_done, c);
	} else if (--b->left == 0) {
		loop_stop(b->loop);
	}
}

static int
bench_compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static double
bench_sync(const char *dir, int64_t seconds)
{
	AUTO_FREE char *path = path_join(dir, "sync");
	AUTO_CLOSE int fd = open(
	    path, O_CREAT | O_WRONLY | O_CLOEXEC | O_TRUNC, 0600);
	char block[4096];
	int64_t began = bench_us(), n = 0;

	memset(block, 'x', sizeof(block));
	while (fd >= 0 && bench_us() - began < seconds * 1000000) {
		if (pwrite(fd, block, sizeof(block),
			(n % 1024) * (off_t)sizeof(block)) == -1 ||
		    fdatasync(fd) == -1)
			return 0;
		n++;
	}
	return (double)n * 1e6 / (double)(bench_us() - began);
}

static int
bench_run(struct bench *b, const char *dir, int64_t seconds, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "bench.db");
	struct change changes[IN_FLIGHT];
	int64_t began;
	double rate, sync = bench_sync(dir, seconds);

	if (db_open(&b->db, path, b->loop, e) == -1 ||
	    db_write_now(b->db, bench_seed, b, e) == -1)
		return -1;
	began = bench_us();
	b->until_us = began + seconds * 1000000;
	b->left = IN_FLIGHT;
	for (int i = 0; i < IN_FLIGHT; i++) {
		changes[i] = (struct change){ .b = b, .began_us = bench_us() };
		db_write(b->db, bench_job, bench_on_done, &changes[i]);
	}
	if (loop_run(b->loop, e) == -1)
		return -1;
	rate = (double)b->done * 1e6 / (double)(bench_us() - began);
	qsort(b->took_us, b->done, sizeof(*b->took_us), bench_compare);
	(void)printf("changes_per_s %.0f\nfdatasync_per_s %.0f\nratio %.1f\n"
		     "p50_ms %.2f\np99_ms %.2f\nfailed %zu\n",
	    rate, sync, sync > 0 ? rate / sync : 0,
	    b->done == 0 ? 0 : (double)b->took_us[b->done / 2] / 1000,
	    b->done == 0 ? 0 : (double)b->took_us[b->done * 99 / 100] / 1000,
	    b->failed);
	return 0;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct bench b = { .done = 0 };
	int64_t seconds = 5;
	char dir[4096];
	int rc;

	if (argc < 2 ||
	    (argc > 2 && num_i64(argv[2], 1, 600, &seconds, &e) == -1)) {
		(void)fprintf(stderr, "usage: db_write DIR [SECONDS]\n");
		return 2;
	}
	(void)snprintf(dir, sizeof(dir), "%s/db_write-XXXXXX", argv[1]);
	b.loop = mkdtemp(dir) == NULL ? NULL : loop_new(&e);
	if (b.loop == NULL) {
		(void)fprintf(stderr, "db_write: cannot use %s\n", argv[1]);
		return 1;
	}
	b.took_us = xcalloc(SAMPLES_MAX, sizeof(*b.took_us));
	rc = bench_run(&b, dir, seconds, &e);
	if (rc == -1)
		(void)fprintf(stderr, "db_write: %s\n", e.msg);
	db_close(b.db);
	loop_free(b.loop);
	free(b.took_us);
	(void)path_rmtree(dir, &e);
	return rc == -1 ? 1 : 0;
}
