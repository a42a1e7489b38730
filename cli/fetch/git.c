#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/io/child.h"

enum {
	GIT_ENV_MAX = 160,
	GIT_CONFIG_MAX = 100,
	GIT_ARGS_MAX = 40,
	GIT_FILTERS_MAX = 24,
	GIT_OUTPUT = 1 << 20,
	GIT_ULIMIT_KIB = 1024,
	GIT_MEMORY_MIB = 8192,
	GIT_BOX_MIB = 2000 /* as what gitstream starts */
};

/* An environment under construction, with configuration by GIT_CONFIG_*. */
struct git_env {
	char *v[GIT_ENV_MAX + 1];
	size_t n;
	size_t configs;
};

static void
git_env_put(struct git_env *env, const char *name, const char *value)
{
	if (env->n < GIT_ENV_MAX)
		env->v[env->n++] = xasprintf("%s=%s", name, value);
}

static void
git_env_config(struct git_env *env, const char *key, const char *value)
{
	char name[40];

	if (env->configs == GIT_CONFIG_MAX)
		return;
	(void)snprintf(name, sizeof(name), "GIT_CONFIG_KEY_%zu", env->configs);
	git_env_put(env, name, key);
	(void)snprintf(
	    name, sizeof(name), "GIT_CONFIG_VALUE_%zu", env->configs);
	git_env_put(env, name, value);
	env->configs++;
}

static void
git_env_release(struct git_env *env)
{
	for (size_t i = 0; i < env->n; i++) {
		/* One of them may be the token. */
		explicit_bzero(env->v[i], strlen(env->v[i]));
		free(env->v[i]);
	}
}

/* Everything by which git runs something else, off. */
static void
git_env_quiet(struct git_env *env, bool own_hooks)
{
	static const struct {
		const char *key, *value;
	} off[] = {
		{ "core.hooksPath",
		    "/dev/null" }, /* the first: see own_hooks */
		{ "core.fsmonitor", "false" },
		{ "core.untrackedCache", "false" },
		{ "core.attributesFile", "/dev/null" },
		{ "core.pager", "cat" },
		{ "core.editor", "false" },
		{ "core.askPass", "" },
		{ "core.sshCommand", "false" },
		{ "core.gitProxy", "" },
		{ "credential.helper", "" },
		{ "diff.external", "" },
		{ "submodule.recurse", "false" },
		{ "fetch.recurseSubmodules", "false" },
		{ "fetch.writeCommitGraph", "false" },
		/* One file that grows, which a limit of its size bounds. */
		{ "fetch.unpackLimit", "1" },
		{ "core.bigFileThreshold", "16m" },
		{ "core.packedGitWindowSize", "128m" },
		{ "core.packedGitLimit", "1g" },
		{ "transfer.fsckObjects", "true" },
		{ "fetch.fsckObjects", "true" },
		{ "receive.fsckObjects", "true" },
		/* Only told by default, and read otherwise by others. */
		{ "fetch.fsck.badFilemode", "error" },
		{ "fetch.fsck.gitmodulesParse", "error" },
		{ "fetch.fsck.gitattributesSymlink", "error" },
		{ "fetch.fsck.gitignoreSymlink", "error" },
		{ "fetch.fsck.mailmapSymlink", "error" },
		{ "http.followRedirects", "false" },
		{ "http.proxy", "" },
		{ "http.cookieFile", "" },
		{ "protocol.allow", "never" },
		{ "gc.auto", "0" },
		{ "maintenance.auto", "false" },
		{ "commit.gpgSign", "false" },
		{ "log.showSignature", "false" },
		{ "apply.whitespace", "nowarn" },
		{ "core.quotePath", "true" },
		{ "color.ui", "false" },
		{ "advice.detachedHead", "false" },
		{ "advice.graftFileDeprecated", "false" },
	};

	for (size_t i = own_hooks ? 1 : 0; i < sizeof(off) / sizeof(off[0]);
	     i++)
		git_env_config(env, off[i].key, off[i].value);
	if (!own_hooks)
		git_env_put(env, "GIT_CONFIG_NOSYSTEM", "1");
	git_env_put(env, "GIT_ATTR_NOSYSTEM", "1");
	git_env_put(env, "GIT_TERMINAL_PROMPT", "0");
	git_env_put(env, "GIT_ASKPASS", "/bin/false");
	git_env_put(env, "SSH_ASKPASS", "/bin/false");
	git_env_put(env, "GIT_PROTOCOL_FROM_USER", "0");
	git_env_put(env, "GIT_NO_REPLACE_OBJECTS", "1");
	git_env_put(env, "GIT_GRAFT_FILE", "/dev/null");
	git_env_put(env, "GIT_OPTIONAL_LOCKS", "0");
	git_env_put(env, "GIT_LFS_SKIP_SMUDGE", "1");
	git_env_put(env, "GIT_PAGER", "cat");
	git_env_put(env, "GIT_EDITOR", "false");
	git_env_put(env, "LC_ALL", "C.UTF-8");
	git_env_put(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
}

static void
git_env_no_filters(const struct fetch_job *j, struct git_env *env)
{
	struct view rest = str_view(&j->filters), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		AUTO_FREE char *key = view_dup(line);

		if (view_starts(line, "filter."))
			git_env_config(env, key,
			    view_ends(line, ".required") ? "false" : "");
	}
}

