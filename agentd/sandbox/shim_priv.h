/* shim_priv: what the files of the shim share.  Visible in this folder only. */
#ifndef AGENTD_SANDBOX_SHIM_PRIV_H
#define AGENTD_SANDBOX_SHIM_PRIV_H

#include <sys/types.h>

#include "agentd/sandbox/shim.h"
#include "lib/base/view.h"

struct err;

enum {
	SHIM_GRACE_MS = 10 * 1000, /* from TERM to KILL */
	/* Descriptors that it is started with, see bundle_open, oci_seal_fd.
	 * The second may be absent. */
	SHIM_FD_BUNDLE = 3,
	SHIM_FD_RUNC = 4
};

/* shim_files.c: what every driver's shim does with its folder. */
/* DIR/alive and DIR/ctl, made when they are not there, with both ends open. */
int shim_open_orders(const char *dir, int *alive, int *ctl, struct err *e);
int shim_open_log(const char *dir, const char *name, struct err *e);
/* A FIFO or a device is refused by kind. */
int shim_open_stdin(const char *source, struct err *e);

struct shim_log {
	int file;
	int alive;      /* where a watcher is woken */
	uint64_t limit; /* bytes of its beginning, */
	uint64_t tail;  /* and of its end, when there is more */
};

/* Of one output so far. */
struct shim_kept {
	uint64_t bytes; /* in the file */
	uint64_t over;  /* over the limit: the last of them are in `end` */
	char *end;      /* a ring; NULL until it is needed */
};

/* A full disk counts like the limit: dropped, not stuck. */
void shim_keep(const struct shim_log *l, struct view v, struct shim_kept *k,
    struct shim_exit *x);
/* There is no more of it: the end, when the limit was reached, behind a line
 * that says what is missing. */
void shim_keep_end(
    const struct shim_log *l, struct shim_kept *k, struct shim_exit *x);
/* The file DIR/started, and a byte for who watches. */
void shim_mark_started(const char *dir, int alive);
/* For the half that stays: its standard streams are nobody's. */
void shim_detach(const char *name);

/* Process 1 of a pid namespace never gets a signal that it does not catch. */
bool shim_init_catches_term(pid_t pid);

/* shim.json, checked.  Strings belong to the struct: shim_conf_release. */
struct shim_conf {
	char *id;
	char *runc;
	char *state;      /* runc's --root */
	char *cgroup;     /* "coffer-INST/ID", below every hierarchy */
	char *stdin_path; /* NULL: /dev/null */
	char *netns;  /* to be in before runc starts; NULL: runc makes one */
	uint32_t uid; /* host uid of the container's user: owns the pipes */
	uint64_t limit, tail;
	int64_t wall_ms;
	bool split;
	bool hold;      /* the command waits for SHIM_GO */
	char **sources; /* of bundle/source/0, 1, ... */
	size_t n_sources;
};

int shim_conf_parse(struct view text, struct shim_conf *c, struct err *e);
int shim_conf_load(const char *dir, struct shim_conf *c, struct err *e);
void shim_conf_release(struct shim_conf *c);

/* The cgroup of a container, on v1, v2 and both at once. */
bool cgroup_was_oom(const char *cgroup);
/* Signals every process in it; returns how many there were. */
int cgroup_signal(const char *cgroup, int sig);
/* False when a part of it is in use. */
bool cgroup_remove_all(const char *cgroup);
void cgroup_thaw(const char *cgroup);
bool cgroup_is_frozen(const char *cgroup);
/* 0: it is; 1: not yet, ask again; -1: there is no such cgroup. */
int cgroup_freeze(const char *cgroup, bool freeze);

/* The last error in runc's JSON log, or "". */
void shim_runc_error(const char *dir, char *out, size_t n);

#endif
