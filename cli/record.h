/*
 * record: the sealed record of a run (docs/agents.md, Records), brought from
 * cofferd and checked: every file is what the manifest says, the events are
 * the chain that it names, the manifest is signed by this installation.
 */
#ifndef CLI_RECORD_H
#define CLI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/ustar.h"
#include "lib/net/sha256.h"

struct cli;
struct err;
struct json;

enum {
	RECORD_FILES = 32,
	RECORD_BYTES_MAX = 160 << 20,
	RECORD_MANIFEST_MAX = 2 << 20
};

struct record {
	int64_t run;
	struct str tar;
	struct ustar_file files[RECORD_FILES];
	size_t n;
	struct json *manifest;
	char sha[SHA256_HEX]; /* of the manifest */
	bool is_signed;       /* false: HOME/prove.pub is not here */
};

/* Brings it and checks all that it can; a lie is ERR_DENIED. */
int record_load(
    struct cli *c, const char *run, struct record *out, struct err *e);
void record_release(struct record *r);
/* NULL: it has no such file. */
const struct ustar_file *record_file(const struct record *r, const char *name);

/* The checks alone, of an archive that is in r->tar.  Pure but for HOME. */
int record_open(struct record *r, struct err *e);
int record_check(struct record *r, const char *home, struct err *e);

/* Its patch on a fresh tree of its base gives the tree that it names;
 * ERR_DENIED: it does not. */
int record_replay(struct cli *c, const struct record *r, struct err *e);

#endif
