/*
 * figures: what agentd, the router and the gateway have counted, for cofferd's
 * metrics: asked of them now and then, and written into what agentd tells
 * anyway.  A program that is away has none.
 */
#ifndef AGENTD_WATCH_FIGURES_H
#define AGENTD_WATCH_FIGURES_H

#include "lib/io/loop.h"

struct figures;
struct jw;
struct modelgate;
struct routerctl;
struct runs;

struct figures_spec {
	struct loop *loop;
	struct routerctl *router;
	struct modelgate *models; /* may be NULL */
	const struct runs *runs;
};

/* All outlive it, or go without a call of what is under way. */
struct figures *figures_new(const struct figures_spec *spec);
void figures_free(struct figures *f); /* NULL is fine */
/* An object: runs_active, runs_waiting, router?, router_version?, gateway?,
 * gateway_version?. */
void figures_write(const struct figures *f, struct jw *w, const char *name);

#endif
