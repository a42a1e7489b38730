/*
 * fetch: bringing a branch from Cofferdam into the user's real clone.  What
 * the files of this folder share: the clone, the quarantine repository, the
 * commits, the findings.  Nothing of the branch touches the clone before
 * every check has passed; git runs with hooks, filters, helpers, submodules
 * and configuration of the system off.
 */
#ifndef CLI_FETCH_FETCH_H
#define CLI_FETCH_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/fetch/plan.h"
#include "cli/fetch/review_info.h"
#include "cli/target.h"
#include "findings/check.h"
#include "findings/finding.h"
#include "findings/scan.h"
#include "lib/base/branchname.h"
#include "lib/base/opt.h"
#include "lib/base/str.h"

struct cli;
struct child;
struct child_spec;
struct err;
struct jw;
struct map;
struct program_result;
struct reach;

enum {
	FETCH_LIMIT_MIB = 1024, /* what one fetch may bring */
	FETCH_RAW_MAX = 32 << 20,
	FETCH_ATTRIBUTES_MAX = 1 << 20, /* of one .gitattributes */
	FETCH_TRUST = 2,                /* a file and a folder of authorities */
	FETCH_GIT_MS = 10 * 60 * 1000
};

struct fetch_args {
	const char *project, *base, *apply, *reason;
	const char *hold, *sarif;
	struct opt_list allow, sarif_in;
	bool skip_review, yes;
	bool take_all; /* --hold none: nothing is held back */
};

enum fetch_mode {
	FETCH_UNSTAGED,
	FETCH_STAGED,
	FETCH_BRANCH,
	FETCH_MERGE
};

enum fetch_review {
	FETCH_REVIEW_NONE,    /* no reviewer is configured */
	FETCH_REVIEW_UNASKED, /* blocked before: nothing leaves the machine */
	FETCH_REVIEW_SKIPPED, /* --skip-review */
	FETCH_REVIEW_OK,
	FETCH_REVIEW_FINDINGS,
	FETCH_REVIEW_INCOMPLETE, /* some of it nobody saw: never clean */
	FETCH_REVIEW_FAILED      /* it did not answer as it must */
};

struct fetch_job {
	struct cli *c;
	const struct fetch_args *args;
	char *git;
	enum fetch_mode mode;
	/* The clone. */
	char *top, *git_dir, *objects;
	char *dir;         /* .git/coffer/fetch: records, the plan, the lock */
	struct map *hooks; /* paths of the tree that the clone's git obeys */
	char **scripts;    /* those of them to be read for what they start */
	size_t nscripts;
	struct reach *reach; /* files by the names of the tree's links */
	bool links_full;     /* there are more than are followed */
	int lock;            /* plus one; 0: not held */
	uint64_t limit_mib;
	char clone_head[SCAN_ID + 1];
	char clone_ref[PLAN_REF_MAX + 1]; /* that HEAD named at the beginning */
	char *trust[FETCH_TRUST]; /* http.sslCAInfo, http.sslCAPath; or NULL */
	struct str filters;       /* names of the user's own, one a line */
	/* What is asked for. */
	char full[TARGET_FULL_MAX];
	char account[TARGET_FULL_MAX]; /* at cofferd; "": not known */
	char branch[BRANCHNAME_MAX + 1];
	long pull;                  /* 0: a branch */
	char expected[SCAN_ID + 1]; /* head of the pull request, or "" */
	bool link;                  /* record the mapping when all is well */
	/* The quarantine. */
	char *box;
	char head[SCAN_ID + 1], base[SCAN_ID + 1];
	/* What is looked at, and so what is applied: from what the clone has to
	 * what it will have; of a branch, from its base to its head. */
	char from[SCAN_ID + 1], to[SCAN_ID + 1];
	struct plan preview;
	/* What the lock found cut off, and took back or went on with: undo and
	 * held are done with that.  what NULL: nothing was. */
	struct plan recovered;
	bool looks;   /* what cannot be taken back is said, and stops nothing */
	bool forgets; /* what was cut off stays as it is */
	const char *forgotten; /* what that was, of recovered; NULL: none */
	size_t changes;
	struct check_limits limits; /* of sizes; 0: the usual ones */
	struct str raw;
	struct view patch;     /* of from..to: a file in the box, mapped */
	struct str patch_less; /* changed files it has not, one a line */
	/* Contents that only commits in between have: a branch or a merge
	 * brings them into the clone's history. */
	size_t passing;
	char *passing_path;             /* of the first; NULL: none */
	struct findings_policy *policy; /* what findings are weighed by */
	struct findings findings;
	enum fetch_review review;
	struct fetch_review_info info; /* of the review */
	char review_model[2 * FETCH_REVIEW_NAME];
	char review_why[240];
	char refused[240];     /* why it was not even judged, or "" */
	const char *confirmed; /* how somebody said yes; NULL: nobody had to */
	bool nothing;          /* the clone has it all */
	bool went_on; /* from where it was when it was fetched before */
	/* What was done. */
	char tree[SCAN_ID + 1]; /* of the clone's commit with the branch */
	char *record;
};

enum fetch_place {
	FETCH_CLONE, /* the user's own repository */
	FETCH_BOX    /* the quarantine: nothing of the user's */
};

