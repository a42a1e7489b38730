#include "cli/sandbox_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	WORK_WAIT_MS = 90 * 1000
};

struct work_seen {
	int64_t clones, files;
	char error[200];
};

static bool
work_skip(const struct json *ev, void *arg)
{
	(void)ev;
	(void)arg;
	return false;
}

int
sandbox_work_newest(struct cli *c, int64_t project, int64_t *seq, struct err *e)
{
	struct follow f = { .project = project, .once = true, .fn = work_skip };

	if (follow_events(c, &f, e) == -1)
		return -1;
	*seq = f.after;
	return 0;
}

static void
work_show(const struct json *clone)
{
	static const struct {
		const char *key, *what;
	} rows[] = { { "uncommitted", "uncommitted files" },
		{ "unpushed", "unpushed commits" }, { "stashes", "stashes" } };

	(void)fprintf(stderr, "  /work/");
	out_text(stderr, json_str_or(clone, "path", "?"));
	(void)fprintf(stderr, " (");
	out_text(stderr, json_str_or(clone, "branch", "?"));
	(void)fprintf(stderr, "):");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t n = json_i64_or(clone, rows[i].key, 0);

		if (n > 0)
			(void)fprintf(
			    stderr, " %" PRId64 " %s", n, rows[i].what);
	}
	(void)fprintf(stderr, "\n");
}

static bool
work_on_event(const struct json *ev, void *arg)
{
	struct work_seen *seen = arg;
	const struct json *data = json_get(ev, "data");
	const struct json *clones = json_get(data, "clones");

	if (strcmp(json_str_or(ev, "kind", ""), "sandbox.work") != 0)
		return false;
	(void)snprintf(seen->error, sizeof(seen->error), "%s",
	    json_str_or(data, "error", ""));
	seen->clones = (int64_t)json_count(clones);
	seen->files = json_i64_or(data, "files", 0);
	if (seen->clones + seen->files > 0)
		(void)fprintf(stderr, "would be lost:\n");
	for (const struct json *j = json_first(clones); j != NULL;
	     j = json_next(j))
		work_show(j);
	if (json_bool_or(data, "more", false))
		(void)fprintf(stderr, "  and other clones\n");
	if (seen->files > 0)
		(void)fprintf(stderr,
		    "  %" PRId64 " files in /work outside of clones\n",
		    seen->files);
	return true;
}

int
sandbox_work_check(struct cli *c, const struct json *project, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/projects/%s/sandbox/work",
	    json_str_or(project, "full_name", ""));
	const char *state = json_str_or(
	    json_get(project, "sandbox"), "state", "absent");
	struct work_seen seen = { .clones = 0 };
	struct follow f = {
		.project = json_i64_or(project, "id", 0),
		.limit_ms = WORK_WAIT_MS,
		.fn = work_on_event,
		.arg = &seen,
	};
	struct json *j = NULL;
	int rc;

	if (c->g.dry_run || strcmp(state, "absent") == 0)
		return 0;
	cli_note("looking for work that exists nowhere else ...");
	if (sandbox_work_newest(c, f.project, &f.after, e) == -1)
		return -1;
	rc = remote_send(c,
	    &(struct remote_call){ .method = "POST", .path = path }, &j, NULL,
	    e);
	json_free(j);
	if (rc == -1)
		return -1;
	if (follow_events(c, &f, e) == -1) {
		if (e->code != ERR_TIMEOUT)
			return -1;
		return err_set(e, ERR_DENIED,
		    "coffer-agentd did not say what is in the sandbox; start "
		    "it, or use --force");
	}
	if (seen.error[0] != '\0')
		return err_set(e, ERR_DENIED,
		    "its work could not be looked at (%.150s); --force does "
		    "without",
		    seen.error);
	if (seen.clones + seen.files > 0)
		return err_set(e, ERR_DENIED,
		    "there is work in the sandbox that exists nowhere else: "
		    "push it, or use --force");
	return 0;
}
