/*
 * svc_refs: rows and events that follow refs which have moved.  The caller
 * says what git has now; the job finds what the rows believed, writes the
 * difference and says which refs that were.  Used by push, mirror, reconcile.
 */
#ifndef SERVER_SERVICE_SVC_REFS_H
#define SERVER_SERVICE_SVC_REFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/domain/types.h"

struct err;
struct txn;

struct svc_ref_move {
	char *ref;
	char now[SHA_HEX + 1]; /* zero id: gone */
	char was[SHA_HEX + 1]; /* out: what the rows said, or the zero id */
	bool forced;
	bool silent;   /* a row, but no event */
	bool changed;  /* out */
	int64_t actor; /* 0: the list's */
	char *kept;    /* a kept ref to register, NULL: none */
	char kept_sha[SHA_HEX + 1];
	const char *why; /* of kept; a constant */
};

struct svc_refs {
	int64_t project;
	int64_t actor;  /* user id */
	int64_t writer; /* of what is moved there, 0: who moves it */
	int64_t now;
	const char *source; /* of branch.updated; a constant */
	bool quiet; /* the first copy of a repository: no event per ref */
	struct svc_ref_move *v;
	size_t n, cap;
	size_t changed; /* out */
};

void svc_refs_release(struct svc_refs *r);
/* ref is copied; the rest of the row is zero but for now. */
struct svc_ref_move *svc_refs_add(
    struct svc_refs *r, const char *ref, const char *now);

/* In a job.  A project that is gone is ERR_NOTFOUND. */
int svc_refs_write(struct txn *t, struct svc_refs *r, struct err *e);
/* An event of the user `actor` in the project; data is a JSON object. */
int svc_refs_event(struct txn *t, const struct svc_refs *r, const char *kind,
    const char *data, struct err *e);

/* refs/coffer/kept/AT/heads/x for refs/heads/x; free(3). */
char *svc_refs_kept_name(int64_t at, const char *ref)
    __attribute__((returns_nonnull));

#endif