struct fetch_git {
	enum fetch_place place;
	const char *const *argv; /* after `git`, NULL-terminated */
	struct view in;
	size_t max_output;
	bool network;      /* http and https are allowed, with the token */
	bool local;        /* the file transport, between clone and box */
	bool no_filters;   /* the user's own filters do not run */
	bool borrow;       /* the clone also sees the box's objects */
	bool own_hooks;    /* `git config` is to say what is really set */
	const char *index; /* instead of the clone's; NULL: its own */
};

/* quarantine.c: who this is at cofferd, for the record; may stay "". */
void fetch_load_account(struct fetch_job *j);

/* git.c: one git child; 0 with r filled, also for a status other than 0. */
int fetch_git_run(struct fetch_job *j, const struct fetch_git *g,
    struct program_result *r, struct err *e);
/* Starts one with its streams as spec has them; argv, environment and folder
 * are set here. */
int fetch_git_start(struct fetch_job *j, const struct fetch_git *g,
    struct child_spec *spec, struct child **out, struct err *e);
/* The same; a status other than 0 is an error that names the command. */
int fetch_git(struct fetch_job *j, const struct fetch_git *g,
    struct program_result *r, struct err *e);
/* The same in the box, whose output nobody reads. */
int fetch_git_box(struct fetch_job *j, const char *const *argv, struct view in,
    bool network, struct err *e);
/* One line of output, trimmed, at most n - 1 bytes. */
int fetch_git_line(struct fetch_job *j, const struct fetch_git *g, char *out,
    size_t n, struct err *e);
/* The user's own filters (git-lfs ...) by name, so that a branch's
 * .gitattributes cannot make them run. */
int fetch_load_filters(struct fetch_job *j, struct err *e);
/* A configuration value of the clone; 1 when it is not set. */
int fetch_config_get(
    struct fetch_job *j, const char *key, char *out, size_t n, struct err *e);
int fetch_config_set(
    struct fetch_job *j, const char *key, const char *value, struct err *e);
bool fetch_id_ok(const char *s);

/* quarantine.c: clone, mapping, branch; the box; base and head. */
int fetch_open_clone(struct fetch_job *j, struct err *e);
int fetch_resolve_project(
    struct fetch_job *j, const char *project, struct err *e);
int fetch_resolve_what(struct fetch_job *j, const char *what, struct err *e);
int fetch_make_box(struct fetch_job *j, struct err *e);
int fetch_pull_in(struct fetch_job *j, struct err *e);
void fetch_remove_box(struct fetch_job *j);
void fetch_explain(struct fetch_job *j, struct err *e);

/* describe.c: reads the change from the box, piece by piece, into the checks;
 * findings, raw and patch are filled. */
int fetch_describe(struct fetch_job *j, struct err *e);
void fetch_patch_unmap(struct fetch_job *j);
/* Not too many changed files to be read? */
int fetch_count(struct fetch_job *j, struct err *e);

/* review.c: fills findings and j->review; never fails open. */
void fetch_review(struct fetch_job *j);

/* show.c: the summary, then the findings by weight; bounded. */
void findings_print(const struct cli *c, const struct findings *f);
/* Until the text has max bytes; how many were left out is said. */
void findings_json(
    struct jw *w, const char *key, const struct findings *f, size_t max);

/* cmd_fetch.c: from a name to a change in the box; the clone is read. */
int fetch_bring(
    struct fetch_job *j, const char *project, const char *what, struct err *e);
void fetch_job_release(struct fetch_job *j);

/* lock.c: one at a time; what a killed one left behind is seen to. */
int fetch_lock(struct fetch_job *j, struct err *e);

/* merge.c, all in the quarantine. */
int fetch_merge(struct fetch_job *j, struct err *e); /* j->tree */
int fetch_commit_write(struct fetch_job *j, struct view object,
    char out[SCAN_ID + 1], struct err *e);
/* A commit of our own with the tree of `what`. */
int fetch_commit_of(struct fetch_job *j, const char *what, const char *parent,
    char out[SCAN_ID + 1], struct err *e);

/* apply.c */
int fetch_preview(struct fetch_job *j, struct err *e);
int fetch_apply(struct fetch_job *j, struct err *e);
/* The ref that HEAD names, or HEAD when it names none. */
int fetch_head_name(struct fetch_job *j, char *out, size_t n, struct err *e);

/* clean.c: are the plan's files as they are committed, staged as it left
 * them? */
int fetch_clean(struct fetch_job *j, const struct plan *p, struct err *e);
int fetch_index_is(struct fetch_job *j, const struct plan *p, struct err *e);
/* Has the index the plan's files as they were before it? */
int fetch_index_was(
    struct fetch_job *j, const struct plan *p, bool *yes, struct err *e);
/* ERR_BUSY while another git has its lock. */
int fetch_index_free(struct fetch_job *j, struct err *e);

/* plan_do.c: a plan done, undone, found half done. */
int fetch_plan_do(struct fetch_job *j, struct plan *p, int top, struct err *e);
/* p: the one that was undone, for the caller to release. */
int fetch_undo(struct fetch_job *j, struct plan *p, struct err *e);
int fetch_recover(struct fetch_job *j, struct err *e); /* j->recovered */
/* The work tree by its git folder beneath the clone's: a clone that is moved
 * keeps it; free(3). */
char *fetch_plan_tree(struct fetch_job *j, struct err *e);
int fetch_plan_here(struct fetch_job *j, const struct plan *p, struct err *e);
/* "" when there is none. */
int fetch_ref_read(
    struct fetch_job *j, const char *ref, char id[SCAN_ID + 1], struct err *e);

#endif
