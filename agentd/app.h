/* app: coffer-agentd put together: the one file that knows all its modules. */
#ifndef AGENTD_APP_H
#define AGENTD_APP_H

struct agentd_config;
struct connection;
struct err;

/* Serve until SIGTERM or SIGINT.  Sandboxes and runs go on after it. */
int app_serve(
    struct connection *c, const struct agentd_config *cfg, struct err *e);
/*
 * Take everything of this HOME off the host: containers, namespaces, links,
 * chains, mounts.  Images and records stay; the next start brings the
 * sandboxes back.
 */
int app_teardown(
    struct connection *c, const struct agentd_config *cfg, struct err *e);

#endif
