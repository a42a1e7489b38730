/*
 * shape_git: commits, entries and refs as the JSON of the API, from what
 * git_ask answers.  People are looked up by their addresses, once each.
 */
#ifndef SERVER_API_SHAPE_GIT_H
#define SERVER_API_SHAPE_GIT_H

#include "server/api/shape.h"
#include "server/git/git_ask.h"

struct map;

struct shape_git {
	struct shape s;
	char *full;         /* OWNER/NAME */
	struct map *people; /* address -> struct author, id 0: nobody's */
};

/* Of the repository of the call's first two arguments; then s.w is written,
 * then shape_git_reply, which releases. */
void shape_git_init(struct shape_git *g, struct call *c);
void shape_git_reply(struct shape_git *g, struct call *c, int status);

/* The account whose address that is, or NULL. */
const struct author *shape_git_person(struct shape_git *g, const char *email);

/* Commit of an answer; want: what it was asked with. */
void shape_git_commit(struct shape_git *g, const struct json *commit,
    const struct git_ask_want *want);
/* As branches show it: by `id`, with people by name. */
void shape_git_payload(
    struct shape_git *g, const char *key, const struct json *commit);
/* As an answer to a change of files shows it. */
void shape_git_file_commit(
    struct shape_git *g, const char *key, const struct json *commit);
void shape_git_verification(
    struct shape_git *g, const char *key, const struct json *commit);
/* {url, sha, created}: place is the API's word, "commits" or "trees". */
void shape_git_meta(struct shape_git *g, const char *key, const char *place,
    const char *sha, int64_t at);

/* An entry of git_ask_entry; bytes: of a file that is told whole, or NULL. */
struct shape_git_entry {
	const struct json *entry;
	const char *ref; /* for its addresses */
	const struct view *bytes;
};
void shape_git_contents(
    struct shape_git *g, const char *key, const struct shape_git_entry *x);

/* A tag of git_ask_tags. */
void shape_git_tag(struct shape_git *g, const struct json *tag);
/* {ref, url, object: {type, sha, url}} */
void shape_git_ref(
    struct shape_git *g, const char *name, const char *sha, const char *type);

#endif
