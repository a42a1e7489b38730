/*
 * wakes: how often the server's own events (a failed check, a conflict) have
 * started the agent on an item since a person last gave an order there.  In
 * HOME/agentd/wakes/PROJECT-ITEM, written before the run is asked for, so that
 * a crash never gives one for free.  The same event counts once.
 */
#ifndef AGENTD_WATCH_WAKES_H
#define AGENTD_WATCH_WAKES_H

#include <stdbool.h>

#include "agentd/watch/trigger.h"

/* May this event, which gives an order, start a run?  max: the project's. */
bool wakes_allow(const char *home, const struct watch_event *ev, int64_t max);

#endif
