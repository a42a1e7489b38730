#include "agentd/sandbox/session.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/objects.h"
#include "agentd/sandbox/profile.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SESSION_POLICY_MAX = 512 << 10,
	SESSION_STATE_MAX = 2 << 20,
	SESSION_NAME_MAX = 256
};

/*
 * Process 1 of a session: starts the byobu (a tmux, where that is all there
 * is) and, in a window of it, what was given as arguments; then waits for ever,
 * reaping.  The wait ends once a day, harmlessly.
 */
/* clang-format off */
static const char session_script[] =
    "trap 'exit 0' TERM\n"
    "cp -R /run/coffer/seed/. \"$HOME\" 2>/dev/null\n"
    "cd /work\n"
    "if command -v byobu; then byobu new-session -d -s main\n"
    "elif command -v tmux; then tmux new-session -d -s main\n"
    "fi >/dev/null 2>&1 </dev/null\n"
    ": >/tmp/.session-is-up\n"
    "if [ $# -gt 0 ]; then\n"
    "	tmux new-window -d -n entrypoint -t main: \"$@\" >/dev/null 2>&1 ||\n"
    "	\"$@\" >/tmp/entrypoint.log 2>&1 </dev/null &\n"
    "fi\n"
    "while :; do sleep 86400 & wait $!; done\n";
/* clang-format on */

enum {
	SESSION_NAME,
	SESSION_MODE,
	SESSION_GITCONFIG,
	SESSION_PROFILE,
	SESSION_BRANCH,
	SESSION_RUNTIME,
	SESSION_GPUS,
	SESSION_DRIVER,
	SESSION_POLICY,
	SESSION_ENV
};

#define SESSION_AT(field) offsetof(struct sandbox_project, field)

/* The texts of a project, in the struct and in state.json. */
static const struct {
	const char *key;
	size_t offset;
	size_t max;
	const char *none;
} session_texts[SESSION_TEXTS] = {
	[SESSION_NAME] = { "name", SESSION_AT(name), SESSION_NAME_MAX, "" },
	[SESSION_MODE] = { "mode", SESSION_AT(mode), 16, "web" },
	[SESSION_GITCONFIG] = { "gitconfig", SESSION_AT(gitconfig),
	    SPEC_MAX_FILE_BYTES, "" },
	[SESSION_PROFILE] = { "profile", SESSION_AT(profile), SESSION_NAME_MAX,
	    "" },
	[SESSION_BRANCH] = { "branch", SESSION_AT(branch), SESSION_NAME_MAX,
	    "" },
	[SESSION_RUNTIME] = { "runtime", SESSION_AT(runtime), SESSION_NAME_MAX,
	    "" },
	[SESSION_GPUS] = { "gpus", SESSION_AT(gpus), 16, "" },
	[SESSION_DRIVER] = { "driver", SESSION_AT(driver), 16, "" },
	[SESSION_POLICY] = { "policy", SESSION_AT(policy), SESSION_POLICY_MAX,
	    "" },
	[SESSION_ENV] = { "env", SESSION_AT(env), SPEC_MAX_FILE_BYTES, "" },
};

static const char *
session_text(const struct sandbox_project *p, size_t i)
{
	const char *text;

	memcpy(&text, (const char *)p + session_texts[i].offset, sizeof(text));
	return text != NULL ? text : session_texts[i].none;
}

static void
session_point(struct sandbox_project *p, size_t i, const char *text)
{
	memcpy((char *)p + session_texts[i].offset, &text, sizeof(text));
}

static size_t
session_list_count(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && n < SANDBOX_LIST_MAX && list[n] != NULL)
		n++;
	return n;
}

static char **
session_list_dup(const char *const *list)
{
	size_t n = session_list_count(list);
	char **copy = xcalloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(list[i]);
	return copy;
}

static void
session_list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

static void
session_free_parts(struct session *s)
{
	for (size_t i = 0; i < SESSION_TEXTS; i++)
		free(s->texts[i]);
	session_list_free(s->entrypoint);
	session_list_free(s->ro);
}

