/*
 * sandbox_start: containers of a driver without cofferd, from the order until
 * the command has run; agentd's own code, in a HOME of its own.
 *   sandbox_start HOME SHIM INST FIRST COUNT AT_ONCE [NETNS]
 * The driver is oci, or with ENGINE_SOCKET in the environment the engine there.
 * Starts COUNT sandboxes with /bin/true in them, AT_ONCE at a time, numbered
 * from FIRST on; all must end with 0.  Prints the median of one in
 * milliseconds (order to exit told), and those of all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/host.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

enum {
	START_MAX = 1000
};

struct start_one {
	struct start *all;
	char id[HOST_NAME_MAX];
	char *dir;
	double began, took;
};

struct start {
	struct sandbox_host host;
	const struct driver *driver;
	const char *netns;
	struct start_one one[START_MAX];
	int first, count, begun, gone;
};

static const char *const start_argv[] = { "/bin/true", NULL };

static double
start_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void __attribute__((noreturn)) start_fail(const char *what)
{
	(void)fprintf(stderr, "sandbox_start: %s\n", what);
	exit(1);
}

static void start_next(struct start *s);

static void
start_on_destroyed(const struct err *e, void *arg)
{
	struct start_one *o = arg;
	struct start *s = o->all;

	if (e != NULL)
		start_fail(e->msg);
	if (++s->gone == s->count)
		loop_stop(s->host.loop);
	else
		start_next(s);
}

static void
start_on_exit(const struct shim_exit *x, void *arg)
{
	struct start_one *o = arg;

	o->took = start_ms() - o->began;
	if (x->exit_code != 0)
		start_fail(x->error[0] != '\0' ? x->error : "not exit 0");
	o->all->driver->destroy(
	    &o->all->host, o->id, o->dir, start_on_destroyed, o);
}

static void
start_on_started(const struct err *e, void *arg)
{
	struct start_one *o = arg;
	const struct shim_watch_spec w = {
		.dir = o->dir, .on_exit = start_on_exit, .arg = o
	};
	struct err why = ERR_INIT;

	if (e != NULL)
		start_fail(e->msg);
	if (shim_watch_open(o->all->host.loop, &w, &why) == NULL)
		start_fail(why.msg);
}

static void
start_next(struct start *s)
{
	struct start_one *o;
	struct sandbox_spec spec = {
		.argv = start_argv,
		.cwd = "/tmp",
		.net = s->netns != NULL ? SPEC_NET_JOIN : SPEC_NET_OFF,
		.netns = s->netns,
	};

	if (s->begun == s->count)
		return;
	o = &s->one[s->begun];
	o->all = s;
	o->dir = xasprintf("%s/runs/%d", s->host.home, s->first + s->begun);
	host_run_id(&s->host, s->first + s->begun, "bench", o->id);
	spec.id = o->id;
	spec.uid_base = host_project_uid_base(1 + s->begun % 100);
	s->begun++;
	o->began = start_ms();
	s->driver->start(&s->host, &spec, o->dir, start_on_started, o);
}

static int
start_number(const char *text)
{
	struct err e = ERR_INIT;
	int64_t v = 0;

	if (num_i64(text, 1, 1 << 24, &v, &e) == -1)
		start_fail(e.msg);
	return (int)v;
}

static int
start_compare(const void *a, const void *b)
{
	const struct start_one *x = a, *y = b;

	return x->took < y->took ? -1 : x->took > y->took;
}

int
main(int argc, char **argv)
{
	struct err e = ERR_INIT;
	struct start *s = xcalloc(1, sizeof(*s));
	const char *socket = getenv("ENGINE_SOCKET");
	int at_once;
	double began;

	if (argc < 7)
		start_fail("HOME SHIM INST FIRST COUNT AT_ONCE [NETNS]");
	s->host = (struct sandbox_host){ .loop = loop_new(&e),
		.home = argv[1],
		.shim = argv[2],
		.inst = argv[3],
		.gateway = "10.214.0.1",
		.range = "10.214.0.0" };
	s->driver = driver_open(&s->host,
	    &(struct driver_choice){
		.name = socket != NULL ? "engine" : "oci", .socket = socket },
	    &e);
	s->first = start_number(argv[4]);
	s->count = start_number(argv[5]);
	at_once = start_number(argv[6]);
	s->netns = argc > 7 ? argv[7] : NULL;
	if (s->host.loop == NULL || s->count > START_MAX ||
	    s->driver->probe(&s->host, &e) == -1)
		start_fail(e.msg);
	began = start_ms();
	for (int i = 0; i < at_once; i++)
		start_next(s);
	if (loop_run(s->host.loop, &e) == -1)
		start_fail(e.msg);
	began = start_ms() - began;
	qsort(s->one, (size_t)s->count, sizeof(s->one[0]), start_compare);
	(void)printf("%.1f %.1f\n", s->one[(s->count - 1) / 2].took, began);
	for (int i = 0; i < s->count; i++)
		free(s->one[i].dir);
	driver_close(&s->host);
	loop_free(s->host.loop);
	free(s);
	return 0;
}
