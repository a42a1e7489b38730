/*
 * repo_profile: what a repository says of itself and how pull requests may be
 * merged into it: the fields that PATCH /repos/{o}/{r} changes.  Text is owned,
 * NULL is "".  Pure.
 */
#ifndef SERVER_DOMAIN_REPO_PROFILE_H
#define SERVER_DOMAIN_REPO_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
	REPO_DESCRIPTION_MAX = 2048,
	REPO_WEBSITE_MAX = 1024,
	REPO_TOPICS_MAX = 25,
	REPO_TOPIC_MAX = 35
};

/* The values and their order are in the database. */
enum merge_style {
	MERGE_STYLE_MERGE = 1,
	MERGE_STYLE_REBASE,
	MERGE_STYLE_REBASE_MERGE,
	MERGE_STYLE_SQUASH,
	MERGE_STYLE_FAST_FORWARD, /* "fast-forward-only" */
	MERGE_STYLE_MANUAL        /* "manually-merged" */
};

/* A style's bit in a set of them. */
#define MERGE_STYLE_BIT(style) (INT64_C(1) << ((style)-1))

/* Gitea's words for `Do`; the value, or -1. */
const char *merge_style_name(enum merge_style v);
int merge_style_parse(const char *s);

struct repo_profile {
	char *description;
	char *website;
	int64_t archived_at; /* 0: it is not */
	bool has_issues;
	bool has_pulls;
	int64_t merge_styles; /* bits of those that are allowed */
	enum merge_style merge_style;
	bool delete_branch; /* after a merge, unless the merge says */
};

/* Everything allowed, "merge" first. */
void repo_profile_init(struct repo_profile *p);
void repo_profile_release(struct repo_profile *p);
void repo_profile_copy(
    struct repo_profile *dst, const struct repo_profile *src);
bool repo_profile_allows(const struct repo_profile *p, enum merge_style style);
/* ERR_INVALID that names the field. */
int repo_profile_check(const struct repo_profile *p, struct err *e);

/* In lower case, without spaces around it, into out; false: it may not be. */
bool repo_topic_clean(const char *name, char out[REPO_TOPIC_MAX + 1]);

/* A Go duration ("8h0m0s", "90m") in whole seconds, or -1 with ERR_INVALID;
 * and back, in at most 32 bytes. */
int repo_duration_parse(const char *text, int64_t *seconds, struct err *e);
void repo_duration_text(int64_t seconds, char out[32]);

#endif
