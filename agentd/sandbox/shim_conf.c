#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agentd/sandbox/oci.h"
#include "agentd/sandbox/oci_priv.h"
#include "agentd/sandbox/shim_priv.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/barrier.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SHIM_CONF_MAX = 32 << 10,
	SHIM_LOG_MAX = 64 << 10,
	SHIM_TEXT_MAX = 512
};

void
shim_config(
    const struct sandbox_host *h, const struct sandbox_spec *s, struct str *out)
{
	struct spec_limits l = spec_limits_of(s);
	AUTO_FREE char *cgroup = xasprintf("coffer-%s/%s", h->inst, s->id);
	AUTO_FREE char *state = oci_state_root(h);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "id", s->id);
	jw_str(&w, "runc", oci_runc_path());
	jw_str(&w, "state", state);
	jw_str(&w, "cgroup", cgroup);
	jw_str(&w, "stdin", s->stdin_path);
	jw_str(&w, "netns",
	    s->net == SPEC_NET_JOIN && !barrier_is_off("network") ? s->netns
								  : NULL);
	jw_u64(&w, "uid", s->uid_base + HOST_AGENT_UID);
	jw_u64(&w, "limit", l.output);
	jw_u64(&w, "tail", l.output_end);
	jw_i64(&w, "wall_ms", l.wall_ms);
	jw_bool(&w, "split", s->split_stderr);
	jw_bool(&w, "hold", s->hold);
	jw_array(&w, "sources");
	for (size_t i = 0; i < s->n_mounts; i++)
		jw_str(&w, NULL, s->mounts[i].source);
	jw_end(&w);
	jw_end(&w);
}

static int
shim_conf_str(const struct json *j, const char *key, char **out, struct err *e)
{
	const char *v = NULL;
	int r = json_str(j, key, SHIM_TEXT_MAX, &v, e);

	if (r == -1)
		return -1;
	if (r == 1)
		return err_set(e, ERR_INVALID, "no %s", key);
	*out = xstrdup(v);
	return 0;
}

static int
shim_conf_sources(const struct json *j, struct shim_conf *c, struct err *e)
{
	const struct json *list = json_get(j, "sources");
	size_t n = json_count(list);

	if (n > SPEC_MAX_MOUNTS)
		return err_set(
		    e, ERR_LIMIT, "more than %d sources", SPEC_MAX_MOUNTS);
	c->sources = xcalloc(n + 1, sizeof(*c->sources));
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string(json_at(list, i));

		if (s == NULL || strlen(s) > SPEC_MAX_PATH)
			return err_set(e, ERR_INVALID, "source %zu", i);
		c->sources[c->n_sources++] = xstrdup(s);
	}
	return 0;
}

static int
shim_conf_fill(const struct json *j, struct shim_conf *c, struct err *e)
{
	const char *in = NULL;
	const char *netns = NULL;
	int64_t uid = 0;
	int64_t limit = 0, tail = 0;

	if (shim_conf_str(j, "id", &c->id, e) == -1 ||
	    shim_conf_str(j, "runc", &c->runc, e) == -1 ||
	    shim_conf_str(j, "state", &c->state, e) == -1 ||
	    shim_conf_str(j, "cgroup", &c->cgroup, e) == -1 ||
	    json_str(j, "stdin", SHIM_TEXT_MAX, &in, e) == -1 ||
	    json_str(j, "netns", HOST_NAME_MAX - 1, &netns, e) == -1 ||
	    json_i64(j, "uid", 1, UINT32_MAX, &uid, e) == -1 ||
	    json_i64(j, "limit", 0, INT64_MAX, &limit, e) == -1 ||
	    json_i64(j, "tail", 0, SPEC_TAIL_MAX, &tail, e) == -1 ||
	    json_i64(j, "wall_ms", 0, INT64_MAX, &c->wall_ms, e) == -1 ||
	    json_bool(j, "split", &c->split, e) == -1 ||
	    json_bool(j, "hold", &c->hold, e) == -1 ||
	    shim_conf_sources(j, c, e) == -1)
		return -1;
	c->uid = (uint32_t)uid;
	c->limit = (uint64_t)limit;
	c->tail = (uint64_t)tail;
	c->stdin_path = in != NULL ? xstrdup(in) : NULL;
	c->netns = netns != NULL ? xstrdup(netns) : NULL;
	return 0;
}

