/*
 * probe: is a service ready?  Asks once, on the loop; the answer comes later
 * to fn, exactly once, also when it takes too long (2 s).
 */
#ifndef CLI_PROBE_H
#define CLI_PROBE_H

#include <stdbool.h>

struct cli;
struct loop;
struct net;

enum probe_kind {
	PROBE_HTTP,    /* HOME/run/cofferd.addr is there and /version answers */
	PROBE_ROUTER,  /* HOME/run/router.sock says hello */
	PROBE_AGENTD,  /* HOME/run/agentd.sock takes a connection */
	PROBE_GATEWAY, /* HOME/run/gateway/control.sock says hello */
	PROBE_RUNNER   /* HOME/runner/lock is held */
};

typedef void probe_fn(bool ready, void *arg);

struct probe_spec {
	enum probe_kind kind;
	struct loop *loop;
	struct net *net;
	const char *home;
	probe_fn *fn;
	void *arg;
};

void probe_start(const struct probe_spec *spec);
/* The same, waited for. */
bool probe_now(struct cli *c, enum probe_kind kind);
/* http://ADDRESS of the running cofferd, NULL if it is not there; free(3). */
char *probe_url(const char *home);

#endif
