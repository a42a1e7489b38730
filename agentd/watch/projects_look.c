/* projects_look: the work in a sandbox that exists nowhere else, for cofferd.
 */
#include <stdio.h>

#include "agentd/call.h"
#include "agentd/sandbox/look.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

void
projects_on_look_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	const struct project_entry *x = arg;

	(void)status;
	(void)j;
	if (fail != NULL)
		log_warn("project look-refused id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
}

static void
projects_tell_look(
    struct project_entry *x, const struct err *e, const struct look *look)
{
	AUTO_STR struct str body = STR_INIT;
	char path[PROJECTS_PATH_MAX];
	struct jw w;

	if (call_busy(x->work))
		return;
	(void)snprintf(path, sizeof(path),
	    "/api/coffer/v1/projects/%s/sandbox/work", x->p.full_name);
	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_array(&w, "clones");
	for (size_t i = 0; look != NULL && i < look->n; i++) {
		const struct look_clone *c = &look->clones[i];

		jw_object(&w, NULL);
		jw_str(&w, "path", c->path);
		jw_str(&w, "branch", c->branch);
		jw_i64(&w, "uncommitted", c->uncommitted);
		jw_i64(&w, "unpushed", c->unpushed);
		jw_i64(&w, "stashes", c->stashes);
		jw_end(&w);
	}
	jw_end(&w);
	jw_i64(&w, "files", look != NULL ? look->files : 0);
	jw_bool(&w, "more", look != NULL && look->more);
	jw_str(&w, "error", e != NULL ? e->msg : "");
	jw_end(&w);
	call_start(x->work, "PUT", path, str_cstr(&body));
}

static void
projects_on_looked(const struct err *e, const struct look *look, void *arg)
{
	struct project_entry *x = arg;

	if (e != NULL)
		log_warn("project look id=%lld why=%s", (long long)x->p.id,
		    log_val(e->msg));
	projects_tell_look(x, e, look);
	x->busy = false;
	projects_settle(x);
}

bool
projects_begin_look(struct project_entry *x)
{
	if (!x->look)
		return false;
	x->look = false;
	x->busy = true;
	sandbox_look(x->all->sandboxes, x->p.id, projects_on_looked, x);
	return true;
}

void
projects_look(struct projects *p, int64_t id)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	if (x == NULL || x->gone)
		return;
	x->look = true;
	projects_settle(x);
}
