/*
 * net_seen: what a project's sandbox asked for and what became of it: equal
 * ones are one row with a count, over restarts of the router.
 */
#ifndef SERVER_DOMAIN_NET_SEEN_H
#define SERVER_DOMAIN_NET_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	NET_SEEN_WORD_MAX = 24,
	NET_SEEN_TEXT_MAX = 260,
	NET_SEEN_KEEP = 500, /* rows of a project, of each kind */
	NET_SEEN_BATCH = 200 /* rows that are told at once */
};

struct net_seen {
	int64_t project_id;
	char verdict[NET_SEEN_WORD_MAX];
	char name[NET_SEEN_TEXT_MAX];
	char address[NET_SEEN_WORD_MAX];
	int64_t port;
	char proto[NET_SEEN_WORD_MAX];
	/* Since `first`, as the router counts: a row with another `first` is
	 * counted on top of what was there. */
	int64_t count;
	int64_t first, last;
	int64_t up, down; /* bytes from and to the sandbox */
	char reason[NET_SEEN_TEXT_MAX];
	char rule[NET_SEEN_TEXT_MAX];
	char process[NET_SEEN_TEXT_MAX]; /* names, the newest; "" unknown */
};

struct net_seen_list {
	struct net_seen *at;
	size_t n;
};
void net_seen_list_release(struct net_seen_list *l);

/* Of the router's verdicts, those by which something passed. */
bool net_verdict_is_allowed(const char *verdict);

#endif
