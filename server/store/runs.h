/*
 * runs: starts of an agent, one per event.  State moves are compare-and-set:
 * ERR_BUSY when the run is not in `from`.
 */
#ifndef SERVER_STORE_RUNS_H
#define SERVER_STORE_RUNS_H

#include "server/domain/work.h"

struct err;
struct txn;

struct run_new {
	int64_t project_id;
	int64_t event; /* ERR_NOTFOUND when there is no such event */
	int64_t item;
	bool is_pull;
	const char *command;
	enum access_level access;
	const char *agent;
	enum network_mode network;
	int64_t wall_s;
	int64_t budget;     /* 0: no limit of its own */
	const char *env;    /* key of its environment's file; NULL: none */
	const char *branch; /* without refs/heads/, NULL: "" */
	const char *base;
	const char *base_sha;
	int64_t retry_of;   /* 0: none */
	int64_t attempt;    /* 0: 1 */
	int64_t not_before; /* 0: at once */
	int64_t now;
};

/* *created is false when the event has a run: *id is that one. */
int runs_insert(struct txn *t, const struct run_new *n, int64_t *id,
    bool *created, struct err *e);
int runs_get(struct txn *t, int64_t id, struct run *out, struct err *e);
/* The key of the file with what its environment has besides, or "": until it
 * ends. */
int runs_env(struct txn *t, int64_t id, char **out, struct err *e);
/* Those of all runs that go on. */
struct run_env_keys {
	char **at;
	size_t n, room;
};
int runs_env_keys(struct txn *t, struct run_env_keys *out, struct err *e);
void run_env_keys_release(struct run_env_keys *keys);

/* The newest of an item; ERR_NOTFOUND. */
int runs_newest(struct txn *t, int64_t project_id, int64_t item,
    struct run *out, struct err *e);
/* The queued ones of an item are due now. */
int runs_set_due(
    struct txn *t, int64_t project_id, int64_t item, struct err *e);
/* Made after `since`; item 0: in the whole project. */
int runs_count(struct txn *t, int64_t project_id, int64_t item, int64_t since,
    int64_t *n, struct err *e);

struct run_filter {
	int64_t project_id;   /* 0: any */
	int64_t viewer;       /* user id: projects with a role; 0: all */
	int64_t item;         /* 0: any */
	enum run_state state; /* 0: any */
	const char *branch;   /* NULL: any; with pull: of one of the two */
	int64_t pull;         /* 0: any; the one that it made */
	int64_t limit;
	int64_t offset;
};

/* Newest first. */
int runs_list(struct txn *t, const struct run_filter *f, struct run_list *out,
    struct err *e);
/* Not at an end, oldest first, with id > after. */
int runs_unfinished(struct txn *t, int64_t after, int64_t limit,
    struct run_list *out, struct err *e);
/* Sets started_at at "running"; why may be NULL. */
int runs_move(struct txn *t, int64_t id, enum run_state from, enum run_state to,
    const char *why, int64_t now, struct err *e);

struct run_finish {
	enum run_state state; /* an end */
	const char *why;
	const char *message;
	const char *record; /* NULL: "" */
	bool has_exit;
	int64_t exit_code;
	int64_t comment; /* 0: none */
	int64_t pull;    /* 0: keeps */
	int64_t now;
};

/* ERR_BUSY when it is at an end already. */
int runs_finish(
    struct txn *t, int64_t id, const struct run_finish *f, struct err *e);
/* Marks; ERR_BUSY when at an end.  *was: it was marked before. */
int runs_set_cancel(struct txn *t, int64_t id, bool *was, struct err *e);
/* Compare-and-set: ERR_BUSY when the length is not `from`. */
int runs_set_log_bytes(
    struct txn *t, int64_t id, int64_t from, int64_t to, struct err *e);

#endif