void
session_set(struct session *s, const struct sandbox_project *p)
{
	struct session old = *s;

	s->p = *p;
	for (size_t i = 0; i < SESSION_TEXTS; i++) {
		s->texts[i] = xstrdup(session_text(p, i));
		session_point(&s->p, i, s->texts[i]);
	}
	s->entrypoint = session_list_dup(p->entrypoint);
	s->ro = session_list_dup(p->ro);
	s->p.entrypoint = (const char *const *)s->entrypoint;
	s->p.ro = (const char *const *)s->ro;
	session_free_parts(&old);
}

void
session_release(struct session *s)
{
	session_free_parts(s);
	free(s->root);
	*s = (struct session){ .wanted = s->wanted, .p.id = s->p.id };
}

static void
session_write_list(struct jw *w, const char *key, const char *const *list)
{
	size_t n = session_list_count(list);

	jw_array(w, key);
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, list[i]);
	jw_end(w);
}

void
session_write(const struct session *s, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "id", s->p.id);
	jw_str(&w, "desired", s->wanted ? "running" : "stopped");
	jw_bool(&w, "paused", s->paused);
	jw_str(&w, "root", s->root);
	for (size_t i = 0; i < SESSION_TEXTS; i++)
		jw_str(&w, session_texts[i].key, session_text(&s->p, i));
	session_write_list(&w, "entrypoint", s->p.entrypoint);
	session_write_list(&w, "ro", s->p.ro);
	jw_bool(&w, "docker", s->p.docker);
	jw_i64(&w, "generation", s->p.generation);
	jw_u64(&w, "disk_mib", s->p.disk_mib);
	jw_u64(&w, "memory", s->p.limits.memory);
	jw_u64(&w, "cpu_milli", s->p.limits.cpu_milli);
	jw_u64(&w, "pids", s->p.limits.pids);
	jw_u64(&w, "tmp", s->p.limits.tmp);
	jw_end(&w);
}

/* At most SANDBOX_LIST_MAX texts, borrowed from j. */
static int
session_read_list(const struct json *j, const char *key,
    const char *out[SANDBOX_LIST_MAX + 1], struct err *e)
{
	const struct json *list = json_get(j, key);
	size_t n = json_count(list);

	if (n > SANDBOX_LIST_MAX)
		return err_set(
		    e, ERR_LIMIT, "%s: over %d", key, SANDBOX_LIST_MAX);
	for (size_t i = 0; i < n; i++) {
		out[i] = json_string(json_at(list, i));
		if (out[i] == NULL || strlen(out[i]) > SPEC_MAX_PATH)
			return err_set(e, ERR_INVALID, "%s[%zu]", key, i);
	}
	out[n] = NULL;
	return 0;
}

static int
session_read_numbers(
    const struct json *j, struct sandbox_project *p, struct err *e)
{
	int64_t disk = 0;
	int64_t memory = 0;
	int64_t cpu = 0;
	int64_t pids = 0;
	int64_t tmp = 0;

	if (json_i64(j, "id", 1, HOST_MAX_PROJECT, &p->id, e) == -1 ||
	    json_bool(j, "docker", &p->docker, e) == -1 ||
	    json_i64(j, "generation", 0, INT64_MAX, &p->generation, e) == -1 ||
	    json_i64(j, "disk_mib", 0, WORKSPACE_MAX_MIB, &disk, e) == -1 ||
	    json_i64(j, "memory", 0, INT64_MAX, &memory, e) == -1 ||
	    json_i64(j, "cpu_milli", 0, INT32_MAX, &cpu, e) == -1 ||
	    json_i64(j, "pids", 0, INT32_MAX, &pids, e) == -1 ||
	    json_i64(j, "tmp", 0, INT64_MAX, &tmp, e) == -1)
		return -1;
	p->disk_mib = (uint64_t)disk;
	p->limits = (struct spec_limits){ .memory = (uint64_t)memory,
		.cpu_milli = (uint32_t)cpu,
		.pids = (uint32_t)pids,
		.tmp = (uint64_t)tmp };
	return 0;
}

