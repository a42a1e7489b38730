/* seen: which commit each branch was at when it was fetched before.  A branch
 * whose history was rewritten since may lack what somebody looked at. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/hooks.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	SEEN_LINES_MAX = 1000,
	SEEN_FILE_MAX = 1 << 20
};

/* The file of lines: ID PROJECT BRANCH, the latest last; it may be absent. */
static char *
seen_read(const struct fetch_job *j, struct str *text)
{
	char *path = path_join(j->dir, "heads");
	struct err none = ERR_INIT;

	*text = STR_INIT_MAX(SEEN_FILE_MAX);
	if (path_read(path, SEEN_FILE_MAX, text, &none) == -1)
		str_reset(text);
	return path;
}

/* Is the line of this branch?  Its id is at its beginning. */
static bool
seen_is(const struct fetch_job *j, struct view line)
{
	AUTO_FREE char *key = xasprintf(" %s %s", j->full, j->branch);

	return line.len > SCAN_ID && view_is(view_from(line, SCAN_ID), key);
}

void
fetch_remember(struct fetch_job *j, bool applied)
{
	AUTO_STR struct str text = STR_INIT, out = STR_INIT;
	AUTO_FREE char *path = NULL;
	struct view rest, line;
	struct err e = ERR_INIT;
	size_t n = 0, skip;

	if (j->dir == NULL || !fetch_id_ok(j->head) || j->c->g.dry_run ||
	    (!applied && !j->went_on))
		return;
	path = seen_read(j, &text);
	for (rest = str_view(&text);
	     rest.len > 0 && view_split(&rest, '\n', &line);)
		n++;
	skip = n >= SEEN_LINES_MAX ? n - SEEN_LINES_MAX + 1 : 0;
	rest = str_view(&text);
	for (size_t i = 0; rest.len > 0 && view_split(&rest, '\n', &line); i++)
		if (i >= skip && line.len > 0 && !seen_is(j, line))
			str_addf(&out, "%.*s\n", (int)line.len, line.p);
	str_addf(&out, "%s %s %s\n", j->head, j->full, j->branch);
	/* Without it a later fetch says less, and lets in no more. */
	if (path_write_atomic(path, str_cstr(&out), out.len, 0600, &e) == -1)
		cli_note("coffer: %s", e.msg);
}

int
fetch_find_rewritten(struct fetch_job *j, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *path = seen_read(j, &text);
	char known[SCAN_ID + 1] = "";
	const char *const argv[] = { "merge-base", "--is-ancestor", known,
		j->head, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest = str_view(&text), line;
	int rc;

	while (rest.len > 0 && view_split(&rest, '\n', &line))
		if (seen_is(j, line))
			(void)snprintf(
			    known, sizeof(known), "%.*s", SCAN_ID, line.p);
	j->went_on = !fetch_id_ok(known);
	if (j->went_on)
		return 0;
	/* One that is not there at all is not in the branch's history. */
	rc = fetch_git_run(j, &g, &r, e);
	j->went_on = rc == 0 && r.code == 0;
	if (rc == 0 && !j->went_on)
		finding_add(&j->findings, "rewritten", "", 0,
		    "it was at %.12s when it was fetched before, which is not "
		    "in its history any more",
		    known);
	program_result_release(&r);
	return rc;
}
