/*
 * pull_writers: who wrote a part of a pull request: whoever moved its head, or
 * its branch before it was opened, but by an update, which the server makes.
 * What was pushed stays his part, whoever pushes after him.  And whoever
 * brought a commit that the head has and the base has not, wherever it came
 * from.
 */
#ifndef SERVER_STORE_PULL_WRITERS_H
#define SERVER_STORE_PULL_WRITERS_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct txn;

/* Those of its branch as it is now; of one that has none, who its row says
 * moved it. */
int pull_writers_add(
    struct txn *t, int64_t project_id, int64_t number, struct err *e);
/* Of the commits that it has and its base has not. */
struct pull_parts {
	int64_t project_id;
	int64_t number;
	int64_t head_project; /* 0: the same */
	const char *shas;     /* a JSON list; NULL: more than can be told,
				 whoever brought one there is taken for it */
};
int pull_parts_set(struct txn *t, const struct pull_parts *p, struct err *e);
int pull_writers_has(struct txn *t, int64_t project_id, int64_t number,
    int64_t user_id, bool *out, struct err *e);

#endif
