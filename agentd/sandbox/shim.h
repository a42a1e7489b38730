/*
 * shim: the parent of one container, a process of its own that survives
 * agentd: `coffer-shim DIR`.  It reads DIR/shim.json, goes to the background,
 * runs `runc run --detach` as a subreaper, keeps the output in
 * DIR/out.log (and DIR/err.log) up to a limit, enforces the wall clock, and
 * leaves DIR/exit.json behind; neither is synced, a power failure loses what
 * had just ended like what was running.  DIR/alive is a FIFO whose writer is
 * the shim: a byte there says that the output grew or DIR/started came, end of
 * file that the shim is gone. DIR/ctl is a FIFO that takes the bytes of enum
 * shim_order.
 *
 * One that is made to wait (`runc create`) counts as started, and its wall
 * clock runs, from SHIM_GO on; without it, it is ended after SHIM_HOLD_MS.
 */
#ifndef AGENTD_SANDBOX_SHIM_H
#define AGENTD_SANDBOX_SHIM_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/sandbox/host.h"
#include "agentd/sandbox/spec.h"

struct err;
struct str;
struct view;

enum {
	SHIM_HOLD_MS = 15 * 60 * 1000
};

enum shim_order {
	SHIM_STOP = 's', /* TERM, 10 s, KILL */
	SHIM_KILL = 'k',
	SHIM_GO = 'g' /* of one that was made to wait; else of no effect */
};

struct shim_exit {
	int exit_code;  /* 0..255; -1 when ended by a signal or never started */
	int signal;     /* 0: none */
	bool timed_out; /* the wall clock ended it */
	bool stopped;   /* ended by SHIM_STOP or SHIM_KILL */
	bool oom;       /* the kernel killed a process of it for memory */
	bool lost;      /* neither shim nor exit.json: a reboot or a crash */
	int64_t started_at; /* ms since 1970, 0 if it never started */
	int64_t ended_at;
	uint64_t bytes;   /* written by the container */
	uint64_t dropped; /* of these, over the limit and not kept */
	char error[240];  /* why it could not be started, or "" */
};

/* The main program of the shim; returns the exit status. */
int shim_main(const char *dir);

/* DIR/shim.json: what the shim has to know. */
void shim_config(const struct sandbox_host *h, const struct sandbox_spec *s,
    struct str *out);
/* exit.json, out and in; the reader takes only what the writer makes. */
void shim_exit_write(const struct shim_exit *x, struct str *out);
int shim_exit_parse(struct view text, struct shim_exit *x, struct err *e);

#endif
