/*
 * projects: the main process's table: which mode each project has, and which
 * of them the worker has not been told of yet.
 */
#ifndef ROUTER_PROJECTS_H
#define ROUTER_PROJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/policy.h"

struct projects;
struct str;

struct project {
	uint32_t id;
	enum policy_mode mode;
	bool gone;  /* deleted, kept until the worker knows */
	bool stale; /* the worker does not know this state */
};

struct projects *projects_new(void) __attribute__((returns_nonnull));
void projects_free(struct projects *p);

/* The project, made with mode off when there is none; not stale by that. */
struct project *projects_put(struct projects *p, uint32_t id);
/* NULL when there is none, or none any more. */
struct project *projects_find(struct projects *p, uint32_t id);
/* To be told to the worker. */
void projects_mark(struct projects *p, struct project *q);
void projects_mark_all(struct projects *p);
/* The next stale project, NULL when there is none. */
struct project *projects_stale(struct projects *p);
/* The worker has been told; a project that is gone is freed. */
void projects_told(struct projects *p, struct project *q);

/* {"ok":true,"projects":[...]} by id */
void projects_write(
    const struct projects *p, const struct policy_range *r, struct str *out);

#endif
