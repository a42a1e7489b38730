#include "server/domain/checks.h"

#include <stdlib.h>
#include <string.h>

void
checks_release(struct checks *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].setup);
		free(c->v[i].test);
	}
	*c = CHECKS_INIT;
}

const struct check *
checks_find(const struct checks *c, const char *name)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].name, name) == 0)
			return &c->v[i];
	return NULL;
}

bool
check_name_ok(const char *name)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t n = strlen(name);

	return n >= 1 && n < CHECK_NAME_MAX && strchr(first, name[0]) != NULL &&
	    strspn(name, all) == n;
}
