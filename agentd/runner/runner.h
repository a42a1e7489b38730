/*
 * runner: leases jobs from cofferd while a slot is free, and runs them.
 */
#ifndef AGENTD_RUNNER_RUNNER_H
#define AGENTD_RUNNER_RUNNER_H

struct connection;
struct err;
struct runner_config;

/* Serve until SIGTERM or SIGINT: running jobs are given up, their leases
 * expire. */
int runner_serve(
    struct connection *c, const struct runner_config *cfg, struct err *e);

#endif
