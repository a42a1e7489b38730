#include "agentd/gateway/config.h"

#include <pwd.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/money.h"
#include "lib/base/path.h"

enum {
	CONFIG_ROUTER_UID = 64102,
	CONFIG_GATEWAY_UID = 64104,
	CONFIG_HOLD_MS_MAX = 24 * 60 * 60 * 1000
};

#define CONFIG_AT(field) offsetof(struct gateway_config, field)
#define CONFIG_BUDGET(scope) CONFIG_AT(budget_text[scope])

static const struct conf_key config_keys[] = {
	{ "user", CONF_STR, CONFIG_AT(user), "coffer-gateway", 0, 0,
	    "whom to become; 64104 when the host has no such user" },
	{ "uid", CONF_U64, CONFIG_AT(uid_set), NULL, 0, UINT32_MAX - 1,
	    "instead of user" },
	{ "gid", CONF_U64, CONFIG_AT(gid_set), NULL, 0, UINT32_MAX - 1,
	    "instead of the user's group" },
	{ "router_uid", CONF_U64, CONFIG_AT(router_uid_set), NULL, 0,
	    UINT32_MAX - 1, "uid of coffer-router; 0 is that user's" },
	{ "router_gid", CONF_U64, CONFIG_AT(router_gid_set), NULL, 0,
	    UINT32_MAX - 1, "gid of coffer-router; 0 is that user's" },
	{ "run_budget", CONF_STR, CONFIG_BUDGET(LEDGER_RUN), "20", 0, 0,
	    "dollars of one run; 0 is no limit, as for the others" },
	{ "item_budget", CONF_STR, CONFIG_BUDGET(LEDGER_ITEM), "50", 0, 0,
	    "of one issue or pull request" },
	{ "project_budget", CONF_STR, CONFIG_BUDGET(LEDGER_PROJECT), "0", 0, 0,
	    "of one project, for ever" },
	{ "project_day_budget", CONF_STR, CONFIG_BUDGET(LEDGER_PROJECT_DAY),
	    "100", 0, 0, "of one project in a day (UTC)" },
	{ "day_budget", CONF_STR, CONFIG_BUDGET(LEDGER_DAY), "200", 0, 0,
	    "of everything in a day" },
	{ "all_budget", CONF_STR, CONFIG_BUDGET(LEDGER_ALL), "0", 0, 0,
	    "of everything, for ever" },
	{ "unknown_model", CONF_STR, CONFIG_AT(unknown_model), "dearest", 0, 0,
	    "dearest: costs as the dearest of the table; deny: is refused" },
	{ "at_limit", CONF_STR, CONFIG_AT(at_limit), "refuse", 0, 0,
	    "refuse, or freeze the run until somebody thaws it" },
	{ "freeze_hold", CONF_MS, CONFIG_AT(freeze_hold_ms), "10m", 0,
	    CONFIG_HOLD_MS_MAX, "how long a frozen run's request waits" },
	{ "stall", CONF_MS, CONFIG_AT(stall_ms), "10m", 1000,
	    CONFIG_HOLD_MS_MAX, "how long a provider may send nothing" },
	{ "upload", CONF_MS, CONFIG_AT(upload_ms), "60s", 100,
	    CONFIG_HOLD_MS_MAX,
	    "how long a request's body may take, and 1 s for each 256 kB" },
	{ "max_body", CONF_SIZE, CONFIG_AT(max_body), "32M", 1024, 256 << 20,
	    "of one request" },
	{ "max_bodies", CONF_SIZE, CONFIG_AT(max_bodies), "256M", 1024,
	    UINT32_MAX, "of all requests at a time" },
	{ "key_commands", CONF_BOOL, CONFIG_AT(key_commands), NULL, 0, 0,
	    "providers may have a key_command; the gateway may start "
	    "programs then" },
	{ "capture", CONF_BOOL, CONFIG_AT(capture), NULL, 0, 0,
	    "keep what is said, in gateway/content" },
	{ "capture_runs", CONF_U64, CONFIG_AT(capture_runs), "50", 1, 10000,
	    "of how many runs" },
	{ "prices", CONF_STR, CONFIG_AT(prices), NULL, 0, 0,
	    "the table of prices, instead of the shipped one" },
	{ "log_level", CONF_STR, CONFIG_AT(log_level), "info", 0, 0,
	    "error, warn, info or debug" },
	{ .name = NULL },
};

static const char *const config_sections[] = { "server", "agentd", "runner",
	"router", "cli", NULL };

static const struct conf_spec config_spec = {
	.section = "gateway",
	.keys = config_keys,
	.known = config_sections,
};

/* Who is not root cannot become anybody else. */
static int
config_ids(struct gateway_config *c, struct err *e)
{
	const struct passwd *pw = getpwnam(c->user);

	c->uid = pw != NULL ? pw->pw_uid : CONFIG_GATEWAY_UID;
	c->gid = pw != NULL ? pw->pw_gid : CONFIG_GATEWAY_UID;
	if (c->uid_set != 0)
		c->uid = (uid_t)c->uid_set;
	if (c->gid_set != 0)
		c->gid = (gid_t)c->gid_set;
	if (geteuid() != 0) {
		c->uid = geteuid();
		c->gid = getegid();
	}
	pw = getpwnam("coffer-router");
	c->router_uid = pw != NULL ? pw->pw_uid : CONFIG_ROUTER_UID;
	c->router_gid = pw != NULL ? pw->pw_gid : CONFIG_ROUTER_UID;
	if (c->router_uid_set != 0)
		c->router_uid = (uid_t)c->router_uid_set;
	if (c->router_gid_set != 0)
		c->router_gid = (gid_t)c->router_gid_set;
	if (c->uid == 0 || c->gid == 0)
		return err_set(e, ERR_INVALID,
		    "user %.40s: the gateway must not run as root", c->user);
	return 0;
}

static int
config_word(const char *name, const char *value, const char *no,
    const char *yes, bool *out, struct err *e)
{
	*out = strcmp(value, yes) == 0;
	if (*out || strcmp(value, no) == 0)
		return 0;
	return err_set(e, ERR_INVALID, "%s: expected %s or %s", name, no, yes);
}

static int
config_check(struct gateway_config *c, struct err *e)
{
	enum log_level level;

	for (int s = 0; s < LEDGER_SCOPES; s++)
		if (money_parse(
			view_of(c->budget_text[s]), &c->limits.of[s], e) == -1)
			return err_wrap(e, "%s_budget",
			    ledger_scope_name((enum ledger_scope)s));
	if (config_word("unknown_model", c->unknown_model, "dearest", "deny",
		&c->deny_unknown, e) == -1 ||
	    config_word("at_limit", c->at_limit, "refuse", "freeze",
		&c->freeze_at_limit, e) == -1 ||
	    config_ids(c, e) == -1 ||
	    log_level_parse(c->log_level, &level, e) == -1)
		return -1;
	log_init("coffer-gateway", level);
	return 0;
}

int
gateway_config_load(struct gateway_config *c, const char *home, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "coffer.conf");

	memset(c, 0, sizeof(*c));
	if (conf_load(path, &config_spec, c, e) == -1)
		return -1;
	if (config_check(c, e) == -1) {
		gateway_config_release(c);
		return err_wrap(e, "%s [gateway]", path);
	}
	return 0;
}

void
gateway_config_release(struct gateway_config *c)
{
	conf_release(&config_spec, c);
}
