/*
 * budgets: while runs go on, every few seconds, those that wait because they
 * have spent their limit: each is asked of the maintainers, through cofferd,
 * and raised when they said yes.  Nothing is kept here: cofferd knows what was
 * asked and answered, and the gateway which answers it has used.
 */
#ifndef AGENTD_WATCH_BUDGETS_H
#define AGENTD_WATCH_BUDGETS_H

#include <stdbool.h>

struct apiclient;
struct budgets;
struct loop;
struct modelgate;

typedef bool budgets_idle_fn(void *arg);

struct budgets_spec {
	struct loop *loop;
	struct apiclient *api;
	struct modelgate *models;
	budgets_idle_fn *idle; /* no run goes on */
	void *arg;
};

/* All outlive it. */
struct budgets *budgets_new(const struct budgets_spec *spec)
    __attribute__((returns_nonnull));
void budgets_free(struct budgets *b); /* NULL is fine */

#endif
