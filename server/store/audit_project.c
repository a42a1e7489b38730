#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "server/store/audit.h"
#include "server/store/db_priv.h"
#include "server/store/projects.h"

static int
audit_project_gone(
    struct txn *t, const char *full_name, int64_t *id, struct err *e)
{
	AUTO_QUERY struct query q = QUERY_INIT;
	int rc;

	if (query_open(&q, t,
		"SELECT project_id FROM audit WHERE what = 'project.deleted'"
		" AND subject = ? COLLATE NOCASE AND hash <> ''"
		" ORDER BY seq DESC LIMIT 1",
		BINDS(S(full_name)), e) == -1)
		return -1;
	rc = query_next(&q, e);
	if (rc == 1)
		*id = query_i64(&q);
	return rc == 0 ? err_set(e, ERR_NOTFOUND,
			     "there is no such project, and none was deleted")
	    : rc == 1  ? 0
		       : -1;
}

int
audit_project_id(
    struct txn *t, const char *full_name, int64_t *id, struct err *e)
{
	const char *slash = strchr(full_name, '/');
	AUTO_FREE char *owner = NULL;
	struct project p = { .id = 0 };
	struct err gone = ERR_INIT;

	if (slash == NULL)
		return err_set(e, ERR_INVALID, "project: want OWNER/NAME");
	owner = xstrndup(full_name, (size_t)(slash - full_name));
	if (projects_by_name(t, owner, slash + 1, &p, &gone) == 0) {
		*id = p.id;
		project_release(&p);
		return 0;
	}
	if (gone.code != ERR_NOTFOUND)
		return err_set(e, gone.code, "%s", gone.msg);
	return audit_project_gone(t, full_name, id, e);
}
