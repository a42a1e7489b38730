/*
 * guard: the main process.  As root it makes or adopts the namespace and loads
 * the rules; then, with NET_ADMIN alone, it keeps the sets in step with what
 * agentd asks for, and starts the processes that touch foreign bytes.
 */
#ifndef ROUTER_GUARD_H
#define ROUTER_GUARD_H

#include <stddef.h>
#include <stdint.h>

#include "router/config.h"
#include "router/firewall.h"

struct egress_ask;
struct egress_policy;
struct err;
struct guard;
struct str;

/* Runs until SIGTERM; returns the exit status. */
int guard_main(const struct config *cfg);
/* Removes the namespace and all that is in it; the router must not run. */
int guard_teardown(const struct config *cfg, struct err *e);

/* What control.c asks for; done comes once from the loop, unless -1. */
void guard_hello(const struct guard *g, struct str *out);
/* Takes the policy unless -1, which has changed nothing. */
int guard_project_set(struct guard *g, uint32_t id,
    struct egress_policy *policy, firewall_done_fn *done, void *arg,
    struct err *e);
/* A policy was refused; told by guard_projects until one is taken. */
void guard_project_refused(struct guard *g, uint32_t id, const char *why);
int guard_project_del(struct guard *g, uint32_t id, firewall_done_fn *done,
    void *arg, struct err *e);
void guard_projects(const struct guard *g, struct str *out);
/* IPv6 addresses are accepted and need nothing: all IPv6 is dropped. */
int guard_host_set(struct guard *g, const char *const *texts, size_t n,
    firewall_done_fn *done, void *arg, struct err *e);
/* Returns the number of entries. */
size_t guard_log(
    const struct guard *g, const struct egress_ask *ask, struct str *out);

#endif
