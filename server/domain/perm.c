#include "server/domain/perm.h"

#include <string.h>

enum {
	PERM_VERBS = PERM_SERVE + 1
};

/* What a person needs. */
static const enum role perm_needs[PERM_VERBS] = {
	[PERM_READ] = ROLE_READER,
	[PERM_COMMENT] = ROLE_READER,
	[PERM_DISCUSS] = ROLE_READER,
	[PERM_PROPOSE] = ROLE_MAINTAINER,
	[PERM_WRITE] = ROLE_MAINTAINER,
	[PERM_ADMIN] = ROLE_ADMIN,
	[PERM_MANAGE] = ROLE_ADMIN,
	[PERM_STATUS] = ROLE_MAINTAINER,
	[PERM_SERVE] = ROLE_ADMIN,
};

enum perm_answer
perm_ask(const struct perm_who *who, enum perm_verb verb)
{
	switch (who->kind) {
	case PERM_WHO_ADMIN:
		return PERM_OK;
	case PERM_WHO_PERSON:
		if (who->role < ROLE_READER)
			return PERM_HIDDEN;
		return who->role >= perm_needs[verb] ? PERM_OK : PERM_DENIED;
	case PERM_WHO_CI:
		return verb == PERM_READ || verb == PERM_COMMENT ||
			verb == PERM_STATUS
		    ? PERM_OK
		    : PERM_DENIED;
	case PERM_WHO_AGENT:
	case PERM_WHO_SERVICE:
		return verb == PERM_READ || verb == PERM_COMMENT ||
			verb == PERM_SERVE
		    ? PERM_OK
		    : PERM_DENIED;
	case PERM_WHO_RUN:
		if (!who->own_project)
			return PERM_HIDDEN;
		return verb == PERM_READ ? PERM_OK : PERM_DENIED;
	case PERM_WHO_SESSION:
		if (!who->own_project)
			return PERM_HIDDEN;
		return verb == PERM_READ || verb == PERM_PROPOSE ? PERM_OK
								 : PERM_DENIED;
	case PERM_WHO_NOBODY:
	default:
		return PERM_HIDDEN;
	}
}

static bool
perm_is_person(enum user_kind k)
{
	return k == USER_ADMIN || k == USER_PERSON;
}

bool
perm_context(enum user_kind who, const char *context, enum user_kind owner)
{
	if (strncmp(context, "ci/", 3) == 0)
		return who == USER_CI;
	if (who == USER_CI)
		return false;
	return owner == 0 || owner == who ||
	    (perm_is_person(owner) && perm_is_person(who));
}

bool
perm_edit(enum user_kind who, int64_t user_id, int64_t author_id)
{
	return who == USER_ADMIN ||
	    (perm_is_person(who) && user_id == author_id);
}

bool
perm_edit_comment(enum user_kind who, int64_t user_id, int64_t author_id)
{
	return who == USER_ADMIN || (who != USER_AGENT && user_id == author_id);
}
