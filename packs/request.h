/*
 * request: what git upload-pack asks of its pack-objects hook: arguments, the
 * environment, and revisions on standard input.  All of it that changes the
 * pack makes the key.
 */
#ifndef PACKS_REQUEST_H
#define PACKS_REQUEST_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/base/str.h"
#include "packs/entry.h"

struct err;

enum {
	REQUEST_ARGS_MAX = 64,
	REQUEST_ARGS_BYTES = 16 << 10,
	REQUEST_INPUT_MAX = 4 << 20, /* of a request that may be shared */
	REQUEST_ARGS_MORE = 2        /* that request_exec adds, with the NULL */
};

struct request {
	char **argv; /* "git", ..., NULL; borrowed */
	bool shared; /* small enough and of a known form */
	bool progress;
	bool shallow;     /* of a history that is cut */
	bool filter;      /* not all objects */
	struct str input; /* at most REQUEST_INPUT_MAX; the rest is unread */
	bool input_end;
};

/* argv is the hook's own, "git" its second word.  Reads standard input. */
int request_read(char **argv, struct request *r, struct err *e);
void request_release(struct request *r);

/* Does whoever asks have nothing yet? */
bool request_from_nothing(const struct request *r);

/* What the key is made of beside the request. */
struct request_place {
	uint64_t dev, ino; /* of the repository's folder */
	/* Of what --include-tag looks at: packed-refs and refs/tags. */
	uint64_t tags[4];
	const char *const *env;
};
/* Of the working directory, where upload-pack starts its hook. */
int request_here(struct request_place *p, struct err *e);
void request_key(const struct request *r, const struct request_place *p,
    char key[ENTRY_KEY_HEX + 1]);

/* Makes the revisions standard input again, what is unread included. */
int request_rewind(struct request *r, struct err *e);
/* Becomes git; returns on failure only.  Of a shallow clone git is not to look
 * for new deltas: most of what it takes, for few bytes. */
int request_exec(const struct request *r, struct err *e);

#endif
