/* api_git: what the files of the git endpoints share. */
#ifndef SERVER_API_API_GIT_H
#define SERVER_API_API_GIT_H

#include "server/api/api.h"
#include "server/api/shape_git.h"
#include "server/git/ref_cache.h"
#include "server/git/ref_snapshot.h"

/* A handler that waits for refs, then for git; owned by the call while it is
 * held.  The repository is its first two arguments. */
struct api_git {
	struct call *c;
	struct project p;
	uint32_t page, limit;
	int status; /* of the reply */
	struct git_ask_want want;
	char *text; /* a rev, a path, a prefix */
	char *rev;
};

/* The project and a call that is held, or NULL after the reply. */
struct api_git *api_git_new(struct call *c, enum perm_verb verb);
void api_git_free(struct api_git *x); /* the call is released */
/* The refs as they are; fn gets x. */
void api_git_refs(struct api_git *x, ref_ready_fn *fn);
/* True after it replied with the failure and freed x; 404 with that text for
 * what is not there. */
bool api_git_failed(
    struct api_git *x, const struct err *fail, const char *missing);
/* 0, or -1 after a 404: a rev that somebody named, which may be hidden. */
int api_git_told(struct call *c, const char *rev);
/* The default branch for an empty ref; NULL after a 404: there is none. */
const char *api_git_ref(
    struct call *c, const struct project *p, const char *ref);
/* stat, files, verification: true unless the query says no. */
void api_git_want(struct call *c, struct git_ask_want *out);
/* A parameter that is true unless it is given and false. */
bool api_git_unless(struct call *c, const char *name);
/* X-Total-Count, Link and the headers that Gitea's lists of commits have. */
void api_git_pages(
    struct call *c, uint32_t page, uint32_t limit, int64_t total, bool more);
/* LOGIN@noreply.HOST of whoever asks; free(3). */
char *api_git_noreply(struct call *c);

/* 201 or 200 with the branch as it is now; takes x, whose text is its name. */
void api_git_reply_branch(struct api_git *x, int status);

#endif
