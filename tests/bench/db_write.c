/*
 * db_write: what one change costs on disk.  A change is a comment, its issue's
 * count and an event in one transaction through db_write.  With one in flight
 * its time is compared with write + fdatasync of 4 KiB in the same folder, with
 * 32 in flight its rate with that of one.  Then pages of 50 of 100,000 issues.
 *   db_write [DIR]     (default: $TMPDIR or /var/tmp)
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
	SAMPLES_MAX = 1 << 20,
	BENCH_SECONDS = 3,
	ISSUES = 100000,
	ISSUES_PER_JOB = 1000,
	PAGES = 300
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

/* Sorts the samples so far. */
static double
bench_p50(struct bench *b)
{
	size_t middle = b->done / 2;

	qsort(b->took_us, b->done, sizeof(*b->took_us), bench_compare);
	return b->done == 0 ? 0 : (double)b->took_us[middle];
}

static double
bench_sync(struct bench *b, const char *dir)
{
	AUTO_FREE char *path = path_join(dir, "sync");
	AUTO_CLOSE int fd = open(
	    path, O_CREAT | O_WRONLY | O_CLOEXEC | O_TRUNC, 0600);
	char block[4096];
	int64_t began = bench_us(), from = began;

	memset(block, 'x', sizeof(block));
	b->done = 0;
	while (fd >= 0 && from - began < BENCH_SECONDS * INT64_C(1000000)) {
		if (pwrite(fd, block, sizeof(block),
			(off_t)((b->done % 1024) * sizeof(block))) == -1 ||
		    fdatasync(fd) == -1)
			return 0;
		b->took_us[b->done++] = bench_us() - from;
		from = bench_us();
	}
	return bench_p50(b);
}

/* Changes per second with so many in flight; the samples are sorted. */
static int
bench_changes(struct bench *b, int in_flight, double *rate, struct err *e)
{
	struct change changes[IN_FLIGHT];
	int64_t began = bench_us();

	b->until_us = began + BENCH_SECONDS * INT64_C(1000000);
	b->left = in_flight;
	b->done = b->failed = 0;
	for (int i = 0; i < in_flight; i++) {
		changes[i] = (struct change){ .b = b, .began_us = bench_us() };
		db_write(b->db, bench_job, bench_on_done, &changes[i]);
	}
	if (loop_run(b->loop, e) == -1)
		return -1;
	if (b->failed > 0)
		return err_set(e, ERR_IO, "%zu changes failed", b->failed);
	*rate = (double)b->done * 1e6 / (double)(bench_us() - began);
	return 0;
}

static int
bench_issues(struct txn *t, void *arg, struct err *e)
{
	struct bench *b = arg;
	struct issue_new n = { .project_id = b->project,
		.author_id = b->user,
		.title = "One of very many issues",
		.body = "Its body is of the length that people write.",
		.now = 3 };
	int64_t number;

	for (int i = 0; i < ISSUES_PER_JOB; i++) {
		if (issues_insert(t, &n, &number, e) == -1)
			return -1;
	}
	return 0;
}

/* p50 of one page, whose total is counted too. */
static int
bench_page(
    struct bench *b, const struct issue_filter *f, double *us, struct err *e)
{
	struct issue_list l;
	int64_t from;

	b->done = 0;
	for (int i = 0; i < PAGES; i++) {
		from = bench_us();
		if (issues_list(db_reader(b->db), f, &l, e) == -1)
			return -1;
		b->took_us[b->done++] = bench_us() - from;
		issue_list_release(&l);
	}
	*us = bench_p50(b);
	return 0;
}

static void
bench_row(const char *name, const char *unit, const double v[2],
    const char *peer, const char *aim, bool met)
{
	(void)printf("%s\t%s\t%.1f\t%.1f\t%s\t%.2f\t%s\t%s\n", name, unit, v[0],
	    v[1], peer, v[1] > 0 ? v[0] / v[1] : 0, aim, met ? "yes" : "no");
}

static int
bench_writes(struct bench *b, const char *dir, struct err *e)
{
	double sync = bench_sync(b, dir), one = 0, many = 0, p50;

	if (bench_changes(b, 1, &one, e) == -1)
		return -1;
	p50 = bench_p50(b);
	if (bench_changes(b, IN_FLIGHT, &many, e) == -1)
		return -1;
	bench_row("durable change, c=1, p50", "us",
	    (const double[]){ p50, sync }, "fdatasync 4K", "<= 3",
	    p50 <= 3 * sync);
	bench_row("durable changes, c=32", "1/s", (const double[]){ many, one },
	    "ours, c=1", ">= 2.5", many >= 2.5 * one);
	return 0;
}

static int
bench_reads(struct bench *b, struct err *e)
{
	struct issue_filter f = { .project_id = b->project,
		.is_pull = 0,
		.state = ISSUE_OPEN,
		.limit = 50 };
	double first = 0, keyset = 0, offset = 0;

	for (int i = 0; i < ISSUES / ISSUES_PER_JOB; i++) {
		if (db_write_now(b->db, bench_issues, b, e) == -1)
			return -1;
	}
	if (bench_page(b, &f, &first, e) == -1)
		return -1;
	f.before = ISSUES - 4950;
	if (bench_page(b, &f, &keyset, e) == -1)
		return -1;
	f.before = 0;
	f.offset = 4950;
	if (bench_page(b, &f, &offset, e) == -1)
		return -1;
	bench_row("issues page 100 by number, p50", "us",
	    (const double[]){ keyset, first }, "page 1", "<= 1.2",
	    keyset <= 1.2 * first);
	bench_row("issues page 100 by offset, p50", "us",
	    (const double[]){ offset, first }, "page 1", "<= 9",
	    offset <= 9 * first);
	return 0;
}

static int
bench_run(struct bench *b, const char *dir, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "bench.db");

	if (db_open(&b->db, path, b->loop, e) == -1 ||
	    db_write_now(b->db, bench_seed, b, e) == -1 ||
	    bench_writes(b, dir, e) == -1)
		return -1;
	return bench_reads(b, e);
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct bench b = { .done = 0 };
	const char *under = getenv("TMPDIR");
	char dir[4096];
	int rc;

	if (argc > 1)
		under = argv[1];
	(void)snprintf(dir, sizeof(dir), "%s/db_write-XXXXXX",
	    under == NULL ? "/var/tmp" : under);
	b.loop = mkdtemp(dir) == NULL ? NULL : loop_new(&e);
	if (b.loop == NULL) {
		(void)fprintf(stderr, "db_write: cannot use %s\n", dir);
		return 1;
	}
	b.took_us = xcalloc(SAMPLES_MAX, sizeof(*b.took_us));
	rc = bench_run(&b, dir, &e);
	if (rc == -1)
		(void)fprintf(stderr, "db_write: %s\n", e.msg);
	db_close(b.db);
	loop_free(b.loop);
	free(b.took_us);
	(void)path_rmtree(dir, &e);
	return rc == -1 ? 1 : 0;
}
