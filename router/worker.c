#include "router/worker.h"

#include <signal.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/io/loop.h"
#include "lib/io/watch.h"
#include "router/chan.h"
#include "router/front.h"
#include "router/priv.h"
#include "router/resolver.h"

enum {
	WORKER_SLICE = 256,     /* messages in one turn */
	WORKER_FDS_SPARE = 1200 /* DNS connections and our own */
};

/* Services, and where in HOME/run they listen. */
static const struct {
	int fd;
	const char *name, *socket;
} worker_fronts[] = {
	{ WORKER_FD_TCP80, "cofferd", "front/cofferd.sock" },
	{ WORKER_FD_TCP81, "the model gateway", "gateway/gateway.sock" },
};

enum {
	WORKER_FRONTS = sizeof(worker_fronts) / sizeof(worker_fronts[0])
};

struct worker {
	struct loop *loop;
	struct clients *clients;
	struct front *fronts[WORKER_FRONTS];
	struct resolver *resolver;
	uint32_t log_lost; /* entries that the channel had no room for */
};

static void
worker_on_log(const struct egress_entry *e, void *arg)
{
	struct worker *w = arg;
	struct chan_msg m = { .kind = CHAN_LOG, .log = *e };

	if (chan_send(WORKER_FD_CHAN, &m) != 1)
		w->log_lost++;
	else if (w->log_lost > 0) {
		log_warn("worker log-lost entries=%u", w->log_lost);
		w->log_lost = 0;
	}
}

static bool
worker_on_pin(const struct chan_answer *a, void *arg)
{
	struct chan_msg m = { .kind = CHAN_ANSWER, .answer = *a };

	(void)arg;
	return chan_send(WORKER_FD_CHAN, &m) == 1;
}

static int
worker_on_msg(struct worker *w, const struct chan_msg *m)
{
	const struct client *c;
	struct err e = ERR_INIT;
	uint32_t id;
	int rc;

	if (m->kind == CHAN_PINNED) {
		resolver_pinned(w->resolver, m->pinned.seq, m->pinned.ok == 1);
		return 0;
	}
	rc = clients_take(w->clients, m, &id, &e);
	if (rc == -1)
		log_error("worker policy err=%s", log_val(e.msg));
	if (rc != 1)
		return rc;
	c = clients_find(w->clients, id);
	for (size_t i = 0; i < WORKER_FRONTS; i++)
		if (c == NULL || c->mode == POLICY_OFF)
			front_cut(w->fronts[i], id);
	return 0;
}

static void
worker_on_chan(int fd, int what, void *arg)
{
	struct worker *w = arg;
	struct chan_msg m;

	(void)what;
	for (int i = 0; i < WORKER_SLICE; i++) {
		int rc = chan_recv(fd, &m);

		if (rc == 0)
			return;
		if (rc == -1 || worker_on_msg(w, &m) == -1) {
			loop_stop(w->loop);
			return;
		}
	}
}

static void
worker_on_term(void *arg)
{
	struct worker *w = arg;

	loop_stop(w->loop);
}

static int
worker_start_fronts(
    struct worker *w, const char *run, unsigned long files, struct err *e)
{
	for (size_t i = 0; i < WORKER_FRONTS; i++) {
		AUTO_FREE char *target = path_join(
		    run, worker_fronts[i].socket);
		const struct front_spec fs = { .fd = worker_fronts[i].fd,
			.name = worker_fronts[i].name,
			.target = target,
			/* Each has two descriptors. */
			.max_conns = files > (size_t)WORKER_FDS_SPARE * 2
			    ? (files - WORKER_FDS_SPARE) / 2 / WORKER_FRONTS
			    : 64,
			.clients = w->clients };

		w->fronts[i] = front_new(w->loop, &fs, e);
		if (w->fronts[i] == NULL)
			return -1;
	}
	return 0;
}

static int
worker_start(struct worker *w, const struct worker_spec *spec, struct err *e)
{
	struct policy_net exempt;
	unsigned long files = priv_raise_files();
	struct watch *chan;

	if (priv_confine(e) == -1 || policy_exempt(&exempt, e) == -1)
		return -1;
	w->loop = loop_new(e);
	if (w->loop == NULL)
		return -1;
	w->clients = clients_new(&spec->range, &exempt);
	clients_set_never(w->clients, &spec->never);
	if (worker_start_fronts(w, spec->run, files, e) == -1)
		return -1;
	w->resolver = resolver_new(w->loop,
	    &(const struct resolver_spec){ .udp_fd = WORKER_FD_UDP53,
		.tcp_fd = WORKER_FD_TCP53,
		.stub_fd = WORKER_FD_STUB,
		.clients = w->clients,
		.log = worker_on_log,
		.pin = worker_on_pin,
		.arg = w });
	chan = watch_new(w->loop, WORKER_FD_CHAN, worker_on_chan, w);
	watch_set(chan, WATCH_READ);
	return loop_on_signal(w->loop, SIGTERM, worker_on_term, w, e);
}

int
worker_main(const struct worker_spec *spec)
{
	struct worker w = { .loop = NULL };
	struct err e = ERR_INIT;

	if (worker_start(&w, spec, &e) == -1 || loop_run(w.loop, &e) == -1) {
		log_error("worker failed err=%s", log_val(e.msg));
		_exit(1);
	}
	/* Everything lives as long as the process. */
	_exit(0);
}
