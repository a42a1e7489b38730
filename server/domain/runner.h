/*
 * runner: a runner of CI jobs as plain data, and the words that it and its
 * jobs use of it.  Labels are a JSON list of texts of 1 to RUNNER_LABEL_MAX of
 * [a-z0-9._-].
 */
#ifndef SERVER_DOMAIN_RUNNER_H
#define SERVER_DOMAIN_RUNNER_H

#include "server/domain/types.h"

enum {
	RUNNERS_MAX = 500,
	RUNNER_NAME_MAX = 40, /* [a-z0-9._-], begins with a letter or digit */
	RUNNER_LABEL_MAX = 40,
	RUNNER_LABELS_MAX = 32,
	RUNNER_VERSION_MAX = 80,
	RUNNER_SLOTS_MAX = 64,
	RUNNER_INVITE_S = 3600,
	RUNNER_INVITE_MAX_S = 30 * 24 * 3600,
	/* It waits for up to a minute: no word for so long, and it is away. */
	RUNNER_AWAY_MS = 150000,
	RUNNER_WAIT_MAX = 200 /* bytes of what a job says while it waits */
};

struct runner {
	int64_t id;
	char name[RUNNER_NAME_MAX + 1];
	int64_t account_id; /* 0: invited */
	char *labels;
	int64_t slots;
	bool paused;
	bool network; /* it has one for jobs that need it */
	int64_t invite_until;
	char version[RUNNER_VERSION_MAX + 1];
	int64_t created_at;
	int64_t registered_at;
	int64_t seen_at;
	int64_t running; /* jobs now */
};

struct runner_list {
	struct runner *at;
	size_t n;
};

void runner_release(struct runner *x);
void runner_list_release(struct runner_list *l);
bool runner_name_ok(const char *name);
bool runner_label_ok(const char *label);
/* "invited" "paused" "busy" "waiting" "away" */
const char *runner_state(const struct runner *r, int64_t now);

/* Why a job that needs these labels, and a network or not, waits: what is
 * wrong with the runners; "" when one is there that could run it. */
void runner_wait_text(const struct runner_list *l, int64_t now,
    const char *labels, bool network, char out[RUNNER_WAIT_MAX]);
/* Did runner_wait_text say so? */
bool runner_wait_is_text(const char *s);

#endif
