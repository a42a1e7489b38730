/*
 * plan: what an apply does to the clone, written down before it does it
 * (.git/coffer/fetch/apply/plan.json), so that the next command can take it
 * back, whatever cut it off, and `undo` can after it is done.  Beside it the
 * files as they were (before/) and as they are to be (after/).
 */
#ifndef CLI_FETCH_PLAN_H
#define CLI_FETCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "findings/scan.h"

struct err;

enum {
	PLAN_ENTRIES_MAX = 20000,
	PLAN_REF_MAX = 300
};

enum plan_state {
	PLAN_APPLYING, /* may be half done: taken back */
	PLAN_DONE,
	PLAN_UNDOING /* may be half done: gone on with */
};

enum plan_step {
	PLAN_HELD, /* not applied before somebody asks for it */
	PLAN_TODO,
	PLAN_PUT
};

struct plan_entry {
	char *path;
	const char *why; /* of a held one: the id of a finding */
	enum plan_step step;
	uint32_t old_mode, new_mode; /* 0: absent */
	char old_id[SCAN_ID + 1], new_id[SCAN_ID + 1];
	size_t kept; /* of path: folders that are the user's own */
	bool later;  /* taken when another apply had come after this one */
};

struct plan {
	char *dir; /* .git/coffer/fetch/apply */
	enum plan_state state;
	bool index;  /* the index follows, too */
	bool taking; /* what was held; the rest was done before */
	char *top;   /* where it was, for people */
	char *tree;  /* which work tree of the clone, wherever that is now */
	char *what;  /* what was applied, for people */
	char *branch;
	int64_t pull;               /* 0: none */
	char commit[SCAN_ID + 1];   /* of the branch */
	char head[SCAN_ID + 1];     /* of the clone */
	char ref[PLAN_REF_MAX + 1]; /* "": none moves */
	char ref_before[SCAN_ID + 1], ref_after[SCAN_ID + 1];
	struct plan_entry *list;
	size_t n, cap;
};

/* A new one: whatever was in dir is gone. */
int plan_begin(struct plan *p, const char *dir, struct err *e);
/* 0 read, 1 there is none. */
int plan_load(struct plan *p, const char *dir, struct err *e);
int plan_save(struct plan *p, enum plan_state state, struct err *e);
/* Forgotten, with what it kept; the one before it is the last again. */
int plan_remove(struct plan *p, struct err *e);
void plan_release(struct plan *p);
void plan_add(struct plan *p, const struct scan_change *c, const char *why);
size_t plan_count(const struct plan *p, enum plan_step step);

#endif
