#include "server/service/svc_use.h"

#include <stdio.h>
#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/base/map.h"
#include "server/service/svc_figure.h"

struct svc_uses {
	int64_t heard_at; /* 0: never */
	char driver[SVC_USE_DRIVER_MAX];
	char version[SVC_USE_VERSION_MAX];
	struct map *by_project;
	struct svc_figures figures;
};

#define USE_AT(field) offsetof(struct svc_use, field)

const struct svc_use_row svc_use_rows[] = {
	{ "memory", USE_AT(memory) },
	{ "memory_max", USE_AT(memory_max) },
	{ "cpu_milli", USE_AT(cpu) },
	{ "cpu_max_milli", USE_AT(cpu_max) },
	{ "pids", USE_AT(pids) },
	{ "pids_max", USE_AT(pids_max) },
	{ "disk", USE_AT(disk) },
	{ "disk_max", USE_AT(disk_max) },
	{ "ooms", USE_AT(ooms) },
	{ "net_sent", USE_AT(sent) },
	{ "net_received", USE_AT(received) },
	{ .name = NULL },
};

struct svc_uses *
svc_uses_new(void)
{
	struct svc_uses *u = xcalloc(1, sizeof(*u));

	u->by_project = map_new();
	return u;
}

void
svc_uses_free(struct svc_uses *u)
{
	size_t cursor = 0;
	void *v;

	if (u == NULL)
		return;
	while (map_next(u->by_project, &cursor, NULL, &v))
		free(v);
	map_free(u->by_project);
	free(u);
}

void
svc_use_put(
    struct svc_uses *u, int64_t project, int64_t now, const struct svc_use *use)
{
	struct svc_use *x = map_get_u64(u->by_project, (uint64_t)project);

	if (x == NULL) {
		if (map_count(u->by_project) >= SVC_USE_MAX)
			return;
		x = xcalloc(1, sizeof(*x));
		(void)map_put_u64(u->by_project, (uint64_t)project, x);
	}
	*x = *use;
	x->at = now;
}

const struct svc_use *
svc_use_get(const struct svc_uses *u, int64_t project, int64_t now)
{
	const struct svc_use *x;

	if (u == NULL)
		return NULL;
	x = map_get_u64(u->by_project, (uint64_t)project);
	return x != NULL && now - x->at < SVC_USE_FRESH_MS ? x : NULL;
}

void
svc_use_heard(
    struct svc_uses *u, int64_t now, const char *driver, const char *version)
{
	u->heard_at = now;
	(void)snprintf(u->driver, sizeof(u->driver), "%s", driver);
	(void)snprintf(u->version, sizeof(u->version), "%s", version);
}

const char *
svc_use_version(const struct svc_uses *u)
{
	return u != NULL ? u->version : "";
}

const char *
svc_use_driver(const struct svc_uses *u)
{
	return u != NULL ? u->driver : "";
}

bool
svc_use_served(const struct svc_uses *u, int64_t now)
{
	return u != NULL && u->heard_at != 0 &&
	    now - u->heard_at < SVC_USE_FRESH_MS;
}

struct svc_figures *
svc_use_figures(struct svc_uses *u)
{
	return &u->figures;
}

void
svc_use_forget(struct svc_uses *u, int64_t project)
{
	if (u != NULL)
		free(map_del_u64(u->by_project, (uint64_t)project));
}
