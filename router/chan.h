/*
 * chan: messages between the main process and its children, on a Unix socket
 * pair that keeps boundaries.  Both ends are one program, so a message is its
 * struct; each is checked as if the other end were hostile.
 *
 * A project's policy comes as CHAN_POLICY and then as many CHAN_RULE as it
 * says; clients_take puts it together.  A name's addresses go CHAN_ANSWER to
 * the main process, which pins them and says CHAN_PINNED.
 *
 * A keeper's child inherits what its forerunner did not read.  It says
 * CHAN_READY and drops everything until it hears the same: then it is told all,
 * and hears it once more.
 */
#ifndef ROUTER_CHAN_H
#define ROUTER_CHAN_H

#include <stdbool.h>
#include <stdint.h>

#include "router/clients.h"
#include "router/dns.h"
#include "router/egress.h"
#include "router/egress_log.h"
#include "router/pins.h"

struct err;

enum chan_kind {
	CHAN_POLICY = 1, /* to a child */
	CHAN_RULE,
	CHAN_HOST,
	CHAN_PINNED, /* to the worker */
	CHAN_PIN,    /* to the proxy: before the worker hears CHAN_PINNED */
	CHAN_ANSWER, /* to the main process */
	CHAN_LOG,
	CHAN_READY /* a child of a keeper has begun; all it heard is stale */
};

struct chan_policy {
	uint32_t id;
	uint32_t mode; /* enum policy_mode */
	uint32_t gone; /* 1: deleted, nothing follows */
	uint32_t lockdown;
	uint64_t upload_max;
	uint32_t n_rules;
};

struct chan_rule {
	uint32_t id;
	uint32_t list; /* enum egress_list */
	struct egress_rule rule;
};

struct chan_host {
	int64_t ahead_ms; /* clock_keep_ahead */
	uint32_t n;
	uint32_t addrs[CLIENTS_HOST_MAX];
};

struct chan_answer {
	uint64_t seq;
	uint32_t id;
	uint32_t ttl; /* seconds, as the project is told */
	char name[EGRESS_NAME_MAX];
	uint32_t n_addrs;
	uint32_t addrs[DNS_ADDRS_MAX];
};

struct chan_pinned {
	uint64_t seq;
	uint32_t ok; /* 0: the name must not be answered */
};

struct chan_ready {
	uint32_t nonce; /* of the child, which hears it back */
};

struct chan_msg {
	uint32_t kind;
	union {
		struct chan_ready ready;
		struct chan_policy policy;
		struct chan_rule rule;
		struct chan_host host;
		struct chan_pinned pinned;
		struct pin pin;
		struct chan_answer answer;
		struct egress_entry log;
	};
};

/* 0: [main], 1: [child]; both non-blocking and close-on-exec. */
int chan_pair(int fds[2], struct err *e);
/* 1 sent, 0 no room now, -1 the other end is gone. */
int chan_send(int fd, const struct chan_msg *m);
/* 1 a checked message, 0 none now, -1 the other end is gone or broken. */
int chan_recv(int fd, struct chan_msg *m);

#endif
