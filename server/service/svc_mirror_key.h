/*
 * svc_mirror_key: what ssh needs for one project's upstream, as files of the
 * server's user under HOME/secrets/upstream: ID.key and ID.known_hosts.  They
 * are read by ssh alone and never shown.
 */
#ifndef SERVER_SERVICE_SVC_MIRROR_KEY_H
#define SERVER_SERVICE_SVC_MIRROR_KEY_H

#include <stdint.h>

struct err;
struct identity;
struct svc;

enum {
	SVC_KEY_MAX = 16 << 10,
	SVC_KNOWN_HOSTS_MAX = 64 << 10
};

/* NULL leaves what is there, "" removes it. */
int svc_mirror_set_key(struct svc *s, const struct identity *who,
    int64_t project, const char *key, const char *known_hosts, struct err *e);

#endif
