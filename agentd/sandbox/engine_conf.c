#include "agentd/sandbox/engine_conf.h"

#include <stdlib.h>

#include "agentd/sandbox/spec.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	ENGINE_CONF_MAX = 16 << 10,
	ENGINE_CONF_TEXT_MAX = 1024
};

void
engine_conf_write(const struct engine_conf *c, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "socket", c->socket);
	jw_str(&w, "container", c->container);
	jw_str(&w, "places", c->places);
	jw_str(&w, "stdin", c->stdin_path);
	jw_u64(&w, "owner", c->owner);
	jw_u64(&w, "limit", c->limit);
	jw_u64(&w, "tail", c->tail);
	jw_i64(&w, "wall_ms", c->wall_ms);
	jw_bool(&w, "split", c->split);
	jw_bool(&w, "hold", c->hold);
	jw_bool(&w, "init", c->init);
	jw_end(&w);
}

static int
engine_conf_str(const struct json *j, const char *key, bool needed, char **out,
    struct err *e)
{
	const char *v = NULL;

	if (json_str(j, key, ENGINE_CONF_TEXT_MAX, &v, e) == -1)
		return -1;
	if (v == NULL && needed)
		return err_set(e, ERR_INVALID, "no %s", key);
	*out = v != NULL ? xstrdup(v) : NULL;
	return 0;
}

static int
engine_conf_fill(const struct json *j, struct engine_conf *c, struct err *e)
{
	int64_t limit = 0, tail = 0;
	int64_t owner = 0;

	if (engine_conf_str(j, "socket", true, &c->socket, e) == -1 ||
	    engine_conf_str(j, "container", true, &c->container, e) == -1 ||
	    engine_conf_str(j, "places", true, &c->places, e) == -1 ||
	    engine_conf_str(j, "stdin", false, &c->stdin_path, e) == -1 ||
	    json_i64(j, "owner", 0, UINT32_MAX, &owner, e) == -1 ||
	    json_i64(j, "limit", 0, INT64_MAX, &limit, e) == -1 ||
	    json_i64(j, "tail", 0, SPEC_TAIL_MAX, &tail, e) == -1 ||
	    json_i64(j, "wall_ms", 0, INT64_MAX, &c->wall_ms, e) == -1 ||
	    json_bool(j, "split", &c->split, e) == -1 ||
	    json_bool(j, "hold", &c->hold, e) == -1 ||
	    json_bool(j, "init", &c->init, e) == -1)
		return -1;
	c->owner = (uint32_t)owner;
	c->limit = (uint64_t)limit;
	c->tail = (uint64_t)tail;
	return 0;
}

int
engine_conf_parse(struct view text, struct engine_conf *c, struct err *e)
{
	struct json *j = json_parse(text, ENGINE_CONF_MAX, e);
	int r;

	*c = (struct engine_conf){ .socket = NULL };
	if (j == NULL)
		return err_wrap(e, "engine.json");
	r = engine_conf_fill(j, c, e);
	json_free(j);
	if (r == -1) {
		engine_conf_release(c);
		return err_wrap(e, "engine.json");
	}
	return 0;
}

int
engine_conf_load(const char *dir, struct engine_conf *c, struct err *e)
{
	AUTO_FREE char *path = path_join(dir, "engine.json");
	AUTO_STR struct str text = STR_INIT;

	*c = (struct engine_conf){ .socket = NULL };
	if (path_read(path, ENGINE_CONF_MAX, &text, e) == -1)
		return -1;
	return engine_conf_parse(str_view(&text), c, e);
}

void
engine_conf_release(struct engine_conf *c)
{
	free(c->socket);
	free(c->container);
	free(c->places);
	free(c->stdin_path);
	*c = (struct engine_conf){ .socket = NULL };
}
