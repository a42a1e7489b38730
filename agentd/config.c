#include "agentd/config.h"

#include <stddef.h>
#include <string.h>

#include "agentd/command/repo.h"
#include "agentd/model/modelgate.h"
#include "agentd/sandbox/driver.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"

#define CONFIG_AT(field) offsetof(struct agentd_config, field)

static const struct conf_key agentd_config_keys[] = {
	{ "server", CONF_STR, CONFIG_AT(server), NULL, 0, 0,
	    "cofferd's address; what cofferd wrote to run/ when absent" },
	{ "prompts_dir", CONF_STR, CONFIG_AT(prompts_dir), NULL, 0, 0,
	    "folder with commands/*.md; HOME/prompts comes on top" },
	{ "driver", CONF_STR, CONFIG_AT(driver), "oci", 0, 0,
	    "what sandboxes are made with: oci or engine" },
	{ "engine_socket", CONF_STR, CONFIG_AT(engine_socket), NULL, 0, 0,
	    "of Docker or Podman; where they have it when absent" },
	{ "runtime", CONF_STR, CONFIG_AT(runtime), NULL, 0, 0,
	    "OCI runtime of the engine; its default when absent" },
	{ "providers", CONF_STR, CONFIG_AT(providers), "auto", 0, 0,
	    "of models, by coffer-gateway: auto (those that have a key), none "
	    "(agents sign in by themselves) or names" },
	{ "model", CONF_STR, CONFIG_AT(model), NULL, 0, 0,
	    "the name of the model that agents ask for; theirs when absent" },
	{ "repo_commands", CONF_STR, CONFIG_AT(repo_commands), "scratch", 0, 0,
	    "access that a command of a repository may have when the operator "
	    "has none of its name: off, read, scratch or write" },
	{ "max_runs", CONF_U64, CONFIG_AT(max_runs), "4", 1, 1000,
	    "runs at a time, over all projects" },
	{ "keep_records_days", CONF_U64, CONFIG_AT(keep_days), "90", 0, 36500,
	    "how long records of runs are kept; 0: for ever" },
	{ "keep_records_size", CONF_SIZE, CONFIG_AT(keep_bytes), "10G", 0,
	    (uint64_t)1 << 50, "of all of them, the oldest go; 0: no limit" },
	{ "log_level", CONF_STR, CONFIG_AT(log_level), "info", 0, 0,
	    "error, warn, info or debug" },
	{ .name = NULL },
};

static const char *const agentd_config_known[] = { "server", "runner", "router",
	"gateway", "cli", NULL };

static const struct conf_spec agentd_config_spec = {
	.section = "agentd",
	.keys = agentd_config_keys,
	.known = agentd_config_known,
};

static int
agentd_config_check(const struct agentd_config *c, struct err *e)
{
	struct repo_policy repo;
	enum log_level level;

	if (repo_policy_parse(c->repo_commands, &repo, e) == -1)
		return -1;
	if (c->server != NULL && strncmp(c->server, "http://", 7) != 0 &&
	    strncmp(c->server, "https://", 8) != 0)
		return err_set(e, ERR_INVALID,
		    "server: expected http://HOST:PORT, not %s", c->server);
	if (driver_find(c->driver) == NULL)
		return err_set(e, ERR_INVALID,
		    "driver: expected oci or engine, not %s", c->driver);
	if (modelgate_check(c->providers, e) == -1)
		return -1;
	if (log_level_parse(c->log_level, &level, e) == -1)
		return -1;
	log_init("coffer-agentd", level);
	return 0;
}

int
agentd_config_load(const char *home, struct agentd_config *out, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "coffer.conf");

	memset(out, 0, sizeof(*out));
	if (conf_load(path, &agentd_config_spec, out, e) == -1)
		return -1;
	if (agentd_config_check(out, e) == -1) {
		agentd_config_release(out);
		return err_wrap(e, "%s", path);
	}
	return 0;
}

void
agentd_config_release(struct agentd_config *c)
{
	conf_release(&agentd_config_spec, c);
}
