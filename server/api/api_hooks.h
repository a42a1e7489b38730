/* api_hooks: whose hooks a path is about, for api_hooks and api_deliveries. */
#ifndef SERVER_API_API_HOOKS_H
#define SERVER_API_API_HOOKS_H

#include "server/api/api.h"
#include "server/domain/hooks.h"
#include "server/store/hooks.h"

enum api_hooks_of {
	API_HOOKS_REPO, /* {o} {r}, then the ids */
	API_HOOKS_USER, /* the ids alone */
	API_HOOKS_ADMIN
};

struct api_hooks {
	enum api_hooks_of of;
	struct hook_scope scope;
	unsigned first; /* argument of the hook's id */
};

/* -1 after the reply: he may not, or there is no such project. */
int api_hooks_scope(
    struct call *c, enum api_hooks_of of, struct api_hooks *out);
/* And the hook of the path; the caller releases it. */
int api_hooks_open(struct call *c, enum api_hooks_of of, struct api_hooks *x,
    struct hook *out);

#endif
