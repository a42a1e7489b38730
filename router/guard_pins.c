#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "router/guard_priv.h"
#include "router/ipset.h"

enum {
	GUARD_ENDS_MAX_MS = 5000 /* the clock may have been set */
};

static uint32_t
guard_addr_of(const struct guard *g, uint32_t id)
{
	return g->cfg->range.base + POLICY_FIRST_PROJECT + id;
}

/* In seconds, rounded up: the kernel forgets after we do, never before. */
static uint32_t
guard_timeout(int64_t end, int64_t now)
{
	int64_t s = (end - now + 999) / 1000;

	return s < 1 ? 1 : (uint32_t)s;
}

/* One address and port of a name, in our table and in the kernel's set; *late:
 * the proxy does not know it yet. */
static int
guard_pin(struct guard *g, struct project *q, const struct pin *pin,
    int64_t now, bool *late, struct err *e)
{
	struct ipset_member k = { .addr = guard_addr_of(g, pin->id),
		.dst = pin->addr,
		.port = pin->port };

	if (pins_put(g->pins, pin, now, e) == -1)
		return -1;
	/* Another name of the same address may need it for longer. */
	k.timeout_s = guard_timeout(
	    pins_end(g->pins, pin->id, pin->addr, pin->port, now), now);
	if (ipset_add(g->netlink, g->pin_set, &k, e) == -1)
		return -1;
	*late |= !guard_tell_pin(g, q, pin);
	return 0;
}

static int
guard_pin_answer(struct guard *g, struct project *q,
    const struct chan_answer *a, const struct egress_decision *d, bool *late,
    struct err *e)
{
	int64_t now = clock_mono_ms(), wall = clock_forward_ms();
	struct pin pin = { .id = a->id };

	if (a->n_addrs * d->n_ports > PINS_OF_ANSWER_MAX && a->n_addrs > 1)
		return err_set(e, ERR_LIMIT, "too many addresses");
	memcpy(pin.name, a->name, sizeof(pin.name));
	for (uint32_t i = 0; i < a->n_addrs; i++) {
		pin.addr = a->addrs[i];
		if (policy_is_never(pin.addr, &g->cfg->exempt) ||
		    policy_nets_has(&g->cfg->never, pin.addr) ||
		    guard_host_has(g, pin.addr))
			return err_set(
			    e, ERR_DENIED, "an address that is never reached");
		for (size_t k = 0; k < d->n_ports; k++) {
			int64_t end = d->ports[k].until_ms;

			pin.port = d->ports[k].port;
			pin.until_ms = now + (int64_t)a->ttl * 1000 +
			    PINS_GRACE_MS;
			if (end != 0 && now + end - wall < pin.until_ms)
				pin.until_ms = now + end - wall;
			if (guard_pin(g, q, &pin, now, late, e) == -1)
				return -1;
		}
	}
	return 0;
}

/* In modes web and open: on no port, for a denial to come. */
static void
guard_note_answer(struct guard *g, const struct chan_answer *a)
{
	int64_t now = clock_mono_ms();
	struct pin pin = { .id = a->id,
		.until_ms = now + (int64_t)a->ttl * 1000 + PINS_GRACE_MS };
	struct err e = ERR_INIT;

	memcpy(pin.name, a->name, sizeof(pin.name));
	for (uint32_t i = 0; i < a->n_addrs; i++) {
		pin.addr = a->addrs[i];
		if (pins_put_note(g->pins, &pin, now, &e) == -1)
			pins_set_lost(g->pins, a->id, true);
	}
}

void
guard_on_answer(struct guard *g, const struct chan_answer *a)
{
	struct project *q = projects_find(g->projects, a->id);
	struct chan_msg m = { .kind = CHAN_PINNED,
		.pinned = { .seq = a->seq } };
	struct egress_decision d;
	struct err e = ERR_INIT;
	bool late = false;

	/* The worker may be behind a change, or in another's hands. */
	if (q != NULL && a->ttl <= DNS_TTL_MAX &&
	    egress_decide(q->policy, a->name, clock_forward_ms(), &d)) {
		m.pinned.ok = project_mode(q) != POLICY_LOCKED ||
		    guard_pin_answer(g, q, a, &d, &late, &e) == 0;
		if (project_mode(q) != POLICY_LOCKED)
			guard_note_answer(g, a);
		if (m.pinned.ok == 0)
			log_warn("guard pin-failed project=%u name=%s err=%s",
			    a->id, log_val(a->name), log_val(e.msg));
	}
	/* It has been told meanwhile, or is told and guard_on_told_all comes.
	 */
	late = late && m.pinned.ok != 0 && guard_is_behind(g, GUARD_PROXY);
	if (late && g->n_late < GUARD_LATE_MAX) {
		g->late[g->n_late++] = a->seq;
		return;
	}
	if (late)
		m.pinned.ok = 0;
	(void)chan_send(g->peers[GUARD_WORKER].chan, &m);
}

