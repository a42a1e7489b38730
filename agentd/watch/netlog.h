/*
 * netlog: follows the router's log and tells cofferd what each project's
 * sandbox asked for, with the program that did, as far as it can still be
 * found.  Nothing is lost by a restart: what is told twice is counted once.
 */
#ifndef AGENTD_WATCH_NETLOG_H
#define AGENTD_WATCH_NETLOG_H

struct apiclient;
struct loop;
struct netlog;
struct projects;
struct sandbox_host;

struct netlog_spec {
	const struct sandbox_host *host;
	struct apiclient *api;
	struct projects *projects;
	const char *router; /* its control socket */
};

/* Begins at once.  All outlive it. */
struct netlog *netlog_new(const struct netlog_spec *spec);
void netlog_free(struct netlog *n); /* NULL is fine */

#endif