static int
session_fill(const struct json *j, struct session *s, struct err *e)
{
	const char *desired = NULL;
	const char *root = NULL;
	const char *entrypoint[SANDBOX_LIST_MAX + 1];
	const char *ro[SANDBOX_LIST_MAX + 1];
	struct sandbox_project p = { .id = 0 };
	bool paused = false;

	if (json_str(j, "desired", 16, &desired, e) == -1 ||
	    json_bool(j, "paused", &paused, e) == -1 ||
	    json_str(j, "root", SPEC_MAX_PATH, &root, e) == -1 ||
	    session_read_numbers(j, &p, e) == -1 ||
	    session_read_list(j, "entrypoint", entrypoint, e) == -1 ||
	    session_read_list(j, "ro", ro, e) == -1)
		return -1;
	for (size_t i = 0; i < SESSION_TEXTS; i++) {
		const char *text = session_texts[i].none;

		if (json_str(j, session_texts[i].key, session_texts[i].max,
			&text, e) == -1)
			return -1;
		session_point(&p, i, text);
	}
	if (p.id == 0 || desired == NULL)
		return err_set(e, ERR_INVALID, "no id or no desired state");
	p.entrypoint = entrypoint;
	p.ro = ro;
	session_set(s, &p);
	s->root = root != NULL ? xstrdup(root) : NULL;
	s->wanted = strcmp(desired, "running") == 0;
	s->paused = paused;
	return 0;
}

int
session_parse(struct view text, struct session *s, struct err *e)
{
	struct json *j = json_parse(text, SESSION_STATE_MAX, e);
	int r;

	if (j == NULL)
		return err_wrap(e, "state.json");
	r = session_fill(j, s, e);
	json_free(j);
	return r == -1 ? err_wrap(e, "state.json") : 0;
}

static char *
session_state_path(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/state.json", h->home, id);
}

/* What is there already is not written: an adoption needs no room. */
static int
session_put(
    const char *path, const char *text, size_t len, mode_t mode, struct err *e)
{
	AUTO_STR struct str is = STR_INIT;
	struct err none = ERR_INIT;

	if (path_read(path, SESSION_STATE_MAX, &is, &none) == 0 &&
	    is.len == len && memcmp(is.p, text, len) == 0)
		return 0;
	return path_write_atomic(path, text, len, mode, e);
}

int
session_save(
    const struct sandbox_host *h, const struct session *s, struct err *e)
{
	AUTO_FREE char *dir = workspace_dir(h, s->p.id);
	AUTO_FREE char *path = session_state_path(h, s->p.id);
	AUTO_STR struct str text = STR_INIT;

	session_write(s, &text);
	if (path_mkdirs(dir, 0711, e) == -1)
		return -1;
	return session_put(path, text.p, text.len, 0600, e);
}

int
session_load(
    const struct sandbox_host *h, int64_t id, struct session *s, struct err *e)
{
	AUTO_FREE char *path = session_state_path(h, id);
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, SESSION_STATE_MAX, &text, e) == -1 ||
	    session_parse(str_view(&text), s, e) == -1)
		return err_wrap(e, "sandbox of project %" PRId64, id);
	if (s->p.id != id)
		return err_set(
		    e, ERR_INVALID, "%s is the state of another project", path);
	return 0;
}

char *
session_dir(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/session", h->home, id);
}

char *
session_live_dir(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/live", h->home, id);
}

int
session_save_branch(
    const struct sandbox_host *h, const struct session *s, struct err *e)
{
	AUTO_FREE char *live = session_live_dir(h, s->p.id);
	AUTO_FREE char *path = path_join(live, "branch");
	AUTO_FREE char *line = xasprintf(
	    "%s\n", session_text(&s->p, SESSION_BRANCH));

	return session_put(path, line, strlen(line), 0644, e);
}

