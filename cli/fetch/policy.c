#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/fetch.h"
#include "cli/fetch/weigh.h"
#include "cli/program.h"
#include "findings/policy.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

/* $XDG_CONFIG_HOME/coffer/fetch.policy, or below ~/.config; free(3). */
static char *
policy_user_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg != NULL && xdg[0] == '/')
		return path_join(xdg, "coffer/fetch.policy");
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw != NULL ? pw->pw_dir : "/";
	}
	return path_join(home, ".config/coffer/fetch.policy");
}

static int
policy_load_user(struct findings_policy *p, struct err *e)
{
	AUTO_FREE char *path = policy_user_path();
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, FINDINGS_POLICY_MAX, &text, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	return findings_policy_read(p, str_view(&text), path, e);
}

/* What `ls-tree` says of the policy: 0 and the id of its blob, "" if there is
 * none. */
static int
policy_find(struct fetch_job *j, enum fetch_place place, const char *commit,
    char id[SCAN_ID + 1], struct err *e)
{
	const char *const argv[] = { "ls-tree", "-z", "--full-tree",
		"--end-of-options", commit, FINDINGS_POLICY_PATH, NULL };
	const struct fetch_git g = { .place = place, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);
	struct view v = str_view(&r.out);

	id[0] = '\0';
	if (rc == 0 && v.len > 0) {
		/* "100644 blob ID\tPATH"; a link or a folder is none. */
		if (v.len < 12 + SCAN_ID ||
		    (!view_starts(v, "100644 blob ") &&
			!view_starts(v, "100755 blob "))) {
			rc = err_set(e, ERR_DENIED, "%s of %.12s is no file",
			    FINDINGS_POLICY_PATH, commit);
		} else {
			memcpy(id, v.p + 12, SCAN_ID);
			id[SCAN_ID] = '\0';
		}
	}
	program_result_release(&r);
	return rc;
}

static int
policy_load_commit(struct fetch_job *j, enum fetch_place place,
    const char *commit, struct findings_policy *p, struct err *e)
{
	AUTO_FREE char *from = xasprintf(
	    "%.12s:%s", commit, FINDINGS_POLICY_PATH);
	char id[SCAN_ID + 1];
	const char *const argv[] = { "cat-file", "blob", id, NULL };
	const struct fetch_git g = { .place = place,
		.argv = argv,
		.max_output = FINDINGS_POLICY_MAX + 1 };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (policy_find(j, place, commit, id, e) == -1)
		return -1;
	if (id[0] == '\0')
		return 0;
	rc = fetch_git(j, &g, &r, e);
	if (rc == 0)
		rc = findings_policy_read(p, str_view(&r.out), from, e);
	program_result_release(&r);
	return rc;
}

struct findings_policy *
fetch_policy_load(struct fetch_job *j, enum fetch_place place,
    const char *commit, struct err *e)
{
	struct findings_policy *p = findings_policy_new();

	if (policy_load_user(p, e) == 0 &&
	    policy_load_commit(j, place, commit, p, e) == 0)
		return p;
	findings_policy_free(p);
	if (e->code == ERR_INVALID || e->code == ERR_LIMIT)
		e->code = ERR_DENIED;
	(void)err_wrap(e, "the policy cannot be read, so nothing is let in");
	return NULL;
}
