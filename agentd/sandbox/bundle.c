#include "agentd/sandbox/bundle.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agentd/sandbox/rootfs.h"
#include "agentd/sandbox/seccomp.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/barrier.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	BUNDLE_CPU_PERIOD_US = 100000
};

#define BUNDLE_PATH \
	"PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin"

/* One of the container's own file systems. */
struct bundle_fs {
	const char *target;
	const char *type;
	const char *options[8];
};

static const struct bundle_fs bundle_kernel_fs[] = {
	{ "/proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ "/dev", "tmpfs",
	    { "nosuid", "noexec", "strictatime", "mode=755", "size=64k" } },
	{ "/dev/pts", "devpts",
	    { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620",
		"gid=5" } },
	{ "/dev/shm", "tmpfs",
	    { "nosuid", "noexec", "nodev", "mode=1777", "size=64m" } },
	{ "/sys", "tmpfs",
	    { "nosuid", "noexec", "nodev", "ro", "mode=555", "size=4k" } },
	{ "/run", "tmpfs",
	    { "nosuid", "nodev", "mode=755", "size=16m", "nr_inodes=4k" } },
};

static const char *const bundle_masked[] = { "/proc/acpi", "/proc/asound",
	"/proc/config.gz", "/proc/interrupts", "/proc/iomem", "/proc/ioports",
	"/proc/kallsyms", "/proc/kcore", "/proc/key-users", "/proc/keys",
	"/proc/kmsg", "/proc/kpagecgroup", "/proc/kpagecount",
	"/proc/kpageflags", "/proc/latency_stats", "/proc/modules",
	"/proc/sched_debug", "/proc/scsi", "/proc/slabinfo", "/proc/softirqs",
	"/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo",
	"/proc/zoneinfo" };
static const char *const bundle_readonly[] = { "/proc/bus", "/proc/driver",
	"/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger",
	"/proc/tty" };

/* What a test gives a sandbox to see that it is noticed. */
static const char *const bundle_too_much[] = { "CAP_SYS_ADMIN", "CAP_NET_RAW" };

static const char *const bundle_capsets[] = { "bounding", "effective",
	"inheritable", "permitted", "ambient" };

/* Folders of the root that hold the system, read-only in the container. */
static const char *const bundle_system[] = { "/usr", "/etc/alternatives",
	"/etc/ssl/certs", "/etc/ld.so.cache", NULL };
/* Links into /usr on a merged system, folders on others. */
static const char *const bundle_links[] = { "/bin", "/sbin", "/lib", "/lib32",
	"/lib64", "/libx32", NULL };

const char *const *
bundle_system_paths(void)
{
	return bundle_system;
}

const char *const *
bundle_link_paths(void)
{
	return bundle_links;
}

static void
bundle_write_strings(
    struct jw *w, const char *key, const char *const *list, size_t n)
{
	jw_array(w, key);
	for (size_t i = 0; i < n; i++)
		jw_str(w, NULL, list[i]);
	jw_end(w);
}

void
bundle_write_env(struct jw *w, const char *key, const struct sandbox_spec *s)
{
	static const char *const base[] = { BUNDLE_PATH, "HOME=/home/agent",
		"USER=agent", "LOGNAME=agent", "SHELL=/bin/bash",
		"LANG=C.UTF-8", "TERM=xterm-256color" };
	AUTO_STR struct str line = STR_INIT;

	jw_array(w, key);
	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++) {
		size_t n = (size_t)(strchr(base[i], '=') - base[i]);
		bool over = false;

		for (size_t j = 0; j < s->n_env; j++)
			over |= strlen(s->env[j].name) == n &&
			    memcmp(s->env[j].name, base[i], n) == 0;
		if (!over)
			jw_str(w, NULL, base[i]);
	}
	for (size_t i = 0; i < s->n_env; i++) {
		str_reset(&line);
		str_addf(&line, "%s=%s", s->env[i].name, s->env[i].value);
		jw_view(w, NULL, str_view(&line));
	}
	for (char **v = environ;
	     barrier_is_off("environment") && v != NULL && *v != NULL; v++)
		jw_str(w, NULL, *v);
	jw_end(w);
}

void
bundle_write_argv(struct jw *w, const char *key, const struct sandbox_spec *s)
{
	jw_array(w, key);
	if (s->init) {
		jw_str(w, NULL, "/bin/sh");
		jw_str(w, NULL, "-c");
		jw_str(w, NULL, "\"$@\"; exit $?");
		jw_str(w, NULL, "init");
	}
	for (size_t i = 0; s->argv[i] != NULL; i++)
		jw_str(w, NULL, s->argv[i]);
	jw_end(w);
}

static void
bundle_write_rlimit(
    struct jw *w, const char *name, uint64_t soft, uint64_t hard)
{
	jw_object(w, NULL);
	jw_str(w, "type", name);
	jw_u64(w, "soft", soft);
	jw_u64(w, "hard", hard);
	jw_end(w);
}