int
session_find_root(
    const struct sandbox_host *h, struct session *s, struct err *e)
{
	char *root = NULL;

	if (s->p.profile[0] != '\0') {
		root = profile_root(h, s->p.profile, e);
		if (root == NULL)
			return -1;
	}
	free(s->root);
	s->root = root;
	return 0;
}

static void
session_spec_mounts(const struct session *s, struct session_spec *out)
{
	size_t n = session_list_count(s->p.ro);

	out->mounts[0] = (struct spec_mount){
		.source = out->workspace, .target = "/work", .ro = false
	};
	out->mounts[1] = (struct spec_mount){
		.source = out->live, .target = "/run/coffer/live", .ro = true
	};
	out->mounts[2] = (struct spec_mount){ .source = out->objects,
		.target = "/run/coffer/objects",
		.ro = true };
	out->n_own = 3;
	if (access(out->seed, F_OK) == 0)
		out->mounts[out->n_own++] = (struct spec_mount){
			.source = out->seed,
			.target = "/run/coffer/seed",
			.ro = true
		};
	for (size_t i = 0; i < n; i++) {
		char target[SPEC_MAX_PATH + 8];

		spec_share_target(s->p.ro[i], target, sizeof(target));
		out->targets[i] = xstrdup(target);
		out->mounts[out->n_own + i] = (struct spec_mount){
			.source = s->p.ro[i],
			.target = out->targets[i],
			.ro = true,
			.share = true,
		};
	}
	out->spec.mounts = out->mounts;
	out->spec.n_mounts = out->n_own + n;
}

/* sh -c SCRIPT sh ENTRYPOINT... */
static void
session_spec_argv(const struct session *s, struct session_spec *out)
{
	size_t n = session_list_count(s->p.entrypoint);

	out->argv[0] = "/bin/sh";
	out->argv[1] = "-c";
	out->argv[2] = session_script;
	out->argv[3] = "sh";
	for (size_t i = 0; i < n; i++)
		out->argv[4 + i] = s->p.entrypoint[i];
	out->spec.argv = out->argv;
}

/* What is no line NAME=VALUE is not for it. */
static void
session_spec_env(const struct session *s, struct session_spec *out)
{
	char *rest, *line;

	out->env_text = xstrdup(session_text(&s->p, SESSION_ENV));
	out->env_len = strlen(out->env_text);
	rest = out->env_text;
	while ((line = strsep(&rest, "\n")) != NULL &&
	    out->spec.n_env < SESSION_ENV_MAX) {
		char *value = strchr(line, '=');

		if (value == NULL || value == line)
			continue;
		*value++ = '\0';
		out->env[out->spec.n_env++] = (struct spec_pair){ .name = line,
			.value = value };
	}
	out->spec.env = out->env;
}

void
session_spec_init(const struct sandbox_host *h, const struct session *s,
    struct session_spec *out)
{
	int64_t id = s->p.id;

	memset(out, 0, sizeof(*out));
	host_session_id(h, id, out->id);
	host_project_netns(h, id, out->netns);
	out->workspace = workspace_mount(h, id);
	out->live = session_live_dir(h, id);
	out->objects = objects_dir(h, id);
	out->seed = path_join(h->home, "seed");
	out->gitconfig = xasprintf(
	    "%s[alias]\n\ttree = !COFFER_URL=http://coffer/%s.git sh "
	    "/etc/coffer-tree\n",
	    session_text(&s->p, SESSION_GITCONFIG),
	    session_text(&s->p, SESSION_NAME));
	out->files[0] = (struct spec_file){ .path = "/etc/gitconfig",
		.text = out->gitconfig };
	out->files[1] = (struct spec_file){ .path = "/etc/coffer-tree",
		.text = session_tree_script };
	out->labels[0] = (struct spec_pair){ .name = "coffer.project",
		.value = session_text(&s->p, SESSION_NAME) };
	out->spec = (struct sandbox_spec){
		.id = out->id,
		.root = s->root,
		.files = out->files,
		.n_files = 2,
		.labels = out->labels,
		.n_labels = 1,
		.cwd = "/work",
		.hostname = "sandbox",
		.limits = s->p.limits,
		.net = SPEC_NET_JOIN,
		.netns = out->netns,
		.uid_base = host_project_uid_base(id),
		.docker = s->p.docker,
	};
	if (session_text(&s->p, SESSION_RUNTIME)[0] != '\0')
		out->spec.runtime = s->p.runtime;
	if (session_text(&s->p, SESSION_GPUS)[0] != '\0')
		out->spec.gpus = s->p.gpus;
	session_spec_mounts(s, out);
	session_spec_argv(s, out);
	session_spec_env(s, out);
}

