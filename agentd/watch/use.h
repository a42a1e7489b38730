/*
 * use: every few seconds, what each sandbox that runs uses, for cofferd to
 * show; and a word with its state when it ran out of memory, disk or processes.
 */
#ifndef AGENTD_WATCH_USE_H
#define AGENTD_WATCH_USE_H

#include <stddef.h>

#include "agentd/sandbox/driver.h"

struct apiclient;
struct figures;
struct projects;
struct sandboxes;
struct uses;

/* Container names of the runs that go on in a project; at most max. */
typedef size_t uses_names_fn(
    int64_t project, char (*names)[HOST_NAME_MAX], size_t max, void *arg);

struct uses_spec {
	const struct sandbox_host *host;
	const struct driver *driver;
	struct apiclient *api;
	struct projects *projects;
	struct sandboxes *sandboxes;
	const struct figures *figures; /* may be NULL */
	uses_names_fn *names;
	void *arg;
};

/* Begins at once.  All outlive it. */
struct uses *uses_new(const struct uses_spec *spec);
void uses_free(struct uses *u); /* NULL is fine */

#endif
