/*
 * engine_conf: DIR/engine.json, what the shim of an engine's container has to
 * know.  No secrets: the container exists by then.
 */
#ifndef AGENTD_SANDBOX_ENGINE_CONF_H
#define AGENTD_SANDBOX_ENGINE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct str;

struct engine_conf {
	char *socket;
	char *container;  /* its id in the engine */
	char *places;     /* engine_places_dir; goes after the start */
	char *stdin_path; /* NULL: none */
	/* Host uid that is to own its streams; 0: the engine sees to it. */
	uint32_t owner;
	uint64_t limit, tail; /* bytes kept of each output */
	int64_t wall_ms;
	bool split;
	bool hold;
	bool init; /* process 1 is a shell: a signal shows as 128 + n */
};

void engine_conf_write(const struct engine_conf *c, struct str *out);
int engine_conf_parse(struct view text, struct engine_conf *c, struct err *e);
int engine_conf_load(const char *dir, struct engine_conf *c, struct err *e);
void engine_conf_release(struct engine_conf *c);

#endif
