/*
 * modelweb: of which projects providers may search and fetch in the web: what
 * was said last of each is told to the gateway, however long it is away.
 */
#ifndef AGENTD_MODEL_MODELWEB_H
#define AGENTD_MODEL_MODELWEB_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/io/loop.h"

struct ctl;
struct modelweb;

/* ctl is borrowed; away_ms: how long one request waits for a gateway that is
 * away before it is made anew. */
struct modelweb *modelweb_new(struct loop *l, struct ctl *ctl, int64_t away_ms)
    __attribute__((returns_nonnull));
void modelweb_free(struct modelweb *m); /* before its ctl; NULL is fine */
void modelweb_set(struct modelweb *m, int64_t project, bool web);

#endif
