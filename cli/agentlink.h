/*
 * agentlink: one byte stream into a project's sandbox: a ticket from cofferd,
 * presented at HOME/run/agentd.sock, then frames (docs/architecture.md).
 * Callbacks come from the loop of remote_loop; none after agentlink_free.
 */
#ifndef CLI_AGENTLINK_H
#define CLI_AGENTLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct agentlink;
struct cli;
struct err;

enum agentlink_frame {
	AGENTLINK_DATA = 1,
	AGENTLINK_RESIZE = 2,
	AGENTLINK_EOF = 3,
	AGENTLINK_EXIT = 4,
	AGENTLINK_ERROR = 5,
	AGENTLINK_HOSTKEY = 6
};

struct agentlink_spec {
	const char *project;     /* OWNER/NAME */
	const char *verb;        /* what the ticket is for */
	uint16_t cols, rows;     /* 0: no terminal */
	const char *const *argv; /* of exec; NULL at its end */
	const char *key;         /* of dial: the caller's public key */
	bool editor;
	int64_t run; /* of exec, without argv: what this run changed */
	/* Any but EXIT and ERROR. */
	void (*on_frame)(uint8_t type, struct view payload, void *arg);
	void (*on_drain)(void *arg); /* may be NULL */
	/* Once, at its end: the status, or why not. */
	void (*on_end)(int status, const struct err *e, void *arg);
	void *arg;
};

/* 0, REMOTE_DRY or -1. */
int agentlink_open(struct cli *c, const struct agentlink_spec *spec,
    struct agentlink **out, struct err *e);
void agentlink_send(struct agentlink *l, uint8_t type, const void *p, size_t n);
void agentlink_resize(struct agentlink *l, uint16_t cols, uint16_t rows);
bool agentlink_is_full(const struct agentlink *l);
/* While held, no frame comes and the other end is slowed down. */
void agentlink_hold(struct agentlink *l, bool held);
int agentlink_fd(const struct agentlink *l); /* -1 after the end */
void agentlink_free(struct agentlink *l);    /* NULL is fine */

#endif
