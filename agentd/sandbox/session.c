#include "agentd/sandbox/session.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/objects.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SESSION_STATE_MAX = 128 << 10,
	SESSION_NAME_MAX = 256
};

/*
 * Process 1 of a session: starts the byobu (a tmux, where that is all there
 * is), then waits for ever, reaping.  The wait ends once a day, harmlessly.
 */
/* clang-format off */
static const char session_script[] =
    "trap 'exit 0' TERM\n"
    "cd /work\n"
    "if command -v byobu; then byobu new-session -d -s main\n"
    "elif command -v tmux; then tmux new-session -d -s main\n"
    "fi >/dev/null 2>&1 </dev/null\n"
    ": >/tmp/.session-is-up\n"
    "while :; do sleep 86400 & wait $!; done\n";
/* clang-format on */

void
session_set(struct session *s, const struct sandbox_project *p)
{
	struct session old = *s;

	s->p = *p;
	s->p.name = s->name = xstrdup(p->name != NULL ? p->name : "");
	s->p.mode = s->mode = xstrdup(p->mode != NULL ? p->mode : "web");
	s->p.gitconfig = s->gitconfig = xstrdup(
	    p->gitconfig != NULL ? p->gitconfig : "");
	session_release(&old);
}

void
session_release(struct session *s)
{
	free(s->name);
	free(s->mode);
	free(s->gitconfig);
	s->name = s->mode = s->gitconfig = NULL;
	s->p.name = s->p.mode = s->p.gitconfig = NULL;
}

void
session_write(const struct session *s, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "id", s->p.id);
	jw_str(&w, "desired", s->wanted ? "running" : "stopped");
	jw_str(&w, "name", s->p.name);
	jw_str(&w, "mode", s->p.mode);
	jw_str(&w, "gitconfig", s->p.gitconfig);
	jw_u64(&w, "disk_mib", s->p.disk_mib);
	jw_u64(&w, "memory", s->p.limits.memory);
	jw_u64(&w, "cpu_milli", s->p.limits.cpu_milli);
	jw_u64(&w, "pids", s->p.limits.pids);
	jw_u64(&w, "tmp", s->p.limits.tmp);
	jw_end(&w);
}

static int
session_fill(const struct json *j, struct session *s, struct err *e)
{
	const char *desired = NULL;
	int64_t disk = 0;
	int64_t memory = 0;
	int64_t cpu = 0;
	int64_t pids = 0;
	int64_t tmp = 0;
	struct sandbox_project p = { .id = 0 };

	if (json_i64(j, "id", 1, HOST_MAX_PROJECT, &p.id, e) == -1 ||
	    json_str(j, "desired", 16, &desired, e) == -1 ||
	    json_str(j, "name", SESSION_NAME_MAX, &p.name, e) == -1 ||
	    json_str(j, "mode", 16, &p.mode, e) == -1 ||
	    json_str(j, "gitconfig", SPEC_MAX_FILE_BYTES, &p.gitconfig, e) ==
		-1 ||
	    json_i64(j, "disk_mib", 0, WORKSPACE_MAX_MIB, &disk, e) == -1 ||
	    json_i64(j, "memory", 0, INT64_MAX, &memory, e) == -1 ||
	    json_i64(j, "cpu_milli", 0, INT32_MAX, &cpu, e) == -1 ||
	    json_i64(j, "pids", 0, INT32_MAX, &pids, e) == -1 ||
	    json_i64(j, "tmp", 0, INT64_MAX, &tmp, e) == -1)
		return -1;
	if (p.id == 0 || desired == NULL)
		return err_set(e, ERR_INVALID, "no id or no desired state");
	p.disk_mib = (uint64_t)disk;
	p.limits = (struct spec_limits){ .memory = (uint64_t)memory,
		.cpu_milli = (uint32_t)cpu,
		.pids = (uint32_t)pids,
		.tmp = (uint64_t)tmp };
	session_set(s, &p);
	s->wanted = strcmp(desired, "running") == 0;
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
	return path_write_atomic(path, text.p, text.len, 0600, e);
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

void
session_spec_init(const struct sandbox_host *h, const struct session *s,
    struct session_spec *out)
{
	static const char *const argv[] = { "/bin/sh", "-c", session_script,
		NULL };
	int64_t id = s->p.id;

	memset(out, 0, sizeof(*out));
	host_session_id(h, id, out->id);
	host_project_netns(h, id, out->netns);
	out->workspace = workspace_mount(h, id);
	out->live = session_live_dir(h, id);
	out->objects = objects_dir(h, id);
	out->mounts[0] = (struct spec_mount){
		.source = out->workspace, .target = "/work", .ro = false
	};
	out->mounts[1] = (struct spec_mount){
		.source = out->live, .target = "/run/coffer/live", .ro = true
	};
	out->mounts[2] = (struct spec_mount){ .source = out->objects,
		.target = "/run/coffer/objects",
		.ro = true };
	out->gitconfig = xasprintf(
	    "%s[alias]\n\ttree = !COFFER_URL=http://coffer/%s.git sh "
	    "/etc/coffer-tree\n",
	    s->p.gitconfig, s->p.name);
	out->files[0] = (struct spec_file){ .path = "/etc/gitconfig",
		.text = out->gitconfig };
	out->files[1] = (struct spec_file){ .path = "/etc/coffer-tree",
		.text = session_tree_script };
	out->labels[0] = (struct spec_pair){ .name = "coffer.project",
		.value = s->p.name };
	out->spec = (struct sandbox_spec){
		.id = out->id,
		.mounts = out->mounts,
		.n_mounts = 3,
		.files = out->files,
		.n_files = 2,
		.labels = out->labels,
		.n_labels = 1,
		.argv = argv,
		.cwd = "/work",
		.hostname = "sandbox",
		.limits = s->p.limits,
		.net = SPEC_NET_JOIN,
		.netns = out->netns,
		.uid_base = host_project_uid_base(id),
	};
}

void
session_spec_release(struct session_spec *s)
{
	free(s->workspace);
	free(s->live);
	free(s->objects);
	if (s->gitconfig != NULL)
		explicit_bzero(s->gitconfig, strlen(s->gitconfig));
	free(s->gitconfig);
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
