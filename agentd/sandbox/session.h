/*
 * session: what of a project's sandbox is data: the files of its folder
 * HOME/sandboxes/ID, the desired state (state.json) and the spec of the
 * session container.  Private to sandbox.
 */
#ifndef AGENTD_SANDBOX_SESSION_H
#define AGENTD_SANDBOX_SESSION_H

#include "agentd/sandbox/driver.h"
#include "agentd/sandbox/host.h"
#include "agentd/sandbox/sandbox.h"
#include "agentd/sandbox/spec.h"

struct err;
struct str;
struct view;

enum {
	SESSION_TEXTS = 10,
	SESSION_ENV_MAX = 8,
	SESSION_MOUNTS = 4 /* at most: the last is the seed */
};

/* A project with strings of its own. */
struct session {
	struct sandbox_project p; /* points to the next three */
	char *texts[SESSION_TEXTS];
	char **entrypoint;
	char **ro;
	char *root;  /* of the profile, since it began; NULL: the host's */
	bool wanted; /* desired state is running */
	bool paused; /* and frozen */
};

void session_set(struct session *s, const struct sandbox_project *p);
void session_release(struct session *s);

/* state.json, out and in; pure. */
void session_write(const struct session *s, struct str *out);
int session_parse(struct view text, struct session *s, struct err *e);
/* The same to and from HOME/sandboxes/ID. */
int session_save(
    const struct sandbox_host *h, const struct session *s, struct err *e);
int session_load(
    const struct sandbox_host *h, int64_t id, struct session *s, struct err *e);

/* HOME/sandboxes/ID/session: the container's folder. */
char *session_dir(const struct sandbox_host *h, int64_t id);
/* The live folder: what agentd shows of runs, read-only in the session. */
char *session_live_dir(const struct sandbox_host *h, int64_t id);

/* session_tree.c: /etc/coffer-tree, a shell's text. */
extern const char session_tree_script[];

/* The session's spec; it borrows from the storage. */
struct session_spec {
	char id[HOST_NAME_MAX];
	char netns[HOST_NAME_MAX];
	char *workspace;
	char *live;
	char *objects;
	char *seed;
	size_t n_own; /* mounts that are not shared ones */
	char *gitconfig;
	const char *argv[4 + SANDBOX_LIST_MAX + 1];
	char *targets[SANDBOX_LIST_MAX];
	struct spec_mount mounts[SESSION_MOUNTS + SANDBOX_LIST_MAX];
	struct spec_file files[2];
	struct spec_pair labels[1];
	char *env_text; /* of env_len bytes; env points into it */
	size_t env_len;
	struct spec_pair env[SESSION_ENV_MAX];
	struct sandbox_spec spec;
};

void session_spec_init(const struct sandbox_host *h, const struct session *s,
    struct session_spec *out);
/* Before a start: its profile's root. */
int session_find_root(
    const struct sandbox_host *h, struct session *s, struct err *e);
/* Can it be made, by this driver?  Before anything is. */
int session_check(const struct sandbox_host *h, const struct driver *driver,
    const struct session *s, struct err *e);
/* HOME/sandboxes/ID/live/branch. */
int session_save_branch(
    const struct sandbox_host *h, const struct session *s, struct err *e);
void session_spec_release(struct session_spec *s);
/* Is the session's process 1 in the namespace that has the project's name? */
bool session_is_in_netns(const struct sandbox_host *h, int64_t id);

#endif
