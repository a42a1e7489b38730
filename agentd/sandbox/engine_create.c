#include "agentd/sandbox/engine_create.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/seccomp.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

enum {
	ENGINE_SHM_BYTES = 64 << 20,
	ENGINE_OOM_SCORE = 500,
	ENGINE_HOLDER_MEMORY = 16 << 20,
	ENGINE_HOLDER_PIDS = 8
};

/*
 * Docker takes uids below 2^31 only.  The ids at the end are those of the
 * runner's slots: they get the last ranges below, and projects end before.
 */
static uint32_t
engine_low_range(uint32_t uid_base)
{
	int64_t id = host_uid_base_project(uid_base);
	int64_t last = (INT32_MAX - (int64_t)host_project_uid_base(1)) /
	    HOST_UID_SPAN;
	int64_t slots = HOST_MAX_JOB_SLOT;

	if (id > HOST_MAX_PROJECT - slots)
		id -= HOST_MAX_PROJECT - last;
	else if (id > last - slots)
		return 0;
	return host_project_uid_base(id);
}

uint32_t
engine_uid_range(const struct engine_facts *f, uint32_t uid_base)
{
	if (f->podman)
		return uid_base;
	return f->remap != 0 ? f->remap : engine_low_range(uid_base);
}

/*
 * A user namespace of the engine's makes 1000 of it inside.  Without one the
 * agent is the project's own uid, there as here: never that of a person.
 */
uint32_t
engine_agent_uid(const struct engine_facts *f, uint32_t uid_base)
{
	return HOST_AGENT_UID +
	    (f->podman || f->remap != 0 ? 0 : engine_low_range(uid_base));
}

uint32_t
engine_root_uid(const struct engine_facts *f, uint32_t uid_base)
{
	return f->podman ? uid_base : f->remap;
}

void
engine_userns(const struct sandbox_host *h, uint32_t uid_base,
    char out[ENGINE_USERNS_MAX])
{
	out[0] = '\0';
	if (engine_facts(h->engine)->podman)
		(void)snprintf(out, ENGINE_USERNS_MAX,
		    "auto:size=%d,uidmapping=0:%u:%d,gidmapping=0:%u:%d",
		    HOST_UID_SPAN, uid_base, HOST_UID_SPAN, uid_base,
		    HOST_UID_SPAN);
}

char *
engine_seccomp_path(const struct sandbox_host *h)
{
	return xasprintf("%s/run/engine/seccomp.json", h->home);
}

static void
engine_write_user(struct jw *w, uint32_t uid)
{
	char user[32];

	(void)snprintf(user, sizeof(user), "%u:%u", uid, uid);
	jw_str(w, "User", user);
}

/* As one, so that the image's own command is never used. */
static void
engine_write_command(struct jw *w, const struct sandbox_spec *s)
{
	bundle_write_argv(w, "Entrypoint", s);
	jw_array(w, "Cmd");
	jw_end(w);
}

static void
engine_write_labels(struct jw *w, const struct sandbox_host *h,
    const struct sandbox_spec *s, const char *role, const char *dir)
{
	jw_object(w, "Labels");
	jw_str(w, "coffer.inst", h->inst);
	jw_str(w, "coffer.role", role);
	if (dir != NULL)
		jw_str(w, "coffer.dir", dir);
	for (size_t i = 0; s != NULL && i < s->n_labels; i++)
		jw_str(w, s->labels[i].name, s->labels[i].value);
	jw_end(w);
}

static void
engine_write_config(struct jw *w, const struct engine_create_spec *c)
{
	const struct sandbox_spec *s = c->spec;
	const struct engine_facts *f = engine_facts(c->h->engine);

	jw_object(w, NULL);
	if (c->own_name)
		jw_str(w, "Hostname",
		    s->hostname != NULL ? s->hostname : "sandbox");
	engine_write_user(w, engine_agent_uid(f, s->uid_base));
	engine_write_command(w, s);
	bundle_write_env(w, "Env", s);
	jw_str(w, "WorkingDir", s->cwd != NULL ? s->cwd : "/home/agent");
	jw_bool(w, "Tty", false);
	jw_bool(w, "AttachStdin", s->stdin_path != NULL);
	jw_bool(w, "OpenStdin", s->stdin_path != NULL);
	jw_bool(w, "StdinOnce", s->stdin_path != NULL);
	jw_bool(w, "AttachStdout", true);
	jw_bool(w, "AttachStderr", true);
	engine_write_labels(w, c->h, s, "sandbox", c->dir);
	jw_end(w);
}

