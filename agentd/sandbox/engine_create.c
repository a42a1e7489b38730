#include "agentd/sandbox/engine_create.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/engine_create_priv.h"
#include "agentd/sandbox/engine_podman.h"
#include "agentd/sandbox/seccomp.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/wire/json.h"

enum {
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

char *
engine_seccomp_path(const struct sandbox_host *h)
{
	return xasprintf("%s/run/engine/seccomp.json", h->home);
}

char *
engine_create_path(const struct sandbox_host *h, const char *name)
{
	return engine_facts(h->engine)->podman
	    ? xstrdup("/libpod/containers/create")
	    : xasprintf("/containers/create?name=%s", name);
}

void
engine_write_user(struct jw *w, const char *key, const struct sandbox_host *h,
    uint32_t uid_base)
{
	uint32_t uid = engine_agent_uid(engine_facts(h->engine), uid_base);
	char user[32];

	(void)snprintf(user, sizeof(user), "%u:%u", uid, uid);
	jw_str(w, key, user);
}

/* As one, so that the image's own command is never used. */
static void
engine_write_command(struct jw *w, const struct sandbox_spec *s)
{
	bundle_write_argv(w, "Entrypoint", s);
	jw_array(w, "Cmd");
	jw_end(w);
}

void
engine_write_labels(
    struct jw *w, const char *key, const struct engine_create_spec *c)
{
	jw_object(w, key);
	jw_str(w, "coffer.inst", c->h->inst);
	jw_str(w, "coffer.role", c->holder ? "holder" : "sandbox");
	if (c->dir != NULL)
		jw_str(w, "coffer.dir", c->dir);
	for (size_t i = 0; i < c->spec->n_labels; i++)
		jw_str(w, c->spec->labels[i].name, c->spec->labels[i].value);
	jw_end(w);
}

static void
engine_write_config(struct jw *w, const struct engine_create_spec *c)
{
	const struct sandbox_spec *s = c->spec;

	jw_object(w, NULL);
	if (c->own_name)
		jw_str(w, "Hostname",
		    s->hostname != NULL ? s->hostname : "sandbox");
	engine_write_user(w, "User", c->h, s->uid_base);
	engine_write_command(w, s);
	bundle_write_env(w, "Env", s);
	jw_str(w, "WorkingDir", s->cwd != NULL ? s->cwd : "/home/agent");
	jw_bool(w, "Tty", false);
	jw_bool(w, "AttachStdin", s->stdin_path != NULL);
	jw_bool(w, "OpenStdin", s->stdin_path != NULL);
	jw_bool(w, "StdinOnce", s->stdin_path != NULL);
	jw_bool(w, "AttachStdout", true);
	jw_bool(w, "AttachStderr", true);
	engine_write_labels(w, "Labels", c);
	/* It has nothing to end: an engine that ends need not wait for it. */
	if (c->holder)
		jw_str(w, "StopSignal", "SIGKILL");
	jw_end(w);
}

static void
engine_write_mounts(struct jw *w, const struct engine_create_spec *c)
{
	jw_array(w, "Mounts");
	for (size_t i = 0; i < c->places->n; i++) {
		AUTO_FREE char *source = c->places_dir == NULL
		    ? xstrdup(c->places->row[i].source)
		    : xasprintf("%s/%zu", c->places_dir, i);

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

const struct engine_tmpfs engine_tmpfs[ENGINE_TMPFS_N] = {
	{ "/tmp", false, 0, "mode=1777" },
	{ "/var/tmp", false, 0, "mode=1777" },
	{ "/run", false, 16 << 20, "mode=755" },
	/* Over what an engine shows of the host's devices and cgroups. */
	{ "/sys", true, 4 << 10, "mode=555" },
	{ "/sys/fs/cgroup", true, 4 << 10, "mode=555" },
};

static void
engine_write_tmpfs(struct jw *w, const struct sandbox_spec *s)
{
	jw_object(w, "Tmpfs");
	for (size_t i = 0; i < ENGINE_TMPFS_N; i++) {
		const struct engine_tmpfs *t = &engine_tmpfs[i];
		char options[96];

		(void)snprintf(options, sizeof(options),
		    "%s,nosuid,nodev,size=%" PRIu64 ",%s",
		    t->ro ? "ro,noexec" : "rw,exec",
		    t->bytes != 0 ? t->bytes : spec_limits_of(s).tmp, t->mode);
		jw_str(w, t->target, options);
	}
	jw_end(w);
}

void
engine_rlimits(struct engine_rlimit out[ENGINE_RLIMIT_N])
{
	uint64_t files = bundle_hard_limit(RLIMIT_NOFILE, 65536);
	uint64_t locked = bundle_hard_limit(RLIMIT_MEMLOCK, 64 << 10);
	/* Else Podman sets one of its own, which not every root may. */
	uint64_t procs = bundle_hard_limit(RLIMIT_NPROC, 32768);

	out[0] = (struct engine_rlimit){ "nofile", files < 4096 ? files : 4096,
		files };
	out[1] = (struct engine_rlimit){ "core", 0, 0 };
	out[2] = (struct engine_rlimit){ "memlock", locked, locked };
	out[3] = (struct engine_rlimit){ "nproc", procs, procs };
}

static void
engine_write_limits(struct jw *w, const struct spec_limits *l)
{
	struct engine_rlimit rlimits[ENGINE_RLIMIT_N];

	engine_rlimits(rlimits);
	jw_u64(w, "Memory", l->memory);
	jw_u64(w, "MemorySwap", l->memory); /* memory and swap: no swap */
	jw_u64(w, "NanoCpus", (uint64_t)l->cpu_milli * 1000000);
	jw_u64(w, "PidsLimit", l->pids);
	jw_i64(w, "OomScoreAdj", ENGINE_OOM_SCORE);
	jw_u64(w, "ShmSize", ENGINE_SHM_BYTES);
	jw_array(w, "Ulimits");
	for (size_t i = 0; i < ENGINE_RLIMIT_N; i++) {
		jw_object(w, NULL);
		jw_str(w, "Name", rlimits[i].name);
		jw_u64(w, "Soft", rlimits[i].soft);
		jw_u64(w, "Hard", rlimits[i].hard);
		jw_end(w);
	}
	jw_end(w);
}

/* The profile itself, not a path. */
static void
engine_write_security(struct jw *w)
{
	AUTO_STR struct str profile = STR_INIT;
	struct jw inner;

	str_add(&profile, "seccomp=");
	jw_init(&inner, &profile);
	seccomp_write(&inner, NULL);
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
	jw_object(w, "RestartPolicy");
	jw_str(w, "Name", "no");
	jw_end(w);
	jw_object(w, "LogConfig");
	jw_str(w, "Type", "local");
	jw_object(w, "Config");
	jw_str(w, "max-size", "5m");
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
	if (!c->holder)
		engine_write_tmpfs(w, c->spec);
	engine_write_limits(w, &l);
	engine_write_security(w);
	engine_write_habits(w, c->h->engine, c->spec->runtime);
	engine_write_gpus(w, c->spec->gpus);
	jw_end(w);
}

void
engine_create_init(struct engine_create *c, const struct engine_create_spec *s)
{
	struct jw w;

	*c = (struct engine_create){
		.podman = engine_facts(s->h->engine)->podman,
		.uid_base = s->spec->uid_base,
		.config = STR_INIT,
		.host = STR_INIT,
	};
	if (c->podman) {
		engine_podman_config(s, &c->config);
		return;
	}
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
    const char *net, struct str *out)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	if (c->podman) {
		str_addv(out, str_view(&c->config));
		engine_podman_end(image, net, c->uid_base, out);
		return;
	}
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
    const char *name, const char *image, struct str *out)
{
	static const char *const argv[] = { "/usr/bin/sleep", "infinity",
		NULL };
	char usr[] = "/usr";
	const struct engine_places places = { .n = 1,
		.row = { { .source = usr, .target = usr, .ro = true } } };
	const struct sandbox_spec s = { .id = name,
		.argv = argv,
		.cwd = "/",
		.uid_base = host_project_uid_base(project),
		.limits = { .memory = ENGINE_HOLDER_MEMORY,
		    .cpu_milli = 100,
		    .pids = ENGINE_HOLDER_PIDS } };
	struct engine_create c;

	engine_create_init(&c,
	    &(struct engine_create_spec){ .h = h,
		.spec = &s,
		.places = &places,
		.own_name = true,
		.holder = true });
	engine_create_end(&c, image, "none", out);
	engine_create_release(&c);
}
