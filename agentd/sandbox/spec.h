/*
 * spec: a sandbox as data.  Whoever builds one says what it may see and use;
 * spec_validate refuses what is dangerous, with a reason, before anything is
 * made.  All pointers are borrowed.  Lists end by their count, argv by NULL.
 */
#ifndef AGENTD_SANDBOX_SPEC_H
#define AGENTD_SANDBOX_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
	SPEC_MAX_MOUNTS = 32,
	SPEC_MAX_ENV = 64,
	SPEC_MAX_ENV_BYTES = 32 << 10, /* of one value */
	SPEC_MAX_ARGS = 128,
	SPEC_MAX_ARG_BYTES = 64 << 10, /* of one argument */
	SPEC_MAX_FILES = 16,
	SPEC_MAX_FILE_BYTES = 64 << 10,
	SPEC_MAX_LABELS = 8,
	SPEC_MAX_PATH = 512,
	SPEC_TAIL_MAX = 8 << 20
};

enum spec_net {
	SPEC_NET_OFF, /* a fresh namespace: loopback only */
	SPEC_NET_JOIN /* the namespace /run/netns/<netns> */
};

struct spec_mount {
	const char *source; /* under HOME or /usr: a folder or regular file */
	const char *target;
	bool ro;
	bool share; /* anywhere on the host, by the rules of spec_share.c */
};

/* A file of the container's read-only root, such as /etc/gitconfig. */
struct spec_file {
	const char *path; /* /etc/NAME or /etc/FOLDER/NAME */
	const char *text;
};

struct spec_pair {
	const char *name;
	const char *value;
};

/* 0 means the default in brackets. */
struct spec_limits {
	uint64_t memory;    /* bytes, swap included [2 GiB] */
	uint32_t cpu_milli; /* 1000 is one CPU [2000] */
	uint32_t pids;      /* [512] */
	uint64_t tmp;    /* bytes of /tmp, and of the home's tmpfs [512 MiB] */
	uint64_t output; /* bytes kept of each output stream [16 MiB] */
	/* and of its end, when there are more; at most SPEC_TAIL_MAX [0] */
	uint64_t output_end;
	int64_t wall_ms; /* [none] */
};

struct sandbox_spec {
	const char *id;   /* the container's name, of host_*_id */
	const char *root; /* NULL: the host's /usr; else a folder under HOME */
	const struct spec_mount *mounts; /* in order; later ones on top */
	size_t n_mounts;
	const struct spec_file *files;
	size_t n_files;
	const struct spec_pair *env; /* added to PATH HOME USER LANG TERM */
	size_t n_env;
	const struct spec_pair *labels;
	size_t n_labels;
	const char *const *argv; /* argv[0] absolute, or found in PATH */
	const char *cwd;         /* NULL: /home/agent */
	const char *hostname;    /* NULL: "sandbox" */
	const char *stdin_path;  /* a file under HOME; NULL: /dev/null */
	struct spec_limits limits;
	const char *runtime; /* an OCI runtime's name; NULL: the default */
	const char *gpus;    /* "all" or how many; NULL: none */
	bool docker;         /* an engine inside: by sysbox-runc alone */
	enum spec_net net;
	const char *netns; /* for SPEC_NET_JOIN: coffer-INST-pID */
	uint32_t uid_base; /* host_project_uid_base, host_job_uid_base */
	bool split_stderr; /* stderr to err.log instead of out.log */
	/* A small shell is process 1 and reaps; a signal then shows as 128+n.
	 */
	bool init;
	/* Made, but nothing of it runs before the driver's go. */
	bool hold;
};

/* Pure: names, paths and sizes.  Errors: ERR_INVALID, ERR_LIMIT. */
int spec_validate(
    const struct sandbox_spec *s, const char *home, struct err *e);
/*
 * What only the file system can tell: every mount source exists, is a folder
 * or a regular file, and was reached without a symbolic link.
 */
int spec_check_sources(const struct sandbox_spec *s, struct err *e);
/*
 * One source, as an O_PATH descriptor that no later rename can turn into
 * something else: what a sandbox can write to may change between the check
 * and the mount.
 */
int spec_open_source(const char *path, bool may_be_dir, struct err *e);
/*
 * spec_share.c: what a user asks to see of the host.  Pure: where it is; ro is
 * what makes it possible at all.  Then a walk: nothing in it may be a socket, a
 * pipe or a device, and it may not hold more than can be looked at.
 */
int spec_share_check(
    const char *path, bool ro, const char *home, struct err *e);
/* As long as the disk takes: see share_look. */
int spec_share_look(const char *path, struct err *e);
/* /mnt/NAME for the last part of path; "" when there is none. */
void spec_share_target(const char *path, char *out, size_t size);
/* With every default filled in. */
struct spec_limits spec_limits_of(const struct sandbox_spec *s);

#endif
