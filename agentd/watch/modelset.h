/*
 * modelset: what root has set at the gateway (keys, providers, prices,
 * budgets), for cofferd's audit log: asked of the gateway now and then, told
 * at the start and whenever it is another.  Of a key only when it was written.
 */
#ifndef AGENTD_WATCH_MODELSET_H
#define AGENTD_WATCH_MODELSET_H

#include <stdint.h>

#include "lib/io/loop.h"

struct apiclient;
struct modelgate;
struct modelset;

struct modelset_spec {
	struct loop *loop;
	struct apiclient *api;
	struct modelgate *models;
	int64_t every_ms; /* 0: 10 s */
};

/* All outlive it, or go without a call of what is under way. */
struct modelset *modelset_new(const struct modelset_spec *spec)
    __attribute__((returns_nonnull));
void modelset_free(struct modelset *m); /* NULL is fine */

#endif
