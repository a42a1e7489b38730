/*
 * chan: messages between the main process and its worker, on a Unix socket
 * pair that keeps boundaries.  Both ends are one program, so a message is its
 * struct; each is checked as if the other end were hostile.
 */
#ifndef ROUTER_CHAN_H
#define ROUTER_CHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "router/clients.h"
#include "router/egress_log.h"

struct err;

enum chan_kind {
	CHAN_PROJECT = 1, /* to the worker */
	CHAN_HOST,        /* to the worker */
	CHAN_LOG          /* to the main process */
};

struct chan_project {
	uint32_t id;
	uint32_t mode; /* enum policy_mode */
	uint32_t gone; /* 1: deleted */
};

struct chan_host {
	uint32_t n;
	uint32_t addrs[CLIENTS_HOST_MAX];
};

struct chan_msg {
	uint32_t kind;
	union {
		struct chan_project project;
		struct chan_host host;
		struct egress_entry log;
	};
};

/* 0: [main], 1: [worker]; both non-blocking and close-on-exec. */
int chan_pair(int fds[2], struct err *e);
/* 1 sent, 0 no room now, -1 the other end is gone. */
int chan_send(int fd, const struct chan_msg *m);
/* 1 a checked message, 0 none now, -1 the other end is gone or broken. */
int chan_recv(int fd, struct chan_msg *m);

#endif
