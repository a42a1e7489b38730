#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/io/guard.h"
#include "lib/wire/json.h"

enum {
	QUARANTINE_PATH = 4096,
	QUARANTINE_LIMIT_MAX = 1 << 20
};

/* `git rev-parse WHAT` in the clone, as a path; free(3). */
static char *
quarantine_rev_parse(
    struct fetch_job *j, const char *a, const char *b, struct err *e)
{
	const char *const argv[] = { "rev-parse", "--path-format=absolute", a,
		b, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	AUTO_FREE char *line = xmalloc(QUARANTINE_PATH);

	if (fetch_git_line(j, &g, line, QUARANTINE_PATH, e) == -1)
		return NULL;
	if (line[0] != '/') {
		(void)err_set(e, ERR_INTERNAL, "git gave no path for %s", a);
		return NULL;
	}
	return STEAL(line);
}

/* cofferd's repositories name objects by SHA-1, and git cannot bring one kind
 * into the other. */
static int
quarantine_format(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "rev-parse", "--show-object-format",
		NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	char format[16];

	if (fetch_git_line(j, &g, format, sizeof(format), e) == -1)
		return -1;
	if (strcmp(format, "sha1") == 0)
		return 0;
	return err_set(e, ERR_DENIED,
	    "this clone names its objects by %s, Cofferdam's repositories by "
	    "sha1, and git cannot fetch from one into the other; use a clone "
	    "with sha1 objects",
	    format);
}

/* What git's own variables name is what the folder is of, or it is unclear
 * which of two is meant. */
static int
quarantine_env(const char *name, const char *found, struct err *e)
{
	const char *set = getenv(name);
	char *is = set == NULL ? NULL : realpath(set, NULL);
	char *want = realpath(found, NULL);
	bool same = set == NULL ||
	    (is != NULL && want != NULL && strcmp(is, want) == 0);

	free(is);
	free(want);
	return same
	    ? 0
	    : err_set(e, ERR_DENIED,
		  "%s is set and is not %s, where this folder belongs; unset "
		  "it, or run this in the other folder",
		  name, found);
}

/* From here on git runs at the top, without GIT_DIR: is that the same? */
static int
quarantine_top(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *dir = quarantine_rev_parse(
	    j, "--absolute-git-dir", NULL, e);
	AUTO_FREE char *top = dir == NULL
	    ? NULL
	    : quarantine_rev_parse(j, "--show-toplevel", NULL, e);
	AUTO_FREE char *again = NULL, *dir_again = NULL;

	if (top == NULL)
		return err_wrap(e, "run this inside your clone");
	free(j->top);
	j->top = xstrdup(top);
	again = quarantine_rev_parse(j, "--show-toplevel", NULL, e);
	if (again != NULL)
		dir_again = quarantine_rev_parse(
		    j, "--absolute-git-dir", NULL, e);
	if (dir_again == NULL || strcmp(again, top) != 0 ||
	    strcmp(dir_again, dir) != 0)
		return err_set(e, ERR_DENIED,
		    "the work tree is at %s, and the repository is not found "
		    "from there (core.worktree, GIT_DIR): it cannot be used",
		    j->top);
	return quarantine_env("GIT_DIR", dir, e) == -1
	    ? -1
	    : quarantine_env("GIT_WORK_TREE", top, e);
}

int
fetch_open_clone(struct fetch_job *j, struct err *e)
{
	static const char *const head[] = { "rev-parse", "--verify",
		"--end-of-options", "HEAD^{commit}", NULL };
	struct fetch_git g = { .place = FETCH_CLONE, .argv = head };

	if ((j->git = program_find("git", e)) == NULL)
		return -1;
	if ((j->top = getcwd(NULL, 0)) == NULL)
		return err_sys(e, ERR_IO, "current directory");
	if (quarantine_top(j, e) == -1)
		return -1;
	if ((j->git_dir = quarantine_rev_parse(
		 j, "--git-common-dir", NULL, e)) == NULL ||
	    (j->objects = quarantine_rev_parse(
		 j, "--git-path", "objects", e)) == NULL)
		return -1;
	if (quarantine_format(j, e) == -1)
		return -1;
	if (fetch_git_line(j, &g, j->clone_head, sizeof(j->clone_head), e) ==
		-1 ||
	    !fetch_id_ok(j->clone_head))
		return err_set(e, ERR_INTERNAL,
		    "the clone has no commit yet; check out a branch first");
	return fetch_load_filters(j, e);
}

/* The project as cofferd knows it: it exists and may be seen. */
static int
quarantine_project(struct fetch_job *j, const char *name, struct err *e)
{
	struct json *p = target_load(j->c, name, e);
	int rc;

	if (p == NULL)
		return err_wrap(e, "project %s", name);
	rc = target_project(
	    j->c, json_str_or(p, "full_name", "?/?"), j->full, e);
	json_free(p);
	return rc;
}

void
fetch_load_account(struct fetch_job *j)
{
	struct err ignored = ERR_INIT;
	struct json *u = NULL;

	if (remote_get(j->c, "/api/v1/user", &u, &ignored) == 0)
		(void)snprintf(j->account, sizeof(j->account), "%.*s",
		    (int)sizeof(j->account) - 1, json_str_or(u, "login", ""));
	json_free(u);
}

/*
 * Which project this clone is of is written down in the clone, once, when it
 * was named and turned out to share history; never guessed from a name.
 */
int
fetch_resolve_project(struct fetch_job *j, const char *project, struct err *e)
{
	char known[TARGET_FULL_MAX] = "", url[1024] = "";
	int rc;

	rc = fetch_config_get(j, "coffer.project", known, sizeof(known), e);
	if (rc == -1)
		return -1;
	if (rc == 0 &&
	    fetch_config_get(j, "coffer.url", url, sizeof(url), e) == -1)
		return -1;
	if (project == NULL && known[0] == '\0')
		return err_set(e, ERR_INVALID,
		    "this clone is not linked to a project yet; name it once: "
		    "coffer fetch --project OWNER/NAME BRANCH");
	if (project == NULL) {
		if (url[0] != '\0' && strcmp(url, j->c->url) != 0)
			return err_set(e, ERR_DENIED,
			    "this clone is linked to %s at %s, not %s; link "
			    "it again with --project",
			    known, url, j->c->url);
		return quarantine_project(j, known, e);
	}
	if (quarantine_project(j, project, e) == -1)
		return -1;
	if (known[0] != '\0' && strcmp(known, j->full) != 0 &&
	    j->args->project == NULL)
		return err_set(e, ERR_DENIED,
		    "this clone is linked to %s; to link it to %s use "
		    "--project",
		    known, j->full);
	j->link = true;
	return 0;
}

static int
quarantine_pull(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/v1/repos/%s/pulls/%ld", j->full, j->pull);
	struct json *p = NULL;
	const char *ref, *sha;
	int rc = 0;

	if (remote_get(j->c, path, &p, e) == -1)
		return err_wrap(e, "pull request #%ld", j->pull);
	ref = json_str_or(json_get(p, "head"), "ref", "");
	sha = json_str_or(json_get(p, "head"), "sha", "");
	if (!branchname_ok(ref, NULL) || !fetch_id_ok(sha)) {
		rc = err_set(e, ERR_PROTO,
		    "cofferd sent no usable head of #%ld", j->pull);
	} else {
		(void)snprintf(j->branch, sizeof(j->branch), "%s", ref);
		(void)snprintf(j->expected, sizeof(j->expected), "%s", sha);
	}
	json_free(p);
	return rc;
}

int
fetch_resolve_what(struct fetch_job *j, const char *what, struct err *e)
{
	struct err ignored = ERR_INIT;
	const char *why;
	int64_t n = 0;

	if (target_item(what, &n, &ignored) == 0) {
		j->pull = (long)n;
		return quarantine_pull(j, e);
	}
	if (!branchname_ok(what, &why))
		return err_set(
		    e, ERR_INVALID, "%s is not a branch's name: %s", what, why);
	(void)snprintf(j->branch, sizeof(j->branch), "%s", what);
	return 0;
}

int
fetch_make_box(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *folder = path_join(j->git_dir, "coffer");
	AUTO_FREE char *name = path_join(folder, "quarantine-XXXXXX");
	AUTO_FREE char *alternates = NULL;
	AUTO_FREE char *line = xasprintf("%s\n", j->objects);
	static const char *const init[] = { "init", "--quiet", "--bare",
		"--template=", NULL };
	struct fetch_git g = { .place = FETCH_BOX, .argv = init };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	if (j->objects[0] == '"' || strchr(j->objects, '\n') != NULL)
		return err_set(e, ERR_INVALID,
		    "the clone's path cannot be written as an alternate");
	if (path_mkdirs(folder, 0700, e) == -1)
		return -1;
	if (mkdtemp(name) == NULL)
		return err_sys(e, ERR_IO, "make %s", name);
	j->box = STEAL(name);
	guard_folder(j->box);
	rc = fetch_git(j, &g, &r, e);
	program_result_release(&r);
	if (rc == -1)
		return -1;
	alternates = path_join(j->box, "objects/info/alternates");
	{
		AUTO_FREE char *info = path_join(j->box, "objects/info");

		if (path_mkdirs(info, 0700, e) == -1)
			return -1;
	}
	return path_write_atomic(alternates, line, strlen(line), 0600, e);
}

void
fetch_remove_box(struct fetch_job *j)
{
	struct err e = ERR_INIT;

	if (j->box != NULL && path_rmtree(j->box, &e) == -1)
		cli_note("coffer: %s stays behind: %s", j->box, e.msg);
	guard_folder(NULL);
	free(j->box);
	j->box = NULL;
}

static int
quarantine_verify(
    struct fetch_job *j, const char *rev, char id[SCAN_ID + 1], struct err *e)
{
	AUTO_FREE char *commit = xasprintf("%s^{commit}", rev);
	const char *const argv[] = { "rev-parse", "--verify",
		"--end-of-options", commit, NULL };
	const struct fetch_git g = { .place = FETCH_BOX, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view v;
	int rc = fetch_git(j, &g, &r, e);

	if (rc == 0) {
		v = view_trim(str_view(&r.out));
		(void)snprintf(
		    id, SCAN_ID + 1, "%.*s", (int)v.len, v.len == 0 ? "" : v.p);
		if (!fetch_id_ok(id))
			rc = err_set(e, ERR_PROTO, "%s is not a commit", rev);
	}
	program_result_release(&r);
	return rc;
}

/* Has the clone not all of its history?  Then e says what to do. */
static bool
quarantine_is_shallow(struct fetch_job *j, struct err *e)
{
	static const char *const argv[] = { "rev-parse",
		"--is-shallow-repository", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct err ignored = ERR_INIT;
	char shallow[8] = "";

	if (fetch_git_line(j, &g, shallow, sizeof(shallow), &ignored) == -1 ||
	    strcmp(shallow, "true") != 0)
		return false;
	(void)err_set(e, ERR_DENIED,
	    "your clone is shallow and has not the commit that %s began at; "
	    "unshallow it first: git fetch --unshallow",
	    j->branch);
	return true;
}

/* --base is a name of the clone's. */
static int
quarantine_base(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *wanted = NULL;
	const char *const rev[] = { "rev-parse", "--verify", "--end-of-options",
		NULL, NULL };
	const char *argv[5];
	struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	const char *const merge[] = { "merge-base", j->clone_head, j->head,
		NULL };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc;

	memcpy(argv, rev, sizeof(argv));
	if (j->args->base != NULL) {
		wanted = xasprintf("%s^{commit}", j->args->base);
		argv[3] = wanted;
		if (fetch_git_line(j, &g, j->base, sizeof(j->base), e) == -1)
			return err_set(e, ERR_NOTFOUND,
			    "--base %s is not a commit of this clone",
			    j->args->base);
		return fetch_id_ok(j->base)
		    ? 0
		    : err_set(e, ERR_PROTO, "git gave no commit for --base");
	}
	g = (struct fetch_git){ .place = FETCH_BOX, .argv = merge };
	if (fetch_git_run(j, &g, &r, e) == -1)
		return -1;
	(void)snprintf(
	    j->base, sizeof(j->base), "%.*s", SCAN_ID, str_cstr(&r.out));
	rc = r.code == 0 && fetch_id_ok(j->base) ? 0 : -1;
	if (rc == -1 && !quarantine_is_shallow(j, e))
		(void)err_set(e, ERR_DENIED,
		    "%s shares no history with this clone: is it a clone of "
		    "%s?",
		    j->branch, j->full);
	program_result_release(&r);
	return rc;
}

/* What a fetch may bring: bytes, and with them objects and disk. */
static int
quarantine_limit(struct fetch_job *j, struct err *e)
{
	char text[24] = "";
	int rc = fetch_config_get(
	    j, "coffer.fetchLimit", text, sizeof(text), e);

	j->limit_mib = FETCH_LIMIT_MIB;
	if (rc == 0 &&
	    num_u64(text, 1, QUARANTINE_LIMIT_MAX, &j->limit_mib, e) == -1)
		return err_wrap(e, "coffer.fetchLimit");
	return rc == -1 ? -1 : 0;
}

/* git does not say why the pack was cut off. */
static bool
quarantine_is_full(const struct fetch_job *j)
{
	AUTO_FREE char *dir = path_join(j->box, "objects/pack");
	DIR *d = opendir(dir);
	struct dirent *x;
	struct stat st;
	bool full = false;

	while (d != NULL && (x = readdir(d)) != NULL)
		full |= fstatat(dirfd(d), x->d_name, &st, 0) == 0 &&
		    S_ISREG(st.st_mode) &&
		    (uint64_t)st.st_size >= j->limit_mib << 20;
	if (d != NULL)
		(void)closedir(d);
	return full;
}

int
fetch_pull_in(struct fetch_job *j, struct err *e)
{
	AUTO_FREE char *url = xasprintf("%s/%s.git", j->c->url, j->full);
	AUTO_FREE char *spec = j->pull != 0
	    ? xasprintf("+refs/pull/%ld/head:refs/coffer/head", j->pull)
	    : xasprintf("+refs/heads/%s:refs/coffer/head", j->branch);
	const char *const argv[] = { "fetch", "--quiet", "--no-tags",
		"--no-write-fetch-head", "--no-recurse-submodules",
		"--no-auto-maintenance", "--", url, spec, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .network = true
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = quarantine_limit(j, e);

	if (rc == 0)
		rc = fetch_git(j, &g, &r, e);
	if (rc == -1 && strstr(str_cstr(&r.err), "fsck error") != NULL)
		e->code = ERR_DENIED;
	else if (rc == -1 && quarantine_is_full(j))
		(void)err_set(e, ERR_LIMIT,
		    "the branch brings over %" PRIu64 " MiB; git config "
		    "coffer.fetchLimit MIB allows more",
		    j->limit_mib);
	else if (rc == -1 &&
	    strstr(str_cstr(&r.err), "couldn't find remote ref") != NULL)
		(void)err_set(
		    e, ERR_NOTFOUND, "%s has no branch %s", j->full, j->branch);
	else if (rc == -1 &&
	    (strstr(str_cstr(&r.err), "did not receive expected object") !=
		    NULL ||
		strstr(str_cstr(&r.err),
		    "did not send all necessary objects") != NULL ||
		strstr(str_cstr(&r.err), "unresolved delta") != NULL))
		(void)quarantine_is_shallow(j, e);
	program_result_release(&r);
	if (rc == -1)
		return -1;
	if (quarantine_verify(j, "refs/coffer/head", j->head, e) == -1)
		return -1;
	if (j->expected[0] != '\0' && strcmp(j->expected, j->head) != 0)
		return err_set(e, ERR_EXISTS,
		    "the pull request moved while it was fetched; again");
	return quarantine_base(j, e);
}

static bool
quarantine_is_partial(struct fetch_job *j)
{
	static const char *const argv[] = { "config", "--local", "--get-regexp",
		"^(remote\\..*\\.promisor|extensions\\.partialclone)$", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err ignored = ERR_INIT;
	bool is = fetch_git_run(j, &g, &r, &ignored) == 0 && r.code == 0;

	program_result_release(&r);
	return is;
}

void
fetch_explain(struct fetch_job *j, struct err *e)
{
	if (j->box != NULL &&
	    (e->code == ERR_INTERNAL || e->code == ERR_PROTO) &&
	    quarantine_is_partial(j))
		(void)err_set(e, ERR_DENIED,
		    "your clone is partial and has not all that the change is "
		    "compared with; do this in a whole one (git clone without "
		    "--filter)");
}
