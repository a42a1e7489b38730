/* projects_look: the work in a sandbox that exists nowhere else, for cofferd.
 */
#include <errno.h>
#include <stdio.h>

#include "agentd/call.h"
#include "agentd/sandbox/look.h"
#include "agentd/watch/projects_priv.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/wire/json.h"

void
projects_on_look_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct project_entry *x = arg;

	(void)status;
	if (fail != NULL)
		log_warn("project look-refused id=%lld why=%s",
		    (long long)x->p.id, log_val(fail->msg));
	if (!x->held)
		return;
	if (json_bool_or(j, "awaited", false))
		timer_set(x->hold, PROJECTS_GOING_MS);
	else /* nobody takes it away */
		projects_on_hold_over(x);
}

/* What whoever asks can do about it. */
static const char *
projects_look_error(const struct err *e)
{
	if (e == NULL)
		return "";
	return e->sys == ENOSPC || e->sys == EDQUOT
	    ? "there is no room on the disk of HOME: make some, try again"
	    : e->msg;
}

static void
projects_tell_look(
    struct project_entry *x, const struct err *e, const struct look *look)
{
	AUTO_STR struct str body = STR_INIT;
	char path[PROJECTS_PATH_MAX];
	struct jw w;

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
	jw_str(&w, "error", projects_look_error(e));
	jw_i64(&w, "asked", x->looking);
	jw_end(&w);
	call_start(x->work, "PUT", path, str_cstr(&body));
}

/* Nothing would be lost: it stays so until it is removed, or is not. */
static void
projects_hold_or_not(
    struct project_entry *x, const struct err *e, const struct look *look)
{
	x->held = x->held && e == NULL && look->n == 0 && !look->more &&
	    look->files == 0;
	if (x->held)
		timer_set(x->hold, PROJECTS_HOLD_MS);
}

void
projects_on_hold_over(void *arg)
{
	struct project_entry *x = arg;

	x->held = false;
	timer_cancel(x->hold);
	projects_settle(x);
}

static void
projects_on_looked(const struct err *e, const struct look *look, void *arg)
{
	struct project_entry *x = arg;

	if (e != NULL)
		log_warn("project look id=%lld why=%s", (long long)x->p.id,
		    log_val(e->msg));
	projects_hold_or_not(x, e, look);
	projects_tell_look(x, e, look);
	x->busy = false;
	projects_settle(x);
}

static void
projects_on_held(const struct err *e, void *arg)
{
	struct project_entry *x = arg;

	if (e != NULL)
		projects_on_looked(e, NULL, x);
	else
		sandbox_look(x->all->sandboxes, x->p.id, projects_on_looked, x);
}

bool
projects_begin_look(struct project_entry *x)
{
	struct sandboxes *m = x->all->sandboxes;

	if (!x->look)
		return false;
	x->look = false;
	x->busy = true;
	x->looking = x->asked;
	timer_cancel(x->hold);
	if (x->look_hold && sandbox_state(m, x->p.id) == SANDBOX_RUNNING) {
		x->held = true;
		sandbox_pause(m, x->p.id, true, projects_on_held, x);
	} else {
		sandbox_look(m, x->p.id, projects_on_looked, x);
	}
	x->look_hold = false;
	return true;
}

void
projects_look(struct projects *p, int64_t id, int64_t asked, bool hold)
{
	struct project_entry *x = map_get_u64(p->by_id, (uint64_t)id);

	if (x == NULL || x->gone)
		return;
	x->look = true;
	x->look_hold = x->look_hold || hold;
	x->asked = asked;
	projects_settle(x);
}
