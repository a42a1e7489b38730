/*
 * proved: tells cofferd what `coffer prove` found of each project's sandbox:
 * HOME/sandboxes/ID/prove.json, once its signature has been checked.  Nothing
 * is lost by a restart of either: what cofferd does not have yet is told when
 * agentd begins.
 */
#ifndef AGENTD_WATCH_PROVED_H
#define AGENTD_WATCH_PROVED_H

#include <stdint.h>

struct apiclient;
struct loop;
struct projects;
struct proved;

struct proved_spec {
	struct loop *loop;
	struct apiclient *api;
	struct projects *projects;
	const char *home;
};

/* Begins with those that cofferd has another verdict of.  All outlive it. */
struct proved *proved_new(const struct proved_spec *spec);
/* There is a new one. */
void proved_tell(struct proved *p, int64_t project);
void proved_free(struct proved *p); /* NULL is fine */

#endif
