/* run_diff: what an agent changed so far, while it is at work. */
#include "agentd/run/run_parts.h"

/*
 * The tree against the commit that it was made of, with what is not committed
 * and what git does not know yet.  Index and objects that this takes are its
 * own.  What it prints is what the sandbox says.
 */
/* clang-format off */
static const char run_diff_script[] =
    "exec 2>&1\n"
    "git() { command git --no-pager -c core.fsmonitor=false "
    "-c core.untrackedCache=false \"$@\"; }\n"
    "t=$(mktemp -d) || exit 1\n"
    "trap 'rm -rf \"$t\"' EXIT\n"
    "own=$(git rev-parse --git-path objects) && own=$(realpath \"$own\") "
    "|| exit 1\n"
    "at=$0\n"
    "[ -n \"$at\" ] || at=$(git rev-parse -q --verify HEAD) || exit 1\n"
    "mkdir \"$t/objects\"\n"
    "cp \"$(git rev-parse --git-path index)\" \"$t/index\" 2>/dev/null || "
    "rm -f \"$t/index\"\n"
    "export GIT_INDEX_FILE=\"$t/index\" GIT_OBJECT_DIRECTORY=\"$t/objects\" "
    "GIT_ALTERNATE_OBJECT_DIRECTORIES=\"$own\"\n"
    "git add -A || exit 1\n"
    "printf '# run %s (%s) since %.12s\\n' \"$COFFER_RUN\" "
    "\"${COFFER_BRANCH:-$COFFER_ACCESS}\" \"$at\"\n"
    "git diff --cached --no-color --no-ext-diff --no-textconv \"$at\" | "
    "head -c 16777216\n";
/* clang-format on */

struct driver_exec *
run_diff(const struct run *r, const struct driver_exec_spec *x, int *fd,
    struct err *e)
{
	char dir[RUN_PATH_MAX], from[RUN_REF_MAX];
	const char *const argv[] = { "/bin/sh", "-c", run_diff_script, from,
		NULL };
	struct driver_exec_spec mine = *x;
	struct driver_exec *made;
	struct run_container *c;
	struct sandbox_spec spec;

	if (r->phase != RUN_AGENT || r->over || r->agent_ended ||
	    r->watch == NULL) {
		(void)err_set(e, ERR_NOTFOUND, "run %lld has no agent at work",
		    (long long)r->id);
		return NULL;
	}
	c = run_container_new(r, RUN_AGENT, e);
	if (c == NULL)
		return NULL;
	run_facts_start(r, from);
	run_phase_dir(r, RUN_AGENT, dir);
	spec = *run_container_spec(c);
	spec.argv = argv;
	spec.stdin_path = NULL;
	mine.like = &spec;
	mine.dir = dir;
	made = r->env->driver->exec(r->env->host, &mine, fd, e);
	run_container_free(c);
	return made;
}
