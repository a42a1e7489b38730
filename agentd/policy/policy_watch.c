#include "agentd/policy/policy_watch.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/policy/policy_place.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"

enum {
	POLICY_WATCH_EVERY_MS = 2000
};

struct policy_watch {
	char *home, *shipped, *hook, *dir;
	struct str mark; /* of the files as they were read */
	struct timer *timer;
};

static void
policy_watch_turn(void *arg)
{
	struct policy_watch *w = arg;
	AUTO_STR struct str mark = STR_INIT;
	AUTO_FREE char *dir = NULL;
	struct err e = ERR_INIT;

	timer_set(w->timer, POLICY_WATCH_EVERY_MS);
	/* Before they are read: a change meanwhile is another one. */
	policy_place_mark(w->home, w->shipped, &mark);
	if (strcmp(str_cstr(&mark), str_cstr(&w->mark)) == 0)
		return;
	str_reset(&w->mark);
	str_addv(&w->mark, str_view(&mark));
	if (policy_place(w->home, w->shipped, w->hook, &dir, &e) == -1)
		log_warn("policy kept why=%s", log_val(e.msg));
}

struct policy_watch *
policy_watch_new(struct loop *loop, const char *home, const char *shipped,
    const char *hook, struct err *e)
{
	struct policy_watch *w = xcalloc(1, sizeof(*w));

	w->home = xstrdup(home);
	w->shipped = xstrdup(shipped);
	w->hook = xstrdup(hook);
	policy_place_mark(w->home, w->shipped, &w->mark);
	if (policy_place(w->home, w->shipped, w->hook, &w->dir, e) == -1) {
		policy_watch_free(w);
		return NULL;
	}
	w->timer = timer_new(loop, policy_watch_turn, w);
	timer_set(w->timer, POLICY_WATCH_EVERY_MS);
	return w;
}

const char *
policy_watch_dir(const struct policy_watch *w)
{
	return w->dir;
}

void
policy_watch_free(struct policy_watch *w)
{
	if (w == NULL)
		return;
	timer_free(w->timer);
	str_release(&w->mark);
	free(w->home);
	free(w->shipped);
	free(w->hook);
	free(w->dir);
	free(w);
}