void
guard_on_told_all(struct guard *g)
{
	struct chan_msg m = { .kind = CHAN_PINNED, .pinned = { .ok = 1 } };

	for (size_t i = 0; i < g->n_late; i++) {
		m.pinned.seq = g->late[i];
		(void)chan_send(g->peers[GUARD_WORKER].chan, &m);
	}
	g->n_late = 0;
}

struct guard_drop {
	const struct project *project;
	int64_t wall;
	struct pin *pins; /* what is dropped */
	size_t n, room;
};

static bool
guard_keep_pin(const struct pin *pin, void *arg)
{
	struct guard_drop *d = arg;
	const struct egress_policy *policy = d->project->policy;
	enum policy_mode mode = egress_policy_mode(policy);

	/* Programs may remember an address beyond a lockdown. */
	if (pin->port == 0 && mode < POLICY_LOCKED)
		return true;
	if ((pin->port == 0) == (mode != POLICY_LOCKED) &&
	    egress_decide_port(policy, pin->name, pin->port, d->wall))
		return true;
	if (d->n == d->room) {
		d->room = d->room == 0 ? 16 : d->room * 2;
		d->pins = xrealloc(d->pins, d->room * sizeof(d->pins[0]));
	}
	d->pins[d->n++] = *pin;
	return false;
}

static bool
guard_is_cut(const struct firewall_flush *cut, size_t n, const struct pin *p)
{
	for (size_t i = 0; i < n; i++) {
		if (cut[i].to == p->addr && cut[i].port == p->port)
			return true;
	}
	return false;
}

size_t
guard_drop_pins(struct guard *g, const struct project *q,
    struct firewall_flush *cut, size_t max)
{
	struct guard_drop d = { .project = q, .wall = clock_forward_ms() };
	uint32_t src = guard_addr_of(g, q->id);
	int64_t now = clock_mono_ms();
	struct err e = ERR_INIT;
	size_t n = 0;

	(void)pins_filter(g->pins, q->id, guard_keep_pin, &d);
	for (size_t i = 0; i < d.n; i++) {
		const struct pin *p = &d.pins[i];
		const struct ipset_member k = { .addr = src,
			.dst = p->addr,
			.port = p->port,
			.timeout_s = 1 };

		/* Another name may still have it. */
		if (p->port != 0 &&
		    pins_end(g->pins, q->id, p->addr, p->port, now) == 0 &&
		    ipset_del(g->netlink, g->pin_set, &k, &e) == -1)
			log_error("guard unpin-failed project=%u err=%s", q->id,
			    log_val(e.msg));
		/* The proxy cuts these itself: it knows the names, and can
		 * tell the project that it does. */
		if (p->port == 80 || p->port == 443)
			continue;
		if (n > max || guard_is_cut(cut, n, p))
			continue;
		if (n < max)
			cut[n] = (struct firewall_flush){
				.flows = FIREWALL_FROM_TO,
				.addr = src,
				.to = p->addr,
				.port = p->port
			};
		n++;
	}
	free(d.pins);
	return n;
}

struct guard_copy {
	struct pin *pins;
	size_t n;
};

static bool
guard_copy_pin(const struct pin *pin, void *arg)
{
	struct guard_copy *c = arg;

	/* Those of an adopted namespace have no name. */
	if (c->n < PINS_MAX && pin->name[0] != '\0' && pin->port != 0)
		c->pins[c->n++] = *pin;
	return true;
}

size_t
guard_copy_pins(struct guard *g, uint32_t id, struct pin **out)
{
	struct guard_copy c = { .pins = xcalloc(PINS_MAX, sizeof(c.pins[0])) };

	(void)pins_filter(g->pins, id, guard_copy_pin, &c);
	*out = c.pins;
	return c.n;
}

static void
guard_on_kernel_pin(const struct firewall_pin *p, void *arg)
{
	struct guard *g = arg;
	int64_t now = clock_mono_ms();
	struct pin pin = { .id = p->id,
		.addr = p->addr,
		.port = p->port,
		.until_ms = now + (int64_t)p->timeout_s * 1000 };
	struct err e = ERR_INIT;

	/* Without a name no policy keeps it: the first that is set closes. */
	if (pins_put(g->pins, &pin, now, &e) == -1)
		pins_set_lost(g->pins, p->id, true);
}

int
guard_read_pins(struct guard *g, struct err *e)
{
	struct project *q;
	size_t cursor = 0;

	while ((q = projects_next(g->projects, &cursor)) != NULL)
		pins_set_lost(g->pins, q->id, true);
	return firewall_read_pins(g->firewall, guard_on_kernel_pin, g, e);
}

void
guard_arm_ends(struct guard *g)
{
	const struct project *q;
	size_t cursor = 0;
	int64_t next = 0, left;

	while ((q = projects_next(g->projects, &cursor)) != NULL) {
		if (q->next_end_ms != 0 && (next == 0 || q->next_end_ms < next))
			next = q->next_end_ms;
	}
	if (next == 0) {
		timer_cancel(g->ends);
		return;
	}
	left = next - clock_forward_ms();
	if (left > GUARD_ENDS_MAX_MS)
		left = GUARD_ENDS_MAX_MS;
	timer_set(g->ends, left > 0 ? left : 0);
}
