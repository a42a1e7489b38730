#include "router/proxy.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/rnd.h"
#include "lib/io/timer.h"
#include "lib/io/watch.h"
#include "router/chan.h"
#include "router/priv.h"
#include "router/proxy_priv.h"
#include "router/proxy_way.h"
#include "router/upload.h"

enum {
	PROXY_SLICE = 8192,                         /* messages in one turn */
	PROXY_FDS_SPARE = 64 + 2 * PROXY_PIPES_MAX, /* and our own */
	PROXY_ENDS_MAX_MS = 5000
};

void
proxy_log(struct proxy *p, const struct egress_entry *e)
{
	const struct chan_msg m = { .kind = CHAN_LOG, .log = *e };

	if (chan_send(PROXY_FD_CHAN, &m) != 1)
		p->log_lost++;
	else if (p->log_lost > 0) {
		log_warn("proxy log-lost entries=%u", p->log_lost);
		p->log_lost = 0;
	}
}

struct proxy_project *
proxy_project(struct proxy *p, uint32_t id)
{
	struct proxy_project *q = map_get_u64(p->projects, id);

	if (q != NULL)
		return q;
	q = xcalloc(1, sizeof(*q));
	q->upload = proxy_book_take(p, id);
	map_put_u64(p->projects, id, q);
	return q;
}

void
proxy_forget(struct proxy *p, uint32_t id)
{
	struct proxy_project *q = map_get_u64(p->projects, id);

	if (q == NULL || q->conns > 0 || clients_find(p->clients, id) != NULL)
		return;
	(void)map_del_u64(p->projects, id);
	/* The day goes on when its sandbox starts again. */
	(void)map_put_u64(p->kept, id, q->upload);
	free(q);
}

struct proxy_keep {
	const struct client *client;
	int64_t wall;
};

static bool
proxy_keep_pin(const struct pin *pin, void *arg)
{
	const struct proxy_keep *k = arg;

	return k->client != NULL && k->client->mode == POLICY_LOCKED &&
	    egress_decide_port(
		k->client->policy, pin->name, pin->port, k->wall);
}

static void
proxy_arm_ends(struct proxy *p)
{
	int64_t now = clock_forward_ms(), next = 0, left;
	const struct client *c;
	size_t cursor = 0;

	while ((c = clients_next(p->clients, &cursor)) != NULL) {
		int64_t end = egress_policy_next_end(c->policy, now);

		if (end != 0 && (next == 0 || end < next))
			next = end;
	}
	if (next == 0) {
		timer_cancel(p->ends);
		return;
	}
	/* The clock may be set meanwhile. */
	left = next - now;
	timer_set(p->ends, left > PROXY_ENDS_MAX_MS ? PROXY_ENDS_MAX_MS : left);
}

static void
proxy_on_end(void *arg)
{
	struct proxy *p = arg;

	proxy_conn_review(p, 0);
	proxy_arm_ends(p);
}

/* Another policy, or none any more. */
static void
proxy_on_changed(struct proxy *p, uint32_t id)
{
	struct proxy_keep k = { .client = clients_find(p->clients, id),
		.wall = clock_forward_ms() };

	proxy_conn_review(p, id);
	(void)pins_filter(p->pins, id, proxy_keep_pin, &k);
	proxy_arm_ends(p);
	if (k.client == NULL)
		pins_forget(p->pins, id);
	proxy_forget(p, id);
}

static void
proxy_on_accept(int fd, const struct sock_addr *peer, void *arg)
{
	proxy_conn_start(arg, fd, peer);
}

static int
proxy_on_msg(struct proxy *p, const struct chan_msg *m)
{
	struct err e = ERR_INIT;
	uint32_t id;
	int rc;

	if (m->kind == CHAN_READY && m->ready.nonce == p->nonce) {
		if (!p->deaf && p->listener == NULL)
			p->listener = listener_new(
			    p->loop, PROXY_FD_LISTEN, proxy_on_accept, p);
		p->deaf = false;
	}
	if (p->deaf || m->kind == CHAN_READY)
		return 0;
	if (m->kind == CHAN_PIN) {
		if (pins_put(p->pins, &m->pin, clock_mono_ms(), &e) == -1)
			log_warn("proxy pin project=%u name=%s err=%s",
			    m->pin.id, log_val(m->pin.name), log_val(e.msg));
		return 0;
	}
	rc = clients_take(p->clients, m, &id, &e);
	if (rc == -1)
		log_error("proxy policy err=%s", log_val(e.msg));
	if (rc == 1)
		proxy_on_changed(p, id);
	if (m->kind == CHAN_HOST)
		proxy_conn_review(p, 0);
	return rc == -1 ? -1 : 0;
}

void
proxy_hear(struct proxy *p)
{
	struct chan_msg m;

	for (int i = 0; i < PROXY_SLICE; i++) {
		int rc = chan_recv(PROXY_FD_CHAN, &m);

		if (rc == 0)
			return;
		if (rc == -1 || proxy_on_msg(p, &m) == -1) {
			loop_stop(p->loop);
			return;
		}
	}
}

static void
proxy_on_chan(int fd, int what, void *arg)
{
	(void)fd;
	(void)what;
	proxy_hear(arg);
}

static void
proxy_on_term(void *arg)
{
	struct proxy *p = arg;

	loop_stop(p->loop);
}

static int
proxy_start(struct proxy *p, const struct proxy_spec *spec, struct err *e)
{
	unsigned long files = priv_raise_files();
	struct chan_msg m = { .kind = CHAN_READY };
	struct policy_net exempt;
	struct watch *chan;

	if (priv_confine(e) == -1 || policy_exempt(&exempt, e) == -1)
		return -1;
	p->loop = loop_new(e);
	if (p->loop == NULL)
		return -1;
	LIST_INIT(&p->conns);
	p->clients = clients_new(&spec->range, &exempt);
	clients_set_never(p->clients, &spec->never);
	p->pins = pins_new();
	p->projects = map_new();
	p->max_conns = files > (size_t)PROXY_FDS_SPARE * 2
	    ? (files - PROXY_FDS_SPARE) / 2
	    : 64;
	p->ends = timer_new(p->loop, proxy_on_end, p);
	if (proxy_book_open(p, e) == -1)
		return -1;
	p->deaf = true;
	rnd_bytes(&p->nonce, sizeof(p->nonce));
	m.ready.nonce = p->nonce;
	if (chan_send(PROXY_FD_CHAN, &m) != 1)
		return err_set(e, ERR_BUSY, "the main process does not listen");
	chan = watch_new(p->loop, PROXY_FD_CHAN, proxy_on_chan, p);
	watch_set(chan, WATCH_READ);
	return loop_on_signal(p->loop, SIGTERM, proxy_on_term, p, e);
}

int
proxy_main(const struct proxy_spec *spec)
{
	struct proxy p = { .deaf = true };
	struct err e = ERR_INIT;

	if (proxy_start(&p, spec, &e) == -1 || loop_run(p.loop, &e) == -1) {
		log_error("proxy failed err=%s", log_val(e.msg));
		_exit(1);
	}
	proxy_book_save(&p);
	/* Everything lives as long as the process. */
	_exit(0);
}
