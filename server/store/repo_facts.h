/*
 * repo_facts: what a Repository shows beside the project's own row, counted for
 * a page of projects by one query; its topics; who watches it.
 */
#ifndef SERVER_STORE_REPO_FACTS_H
#define SERVER_STORE_REPO_FACTS_H

#include "server/domain/items.h"

struct err;
struct txn;

enum {
	REPO_FACTS_MAX = 1000, /* projects at once */
	/* A JSON array of REPO_TOPICS_MAX names of REPO_TOPIC_MAX bytes. */
	REPO_TOPICS_JSON = 1024
};

struct repo_facts {
	int64_t project_id;
	int64_t issues; /* open */
	int64_t pulls;
	int64_t branches;
	int64_t size; /* bytes, when it was surveyed */
	int64_t watchers;
	int64_t forks;
	int64_t changed_at;  /* its newest event; 0: none */
	struct author owner; /* .id 0: an account that is gone */
	enum role role;      /* of the viewer */
	char topics[REPO_TOPICS_JSON];
};

/* v[i] is of the i-th project of p, zeroes when it is gone.  viewer: user id.
 */
int repo_facts_get(struct txn *t, const struct project *p, size_t n,
    int64_t viewer, struct repo_facts *v, struct err *e);

/* By name; at most REPO_TOPICS_MAX. */
struct topic_list {
	char name[REPO_TOPICS_MAX][REPO_TOPIC_MAX + 1];
	size_t n;
};
int topics_get(
    struct txn *t, int64_t project_id, struct topic_list *out, struct err *e);
int topics_set(struct txn *t, int64_t project_id, const struct topic_list *l,
    struct err *e);

/* at 0: does not watch. */
struct watching {
	int64_t at;
};
int watching_get(struct txn *t, int64_t project_id, int64_t user_id,
    struct watching *out, struct err *e);
/* One that is there keeps its time. */
int watching_set(struct txn *t, int64_t project_id, int64_t user_id,
    int64_t now, struct err *e);
int watching_remove(
    struct txn *t, int64_t project_id, int64_t user_id, struct err *e);

/* People of a project, by login; the ids of users who are not deleted. */
enum member_kind {
	MEMBER_COLLABORATORS, /* with a role, but not the owner */
	MEMBER_WRITERS,       /* who may write, admins of the site too */
	MEMBER_READERS,       /* the same for reading */
	MEMBER_WATCHERS
};
struct member_list {
	int64_t *at;
	size_t n;
	int64_t total;
};
void member_list_release(struct member_list *l);
int members_list(struct txn *t, int64_t project_id, enum member_kind kind,
    int64_t limit, int64_t offset, struct member_list *out, struct err *e);
/* The first of them with their names, by one query; id and login alone. */
int members_named(struct txn *t, int64_t project_id, enum member_kind kind,
    int64_t limit, struct author_list *out, struct err *e);

#endif
