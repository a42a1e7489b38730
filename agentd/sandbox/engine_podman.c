#include "agentd/sandbox/engine_podman.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/engine_create_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	PODMAN_CPU_PERIOD_US = 100 * 1000,
	PODMAN_LOG_BYTES = 5 << 20
};

static void
engine_podman_write_ns(
    struct jw *w, const char *key, const char *mode, const char *value)
{
	jw_object(w, key);
	jw_str(w, "nsmode", mode);
	if (value != NULL)
		jw_str(w, "value", value);
	jw_end(w);
}

/* The same variables as an object. */
static void
engine_podman_write_env(struct jw *w, const struct sandbox_spec *s)
{
	AUTO_STR struct str text = STR_INIT;
	struct err bad = ERR_INIT;
	struct json *list;
	struct jw inner;

	jw_init(&inner, &text);
	bundle_write_env(&inner, NULL, s);
	list = json_parse(str_view(&text), 0, &bad);
	explicit_bzero(text.p, text.len);
	jw_object(w, "env");
	for (const struct json *v = list == NULL ? NULL : json_first(list);
	     v != NULL; v = json_next(v)) {
		const char *line = json_string(v);
		AUTO_FREE char *name = xstrndup(line, strcspn(line, "="));

		jw_str(w, name, line + strlen(name) + 1);
	}
	jw_end(w);
	json_free(list);
}

static void
engine_podman_write_mount(struct jw *w, const char *type, const char *source,
    const char *target, const char *const *options)
{
	jw_object(w, NULL);
	jw_str(w, "type", type);
	jw_str(w, "source", source);
	jw_str(w, "destination", target);
	jw_array(w, "options");
	for (; *options != NULL; options++)
		jw_str(w, NULL, *options);
	jw_end(w);
	jw_end(w);
}

static void
engine_podman_write_mounts(struct jw *w, const struct engine_create_spec *c)
{
	const char *bind[] = { "rbind", "rprivate", NULL, NULL };

	jw_array(w, "mounts");
	for (size_t i = 0; i < c->places->n; i++) {
		AUTO_FREE char *source = c->places_dir == NULL
		    ? xstrdup(c->places->row[i].source)
		    : xasprintf("%s/%zu", c->places_dir, i);

		bind[2] = c->places->row[i].ro ? "ro" : "rw";
		engine_podman_write_mount(
		    w, "bind", source, c->places->row[i].target, bind);
	}
	for (size_t i = 0; !c->holder && i < ENGINE_TMPFS_N; i++) {
		const struct engine_tmpfs *t = &engine_tmpfs[i];
		AUTO_FREE char *size = xasprintf("size=%" PRIu64,
		    t->bytes != 0 ? t->bytes : spec_limits_of(c->spec).tmp);
		const char *const options[] = { t->ro ? "ro" : "rw", "nosuid",
			"nodev", t->ro ? "noexec" : "exec", size, t->mode,
			NULL };

		engine_podman_write_mount(
		    w, "tmpfs", "tmpfs", t->target, options);
	}
	jw_end(w);
}

static void
engine_podman_write_limits(struct jw *w, const struct spec_limits *l)
{
	struct engine_rlimit rlimits[ENGINE_RLIMIT_N];

	engine_rlimits(rlimits);
	jw_array(w, "r_limits");
	for (size_t i = 0; i < ENGINE_RLIMIT_N; i++) {
		jw_object(w, NULL);
		jw_str(w, "type", rlimits[i].name);
		jw_u64(w, "soft", rlimits[i].soft);
		jw_u64(w, "hard", rlimits[i].hard);
		jw_end(w);
	}
	jw_end(w);
	jw_object(w, "resource_limits");
	jw_object(w, "memory");
	jw_u64(w, "limit", l->memory);
	jw_u64(w, "swap", l->memory); /* memory and swap: no swap */
	jw_end(w);
	jw_object(w, "cpu");
	jw_u64(w, "period", PODMAN_CPU_PERIOD_US);
	jw_u64(
	    w, "quota", (uint64_t)l->cpu_milli * (PODMAN_CPU_PERIOD_US / 1000));
	jw_end(w);
	jw_object(w, "pids");
	jw_u64(w, "limit", l->pids);
	jw_end(w);
	jw_end(w);
	jw_i64(w, "oom_score_adj", ENGINE_OOM_SCORE);
	jw_i64(w, "shm_size", ENGINE_SHM_BYTES);
}

