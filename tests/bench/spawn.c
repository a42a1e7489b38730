/*
 * spawn: what starting a child by lib/io/child costs a small process and one
 * that holds a gigabyte.  Nothing may depend on how much memory cofferd has;
 * fork and exec of the large one is the peer.  Rounds are interleaved.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"

enum {
	ROUNDS = 15,
	BATCH = 16,
	SMALL_MB = 10,
	LARGE_MB = 1024
};

#define BENCH_PROGRAM "/bin/true"

static const char *const bench_argv[] = { BENCH_PROGRAM, NULL };
static const char *const bench_env[] = { NULL };

static double
bench_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void
bench_on_exit(const struct child_exit *x, void *arg)
{
	if (x->status != 0)
		exit(1);
	loop_stop(arg);
}

/* Milliseconds of one start with its end, by us. */
static double
bench_ours(struct loop *l)
{
	const struct child_spec spec = { .argv = bench_argv,
		.envp = bench_env,
		.in = CHILD_NULL,
		.out = CHILD_NULL,
		.err = CHILD_NULL,
		.on_exit = bench_on_exit,
		.arg = l };
	double began = bench_ms();

	for (int i = 0; i < BATCH; i++) {
		struct err e = ERR_INIT;
		struct child *c;

		if (child_start(l, &spec, &c, &e) == -1) {
			(void)fprintf(stderr, "spawn: %s\n", e.msg);
			exit(1);
		}
		if (loop_run(l, &e) == -1)
			exit(1);
	}
	return (bench_ms() - began) / BATCH;
}

static double
bench_fork(void)
{
	double began = bench_ms();
	int status = 1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl(BENCH_PROGRAM, BENCH_PROGRAM, (char *)NULL);
		_exit(127);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		exit(1);
	return bench_ms() - began;
}

static void *
bench_hold(size_t mb)
{
	void *p = mmap(NULL, mb << 20, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	(void)madvise(p, mb << 20, MADV_NOHUGEPAGE);
	memset(p, 1, mb << 20);
	return p;
}

static int
bench_compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
bench_median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(*v), bench_compare);
	return v[ROUNDS / 2];
}

int
main(void)
{
	double small[ROUNDS], large[ROUNDS], forked[ROUNDS], ratio[ROUNDS];
	struct err e = ERR_INIT;
	struct loop *l = loop_new(&e);
	double s, b, f, r;

	if (l == NULL) {
		(void)fprintf(stderr, "spawn: %s\n", e.msg);
		return 1;
	}
	(void)bench_hold(SMALL_MB);
	(void)bench_ours(l);
	for (int i = 0; i < ROUNDS; i++) {
		void *p;

		small[i] = bench_ours(l);
		p = bench_hold(LARGE_MB - SMALL_MB);
		large[i] = bench_ours(l);
		forked[i] = bench_fork();
		(void)munmap(p, (size_t)(LARGE_MB - SMALL_MB) << 20);
		ratio[i] = large[i] / small[i];
	}
	s = bench_median(small);
	b = bench_median(large);
	f = bench_median(forked);
	r = bench_median(ratio);
	(void)printf("spawn_1gb\tms\t%.3f\t%.3f\tours with 10 MB\t%.2f\t"
		     "<= 1.20\t%s\n",
	    b, s, r, r <= 1.2 ? "yes" : "no");
	(void)printf("spawn_1gb_fork\tms\t%.3f\t%.3f\tfork and exec\t%.2f\t"
		     "<= 0.50\t%s\n",
	    b, f, b / f, b / f <= 0.5 ? "yes" : "no");
	loop_free(l);
	return 0;
}
