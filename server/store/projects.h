/*
 * projects: repositories with their settings, mirror and sandbox state.  A name
 * is unique per owner, and over all owners among those that have an upstream
 * (/upstream/NAME.git), compared without case.
 */
#ifndef SERVER_STORE_PROJECTS_H
#define SERVER_STORE_PROJECTS_H

#include "server/domain/types.h"

struct err;
struct txn;

struct project_new {
	const char *owner;
	const char *name;
	const char *upstream;       /* "": none, then there is: */
	const char *default_branch; /* NULL: upstream will say */
	const char *description;    /* NULL: none */
	const struct project_settings *settings;
	bool provisional;       /* until projects_keep */
	enum sandbox_want want; /* 0: running */
	int64_t parent_id;      /* what it is a fork of, 0: of nothing */
	int64_t now;            /* also the time of the first sync */
};

/* Mirror "new" or "none", sandbox "absent".  ERR_EXISTS. */
int projects_insert(
    struct txn *t, const struct project_new *n, int64_t *id, struct err *e);
int projects_by_id(
    struct txn *t, int64_t id, struct project *out, struct err *e);
int projects_by_name(struct txn *t, const char *owner, const char *name,
    struct project *out, struct err *e);
int projects_by_upstream_name(
    struct txn *t, const char *name, struct project *out, struct err *e);

enum project_sort {
	PROJECT_BY_ID,
	PROJECT_BY_NAME,
	PROJECT_BY_CREATED,
	PROJECT_BY_UPDATED,
	PROJECT_BY_SIZE
};

struct project_filter {
	int64_t viewer;     /* user id: those with a role; 0: all */
	const char *q;      /* part of the name, NULL or "": any */
	bool in_text;       /* q may also be part of the description */
	bool by_topic;      /* q is a topic and nothing else */
	const char *owner;  /* login, NULL: any */
	int64_t uid;        /* of this user: owned or with a role; 0: any */
	bool exclusive;     /* of uid: owned alone */
	bool shared;        /* of uid: with a role alone */
	bool active;        /* not those that are being deleted */
	bool kept;          /* not those that are still being made */
	int fork;           /* 1 those, -1 the others, 0 any */
	int64_t parent_id;  /* forks of it, 0: any */
	int64_t first_uid;  /* what this user owns comes first; 0: nobody */
	int64_t watched_by; /* user id; 0: any */
	int archived;       /* 1 those, -1 the others, 0 any */
	enum project_sort sort;
	bool descending;
	int64_t limit;
	int64_t offset;
};

int projects_list(struct txn *t, const struct project_filter *f,
    struct project_list *out, struct err *e);
int projects_set_settings(
    struct txn *t, int64_t id, const struct project_settings *s, struct err *e);
int projects_set_profile(
    struct txn *t, int64_t id, const struct repo_profile *p, struct err *e);
int projects_archived(struct txn *t, int64_t id, bool *out, struct err *e);
int projects_keep(struct txn *t, int64_t id, struct err *e);
/* Ids of those that were not kept and are active, at most max. */
int projects_provisional(
    struct txn *t, int64_t *ids, size_t max, size_t *n, struct err *e);
/* Are its pull requests, or its issues, switched on? */
int projects_unit(
    struct txn *t, int64_t id, bool pulls, bool *on, struct err *e);
/* Of a project without upstream, to a branch that its rows have; ERR_INVALID.
 */
int projects_choose_branch(
    struct txn *t, int64_t id, const char *branch, struct err *e);
int projects_set_default_branch(
    struct txn *t, int64_t id, const char *branch, struct err *e);

/* Writes the whole struct; NULL text is "". */
int projects_set_mirror(
    struct txn *t, int64_t id, const struct mirror_state *m, struct err *e);
/* Compare-and-set of the state alone, ERR_BUSY when it is not `from`. */
int projects_move_mirror(struct txn *t, int64_t id, enum mirror_status from,
    enum mirror_status to, struct err *e);
/* A poll found nothing new: the two times of a project that is ok. */
int projects_set_polled(
    struct txn *t, int64_t id, int64_t ok_at, int64_t next_at, struct err *e);
/* Active projects with an upstream by id, those after `after`, at most max. */
struct project_turn {
	int64_t id;
	enum mirror_status state;
	int64_t next_at;
	enum mirror_fail kind;
	char *upstream; /* free(3) */
};
int projects_schedule(struct txn *t, int64_t after, struct project_turn *v,
    size_t max, size_t *n, struct err *e);
/* At start: whatever was "syncing" is due at once.  Count in *n. */
int projects_reset_syncing(
    struct txn *t, int64_t now, int64_t *n, struct err *e);
/*
 * Ids of active, not paused, not syncing projects with next_at <= now, longest
 * due first; *next_at is the time of the first one later, 0 for none.
 */
int projects_due(struct txn *t, int64_t now, int64_t *ids, size_t max,
    size_t *n, int64_t *next_at, struct err *e);

int projects_set_want(struct txn *t, int64_t id, enum sandbox_want want,
    int64_t now, struct err *e);
/* It is to be made anew: one more. */
int projects_renew_sandbox(
    struct txn *t, int64_t id, int64_t *generation, struct err *e);
/* Takes back that it was to be `meant`, unless another is by now. */
int projects_keep_sandbox(
    struct txn *t, int64_t id, int64_t meant, int64_t kept, struct err *e);
/* .want and .generation are left alone. */
int projects_set_sandbox(
    struct txn *t, int64_t id, const struct sandbox_state *s, struct err *e);
/* Active to deleting with sandbox wanted "gone"; else ERR_BUSY. */
int projects_set_deleting(
    struct txn *t, int64_t id, int64_t now, struct err *e);
/* The fork that the owner has of a project, 0: none; how many he has. */
int projects_fork_of(struct txn *t, int64_t parent, const char *owner,
    int64_t *id, struct err *e);
int projects_fork_count(
    struct txn *t, const char *owner, int64_t *n, struct err *e);
/*
 * Removes a deleting project with all that hangs on it, but its events, which
 * keep its name.  Not deleting: ERR_BUSY.
 */
int projects_purge(struct txn *t, int64_t id, struct err *e);

#endif