void
session_spec_release(struct session_spec *s)
{
	free(s->workspace);
	free(s->live);
	free(s->objects);
	free(s->seed);
	for (size_t i = 0; i < SANDBOX_LIST_MAX; i++)
		free(s->targets[i]);
	if (s->env_text != NULL)
		explicit_bzero(s->env_text, s->env_len);
	free(s->env_text);
	if (s->gitconfig != NULL)
		explicit_bzero(s->gitconfig, strlen(s->gitconfig));
	free(s->gitconfig);
}

static int
session_check_spec(
    const struct sandbox_host *h, const struct session_spec *x, struct err *e)
{
	if (spec_validate(&x->spec, h->home, e) == -1)
		return -1;
	for (size_t i = x->n_own; i < x->spec.n_mounts; i++) {
		AUTO_CLOSE int fd = spec_open_source(
		    x->mounts[i].source, true, e);

		if (fd == -1)
			return -1;
	}
	return 0;
}

/* What is asked of the driver beyond a container. */
static int
session_check_driver(const struct sandbox_host *h, const struct driver *driver,
    const struct session *s, const struct sandbox_spec *spec, struct err *e)
{
	const char *want = session_text(&s->p, SESSION_DRIVER);

	if (want[0] != '\0' && strcmp(want, driver->name) != 0)
		return err_set(e, ERR_INVALID,
		    "coffer-agentd here has the driver %s, not %.20s: [agentd] "
		    "driver in coffer.conf",
		    driver->name, want);
	return driver->check(h, spec, e);
}

int
session_check(const struct sandbox_host *h, const struct driver *driver,
    const struct session *s, struct err *e)
{
	AUTO_FREE char *root = NULL;
	struct session_spec x;
	int r;

	if (s->p.profile[0] != '\0') {
		root = profile_root(h, s->p.profile, e);
		if (root == NULL)
			return -1;
	}
	session_spec_init(h, s, &x);
	x.spec.root = root;
	r = session_check_spec(h, &x, e);
	if (r == 0)
		r = session_check_driver(h, driver, s, &x.spec, e);
	session_spec_release(&x);
	return r;
}

bool
session_is_in_netns(const struct sandbox_host *h, int64_t id)
{
	AUTO_FREE char *dir = session_dir(h, id);
	AUTO_FREE char *pidfile = path_join(dir, "pid");
	AUTO_FREE char *named = NULL;
	AUTO_FREE char *own = NULL;
	AUTO_STR struct str text = STR_INIT;
	char name[HOST_NAME_MAX];
	struct err e = ERR_INIT;
	struct stat a;
	struct stat b;
	int64_t pid;

	if (path_read(pidfile, 32, &text, &e) == -1 ||
	    num_i64(str_cstr(&text), 2, INT32_MAX, &pid, &e) == -1)
		return false;
	host_project_netns(h, id, name);
	named = xasprintf("/run/netns/%s", name);
	own = xasprintf("/proc/%" PRId64 "/ns/net", pid);
	return stat(named, &a) == 0 && stat(own, &b) == 0 &&
	    a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}
