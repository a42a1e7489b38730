/*
 * ref_snapshot: the refs of one repository at one moment, sorted by name, with
 * the ids that annotated tags peel to, seen from two sides: `work` (all that
 * transfer.hideRefs leaves) and `upstream` (refs/namespaces/upstream without
 * that prefix).  One piece of memory, never changed, shared by counting; the
 * answers that were made from it are kept beside it.
 *
 * A side is odd when something in it is not told here: a symbolic ref besides
 * HEAD, a ref to an object that is missing, a name that git would not make.
 * Then git itself is to be asked.
 */
#ifndef SERVER_GIT_REF_SNAPSHOT_H
#define SERVER_GIT_REF_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct git_result;
struct ref_bytes;
struct ref_snapshot;
struct str;

enum {
	REF_SHA_LEN = 40,
	REF_NAME_LEN_MAX = 4096,
	REF_SNAPSHOT_MAX = 32 << 20, /* bytes of a repository's list */
	REF_ANSWERS_MAX = 8,         /* kept beside one snapshot */
	REF_ANSWER_KEY_MAX = 2048
};

enum ref_side {
	REF_SIDE_WORK,
	REF_SIDE_UPSTREAM,
	REF_SIDES
};

/* Text is borrowed from the snapshot; ids are 40 digits without a NUL. */
struct ref_row {
	const char *sha;
	const char *name; /* with a NUL */
	size_t name_len;
	const char *peeled; /* NULL: not an annotated tag */
};

struct ref_head {
	const char *target; /* of a symbolic HEAD, else NULL */
	const char *sha;    /* NULL: unborn, or there is no HEAD */
	const char *peeled; /* NULL: not a tag */
};

/* Bytes that live by themselves. */
struct ref_budget {
	unsigned refs;
	size_t bytes; /* of all snapshots and answers that are alive */
};

/* A reply of the worker's operation ref_list, with one reference; counted in
 * b.  ERR_INTERNAL: the worker's reply is not what it must be. */
struct ref_snapshot *refsnap_new(
    const struct git_result *r, struct ref_budget *b, struct err *e);
struct ref_snapshot *refsnap_ref(struct ref_snapshot *s);
void refsnap_unref(struct ref_snapshot *s); /* NULL is fine */

size_t refsnap_bytes(const struct ref_snapshot *s);
const char *refsnap_stamp(const struct ref_snapshot *s); /* of the files */
/* Nothing moved while it was read, as far as can be told. */
bool refsnap_settled(const struct ref_snapshot *s);
bool refsnap_odd(const struct ref_snapshot *s, enum ref_side side);
bool refsnap_shallow(const struct ref_snapshot *s); /* a shallow clone */
bool refsnap_borrows(const struct ref_snapshot *s); /* has alternates */

size_t refsnap_count(const struct ref_snapshot *s, enum ref_side side);
struct ref_row refsnap_row(
    const struct ref_snapshot *s, enum ref_side side, size_t i);
/* The first row whose name is not before `name`. */
size_t refsnap_seek(
    const struct ref_snapshot *s, enum ref_side side, struct view name);
bool refsnap_find(const struct ref_snapshot *s, enum ref_side side,
    const char *name, struct ref_row *out);
struct ref_head refsnap_head(const struct ref_snapshot *s, enum ref_side side);

/* Ready answers, the least used one goes first.  A key is at most
 * REF_ANSWER_KEY_MAX bytes. */
struct ref_bytes *refsnap_answer(struct ref_snapshot *s, struct view key);
void refsnap_keep_answer(
    struct ref_snapshot *s, struct view key, struct ref_bytes *b);

/* Takes the text; counted in the snapshot's budget. */
struct ref_bytes *refbytes_new(struct ref_snapshot *s, struct str *text);
struct ref_bytes *refbytes_ref(struct ref_bytes *b);
void refbytes_unref(void *p); /* a struct ref_bytes; NULL is fine */
struct view refbytes_view(const struct ref_bytes *b);

struct ref_budget *refbudget_new(void);
struct ref_budget *refbudget_ref(struct ref_budget *b);
void refbudget_unref(struct ref_budget *b);

#endif
