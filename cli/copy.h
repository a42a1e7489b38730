/*
 * copy: a file or a tree from one side to another, by two tables of functions.
 * The source may be hostile: names are one component, kinds other than files
 * and folders are left out, depth, entries and bytes are bounded.  `.git` is
 * left out, too: git would run what its config and hooks say.
 */
#ifndef CLI_COPY_H
#define CLI_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;

enum {
	COPY_NAME_MAX = 255,
	COPY_DEPTH_MAX = 64
};

enum copy_kind {
	COPY_FILE,
	COPY_DIR,
	COPY_LINK,
	COPY_OTHER
};

struct copy_entry {
	char name[COPY_NAME_MAX + 1];
	enum copy_kind kind;
	bool exec; /* of a file: its owner may run it */
};

/* A folder is entered and left; the names are of the present one. */
struct copy_source {
	int (*enter)(void *src, const char *name, struct err *e);
	/* 1: an entry; 0: there are no more. */
	int (*next)(void *src, struct copy_entry *out, struct err *e);
	void (*leave)(void *src);
	int (*open)(void *src, const char *name, struct err *e);
	/* Bytes, 0 at the end, -1. */
	long (*read)(void *src, void *buf, size_t n, struct err *e);
	void (*close)(void *src);
};

struct copy_sink {
	int (*enter)(void *dst, const char *name, struct err *e);
	void (*leave)(void *dst);
	int (*create)(void *dst, const char *name, bool exec, struct err *e);
	int (*write)(void *dst, const void *p, size_t n, struct err *e);
	int (*commit)(void *dst, struct err *e); /* it is whole */
	void (*drop)(void *dst);                 /* it is not wanted */
};

struct copy_limits {
	uint64_t bytes;
	uint64_t entries;
};

struct copy_spec {
	const struct copy_source *from;
	void *src;
	const struct copy_sink *to;
	void *dst;
	const char *as; /* the name of the whole at its destination */
	struct copy_limits limits;
	bool keep_git;
	/* Something was left out; where is a path within the whole. */
	void (*on_skip)(const char *where, const char *why, void *arg);
	void *arg;
};

struct copy_result {
	uint64_t files, folders, bytes, skipped;
};

/* What `what` names in the source's first folder. */
int copy_run(const struct copy_spec *spec, const struct copy_entry *what,
    struct copy_result *r, struct err *e);
bool copy_name_ok(const char *name);

#endif