uint64_t
bundle_hard_limit(int resource, uint64_t want)
{
	struct rlimit r;

	if (getrlimit((__rlimit_resource_t)resource, &r) == -1 ||
	    r.rlim_max == RLIM_INFINITY || r.rlim_max > want)
		return want;
	return r.rlim_max;
}

static void
bundle_write_process(
    struct jw *w, const char *key, const struct sandbox_spec *s, bool terminal)
{
	uint64_t files;
	uint64_t locked;

	jw_object(w, key);
	jw_bool(w, "terminal", terminal);
	jw_object(w, "user");
	jw_u64(w, "uid", HOST_AGENT_UID);
	jw_u64(w, "gid", HOST_AGENT_UID);
	jw_end(w);
	bundle_write_argv(w, "args", s);
	bundle_write_env(w, "env", s);
	jw_str(w, "cwd", s->cwd != NULL ? s->cwd : "/home/agent");
	jw_object(w, "capabilities");
	for (size_t i = 0; i < 5; i++)
		bundle_write_strings(w, bundle_capsets[i], bundle_too_much,
		    barrier_is_off("capabilities") ? 2 : 0);
	jw_end(w);
	jw_array(w, "rlimits");
	files = bundle_hard_limit(RLIMIT_NOFILE, 65536);
	bundle_write_rlimit(
	    w, "RLIMIT_NOFILE", files < 4096 ? files : 4096, files);
	bundle_write_rlimit(w, "RLIMIT_CORE", 0, 0);
	locked = bundle_hard_limit(RLIMIT_MEMLOCK, 64 << 10);
	bundle_write_rlimit(w, "RLIMIT_MEMLOCK", locked, locked);
	jw_end(w);
	jw_bool(w, "noNewPrivileges", !barrier_is_off("new-privileges"));
	jw_i64(w, "oomScoreAdj", 500);
	jw_end(w);
}

static void
bundle_write_fs(struct jw *w, const struct bundle_fs *f)
{
	jw_object(w, NULL);
	jw_str(w, "destination", f->target);
	jw_str(w, "type", f->type);
	jw_str(w, "source", f->type);
	jw_array(w, "options");
	for (size_t i = 0; i < 8 && f->options[i] != NULL; i++)
		jw_str(w, NULL, f->options[i]);
	jw_end(w);
	jw_end(w);
}

static void
bundle_write_tmpfs(struct jw *w, const char *target, uint64_t size,
    unsigned mode, unsigned uid)
{
	char sz[40];
	char md[24];
	char who[32];
	char gid[32];
	const struct bundle_fs f = {
		.target = target,
		.type = "tmpfs",
		.options = { "nosuid", "nodev", sz, md, who, gid },
	};

	(void)snprintf(sz, sizeof(sz), "size=%" PRIu64, size);
	(void)snprintf(md, sizeof(md), "mode=%o", mode);
	(void)snprintf(who, sizeof(who), "uid=%u", uid);
	(void)snprintf(gid, sizeof(gid), "gid=%u", uid);
	bundle_write_fs(w, &f);
}

static void
bundle_write_bind(struct jw *w, const char *source, const char *target, bool ro)
{
	jw_object(w, NULL);
	jw_str(w, "destination", target);
	jw_str(w, "type", "bind");
	jw_str(w, "source", source);
	jw_array(w, "options");
	jw_str(w, NULL, "bind");
	jw_str(w, NULL, ro ? "ro" : "rw");
	jw_str(w, NULL, "nosuid");
	jw_str(w, NULL, "nodev");
	jw_str(w, NULL, "rprivate");
	jw_end(w);
	jw_end(w);
}

/* The system of the root, by the rows that exist there. */
static void
bundle_write_system(struct jw *w, const struct sandbox_spec *s)
{
	const char *root = s->root != NULL ? s->root : "";

	for (size_t i = 0; bundle_system[i] != NULL; i++) {
		AUTO_FREE char *src = xasprintf("%s%s", root, bundle_system[i]);

		if (access(src, F_OK) == 0)
			bundle_write_bind(w, src, bundle_system[i], true);
	}
	for (size_t i = 0; bundle_links[i] != NULL; i++) {
		AUTO_FREE char *src = xasprintf("%s%s", root, bundle_links[i]);
		char to[8];

		if (readlink(src, to, sizeof(to)) == -1 &&
		    access(src, F_OK) == 0)
			bundle_write_bind(w, src, bundle_links[i], true);
	}
}

bool
bundle_has_target(const struct sandbox_spec *s, const char *target)
{
	for (size_t i = 0; i < s->n_mounts; i++) {
		if (strcmp(s->mounts[i].target, target) == 0)
			return true;
	}
	return false;
}

