#include "cli/follow.h"

#include <inttypes.h>
#include <stddef.h>

#include "cli/busy.h"
#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	FOLLOW_POLL_S = 25,
	FOLLOW_SLACK_MS = 15 * 1000
};

/* One reply: 1 fn is satisfied, 0 go on, -1 failed. */
static int
follow_take(
    struct follow *f, const struct json *reply, size_t *n, struct err *e)
{
	const struct json *events = json_get(reply, "events");

	*n = 0;
	if (!json_is_array(events))
		return err_set(e, ERR_PROTO, "cofferd sent no events");
	for (const struct json *ev = json_first(events); ev != NULL;
	     ev = json_next(ev)) {
		int64_t seq = json_i64_or(ev, "seq", 0);

		if (seq <= f->after)
			continue; /* a repeat must not loop for ever */
		f->after = seq;
		(*n)++;
		if (f->fn(ev, f->arg))
			return 1;
	}
	return 0;
}

static bool
follow_skip(const struct json *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return false;
}

static int
follow_read(struct cli *c, struct follow *f, struct err *e)
{
	int64_t end = f->limit_ms == 0 ? 0 : clock_mono_ms() + f->limit_ms;

	for (;;) {
		int64_t left = end == 0 ? INT64_MAX : end - clock_mono_ms();
		int64_t wait_s = left / 1000 + 1;
		AUTO_FREE char *path = NULL;
		struct json *j = NULL;
		size_t n = 0;
		int rc;

		if (left <= 0)
			return err_set(e, ERR_TIMEOUT, "timed out");
		if (left == INT64_MAX || wait_s > FOLLOW_POLL_S)
			wait_s = FOLLOW_POLL_S;
		if (f->once)
			wait_s = 0;
		path = xasprintf("/api/coffer/v1/events?after=%" PRId64
				 "&limit=100&wait=%" PRId64,
		    f->after, wait_s);
		if (f->project != 0) {
			char *with = xasprintf(
			    "%s&project=%" PRId64, path, f->project);

			free(path);
			path = with;
		}
		if (remote_wait(
			c, path, wait_s * 1000 + FOLLOW_SLACK_MS, &j, e) == -1)
			return -1;
		rc = follow_take(f, j, &n, e);
		json_free(j);
		if (rc != 0 || (n == 0 && f->once))
			return rc == -1 ? -1 : 0;
	}
}

int
follow_events(struct cli *c, struct follow *f, struct err *e)
{
	struct busy *b = f->busy == NULL ? NULL
					 : busy_begin(c, f->busy, NULL, NULL);
	int rc = follow_read(c, f, e);

	busy_end(b);
	return rc;
}

int
follow_newest(struct cli *c, int64_t project, int64_t *seq, struct err *e)
{
	struct follow f = {
		.project = project, .once = true, .fn = follow_skip
	};

	if (follow_events(c, &f, e) == -1)
		return -1;
	*seq = f.after;
	return 0;
}
