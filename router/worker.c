#include "router/worker.h"

#include <signal.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
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

struct worker {
	struct loop *loop;
	struct clients *clients;
	struct front *front;
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

static void
worker_on_msg(struct worker *w, const struct chan_msg *m)
{
	if (m->kind == CHAN_HOST) {
		clients_set_host(w->clients, m->host.addrs, m->host.n);
		return;
	}
	if (m->kind != CHAN_PROJECT)
		return;
	if (m->project.gone == 1)
		clients_del(w->clients, m->project.id);
	else
		clients_set(w->clients, m->project.id,
		    (enum policy_mode)m->project.mode);
	if (m->project.gone == 1 || m->project.mode == POLICY_OFF)
		front_cut(w->front, m->project.id);
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
		if (rc == -1) {
			loop_stop(w->loop);
			return;
		}
		worker_on_msg(w, &m);
	}
}

static void
worker_on_term(void *arg)
{
	struct worker *w = arg;

	loop_stop(w->loop);
}

static int
worker_start(struct worker *w, const struct policy_range *range,
    const char *target, struct err *e)
{
	struct policy_net exempt;
	unsigned long files = priv_raise_files();
	struct front_spec fs = { .fd = WORKER_FD_TCP80, .target = target };
	struct watch *chan;

	if (priv_confine(e) == -1 || policy_exempt(&exempt, e) == -1)
		return -1;
	w->loop = loop_new(e);
	if (w->loop == NULL)
		return -1;
	w->clients = clients_new(range, &exempt);
	fs.clients = w->clients;
	fs.max_conns = files > (size_t)WORKER_FDS_SPARE * 2
	    ? (files - WORKER_FDS_SPARE) / 2
	    : 128;
	w->front = front_new(w->loop, &fs, e);
	if (w->front == NULL)
		return -1;
	(void)resolver_new(w->loop,
	    &(const struct resolver_spec){ .udp_fd = WORKER_FD_UDP53,
		.tcp_fd = WORKER_FD_TCP53,
		.stub_fd = WORKER_FD_STUB,
		.clients = w->clients,
		.log = worker_on_log,
		.arg = w });
	chan = watch_new(w->loop, WORKER_FD_CHAN, worker_on_chan, w);
	watch_set(chan, WATCH_READ);
	return loop_on_signal(w->loop, SIGTERM, worker_on_term, w, e);
}

int
worker_main(const struct policy_range *range, const char *front_target)
{
	struct worker w = { .loop = NULL };
	struct err e = ERR_INIT;

	if (worker_start(&w, range, front_target, &e) == -1 ||
	    loop_run(w.loop, &e) == -1) {
		log_error("worker failed err=%s", log_val(e.msg));
		_exit(1);
	}
	/* Everything lives as long as the process. */
	_exit(0);
}
