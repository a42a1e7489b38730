#include "cli/sandbox_work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	WORK_WAIT_MS = 120 * 1000,
	WORK_REFUSED = 409
};

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

static void
work_show_all(const struct json *lost)
{
	const struct json *clones = json_get(lost, "clones");
	int64_t files = json_i64_or(lost, "files", 0);

	if (json_count(clones) == 0 && files == 0)
		return;
	(void)fprintf(stderr, "would be lost:\n");
	for (const struct json *j = json_first(clones); j != NULL;
	     j = json_next(j))
		work_show(j);
	if (json_bool_or(lost, "more", false))
		(void)fprintf(stderr, "  and other clones\n");
	if (files > 0)
		(void)fprintf(stderr,
		    "  %" PRId64 " files in /work outside of clones\n", files);
}

/* The server's "use force" is an option here. */
static void
work_refused(struct err *e)
{
	AUTO_FREE char *said = xstrdup(e->msg);

	if (strstr(said, "use force") != NULL)
		(void)err_set(e, ERR_DENIED, "%s: that is --force", said);
	e->code = ERR_DENIED;
}

int
sandbox_work_send(struct cli *c, const struct remote_call *call,
    struct json **out, struct err *e)
{
	struct remote_call with = *call;
	int status = 0, rc;

	with.limit_ms = WORK_WAIT_MS;
	with.keep_refusal = true;
	rc = remote_send(c, &with, out, &status, e);
	if (rc != -1)
		return rc;
	if (status == WORK_REFUSED) {
		work_show_all(json_get(*out, "lost"));
		work_refused(e);
	}
	json_free(*out);
	*out = NULL;
	return -1;
}