static void
engine_write_mounts(struct jw *w, const struct engine_create_spec *c)
{
	jw_array(w, "Mounts");
	for (size_t i = 0; i < c->places->n; i++) {
		AUTO_FREE char *source = xasprintf("%s/%zu", c->places_dir, i);

		jw_object(w, NULL);
		jw_str(w, "Type", "bind");
		jw_str(w, "Source", source);
		jw_str(w, "Target", c->places->row[i].target);
		jw_bool(w, "ReadOnly", c->places->row[i].ro);
		jw_object(w, "BindOptions");
		jw_str(w, "Propagation", "rprivate");
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static void
engine_write_tmpfs(struct jw *w, const struct sandbox_spec *s)
{
	char tmp[96];

	(void)snprintf(tmp, sizeof(tmp),
	    "rw,nosuid,nodev,exec,size=%" PRIu64 ",mode=1777",
	    spec_limits_of(s).tmp);
	jw_object(w, "Tmpfs");
	jw_str(w, "/tmp", tmp);
	jw_str(w, "/var/tmp", tmp);
	jw_str(w, "/run", "rw,nosuid,nodev,exec,size=16m,mode=755");
	/* Over what an engine shows of the host's devices and cgroups. */
	jw_str(w, "/sys", "ro,nosuid,nodev,noexec,size=4k,mode=555");
	jw_str(w, "/sys/fs/cgroup", "ro,nosuid,nodev,noexec,size=4k,mode=555");
	jw_end(w);
}

static void
engine_write_ulimit(
    struct jw *w, const char *name, uint64_t soft, uint64_t hard)
{
	jw_object(w, NULL);
	jw_str(w, "Name", name);
	jw_u64(w, "Soft", soft);
	jw_u64(w, "Hard", hard);
	jw_end(w);
}

static void
engine_write_limits(struct jw *w, const struct spec_limits *l)
{
	uint64_t files = bundle_hard_limit(RLIMIT_NOFILE, 65536);
	uint64_t locked = bundle_hard_limit(RLIMIT_MEMLOCK, 64 << 10);
	/* Else Podman sets one of its own, which not every root may. */
	uint64_t procs = bundle_hard_limit(RLIMIT_NPROC, 32768);

	jw_u64(w, "Memory", l->memory);
	jw_u64(w, "MemorySwap", l->memory); /* memory and swap: no swap */
	jw_u64(w, "NanoCpus", (uint64_t)l->cpu_milli * 1000000);
	jw_u64(w, "PidsLimit", l->pids);
	jw_i64(w, "OomScoreAdj", ENGINE_OOM_SCORE);
	jw_u64(w, "ShmSize", ENGINE_SHM_BYTES);
	jw_array(w, "Ulimits");
	engine_write_ulimit(w, "nofile", files < 4096 ? files : 4096, files);
	engine_write_ulimit(w, "core", 0, 0);
	engine_write_ulimit(w, "memlock", locked, locked);
	engine_write_ulimit(w, "nproc", procs, procs);
	jw_end(w);
}

/* The profile itself for Docker; Podman takes a file on the same host. */
static void
engine_write_security(struct jw *w, const struct sandbox_host *h)
{
	AUTO_FREE char *file = engine_seccomp_path(h);
	AUTO_STR struct str profile = STR_INIT;
	struct jw inner;

	str_add(&profile, "seccomp=");
	if (engine_facts(h->engine)->podman) {
		str_add(&profile, file);
	} else {
		jw_init(&inner, &profile);
		seccomp_write(&inner, NULL);
	}
	jw_array(w, "CapDrop");
	jw_str(w, NULL, "ALL");
	jw_end(w);
	jw_array(w, "SecurityOpt");
	jw_str(w, NULL, "no-new-privileges:true");
	jw_view(w, NULL, str_view(&profile));
	jw_end(w);
	jw_bool(w, "Privileged", false);
	jw_bool(w, "PublishAllPorts", false);
	jw_bool(w, "ReadonlyRootfs", true);
	jw_str(w, "IpcMode", "private");
	jw_str(w, "CgroupnsMode", "private");
}

static void
engine_write_habits(struct jw *w, const struct engine *g, const char *runtime)
{
	bool podman = engine_facts(g)->podman;

	jw_object(w, "RestartPolicy");
	jw_str(w, "Name", "no");
	jw_end(w);
	jw_object(w, "LogConfig");
	jw_str(w, "Type", podman ? "k8s-file" : "local");
	jw_object(w, "Config");
	jw_str(w, "max-size", "5m");
	if (!podman)
		jw_str(w, "max-file", "2");
	jw_end(w);
	jw_end(w);
	if (runtime == NULL)
		runtime = engine_runtime(g);
	if (runtime != NULL)
		jw_str(w, "Runtime", runtime);
}

/* "all", or how many. */
static void
engine_write_gpus(struct jw *w, const char *gpus)
{
	struct err bad = ERR_INIT;
	uint64_t n = 0;

	if (gpus == NULL)
		return;
	jw_array(w, "DeviceRequests");
	jw_object(w, NULL);
	if (num_u64(gpus, 1, 64, &n, &bad) == 0)
		jw_u64(w, "Count", n);
	else
		jw_i64(w, "Count", -1);
	jw_array(w, "Capabilities");
	jw_array(w, NULL);
	jw_str(w, NULL, "gpu");
	jw_end(w);
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static void
engine_write_host(struct jw *w, const struct engine_create_spec *c)
{
	struct spec_limits l = spec_limits_of(c->spec);

	jw_object(w, NULL);
	engine_write_mounts(w, c);
	engine_write_tmpfs(w, c->spec);
	engine_write_limits(w, &l);
	engine_write_security(w, c->h);
	engine_write_habits(w, c->h->engine, c->spec->runtime);
	engine_write_gpus(w, c->spec->gpus);
	jw_end(w);
}

void
engine_create_init(struct engine_create *c, const struct engine_create_spec *s)
{
	struct jw w;

	*c = (struct engine_create){ .config = STR_INIT, .host = STR_INIT };
	jw_init(&w, &c->config);
	engine_write_config(&w, s);
	jw_init(&w, &c->host);
	engine_write_host(&w, s);
}

/* An object without its closing brace. */
static void
engine_add_open(struct str *out, const struct str *object)
{
	str_addn(out, object->p, object->len - 1);
}

void
engine_create_end(const struct engine_create *c, const char *image,
    const char *net, const char *userns, struct str *out)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	engine_add_open(out, &c->config);
	jw_init(&w, &text);
	jw_str(&w, NULL, image);
	str_addf(out, ",\"Image\":%s,\"HostConfig\":", str_cstr(&text));
	engine_add_open(out, &c->host);
	/* A third object, joined to the second. */
	str_reset(&text);
	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "NetworkMode", net);
	if (userns[0] != '\0')
		jw_str(&w, "UsernsMode", userns);
	jw_end(&w);
	str_addf(out, ",%s}", str_cstr(&text) + 1);
}

void
engine_create_release(struct engine_create *c)
{
	if (c->config.p != NULL)
		explicit_bzero(c->config.p, c->config.len);
	str_release(&c->config);
	str_release(&c->host);
}

void
engine_create_holder(const struct sandbox_host *h, int64_t project,
    const char *image, struct str *out)
{
	static const char *const argv[] = { "/usr/bin/sleep", "infinity",
		NULL };
	const struct sandbox_spec s = { .argv = argv };
	char userns[ENGINE_USERNS_MAX];
	struct jw w;

	engine_userns(h, host_project_uid_base(project), userns);
	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "Image", image);
	jw_str(&w, "Hostname", "sandbox");
	engine_write_user(&w,
	    engine_agent_uid(
		engine_facts(h->engine), host_project_uid_base(project)));
	engine_write_command(&w, &s);
	engine_write_labels(&w, h, NULL, "holder", NULL);
	jw_object(&w, "HostConfig");
	jw_str(&w, "NetworkMode", "none");
	if (userns[0] != '\0')
		jw_str(&w, "UsernsMode", userns);
	jw_array(&w, "Mounts");
	jw_object(&w, NULL);
	jw_str(&w, "Type", "bind");
	jw_str(&w, "Source", "/usr");
	jw_str(&w, "Target", "/usr");
	jw_bool(&w, "ReadOnly", true);
	jw_end(&w);
	jw_end(&w);
	engine_write_limits(&w,
	    &(struct spec_limits){ .memory = ENGINE_HOLDER_MEMORY,
		.cpu_milli = 100,
		.pids = ENGINE_HOLDER_PIDS });
	engine_write_security(&w, h);
	engine_write_habits(&w, h->engine, NULL);
	jw_end(&w);
	jw_end(&w);
}
