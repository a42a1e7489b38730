/*
 * svc_use: what each sandbox uses, as agentd said last.  Kept in memory only:
 * it is out of date a few seconds later.
 */
#ifndef SERVER_SERVICE_SVC_USE_H
#define SERVER_SERVICE_SVC_USE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svc_figures;
struct svc_uses;

enum {
	SVC_USE_DRIVER_MAX = 200, /* bytes */
	SVC_USE_VERSION_MAX = 40,
	SVC_USE_MAX = 10000, /* sandboxes that are known */
	SVC_USE_FRESH_MS = 10 * 1000
};

/* Bytes, thousandths of a CPU, processes.  -1: not known. */
struct svc_use {
	int64_t at; /* set by svc_use_put */
	int64_t memory, memory_max;
	int64_t cpu, cpu_max;
	int64_t pids, pids_max;
	int64_t disk, disk_max;
	int64_t ooms; /* processes killed for memory since its start */
	int64_t sent, received; /* over its link, since that was made */
};

struct svc_use_row {
	const char *name;
	size_t offset;
};
extern const struct svc_use_row svc_use_rows[]; /* but `at`; ends with NULL */

struct svc_uses *svc_uses_new(void);
void svc_uses_free(struct svc_uses *u);
void svc_use_put(struct svc_uses *u, int64_t project, int64_t now,
    const struct svc_use *use);
/* NULL when nothing is known that is fresh. */
const struct svc_use *svc_use_get(
    const struct svc_uses *u, int64_t project, int64_t now);
/* agentd spoke, of no sandbox even, what it makes them with, and which it is;
 * has it lately? */
void svc_use_heard(
    struct svc_uses *u, int64_t now, const char *driver, const char *version);
const char *svc_use_driver(const struct svc_uses *u); /* "": never said */
const char *svc_use_version(const struct svc_uses *u);
bool svc_use_served(const struct svc_uses *u, int64_t now);
/* What it counted, for metrics; never NULL. */
struct svc_figures *svc_use_figures(struct svc_uses *u);
void svc_use_forget(struct svc_uses *u, int64_t project);

#endif
