/*
 * perm: who may do what in a project.  Pure.  Whoever may not even see the
 * project is answered with PERM_HIDDEN, which is a 404.
 */
#ifndef SERVER_DOMAIN_PERM_H
#define SERVER_DOMAIN_PERM_H

#include <stdbool.h>

#include "server/domain/types.h"

enum perm_verb {
	PERM_READ,    /* whatever is in the project */
	PERM_COMMENT, /* say something on an issue or pull request */
	PERM_DISCUSS, /* open issues, review, edit one's own words */
	PERM_PROPOSE, /* open a pull request */
	PERM_WRITE,   /* a maintainer's work: merge, settings, sync */
	PERM_ADMIN,   /* remove it, its collaborators, its upstream's token */
	PERM_MANAGE,  /* the same, of what an archived one refuses */
	PERM_STATUS,  /* write a verdict on a commit */
	PERM_SERVE    /* what agentd reports */
};

enum perm_answer {
	PERM_OK,
	PERM_HIDDEN,
	PERM_DENIED
};

/* The words by which docs/api.md tells identities apart. */
enum perm_who_kind {
	PERM_WHO_NOBODY,
	PERM_WHO_ADMIN,
	PERM_WHO_PERSON,
	PERM_WHO_AGENT, /* the server itself, writing for a run */
	PERM_WHO_CI,
	PERM_WHO_SERVICE,
	PERM_WHO_RUN, /* the token of a run */
	PERM_WHO_SESSION
};

struct perm_who {
	enum perm_who_kind kind;
	enum role role;   /* of a person in this project */
	bool own_project; /* a run's or session's: is it its own */
};

enum perm_answer perm_ask(const struct perm_who *who, enum perm_verb verb);

/* A context of commit statuses belongs to the kind of user that wrote it
 * first; ci/... belongs to ci alone.  owner 0: nobody yet. */
bool perm_context(
    enum user_kind who, const char *context, enum user_kind owner);
/* The same of a comment: ci and service may change their own. */
bool perm_edit_comment(enum user_kind who, int64_t user_id, int64_t author_id);
/* May this user change or remove what author wrote? */
bool perm_edit(enum user_kind who, int64_t user_id, int64_t author_id);

#endif
