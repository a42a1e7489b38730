/*
 * cgroup: what a container uses, read from cgroup v1, v2 or the hybrid of
 * both.  `cgroup` is the path below the hierarchies, without a slash in front.
 */
#ifndef AGENTD_SANDBOX_CGROUP_H
#define AGENTD_SANDBOX_CGROUP_H

#include <stdint.h>

struct view;

/* -1: not known, or without a limit. */
struct cgroup_use {
	int64_t memory; /* bytes, without what could be dropped at once */
	int64_t memory_max;
	int64_t cpu_us; /* since it began */
	int64_t pids, pids_max;
	int64_t ooms;      /* processes killed for memory */
	int64_t pids_hits; /* forks refused by the limit */
};

void cgroup_read_use(const char *cgroup, struct cgroup_use *out);
/* The number after `key` and a blank at the start of a line, or -1. */
int64_t cgroup_field(struct view text, const char *key);

#endif
