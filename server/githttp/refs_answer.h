/*
 * refs_answer: what git prints about refs, made from a snapshot: the answer to
 * ls-refs and the advertisements of protocol 0 and 1.  Pure.  What git says it
 * can do is learnt from an advertisement of its own.
 */
#ifndef SERVER_GITHTTP_REFS_ANSWER_H
#define SERVER_GITHTTP_REFS_ANSWER_H

#include <stdbool.h>

#include "lib/base/view.h"
#include "server/git/git_env.h"
#include "server/git/ref_snapshot.h"

struct lsrefs;
struct str;

enum {
	REFS_ANSWER_MAX = 48 << 20,
	REFS_CAPS_MAX = 1024
};

/* The capabilities behind an advertisement's first ref. */
struct refs_caps {
	char *before; /* NULL: not learnt yet; free(3) */
	char *after;  /* behind "symref=HEAD:..." of upload-pack */
};

/* From git's own advertisement, of which the beginning is enough.  One of
 * upload-pack that names no symref teaches nothing. */
void refs_caps_learn(
    struct refs_caps *c, enum git_service service, struct view ad);
void refs_caps_release(struct refs_caps *c);

void refs_answer_ls(struct str *out, const struct ref_snapshot *s,
    enum ref_side side, const struct lsrefs *ask);
/* version: 0 or 1. */
void refs_answer_upload(struct str *out, const struct ref_snapshot *s,
    enum ref_side side, const struct refs_caps *c, int version);
/* Of the work side. */
void refs_answer_receive(
    struct str *out, const struct ref_snapshot *s, const struct refs_caps *c);

#endif
