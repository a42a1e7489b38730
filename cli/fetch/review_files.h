/*
 * review_files: the files of a change in the order of what could go wrong in
 * them, each with its part of the diff when it is asked for: memory is one
 * file's.
 */
#ifndef CLI_FETCH_REVIEW_FILES_H
#define CLI_FETCH_REVIEW_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "findings/scan.h"

struct err;
struct fetch_job;
struct str;

enum {
	REVIEW_FILES_MAX = 20000,
	REVIEW_BLOB_MAX = 2 << 20,  /* larger is not shown to a model */
	REVIEW_PATCH_MAX = 1 << 20, /* of one file */
	REVIEW_LOCK_MAX = 32 << 10  /* of a lock file's or a generated one's */
};

struct review_file {
	char *path;
	char status;
	char blob[SCAN_ID + 1]; /* the new one, of a deleted file the old */
	int64_t bytes;          /* of the larger one */
	int risk;
	bool made;        /* locks, and what programs write */
	const char *skip; /* why no reviewer sees it; NULL: they do */
	bool hidden;      /* what looks like keys in it is asterisks */
	bool covered;     /* by the one that is asked now */
};

struct review_files {
	struct review_file *v;
	size_t n;
};

int review_files_load(
    struct fetch_job *j, struct review_files *files, struct err *e);
void review_files_release(struct review_files *files);
/* Its part of the diff without what looks like keys, which a person may let
 * pass to the clone, but nowhere else; or f->skip is set. */
int review_files_patch(
    struct fetch_job *j, struct review_file *f, struct str *out, struct err *e);
/* How much a path alone is a reason to look; the higher the sooner.  Pure. */
int review_files_risk(const char *path, bool *made);

/* review_evidence.c: what happened around the change, as text. */
void review_evidence(struct fetch_job *j, struct str *out);
/* review_runs.c: of it what runs of agents did. */
void review_runs(struct fetch_job *j, struct str *out);

#endif
