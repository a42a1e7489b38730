/*
 * svc_mirror_priv: one synchronisation as its files share it: svc_mirror.c
 * lists and fetches, svc_mirror_plan.c finds what follows for each local ref,
 * svc_mirror_move.c moves refs, svc_mirror_rows.c writes rows and events,
 * svc_mirror_report.c remembers what waits and tells what was done.
 */
#ifndef SERVER_SERVICE_SVC_MIRROR_PRIV_H
#define SERVER_SERVICE_SVC_MIRROR_PRIV_H

#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/str.h"
#include "server/domain/mirror_plan.h"
#include "server/domain/types.h"
#include "server/git/mirror_fetch.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_refs.h"

struct git_ref_change;
struct json;
struct map;
struct mirror_verify;
struct repo_hold;
struct txn;

/* One branch or tag of upstream, before or now. */
struct mirror_item {
	char *ref;                /* local full name */
	char old_up[SHA_HEX + 1]; /* "" when absent */
	char new_up[SHA_HEX + 1];
	char local[SHA_HEX + 1];
	char target[SHA_HEX + 1]; /* what the local ref becomes */
	struct mirror_branch facts;
	struct mirror_step step;
	char *kept;   /* name of the kept ref, NULL: none */
	char *failed; /* why git did not move it, NULL: it did */
	bool waited;  /* it waits since an earlier synchronisation */
	const struct json *waiting; /* its entry of then */
};

enum {
	MIRROR_KNOWN_MS = 3600 * 1000, /* then all is compared again */
	MIRROR_TRIES = 3               /* an upstream that moves meanwhile */
};

/* What upstream answered when everything here followed from it. */
struct mirror_known {
	uint8_t digest[MIRROR_DIGEST];
	int64_t at;
	uint32_t refs;
};

struct mirror_job {
	TAILQ_ENTRY(mirror_job) link;
	TAILQ_ENTRY(mirror_job) turn; /* of svc_mirror.queue */
	struct svc_mirror *m;
	svc_mirror_done_fn *done;
	void *arg;
	struct project project;
	char *token;
	char *key;
	char *known_hosts;
	struct mirror_op *op;
	struct repo_hold *hold;
	bool wanted;   /* somebody waits for it */
	bool queued;   /* for its turn to fetch */
	bool fetching; /* counted in svc_mirror.fetching */
	bool quiet;    /* upstream is what it was */
	unsigned tries;
	bool writing; /* the database has it */
	bool closed;  /* svc_mirror_free came meanwhile */

	struct str remote; /* upstream's refs, "SHA NAME\n" */
	char head[256];    /* upstream's HEAD, "refs/heads/main" or "" */
	struct str odd;    /* names that cannot be mirrored */
	uint8_t digest[MIRROR_DIGEST];
	bool listed; /* digest is there */
	bool first;  /* nothing was ever mirrored */

	struct map *shadow; /* upstream ref -> its last settled id */
	struct map *local;  /* local ref -> id */
	struct map *kept;   /* "heads/main ID" -> kept ref of late */
	struct mirror_item *items;
	size_t n, cap;
	size_t at; /* the item being planned, kept or written */
	uint32_t refs;

	struct json *waiting; /* what waited before; its text */
	char *waiting_before;
	char *report_before;
	struct str waiting_now;
	struct str report;
	char contents_sha[SHA_HEX + 1]; /* of the contents that are known */
	struct str contents;
	char *unverified_before;
	struct mirror_verify *verify;

	struct git_ref_change *moves;
	size_t n_moves, at_move;

	struct svc_refs rows; /* of one transaction */
	uint32_t changed;     /* in those before */
	int64_t now;
	int64_t next_at;
	struct err fail;
	enum mirror_fail kind;
	int64_t until;
};

TAILQ_HEAD(mirror_jobs, mirror_job);

struct svc_mirror {
	struct svc_mirror_spec spec;
	struct mirror_jobs jobs;
	struct mirror_jobs queue; /* waiting to fetch */
	unsigned fetching;
	struct map *known; /* project -> struct mirror_known */
	char *ca_file;     /* spec.limits borrows them */
	char *ssh_agent;
	int64_t last_kept;
};

/* Make the items from the shadow, what was fetched and what is local. */
int mirror_items_make(struct mirror_job *j, struct view raw, struct err *e);
/* Plan from item `at` on, asking git; then mirror_job_planned. */
void mirror_items_plan(struct mirror_job *j);
void mirror_items_release(struct mirror_job *j);
/* Another one, absent everywhere; the pointers of earlier ones end. */
struct mirror_item *mirror_item_add(struct mirror_job *j, const char *ref);

/* svc_mirror_report.c: what waited is read; its items are planned from where
 * they began to wait; texts are made; in the job they and the comments on pull
 * requests are written, *news when somebody should hear of it. */
int mirror_report_load(struct mirror_job *j, struct err *e);
void mirror_report_recall(struct mirror_job *j);
void mirror_report_make(struct mirror_job *j);
int mirror_report_write(
    struct txn *t, const struct mirror_job *j, bool *news, struct err *e);
void mirror_report_release(struct mirror_job *j);

/* svc_mirror.c: the job ends with the project as upstream is, or not. */
void mirror_job_done(struct mirror_job *j);
void mirror_job_fail(
    struct mirror_job *j, enum mirror_fail kind, const struct err *why);
void mirror_job_free(struct mirror_job *j);

/* svc_mirror_move.c: a ref that may be a kept one, of before. */
void mirror_kept_known(struct mirror_job *j, const char *name, const char *sha);
/* Keep tips and move refs; then mirror_job_write. */
void mirror_job_planned(struct mirror_job *j);

/* svc_mirror_rows.c: rows and events, in bounded transactions; then
 * mirror_job_contents. */
void mirror_job_write(struct mirror_job *j);

/* svc_mirror_contents.c: what the default branch has, when it moved; then
 * mirror_job_verify. */
void mirror_job_contents(struct mirror_job *j);

/* svc_mirror_verify.c: merges of upstream that are to be tested; then
 * mirror_job_done. */
void mirror_job_verify(struct mirror_job *j);
void mirror_verify_release(struct mirror_job *j);

#endif