int
shim_conf_parse(struct view text, struct shim_conf *c, struct err *e)
{
	struct json *j = json_parse(text, SHIM_CONF_MAX, e);
	int r;

	*c = (struct shim_conf){ .id = NULL };
	if (j == NULL)
		return err_wrap(e, "shim.json");
	r = shim_conf_fill(j, c, e);
	json_free(j);
	if (r == -1) {
		shim_conf_release(c);
		return err_wrap(e, "shim.json");
	}
	return 0;
}

int
shim_conf_load(const char *dir, struct shim_conf *c, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "shim.json");
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, SHIM_CONF_MAX, &text, e) == -1)
		return -1;
	return shim_conf_parse(str_view(&text), c, e);
}

void
shim_conf_release(struct shim_conf *c)
{
	free(c->id);
	free(c->runc);
	free(c->state);
	free(c->cgroup);
	free(c->stdin_path);
	free(c->netns);
	for (size_t i = 0; i < c->n_sources; i++)
		free(c->sources[i]);
	free(c->sources);
	*c = (struct shim_conf){ .id = NULL };
}

void
shim_exit_write(const struct shim_exit *x, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "exit_code", x->exit_code);
	jw_i64(&w, "signal", x->signal);
	jw_bool(&w, "timed_out", x->timed_out);
	jw_bool(&w, "stopped", x->stopped);
	jw_bool(&w, "oom", x->oom);
	jw_i64(&w, "started_at", x->started_at);
	jw_i64(&w, "ended_at", x->ended_at);
	jw_u64(&w, "bytes", x->bytes);
	jw_u64(&w, "dropped", x->dropped);
	jw_str(&w, "error", x->error);
	jw_end(&w);
}

int
shim_exit_parse(struct view text, struct shim_exit *x, struct err *e)
{
	struct json *j = json_parse(text, SHIM_CONF_MAX, e);
	const char *why = "";
	int64_t code = -1;
	int64_t sig = 0;
	int64_t bytes = 0;
	int64_t dropped = 0;
	int r = 0;

	*x = (struct shim_exit){ .exit_code = -1 };
	if (j == NULL)
		return err_wrap(e, "exit.json");
	if (json_i64(j, "exit_code", -1, 255, &code, e) != 0 ||
	    json_i64(j, "signal", 0, 127, &sig, e) == -1 ||
	    json_bool(j, "timed_out", &x->timed_out, e) == -1 ||
	    json_bool(j, "stopped", &x->stopped, e) == -1 ||
	    json_bool(j, "oom", &x->oom, e) == -1 ||
	    json_i64(j, "started_at", 0, INT64_MAX, &x->started_at, e) == -1 ||
	    json_i64(j, "ended_at", 0, INT64_MAX, &x->ended_at, e) == -1 ||
	    json_i64(j, "bytes", 0, INT64_MAX, &bytes, e) == -1 ||
	    json_i64(j, "dropped", 0, INT64_MAX, &dropped, e) == -1 ||
	    json_str(j, "error", sizeof(x->error) - 1, &why, e) == -1)
		r = -1;
	x->exit_code = (int)code;
	x->signal = (int)sig;
	x->bytes = (uint64_t)bytes;
	x->dropped = (uint64_t)dropped;
	if (r == 0)
		(void)snprintf(x->error, sizeof(x->error), "%s", why);
	json_free(j);
	if (r == -1 && e->code == ERR_NONE)
		(void)err_set(e, ERR_INVALID, "no exit_code");
	return r == -1 ? err_wrap(e, "exit.json") : 0;
}

void
shim_runc_error(const char *dir, char *out, size_t n)
{
	AUTO_FREE char *path = path_join(dir, "runc.log");
	AUTO_STR struct str log = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	struct view line;

	out[0] = '\0';
	if (path_read(path, SHIM_LOG_MAX, &log, &e) == -1)
		return;
	rest = str_view(&log);
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		struct json *j = line.len == 0 ? NULL : json_parse(line, 0, &e);

		if (strcmp(json_str_or(j, "level", ""), "error") == 0)
			(void)snprintf(out, n, "%s", json_str_or(j, "msg", ""));
		json_free(j);
	}
}