static void
bundle_write_mounts(struct jw *w, const struct sandbox_spec *s)
{
	struct spec_limits l = spec_limits_of(s);

	jw_array(w, "mounts");
	bundle_write_system(w, s);
	for (size_t i = 0;
	     i < sizeof(bundle_kernel_fs) / sizeof(bundle_kernel_fs[0]); i++)
		bundle_write_fs(w, &bundle_kernel_fs[i]);
	bundle_write_tmpfs(w, "/tmp", l.tmp, 01777, 0);
	bundle_write_tmpfs(w, "/var/tmp", l.tmp, 01777, 0);
	if (!bundle_has_target(s, "/home/agent"))
		bundle_write_tmpfs(
		    w, "/home/agent", l.tmp, 0700, HOST_AGENT_UID);
	for (size_t i = 0; i < s->n_mounts; i++) {
		char src[32];

		(void)snprintf(src, sizeof(src), "source/%zu", i);
		bundle_write_bind(w, src, s->mounts[i].target, s->mounts[i].ro);
	}
	jw_end(w);
}

static void
bundle_write_idmap(struct jw *w, const char *key, uint32_t base)
{
	jw_array(w, key);
	jw_object(w, NULL);
	jw_u64(w, "containerID", 0);
	jw_u64(w, "hostID", base);
	jw_u64(w, "size", HOST_UID_SPAN);
	jw_end(w);
	jw_end(w);
}

static void
bundle_write_resources(struct jw *w, const struct sandbox_spec *s)
{
	struct spec_limits l = spec_limits_of(s);

	jw_object(w, "resources");
	jw_array(w, "devices");
	jw_object(w, NULL);
	jw_bool(w, "allow", false);
	jw_str(w, "access", "rwm");
	jw_end(w);
	jw_end(w);
	jw_object(w, "memory");
	jw_u64(w, "limit", l.memory);
	jw_u64(w, "swap", l.memory); /* memory and swap: no swap */
	jw_end(w);
	jw_object(w, "cpu");
	jw_u64(w, "quota", (uint64_t)l.cpu_milli * BUNDLE_CPU_PERIOD_US / 1000);
	jw_u64(w, "period", BUNDLE_CPU_PERIOD_US);
	jw_end(w);
	jw_object(w, "pids");
	jw_u64(w, "limit", l.pids);
	jw_end(w);
	jw_end(w);
}

static void
bundle_write_namespaces(struct jw *w, const struct sandbox_spec *s)
{
	/* The last ones are those that a test can do without. */
	static const char *const fresh[] = { "pid", "mount", "uts", "ipc",
		"cgroup" };
	size_t n = barrier_is_off("namespaces") ? 3 : 5;

	jw_array(w, "namespaces");
	if (!barrier_is_off("user")) {
		jw_object(w, NULL);
		jw_str(w, "type", "user");
		jw_end(w);
	}
	for (size_t i = 0; i < n; i++) {
		jw_object(w, NULL);
		jw_str(w, "type", fresh[i]);
		jw_end(w);
	}
	/*
	 * A namespace to join belongs to the host's user namespace, and runc
	 * 1.1 cannot enter it again for an exec.  So the shim enters it before
	 * runc starts, and it is inherited.
	 */
	if (s->net == SPEC_NET_OFF) {
		jw_object(w, NULL);
		jw_str(w, "type", "network");
		jw_end(w);
	}
	jw_end(w);
}

void
bundle_config(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct str *out)
{
	AUTO_FREE char *cgroup = xasprintf("/coffer-%s/%s", h->inst, s->id);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "ociVersion", "1.0.2");
	bundle_write_process(&w, "process", s, false);
	jw_object(&w, "root");
	jw_str(&w, "path", "root");
	jw_bool(&w, "readonly", !barrier_is_off("root"));
	jw_end(&w);
	jw_str(&w, "hostname", s->hostname != NULL ? s->hostname : "sandbox");
	bundle_write_mounts(&w, s);
	jw_object(&w, "annotations");
	for (size_t i = 0; i < s->n_labels; i++)
		jw_str(&w, s->labels[i].name, s->labels[i].value);
	jw_end(&w);
	jw_object(&w, "linux");
	if (!barrier_is_off("user")) {
		bundle_write_idmap(&w, "uidMappings", s->uid_base);
		bundle_write_idmap(&w, "gidMappings", s->uid_base);
	}
	bundle_write_resources(&w, s);
	jw_str(&w, "cgroupsPath", cgroup);
	bundle_write_namespaces(&w, s);
	if (!barrier_is_off("seccomp"))
		seccomp_write(&w, "seccomp");
	jw_str(&w, "rootfsPropagation", "rprivate");
	bundle_write_strings(&w, "maskedPaths", bundle_masked,
	    sizeof(bundle_masked) / sizeof(bundle_masked[0]));
	bundle_write_strings(&w, "readonlyPaths", bundle_readonly,
	    sizeof(bundle_readonly) / sizeof(bundle_readonly[0]));
	jw_end(&w);
	jw_end(&w);
}

void
bundle_process(const struct sandbox_spec *s, bool terminal, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	bundle_write_process(&w, NULL, s, terminal);
}
