/*
 * sandbox_many: many sandboxes of the oci driver at once, without cofferd;
 * agentd's own code, in a HOME of its own.  The namespace coffer-INST-router
 * must be there.
 *   sandbox_many HOME SHIM INST COUNT
 * Prints, a line each: "network MS" (one made and removed, median), "networks
 * MS" (COUNT made at once), "running MS" (COUNT containers, from the order
 * until the last one runs).  After a line on stdin "pause MS" (one paused and
 * resumed, median); after the next all are removed: "gone MS".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/netns.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

enum {
	MANY_MAX = 1000,
	MANY_ROUNDS = 15
};

struct many_one {
	struct many *all;
	char id[HOST_NAME_MAX];
	char netns[HOST_NAME_MAX];
	char *dir;
};

struct many {
	struct sandbox_host host;
	const struct driver *driver;
	struct many_one one[MANY_MAX];
	int count, left;
	bool ending; /* from here on they may end */
};

static const char *const many_argv[] = { "/bin/sleep", "1000", NULL };

static double
many_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void __attribute__((noreturn)) many_fail(const char *what)
{
	(void)fprintf(stderr, "sandbox_many: %s\n", what);
	exit(1);
}

static void
many_on_one(struct many *m)
{
	if (--m->left == 0)
		loop_stop(m->host.loop);
}

static void
many_on_done(const struct err *e, void *arg)
{
	if (e != NULL)
		many_fail(e->msg);
	many_on_one(arg);
}

static void
many_wait(struct many *m)
{
	struct err e = ERR_INIT;

	if (loop_run(m->host.loop, &e) == -1)
		many_fail(e.msg);
}

static int
many_compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
many_say(const char *what, double *ms, size_t n)
{
	qsort(ms, n, sizeof(*ms), many_compare);
	(void)printf("%s %.2f\n", what, ms[(n - 1) / 2]);
	(void)fflush(stdout);
}

static void
many_line(void)
{
	char line[80];

	(void)!fgets(line, sizeof(line), stdin);
}

/* ---- networks ---- */

static void
many_network(struct many *m)
{
	double ms[MANY_ROUNDS];

	for (int i = 0; i < MANY_ROUNDS; i++) {
		double began = many_ms();

		m->left = 1;
		netns_project_up(&m->host, MANY_MAX + 1, many_on_done, m);
		many_wait(m);
		m->left = 1;
		netns_project_down(&m->host, MANY_MAX + 1, many_on_done, m);
		many_wait(m);
		ms[i] = many_ms() - began;
	}
	many_say("network", ms, MANY_ROUNDS);
}

static void
many_networks(struct many *m)
{
	double ms = many_ms();

	m->left = m->count;
	for (int i = 0; i < m->count; i++)
		netns_project_up(&m->host, i + 1, many_on_done, m);
	many_wait(m);
	ms = many_ms() - ms;
	many_say("networks", &ms, 1);
}

/* ---- containers ---- */

static void
many_on_exit(const struct shim_exit *x, void *arg)
{
	const struct many_one *o = arg;

	if (!o->all->ending)
		many_fail(x->error[0] != '\0' ? x->error : "one has ended");
}

static void
many_on_running(void *arg)
{
	struct many_one *o = arg;

	many_on_one(o->all);
}

static void
many_on_started(const struct err *e, void *arg)
{
	struct many_one *o = arg;
	const struct shim_watch_spec w = { .dir = o->dir,
		.on_running = many_on_running,
		.on_exit = many_on_exit,
		.arg = o };
	struct err why = ERR_INIT;

	if (e != NULL)
		many_fail(e->msg);
	if (shim_watch_open(o->all->host.loop, &w, &why) == NULL)
		many_fail(why.msg);
}

static void
many_start(struct many *m)
{
	double ms = many_ms();

	m->left = m->count;
	for (int i = 0; i < m->count; i++) {
		struct many_one *o = &m->one[i];
		struct sandbox_spec spec = { .argv = many_argv,
			.cwd = "/tmp",
			.net = SPEC_NET_JOIN,
			.uid_base = host_project_uid_base(i + 1) };

		o->all = m;
		o->dir = xasprintf("%s/many/%d", m->host.home, i + 1);
		host_run_id(&m->host, i + 1, "many", o->id);
		host_project_netns(&m->host, i + 1, o->netns);
		spec.id = o->id;
		spec.netns = o->netns;
		m->driver->start(&m->host, &spec, o->dir, many_on_started, o);
	}
	many_wait(m);
	ms = many_ms() - ms;
	many_say("running", &ms, 1);
}

static void
many_pause(struct many *m)
{
	double ms[MANY_ROUNDS];

	for (int i = 0; i < MANY_ROUNDS; i++) {
		double began = many_ms();

		for (int frozen = 1; frozen >= 0; frozen--) {
			m->left = 1;
			m->driver->pause(&m->host, m->one[0].id, frozen != 0,
			    many_on_done, m);
			many_wait(m);
		}
		ms[i] = many_ms() - began;
	}
	many_say("pause", ms, MANY_ROUNDS);
}

static void
many_remove(struct many *m)
{
	double ms = many_ms();

	m->ending = true;
	m->left = m->count;
	for (int i = 0; i < m->count; i++)
		m->driver->destroy(
		    &m->host, m->one[i].id, m->one[i].dir, many_on_done, m);
	many_wait(m);
	m->left = m->count;
	for (int i = 0; i < m->count; i++)
		netns_project_down(&m->host, i + 1, many_on_done, m);
	many_wait(m);
	ms = many_ms() - ms;
	many_say("gone", &ms, 1);
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct many *m = xcalloc(1, sizeof(*m));
	int64_t count = 0;

	if (argc != 5 || num_i64(argv[4], 1, MANY_MAX, &count, &e) == -1)
		many_fail("HOME SHIM INST COUNT");
	m->host = (struct sandbox_host){ .loop = loop_new(&e),
		.home = argv[1],
		.shim = argv[2],
		.inst = argv[3],
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	m->count = (int)count;
	m->driver = driver_open(
	    &m->host, &(struct driver_choice){ .name = "oci" }, &e);
	if (m->host.loop == NULL || m->driver == NULL ||
	    m->driver->probe(&m->host, &e) == -1)
		many_fail(e.msg);
	many_network(m);
	many_networks(m);
	many_start(m);
	many_line();
	many_pause(m);
	many_line();
	many_remove(m);
	for (int i = 0; i < m->count; i++)
		free(m->one[i].dir);
	driver_close(&m->host);
	loop_free(m->host.loop);
	free(m);
	return 0;
}