/* Who the user is: his settings and these. */
static void
git_env_person(struct git_env *env)
{
	static const char *const names[] = { "GIT_AUTHOR_NAME",
		"GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL",
		"EMAIL", "GIT_CONFIG_GLOBAL", "TZ" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (getenv(names[i]) != NULL)
			git_env_put(env, names[i], getenv(names[i]));
}

/* One of a list that colons part. */
static void
git_quote(struct str *out, const char *path)
{
	str_addc(out, '"');
	for (const char *p = path; *p != '\0'; p++) {
		if (*p == '"' || *p == '\\')
			str_addc(out, '\\');
		str_addc(out, *p);
	}
	str_addc(out, '"');
}

/* Whom the user takes for an authority, for git as for coffer itself. */
static void
git_env_trust(struct git_env *env, const struct fetch_job *j)
{
	static const struct {
		const char *git, *usual, *key;
	} trust[] = { { "GIT_SSL_CAINFO", "SSL_CERT_FILE", "http.sslCAInfo" },
		{ "GIT_SSL_CAPATH", "SSL_CERT_DIR", "http.sslCAPath" } };

	for (size_t i = 0; i < FETCH_TRUST; i++) {
		const char *own = getenv(trust[i].git);
		const char *usual = getenv(trust[i].usual);

		if (own != NULL)
			git_env_put(env, trust[i].git, own);
		else if (j->trust[i] != NULL)
			git_env_config(env, trust[i].key, j->trust[i]);
		else if (usual != NULL)
			git_env_put(env, trust[i].git, usual);
	}
}

static void
git_env_place(
    struct fetch_job *j, const struct fetch_git *g, struct git_env *env)
{
	const char *home = getenv("HOME");

	git_env_quiet(env, g->own_hooks);
	if (g->place == FETCH_BOX) {
		git_env_put(env, "GIT_DIR", j->box);
		git_env_put(env, "GIT_CONFIG_GLOBAL", "/dev/null");
		git_env_put(env, "HOME", j->box);
	} else if (home != NULL) {
		/* safe.directory, autocrlf and such are the user's. */
		git_env_put(env, "HOME", home);
		if (getenv("XDG_CONFIG_HOME") != NULL)
			git_env_put(
			    env, "XDG_CONFIG_HOME", getenv("XDG_CONFIG_HOME"));
	}
	if (g->place == FETCH_CLONE)
		git_env_person(env);
	git_env_config(
	    env, "protocol.file.allow", g->local ? "always" : "never");
	if (g->no_filters)
		git_env_no_filters(j, env);
	if (g->index != NULL)
		git_env_put(env, "GIT_INDEX_FILE", g->index);
	if (g->borrow) {
		AUTO_FREE char *objects = path_join(j->box, "objects");
		AUTO_STR struct str quoted = STR_INIT;

		git_quote(&quoted, objects);
		git_env_put(
		    env, "GIT_ALTERNATE_OBJECT_DIRECTORIES", str_cstr(&quoted));
	}
	if (!g->network)
		return;
	git_env_config(env, "protocol.http.allow", "always");
	git_env_config(env, "protocol.https.allow", "always");
	git_env_trust(env, j);
	if (j->c->token != NULL) {
		AUTO_FREE char *key = xasprintf(
		    "http.%s/.extraHeader", j->c->url);
		AUTO_FREE char *value = xasprintf(
		    "Authorization: Bearer %s", j->c->token);

		git_env_config(env, key, value);
		explicit_bzero(value, strlen(value));
	}
}

/* argv and environment, made and released. */
struct git_call {
	const char *argv[GIT_ARGS_MAX + 6];
	char limits[160];
	struct git_env env;
};

static int
git_call_init(struct git_call *call, struct fetch_job *j,
    const struct fetch_git *g, struct err *e)
{
	char count[24];
	size_t n = 1;

	*call = (struct git_call){ .argv = { j->git } };
	/* Of what comes from outside: how large a file gets, how much memory
	 * it takes. */
	if (g->network)
		(void)snprintf(call->limits, sizeof(call->limits),
		    "ulimit -v %d && ulimit -f %" PRIu64 " && exec \"$@\"",
		    GIT_MEMORY_MIB * GIT_ULIMIT_KIB,
		    j->limit_mib * GIT_ULIMIT_KIB * 2); /* of 512 bytes */
	else if (g->place == FETCH_BOX)
		(void)snprintf(call->limits, sizeof(call->limits),
		    "ulimit -d %d && exec \"$@\"",
		    GIT_BOX_MIB * GIT_ULIMIT_KIB);
	if (call->limits[0] != '\0') {
		call->argv[0] = "/bin/sh";
		call->argv[1] = "-c";
		call->argv[2] = call->limits;
		call->argv[3] = "git";
		call->argv[4] = j->git;
		n = 5;
	}
	for (size_t i = 0; g->argv[i] != NULL; i++) {
		if (i == GIT_ARGS_MAX)
			return err_set(
			    e, ERR_INTERNAL, "too many words for git");
		call->argv[n++] = g->argv[i];
	}
	git_env_place(j, g, &call->env);
	(void)snprintf(count, sizeof(count), "%zu", call->env.configs);
	git_env_put(&call->env, "GIT_CONFIG_COUNT", count);
	return 0;
}

int
fetch_git_run(struct fetch_job *j, const struct fetch_git *g,
    struct program_result *r, struct err *e)
{
	struct git_call call;
	struct program_spec spec = {
		.argv = call.argv,
		.envp = (const char *const *)call.env.v,
		.cwd = g->place == FETCH_BOX ? j->box : j->top,
		.in = g->in,
		.max_output = g->max_output == 0 ? GIT_OUTPUT : g->max_output,
		.limit_ms = FETCH_GIT_MS,
	};
	int rc;

	if (git_call_init(&call, j, g, e) == -1)
		return -1;
	rc = program_run(j->c, &spec, r, e);
	git_env_release(&call.env);
	return rc == -1 ? err_wrap(e, "git %s", g->argv[0]) : 0;
}

int
fetch_git_start(struct fetch_job *j, const struct fetch_git *g,
    struct child_spec *spec, struct child **out, struct err *e)
{
	struct loop *loop = remote_loop(j->c, e);
	struct git_call call;
	int rc;

	if (loop == NULL || git_call_init(&call, j, g, e) == -1)
		return -1;
	spec->argv = call.argv;
	spec->envp = (const char *const *)call.env.v;
	spec->cwd = g->place == FETCH_BOX ? j->box : j->top;
	rc = child_start(loop, spec, out, e);
	git_env_release(&call.env);
	return rc == -1 ? err_wrap(e, "git %s", g->argv[0]) : 0;
}

int
fetch_load_filters(struct fetch_job *j, struct err *e)
{
	static const char *const ask[] = { "config", "--name-only",
		"--get-regexp", "^filter\\.", NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = ask };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view rest, line;
	int rc = fetch_git_run(j, &g, &r, e);
	int n = 0;

	/* Status 1: there are none. */
	rest = str_view(&r.out);
	while (rc == 0 && r.code == 0 && rest.len > 0 &&
	    view_split(&rest, '\n', &line))
		n++;
	if (rc == 0 && n > GIT_FILTERS_MAX)
		rc = err_set(e, ERR_LIMIT,
		    "git's configuration has more than %d filter settings",
		    (int)GIT_FILTERS_MAX);
	if (rc == 0 && r.code == 0)
		str_addv(&j->filters, str_view(&r.out));
	program_result_release(&r);
	return rc;
}

int
fetch_git(struct fetch_job *j, const struct fetch_git *g,
    struct program_result *r, struct err *e)
{
	struct view v;

	if (fetch_git_run(j, g, r, e) == -1)
		return -1;
	if (r->truncated)
		return err_set(
		    e, ERR_LIMIT, "git %s wrote too much", g->argv[0]);
	if (r->code == 0)
		return 0;
	v = view_trim(str_view(&r->err));
	return err_set(e, ERR_INTERNAL, "git %s failed: %.*s", g->argv[0],
	    (int)(v.len > 160 ? 160 : v.len), v.len == 0 ? "" : v.p);
}

int
fetch_git_box(struct fetch_job *j, const char *const *argv, struct view in,
    bool network, struct err *e)
{
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .in = in, .network = network
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	program_result_release(&r);
	return rc;
}

int
fetch_git_line(struct fetch_job *j, const struct fetch_git *g, char *out,
    size_t n, struct err *e)
{
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view v;
	int rc = fetch_git(j, g, &r, e);

	if (rc == 0) {
		v = str_view(&r.out);
		while (v.len > 0 && v.p[v.len - 1] == '\n')
			v.len--;
		if (v.len >= n ||
		    (v.len > 0 &&
			(memchr(v.p, '\n', v.len) != NULL ||
			    memchr(v.p, '\0', v.len) != NULL))) {
			rc = err_set(e, ERR_PROTO,
			    "git %s answered unexpectedly", g->argv[0]);
		} else {
			if (v.len > 0)
				memcpy(out, v.p, v.len);
			out[v.len] = '\0';
		}
	}
	program_result_release(&r);
	return rc;
}

int
fetch_config_get(
    struct fetch_job *j, const char *key, char *out, size_t n, struct err *e)
{
	const char *const argv[] = { "config", "--local", "--get", key, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	struct view v;
	int rc = fetch_git_run(j, &g, &r, e);

	if (rc == 0 && r.code != 0) {
		rc = 1;
	} else if (rc == 0) {
		v = view_trim(str_view(&r.out));
		if (v.len == 0 || v.len >= n)
			rc = 1;
		else
			(void)snprintf(out, n, "%.*s", (int)v.len, v.p);
	}
	program_result_release(&r);
	return rc;
}

int
fetch_config_set(
    struct fetch_job *j, const char *key, const char *value, struct err *e)
{
	const char *const argv[] = { "config", "--local", "--replace-all", key,
		value, NULL };
	const struct fetch_git g = { .place = FETCH_CLONE, .argv = argv };
	struct program_result r = PROGRAM_RESULT_INIT;
	int rc = fetch_git(j, &g, &r, e);

	program_result_release(&r);
	return rc;
}

bool
fetch_id_ok(const char *s)
{
	return strlen(s) == SCAN_ID && strspn(s, "0123456789abcdef") == SCAN_ID;
}
