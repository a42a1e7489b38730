/*
 * projects: the main process's table: which policy each project has, and which
 * of its children have not been told of it yet.
 */
#ifndef ROUTER_PROJECTS_H
#define ROUTER_PROJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/egress.h"
#include "router/policy.h"

struct projects;
struct str;

enum {
	PROJECTS_PEERS_MAX = 2
};

struct project {
	uint32_t id;
	bool gone;    /* deleted, kept until everybody knows */
	bool adopted; /* found in the kernel; nobody has set it since */
	bool unsure;  /* a change has failed: the kernel may have the old */
	struct egress_policy *policy;
	uint64_t version;    /* of the policy */
	int64_t next_end_ms; /* of a rule, 0 for none */
	char *error;         /* why the last policy was refused, or NULL */
	bool stale[PROJECTS_PEERS_MAX];
};

/* peers: children that are told, 0 to peers - 1 */
struct projects *projects_new(unsigned peers) __attribute__((returns_nonnull));
void projects_free(struct projects *p);

/* The project, made with mode off when there is none; not stale by that. */
struct project *projects_put(struct projects *p, uint32_t id);
/* NULL when there is none, or none any more. */
struct project *projects_find(struct projects *p, uint32_t id);
struct project *projects_next(struct projects *p, size_t *cursor);
/* Takes the policy. */
void project_set_policy(struct project *q, struct egress_policy *policy);
enum policy_mode project_mode(const struct project *q);

/* To be told to every peer. */
void projects_mark(struct projects *p, struct project *q);
void projects_mark_for(struct projects *p, struct project *q, unsigned peer);
/* A peer that starts knows nothing. */
void projects_mark_all(struct projects *p, unsigned peer);
/* The next project that a peer must be told of, NULL when there is none. */
struct project *projects_stale(struct projects *p, unsigned peer);
/* It has been told; a project that is gone for everybody is freed. */
void projects_told(struct projects *p, struct project *q, unsigned peer);

/* {"ok":true,"projects":[...]} by id */
void projects_write(
    const struct projects *p, const struct policy_range *r, struct str *out);

#endif
