/*
 * gateway: the program coffer-gateway, which has the keys of model providers
 * and uses them for sandboxes.  Nothing else runs as its user.
 */
#ifndef AGENTD_GATEWAY_GATEWAY_H
#define AGENTD_GATEWAY_GATEWAY_H

struct err;
struct gateway_config;

/* Folders, as root; then as the gateway's user, for good. */
int gateway_enter(
    const char *home, const struct gateway_config *cfg, struct err *e);
/* After gateway_enter: until SIGTERM. */
int gateway_serve(
    const char *home, const struct gateway_config *cfg, struct err *e);
/* Standard input becomes the key of a provider. */
int gateway_set_key(const char *home, const char *name, struct err *e);
/* Providers, prices and journal can be read.  Changes nothing. */
int gateway_check(
    const char *home, const struct gateway_config *cfg, struct err *e);
/* The child that puts the journal on the disk: a byte on standard input asks
 * for it, the end of file ends it. */
int gateway_sync(const char *path);

#endif
