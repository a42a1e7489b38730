/*
 * svc_kept: tips that were saved from being lost, refs/coffer/kept/TIME/REF
 * with a row each: put back as a branch or tag, dropped for good, expired
 * after settings.keep_days; and rows and refs brought to one truth.  A ref
 * goes before its row, and comes before it: a row alone is of no use and is
 * deleted, a ref alone is registered, or deleted when nothing was lost.
 */
#ifndef SERVER_SERVICE_SVC_KEPT_H
#define SERVER_SERVICE_SVC_KEPT_H

#include "server/service/svc.h"
#include "server/store/refs.h"
#include <stdbool.h>

enum {
	SVC_KEPT_DROP_MAX = 1000 /* refs of one drop */
};

/* refs/coffer/kept/TIME/REF by TIME/REF or as a whole; NULL: not such a name.
 * free(3). */
char *svc_kept_full(const char *name);

/* Expires and reconciles one project's kept refs.  done comes once, later,
 * not after _cancel (NULL is fine). */
struct svc_kept_tidy;
typedef void svc_kept_done_fn(const struct err *fail, void *arg);
struct svc_kept_tidy *svc_kept_tidy(struct svc *s, int64_t project,
    bool expires, svc_kept_done_fn *done, void *arg);
void svc_kept_tidy_cancel(struct svc_kept_tidy *k);

/* By the rule of a push of that user; ERR_EXISTS the name is taken. */
struct svc_kept_restore {
	struct svc_op op;
	int64_t project_id;
	char *kept;          /* full name */
	char *as;            /* branch, NULL: what it was */
	char *ref;           /* out: full name */
	struct kept_ref row; /* out */
};
struct svc_kept_restore *svc_kept_restore_new(
    struct svc *s, const struct identity *who);
void svc_kept_restore(
    struct svc_kept_restore *op, svc_done_fn *done, void *arg);

/* Refs and rows go; the objects are to go (care's CARE_PURGE, started here). */
struct svc_kept_drop {
	struct svc_op op;
	int64_t project_id;
	char **names; /* full, n of them; NULL: all */
	size_t n;
	struct kept_ref_list rows; /* out: what was dropped */
	bool more;                 /* out: of all, some are left */
};
struct svc_kept_drop *svc_kept_drop_new(
    struct svc *s, const struct identity *who);
void svc_kept_drop(struct svc_kept_drop *op, svc_done_fn *done, void *arg);

#endif
