#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/hook/hook.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

/* The repository's, where it has some: they only tighten. */
static int
hook_tighten(struct policy *p, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (path_read("/run/coffer/task/policy", POLICY_FILE_MAX, &text, e) ==
	    -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	return policy_add(p, str_view(&text), POLICY_REPOSITORY, e);
}

struct policy *
hook_rules(struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 8);
	struct policy *p;

	self[n > 0 ? n : 0] = '\0';
	if (strrchr(self, '/') == NULL) {
		(void)err_set(e, ERR_IO, "the rules are not found");
		return NULL;
	}
	(void)snprintf(strrchr(self, '/'), 8, "/rules");
	if (path_read(self, POLICY_FILE_MAX, &text, e) == -1)
		return NULL;
	p = policy_new();
	if (policy_add(p, str_view(&text), POLICY_OPERATOR, e) == 0 &&
	    hook_tighten(p, e) == 0)
		return p;
	policy_free(p);
	return NULL;
}
