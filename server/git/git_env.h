/*
 * git_env: how every git child of cofferd is started: an absolute program, an
 * empty environment filled by name, a server-owned configuration that travels
 * in GIT_CONFIG_* and wins over a repository's own file, and a server-owned
 * update hook.  HOME/git holds `home` (empty, git's HOME), `hooks` and `tmp`.
 */
#ifndef SERVER_GIT_GIT_ENV_H
#define SERVER_GIT_GIT_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct git_env;

#define GIT_PROGRAM "/usr/bin/git"

enum git_service {
	GIT_UPLOAD_PACK,
	GIT_RECEIVE_PACK
};

/* Makes the folders and writes the hook; removes what an earlier process left
 * in tmp. */
struct git_env *gitenv_new(
    const char *home, bool allow_file_upstream, struct err *e);
void gitenv_free(struct git_env *v); /* NULL is fine */

char *gitenv_repo(const struct git_env *v, int64_t project)
    __attribute__((returns_nonnull)); /* HOME/repos/ID.git; free(3) */
const char *gitenv_repos(const struct git_env *v);
const char *gitenv_tmp(const struct git_env *v);
/* Lines "by PROJECT ACTOR NEW REF" of pushes that an earlier process did not
 * bring to an end; borrowed. */
struct view gitenv_left(const struct git_env *v);
/* HOME/git/known_hosts: hosts that the operator pinned for every project. */
const char *gitenv_known_hosts(const struct git_env *v);
/* Packs are computed through that program (packs.h); a pack of more than max
 * bytes is not kept, and with max 0 the program is only known, not used. */
void gitenv_use_packs(struct git_env *v, const char *program, uint64_t max);
const char *gitenv_packs(const struct git_env *v);         /* HOME/git/packs */
const char *gitenv_packs_program(const struct git_env *v); /* NULL: none */
bool gitenv_allows_file(const struct git_env *v);

/* One environment being built: NULL-terminated, released by gitvars_release.
 */
enum {
	GIT_VARS_MAX = 128,
	GIT_VARS_CONFIG_MAX = 48
};
struct git_vars {
	char *v[GIT_VARS_MAX + 1];
	unsigned n;
	unsigned n_config;
};

/* HOME, PATH, GIT_CONFIG_NOSYSTEM ... and the keys that every child gets. */
void gitvars_init(struct git_vars *x, const struct git_env *v);
void gitvars_add(struct git_vars *x, const char *name, const char *value);
void gitvars_config(struct git_vars *x, const char *key, const char *value);
/* Writes GIT_CONFIG_COUNT; call once, last. */
const char *const *gitvars_done(struct git_vars *x);
void gitvars_release(struct git_vars *x); /* wipes the values */

/* The keys of serving a fetch or a push. */
struct git_serve_spec {
	enum git_service service;
	int64_t project;      /* upload-pack: its packs may be kept; 0: not */
	bool upstream;        /* the mirror's namespace as root */
	const char *protocol; /* Git-Protocol header; used when well-formed */
	uint64_t max_push;    /* bytes, receive-pack only */
	uint64_t max_object;  /* of one object, inflated; receive-pack only */
	const char *verdicts; /* path for the hooks; receive-pack only */
	bool all_allowed;     /* the verdicts name whole commands */
};
void gitvars_serve(struct git_vars *x, const struct git_env *v,
    const struct git_serve_spec *spec);

/* That service never tells of the ref, the mirror's namespace taken off: what
 * the hideRefs among its keys say. */
bool gitenv_hides(enum git_service service, struct view name);

/* ^[0-9a-zA-Z]+=[0-9a-zA-Z]+(:[0-9a-zA-Z]+=[0-9a-zA-Z]+)*$, at most 100. */
bool gitenv_protocol_ok(const char *header);

#endif
