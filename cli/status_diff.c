#include "cli/status_diff.h"

#include "cli/cli.h"
#include "cli/relay.h"
#include "cli/remote.h"
#include "cli/target.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

/*
 * From where a clone left what it came from, with what is not committed and
 * what git does not know yet.  The index and the objects that this takes are
 * its own: the agent's stay as they are.  What it prints is what is in the
 * sandbox says: shown as such, believed by nobody.
 */
/* clang-format off */
static const char status_diff_script[] =
    "exec 2>&1\n"
    "t=$(mktemp -d) || exit 1\n"
    "trap 'rm -rf \"$t\"' EXIT\n"
    "cd /work || exit 1\n"
    "git() { command git --no-pager -c core.fsmonitor=false "
    "-c core.untrackedCache=false -c core.safecrlf=false \"$@\"; }\n"
    "find . -mindepth 2 -maxdepth 4 -name .git -prune -print 2>/dev/null | sort |"
    " head -n 50 >\"$t/all\"\n"
    "while IFS= read -r g; do\n"
    "	d=/work/${g#./}\n"
    "	d=${d%/.git}\n"
    "	(\n"
    "		cd \"$d\" || exit\n"
    "		own=$(git rev-parse --git-path objects) || exit\n"
    "		own=$(realpath \"$own\")\n"
    "		at=$(git merge-base HEAD '@{upstream}' 2>/dev/null ||\n"
    "		    git merge-base HEAD origin/HEAD 2>/dev/null ||\n"
    "		    git rev-parse -q --verify HEAD 2>/dev/null ||\n"
    "		    git hash-object -t tree /dev/null)\n"
    "		mkdir -p \"$t/objects\"\n"
    "		cp \"$(git rev-parse --git-path index)\" \"$t/index\" "
    "2>/dev/null || rm -f \"$t/index\"\n"
    "		export GIT_INDEX_FILE=\"$t/index\" "
    "GIT_OBJECT_DIRECTORY=\"$t/objects\" "
    "GIT_ALTERNATE_OBJECT_DIRECTORIES=\"$own\"\n"
    "		git add -A && git diff --cached --no-color "
    "--no-ext-diff --no-textconv --quiet \"$at\" && exit\n"
    "		printf '# %s (%s) since %.12s\\n' \"$d\" "
    "\"$(git symbolic-ref -q --short HEAD || echo detached)\" \"$at\"\n"
    "		git diff --cached --no-color --no-ext-diff "
    "--no-textconv \"$at\"\n"
    "	)\n"
    "done <\"$t/all\" | head -c 16777216\n";
/* clang-format on */

/* The run whose agent is at work, 0: none. */
static int
status_diff_run(struct cli *c, const char *full, int64_t *run, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs?project=%s&state=running&limit=1", full);
	struct json *j = NULL;

	*run = 0;
	if (remote_get(c, path, &j, e) == -1)
		return -1;
	*run = json_i64_or(json_first(j), "id", 0);
	json_free(j);
	return 0;
}

int
status_diff(struct cli *c, const char *project)
{
	static const char *const words[] = { "/bin/sh", "-c",
		status_diff_script, NULL };
	char full[TARGET_FULL_MAX];
	/* On a terminal it is filtered. */
	struct relay_spec relay = {
		.project = full, .verb = "exec", .terminal = true
	};
	struct err e = ERR_INIT;
	int status = CLI_OK;
	int rc;

	if (target_project(c, project, full, &e) == -1)
		return cli_fail(c, &e, "status %s", project);
	if (status_diff_run(c, full, &relay.run, &e) == -1)
		return cli_fail(c, &e, "status %s", full);
	if (relay.run == 0)
		relay.argv = words;
	cli_note("%s",
	    relay.run != 0 ? "of the run that is at work:"
			   : "of the session's clones:");
	rc = relay_run(c, &relay, &status, &e);
	if (rc == -1)
		return cli_fail(c, &e, "what changed in %s", full);
	return rc == REMOTE_DRY ? CLI_OK : status;
}
