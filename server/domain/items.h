/*
 * items: issues, pull requests and what hangs on them, as plain data filled by
 * server/store.  The scheme for text, times and ids is that of types.h.
 */
#ifndef SERVER_DOMAIN_ITEMS_H
#define SERVER_DOMAIN_ITEMS_H

#include "server/domain/tracker.h"
#include "server/domain/types.h"

enum {
	TITLE_LEN_MAX = 255, /* bytes */
	BODY_LEN_MAX = 64 << 10,
	CONTEXT_LEN_MAX = 255
};

enum issue_state {
	ISSUE_OPEN = 1,
	ISSUE_CLOSED
};

enum mergeable {
	MERGEABLE_UNKNOWN,
	MERGEABLE_YES,
	MERGEABLE_NO
};

enum review_state {
	REVIEW_APPROVED = 1,
	REVIEW_REQUEST_CHANGES,
	REVIEW_COMMENT,
	REVIEW_PENDING, /* its author's alone until it is submitted */
	REVIEW_REQUEST  /* the author is asked for one */
};

enum status_state {
	STATUS_PENDING = 1,
	STATUS_SUCCESS,
	STATUS_ERROR,
	STATUS_FAILURE,
	STATUS_WARNING,
	STATUS_SKIPPED
};

/* As in types.h: the API's word, and back or -1. */
const char *issue_state_name(enum issue_state v);
const char *review_state_name(enum review_state v);
const char *status_state_name(enum status_state v);
int issue_state_parse(const char *s);
int review_state_parse(const char *s);
int status_state_parse(const char *s);

/* Who wrote something. */
struct author {
	int64_t id;
	char login[NAME_LEN_MAX + 1];
	enum user_kind kind;
	bool bot;
	int64_t created_at;
	char full_name[USER_FULL_NAME_MAX + 1];
};

struct author_list {
	struct author *at;
	size_t n;
	int64_t total;
};

void author_list_release(struct author_list *l);

struct issue {
	int64_t id; /* over all projects */
	int64_t project_id;
	int64_t number; /* in the project, shared with pull requests */
	bool is_pull;
	bool merged; /* of a pull request */
	struct author author;
	char *title;
	char *body;
	enum issue_state state;
	int64_t comments;
	int64_t created_at;
	int64_t updated_at;
	int64_t closed_at;
	int64_t merged_at; /* of a pull request */
	bool draft;        /* the same */
	int64_t due_at;
	int64_t version; /* of the body, from 0 */
	int64_t pin;     /* place among what is pinned, 0: not */
	bool locked;
	char *lock_reason;
	char *ref;
	struct label_list labels;
	struct author_list assignees;
	struct milestone milestone; /* id 0: none */
};

struct issue_list {
	struct issue *at;
	size_t n;
	int64_t total;
};

void issue_release(struct issue *x);
void issue_list_release(struct issue_list *l);

struct comment {
	int64_t id;
	int64_t project_id;
	int64_t item;
	bool item_is_pull;
	struct author author;
	char *body;
	int64_t run_id; /* whose record it carries */
	int64_t created_at;
	int64_t updated_at;
};

struct comment_list {
	struct comment *at;
	size_t n;
	int64_t total;
};

void comment_release(struct comment *x);
void comment_list_release(struct comment_list *l);

struct pull {
	struct issue issue; /* .is_pull is true */
	char *head;         /* branch names without refs/heads/; of a fork's
			     * branch OWNER:BRANCH, which is no branch here */
	char *base;
	char head_sha[SHA_HEX + 1];
	char base_sha[SHA_HEX + 1]; /* of the base when last compared */
	char merge_base[SHA_HEX + 1];
	/* Of the merge of head_sha into base_sha; "": not asked for, or it
	 * conflicts. */
	char merge_tree[SHA_HEX + 1];
	int64_t head_user_id;     /* who pushed the head */
	enum mergeable mergeable; /* head_sha into base_sha */
	bool draft;
	int64_t run_id; /* the run that opened it */
	int64_t merged_at;
	int64_t merged_by;
	char merge_sha[SHA_HEX + 1];
	struct author merger; /* .id 0: nobody */
	bool head_gone;       /* its branch is */
	int64_t head_project; /* the fork, 0: the repository itself; it may be
			       * gone */
	int64_t additions;    /* lines, from the merge base to the head */
	int64_t deletions;
	int64_t changed_files;
	int64_t review_comments;
	char *conflicts;          /* a JSON array of paths, "" for none */
	struct author *reviewers; /* who is asked for a review */
	size_t n_reviewers;
};

struct pull_list {
	struct pull *at;
	size_t n;
	int64_t total;
};

void pull_release(struct pull *x);
void pull_list_release(struct pull_list *l);

struct review {
	int64_t id;
	int64_t project_id;
	int64_t item;
	struct author author;
	enum role role; /* the author's role now, ROLE_NONE when gone */
	enum review_state state;
	char *body;
	char sha[SHA_HEX + 1]; /* commit_id */
	bool official;         /* a maintainer's when submitted */
	bool dismissed;
	bool retargeted; /* the base was another */
	int64_t submitted_at;
	int64_t updated_at;
	int64_t comments; /* on lines */
};

struct review_list {
	struct review *at;
	size_t n;
	int64_t total;
};

void review_release(struct review *x);
void review_list_release(struct review_list *l);

struct status {
	int64_t id;
	int64_t project_id;
	char sha[SHA_HEX + 1];
	enum status_state state;
	char *context;
	char *description;
	char *target_url;
	struct author creator;
	int64_t created_at;
};

struct status_list {
	struct status *at;
	size_t n;
	int64_t total;
};

void status_release(struct status *x);
void status_list_release(struct status_list *l);
/* All of a commit's newest in one: a failure, an error or a warning is a
 * failure; success when each is that or skipped; pending otherwise. */
enum status_state status_combined(const struct status_list *l);

#endif
