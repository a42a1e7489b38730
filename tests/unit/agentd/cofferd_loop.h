/* cofferd_loop: a loop with a canned cofferd in it, and waiting by running it.
 */
#ifndef TESTS_UNIT_AGENTD_COFFERD_LOOP_H
#define TESTS_UNIT_AGENTD_COFFERD_LOOP_H

#include "tests/unit/agentd/cofferd_fake.h"

static inline void
fake_on_guard(void *arg)
{
	struct cofferd *c = arg;

	c->late = true;
	loop_stop(c->loop);
}

static inline void
fake_on_tick(void *arg)
{
	struct cofferd *c = arg;

	if (c->until(c->until_arg))
		loop_stop(c->loop);
	else
		timer_set(c->tick, 1);
}

/* Runs the loop until it is so; false when the guard came first. */
static inline bool
fake_until(struct cofferd *c, bool (*until)(void *arg), void *arg)
{
	struct err e = ERR_INIT;

	c->late = false;
	c->until = until;
	c->until_arg = arg;
	timer_set(c->guard, FAKE_GUARD_MS);
	timer_set(c->tick, 0);
	(void)loop_run(c->loop, &e);
	timer_cancel(c->guard);
	timer_cancel(c->tick);
	if (c->late)
		fprintf(
		    stderr, "too late; cofferd saw:\n%s", str_cstr(&c->seen));
	return !c->late;
}

static inline void
fake_init(struct cofferd *c)
{
	struct err e = ERR_INIT;

	*c = (struct cofferd){ .late = false };
	c->loop = loop_new(&e);
	fake_up(c);
	c->net = net_new(c->loop, "test/1", &e);
	c->api = apiclient_new(c->net, c->base, "agentd-token");
	c->guard = timer_new(c->loop, fake_on_guard, c);
	c->tick = timer_new(c->loop, fake_on_tick, c);
}

static inline void
fake_release(struct cofferd *c)
{
	apiclient_free(c->api);
	net_free(c->net);
	httpd_free(c->h);
	timer_free(c->guard);
	timer_free(c->tick);
	loop_free(c->loop);
	for (size_t i = 0; i < c->n_rules; i++) {
		free(c->rules[i].what);
		free(c->rules[i].body);
	}
	str_release(&c->seen);
	str_release(&c->log);
}

#endif