static void
engine_podman_write_security(struct jw *w, const struct sandbox_host *h)
{
	AUTO_FREE char *seccomp = engine_seccomp_path(h);

	jw_array(w, "cap_drop");
	jw_str(w, NULL, "ALL");
	jw_end(w);
	jw_bool(w, "no_new_privileges", true);
	jw_str(w, "seccomp_profile_path", seccomp);
	jw_bool(w, "read_only_filesystem", true);
	engine_podman_write_ns(w, "pidns", "private", NULL);
	engine_podman_write_ns(w, "ipcns", "private", NULL);
	engine_podman_write_ns(w, "utsns", "private", NULL);
	engine_podman_write_ns(w, "cgroupns", "private", NULL);
}

void
engine_podman_config(const struct engine_create_spec *c, struct str *out)
{
	const struct sandbox_spec *s = c->spec;
	const struct spec_limits l = spec_limits_of(s);
	const char *runtime = s->runtime != NULL ? s->runtime
						 : engine_runtime(c->h->engine);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "name", s->id);
	if (c->own_name)
		jw_str(&w, "hostname",
		    s->hostname != NULL ? s->hostname : "sandbox");
	engine_write_user(&w, "user", c->h, s->uid_base);
	bundle_write_argv(&w, "entrypoint", s);
	engine_podman_write_env(&w, s);
	jw_str(&w, "work_dir", s->cwd != NULL ? s->cwd : "/home/agent");
	jw_bool(&w, "stdin", s->stdin_path != NULL);
	engine_write_labels(&w, "labels", c);
	/* When it is removed: its end is the shim's affair. */
	jw_i64(&w, "stop_timeout", 0);
	jw_str(&w, "systemd", "false");
	jw_str(&w, "image_volume_mode", "ignore");
	jw_str(&w, "restart_policy", "no");
	jw_object(&w, "log_configuration");
	jw_str(&w, "driver", "k8s-file");
	jw_i64(&w, "size", PODMAN_LOG_BYTES);
	jw_end(&w);
	if (runtime != NULL)
		jw_str(&w, "oci_runtime", runtime);
	engine_podman_write_mounts(&w, c);
	engine_podman_write_limits(&w, &l);
	engine_podman_write_security(&w, c->h);
	jw_end(&w);
	out->len--;
}

static void
engine_podman_write_map(struct jw *w, const char *key, uint32_t uid_base)
{
	jw_array(w, key);
	jw_object(w, NULL);
	jw_u64(w, "container_id", 0);
	jw_u64(w, "host_id", uid_base);
	jw_u64(w, "size", HOST_UID_SPAN);
	jw_end(w);
	jw_end(w);
}

void
engine_podman_end(
    const char *image, const char *net, uint32_t uid_base, struct str *out)
{
	AUTO_STR struct str text = STR_INIT;
	const char *colon = strchr(net, ':');
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "image", image);
	if (colon != NULL) {
		engine_podman_write_ns(&w, "netns", "container", colon + 1);
		engine_podman_write_ns(&w, "userns", "container", colon + 1);
	} else {
		engine_podman_write_ns(&w, "netns", "none", NULL);
		engine_podman_write_ns(&w, "userns", "private", NULL);
		jw_object(&w, "idmappings");
		engine_podman_write_map(&w, "UIDMap", uid_base);
		engine_podman_write_map(&w, "GIDMap", uid_base);
		jw_end(&w);
	}
	jw_end(&w);
	str_addf(out, ",%s", str_cstr(&text) + 1);
}
