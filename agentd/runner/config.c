#include "agentd/runner/config.h"

#include <stddef.h>
#include <string.h>

#include "agentd/sandbox/driver.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

#define CONFIG_AT(field) offsetof(struct runner_config, field)

static const struct conf_key runner_config_keys[] = {
	{ "server", CONF_STR, CONFIG_AT(server), NULL, 0, 0,
	    "cofferd's address; what cofferd wrote to run/ when absent" },
	{ "name", CONF_STR, CONFIG_AT(name), "local", 0, 0,
	    "what this runner is called in logs" },
	{ "labels", CONF_STR, CONFIG_AT(labels), NULL, 0, 0,
	    "what the server's own host has, like \"big,gpu\"; of a registered "
	    "runner the server knows" },
	{ "driver", CONF_STR, CONFIG_AT(driver), "oci", 0, 0,
	    "what sandboxes are made with: oci or engine" },
	{ "engine_socket", CONF_STR, CONFIG_AT(engine_socket), NULL, 0, 0,
	    "of Docker or Podman; where they have it when absent" },
	{ "runtime", CONF_STR, CONFIG_AT(runtime), NULL, 0, 0,
	    "OCI runtime of the engine; its default when absent" },
	{ "slots", CONF_U64, CONFIG_AT(slots), "2", 1, 64, "jobs at a time" },
	{ "disk", CONF_SIZE, CONFIG_AT(disk), "4G", 64 << 20, UINT64_C(1) << 40,
	    "of a job's tree" },
	{ "pids", CONF_U64, CONFIG_AT(pids), "512", 16, 1 << 20,
	    "processes of a job" },
	{ "cpus", CONF_U64, CONFIG_AT(cpus), "2", 1, 1024, "of a job" },
	{ "log_level", CONF_STR, CONFIG_AT(log_level), "info", 0, 0,
	    "error, warn, info or debug" },
	{ .name = NULL },
};

static const char *const runner_config_known[] = { "server", "agentd", "router",
	"gateway", "cli", NULL };

static const struct conf_spec runner_config_spec = {
	.section = "runner",
	.keys = runner_config_keys,
	.known = runner_config_known,
};

static int
runner_config_check(const struct runner_config *c, struct err *e)
{
	enum log_level level;

	if (c->server != NULL && strncmp(c->server, "http://", 7) != 0 &&
	    strncmp(c->server, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "server: expected http://HOST:PORT, not %s", c->server);
	if (driver_find(c->driver) == NULL)
		return err_set(e, ERR_INVALID,
		    "driver: expected oci or engine, not %s", c->driver);
	if (log_level_parse(c->log_level, &level, e) == -1)
		return -1;
	log_init("coffer-runner", level);
	return 0;
}

int
runner_config_load(const char *home, struct runner_config *out, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "coffer.conf");

	memset(out, 0, sizeof(*out));
	if (conf_load(path, &runner_config_spec, out, e) == -1)
		return -1;
	if (runner_config_check(out, e) == -1) {
		runner_config_release(out);
		return err_wrap(e, "%s", path);
	}
	return 0;
}

void
runner_config_release(struct runner_config *c)
{
	conf_release(&runner_config_spec, c);
}
