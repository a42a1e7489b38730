/*
 * supervise: keeps the service's programs running: starts them in order, each
 * when the one before is ready; restarts what dies with a growing pause; stops
 * them in reverse.  Owns their logs and HOME/run/services.json.
 */
#ifndef CLI_SUPERVISE_H
#define CLI_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/probe.h"

struct err;
struct loop;
struct net;
struct supervisor;

/* One program; argv[0] is absolute, both borrowed for the supervisor's life. */
struct supervise_service {
	const char *name; /* of its log */
	const char *const *argv;
	enum probe_kind probe;
};

struct supervise_spec {
	struct loop *loop;
	struct net *net;
	const char *home;
	const struct supervise_service *services;
	size_t n;
	const char *const *envp;
	/* All are ready, for the first time. */
	void (*on_ready)(void *arg);
	/* Everything has stopped; why is NULL after supervise_stop, else the
	 * message of what cannot be kept running. */
	void (*on_end)(const char *why, void *arg);
	void *arg;
};

struct supervisor *supervise_start(
    const struct supervise_spec *spec, struct err *e);
/* Stops in reverse order, 20 s each; a second call kills at once. */
void supervise_stop(struct supervisor *s);
void supervise_free(struct supervisor *s); /* after on_end */

#endif
