/*
 * look: the work in a workspace that exists nowhere else, asked in a container
 * of its own with the workspace read-only and no network: git on files that an
 * agent can write runs nowhere else.
 */
#ifndef AGENTD_SANDBOX_LOOK_H
#define AGENTD_SANDBOX_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/sandbox/host.h"

struct err;
struct sandboxes;
struct view;

enum {
	LOOK_CLONES = 32,
	LOOK_TEXT = 200
};

struct look_clone {
	char path[LOOK_TEXT]; /* below /work, cut */
	char branch[LOOK_TEXT];
	int64_t uncommitted; /* files */
	int64_t unpushed;    /* commits in no remote-tracking branch */
	int64_t stashes;
};

struct look {
	struct look_clone clones[LOOK_CLONES]; /* with work in them alone */
	size_t n;
	bool more;     /* there are others */
	int64_t files; /* outside of clones */
};

/* coffer-INST-look-pID */
void look_container_id(
    const struct sandbox_host *h, int64_t id, char out[HOST_NAME_MAX]);
/* What the script in the container wrote; hostile.  ERR_PROTO. */
int look_parse(struct view text, struct look *out, struct err *e);

/* look is NULL with an error.  No workspace: there is no work. */
typedef void look_done_fn(
    const struct err *e, const struct look *look, void *arg);
void sandbox_look(
    struct sandboxes *m, int64_t id, look_done_fn *done, void *arg);

#endif
