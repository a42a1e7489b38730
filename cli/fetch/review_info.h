/*
 * review_info: what is on record of a review: who was asked, with which
 * prompt, how much of the change each saw, what nobody saw.
 */
#ifndef CLI_FETCH_REVIEW_INFO_H
#define CLI_FETCH_REVIEW_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/net/sha256.h"

struct jw;

enum {
	FETCH_REVIEW_BY_MAX = 2,
	FETCH_REVIEW_MISSED_MAX = 100, /* that are listed; all are counted */
	FETCH_REVIEW_NAME = 128
};

struct fetch_review_by {
	char provider[32];
	char model[FETCH_REVIEW_NAME];
	char reported[FETCH_REVIEW_NAME]; /* as the server calls it */
	const char *mode;                 /* how JSON was asked for */
	const char *verdict;              /* ok, findings, incomplete, failed */
	int64_t parts, requests, tokens_in, tokens_out;
	size_t covered; /* files that it saw whole */
	char *ids;      /* of its requests, a line each; or NULL */
};

struct fetch_review_missed {
	char *path;
	const char *why;
	int64_t bytes;
	char blob[41]; /* "" when there is none */
};

struct fetch_review_info {
	struct fetch_review_by by[FETCH_REVIEW_BY_MAX];
	size_t n;
	char prompt_sha[SHA256_HEX]; /* of the prompt's file */
	size_t files;
	size_t missed_all;     /* how many were not reviewed */
	bool messages_cut;     /* nor all messages of the commits */
	bool timeline_cut;     /* nor all that the runs did */
	bool findings_cut;     /* nor all findings that a person looks at */
	size_t notes_unlisted; /* notes of the checks: only counted */
	size_t history_unseen; /* contents that came and went */
	struct fetch_review_missed missed[FETCH_REVIEW_MISSED_MAX];
	size_t missed_n;
};

void fetch_review_info_release(struct fetch_review_info *info);
/* Was some of what is around the files not shown? */
bool fetch_review_info_cut(const struct fetch_review_info *info);
/* An object; nothing when nobody was asked. */
void fetch_review_info_json(
    struct jw *w, const char *key, const struct fetch_review_info *info);

#endif
