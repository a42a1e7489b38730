#include "router/config.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "router/resolvconf.h"

enum {
	CONFIG_DEFAULT_UID = 64102,
	CONFIG_RATE_MIN = 64 << 10,
	CONFIG_INSTANCE_BYTES = 64
};

#define CONFIG_OFFSET(field) offsetof(struct config, field)

static const struct conf_key config_keys[] = {
	{ "range", CONF_STR, CONFIG_OFFSET(range_text), "10.214.0.0/16", 0, 0,
	    "addresses of the projects; private, /8 to /22" },
	{ "address", CONF_STR, CONFIG_OFFSET(address), "10.214.0.1", 0, 0,
	    "the router's own, one of the first 255 of the range" },
	{ "user", CONF_STR, CONFIG_OFFSET(user), "coffer-router", 0, 0,
	    "whom to become; 64102 when the host has no such user" },
	{ "uid", CONF_U64, CONFIG_OFFSET(uid_set), NULL, 0, UINT32_MAX - 1,
	    "instead of user" },
	{ "gid", CONF_U64, CONFIG_OFFSET(gid_set), NULL, 0, UINT32_MAX - 1,
	    "instead of the user's group" },
	{ "proxy_gid", CONF_U64, CONFIG_OFFSET(proxy_gid), "64103", 1,
	    UINT32_MAX - 1,
	    "group of the proxy, which alone connects out; its own" },
	{ "proxy_port", CONF_U64, CONFIG_OFFSET(proxy_port), "3128", 1024,
	    UINT16_MAX, "the proxy's, on the router's address" },
	{ "never", CONF_STR, CONFIG_OFFSET(never_text), "", 0, 0,
	    "public ranges that no sandbox reaches, like 203.0.113.0/24" },
	{ "upload_rate", CONF_SIZE, CONFIG_OFFSET(upload_rate), "0", 0,
	    UINT32_MAX, "what a project may send in a second; 0: no bound" },
	{ "upstream_dns", CONF_STR, CONFIG_OFFSET(upstream_dns), "", 0, 0,
	    "resolvers, 192.0.2.1 or 127.0.0.1:53; empty: the host's" },
	{ "log_level", CONF_STR, CONFIG_OFFSET(log_level), "info", 0, 0,
	    "error, warn, info or debug" },
	{ .name = NULL },
};

static const char *const config_known[] = { "server", "agentd", "runner",
	"gateway", "cli", NULL };

static const struct conf_spec config_spec = {
	.section = "router", .keys = config_keys, .known = config_known
};

const char *
config_home(const char *home)
{
	if (home == NULL)
		home = getenv("COFFER_HOME");
	return home != NULL && *home != '\0' ? home : "/var/lib/coffer";
}

static int
config_set_user(struct config *c, struct err *e)
{
	const struct passwd *pw = getpwnam(c->user);

	c->uid = pw != NULL ? pw->pw_uid : CONFIG_DEFAULT_UID;
	c->gid = pw != NULL ? pw->pw_gid : CONFIG_DEFAULT_UID;
	if (c->uid_set != 0)
		c->uid = (uid_t)c->uid_set;
	if (c->gid_set != 0)
		c->gid = (gid_t)c->gid_set;
	if (c->uid == 0 || c->gid == 0)
		return err_set(e, ERR_INVALID,
		    "user %.40s: the router must not run as root", c->user);
	if (c->upload_rate > 0 && c->upload_rate < CONFIG_RATE_MIN)
		return err_set(e, ERR_INVALID,
		    "upload_rate: at least 64K, or 0 for no bound");
	if (c->proxy_gid == c->gid)
		return err_set(e, ERR_INVALID,
		    "proxy_gid: must not be the router's own group");
	return 0;
}

static int
config_set_inst(struct config *c, const char *home, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "instance");
	AUTO_STR struct str text = STR_INIT;
	struct view v;

	if (path_read(path, CONFIG_INSTANCE_BYTES, &text, e) == -1)
		return err_wrap(
		    e, "no instance in this home; run: coffer setup");
	v = view_trim(str_view(&text));
	if (v.len != CONFIG_INST_MAX - 1 ||
	    strspn(v.p, "0123456789abcdef") < v.len)
		return err_set(
		    e, ERR_INVALID, "%s: must be four hex digits", path);
	memcpy(c->inst, v.p, v.len);
	return 0;
}

int
config_load(struct config *c, const char *home, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "coffer.conf");
	struct resolvconf servers;

	memset(c, 0, sizeof(*c));
	if (conf_load(path, &config_spec, c, e) == -1)
		return -1;
	if (policy_range_parse(c->range_text, c->address, &c->range, e) == -1 ||
	    resolvconf_list(c->upstream_dns, &servers, e) == -1 ||
	    policy_nets_parse(c->never_text, &c->never, e) == -1 ||
	    config_set_user(c, e) == -1 ||
	    log_level_parse(c->log_level, &c->level, e) == -1)
		return err_wrap(e, "%s [router]", path);
	if (policy_exempt(&c->exempt, e) == -1 ||
	    config_set_inst(c, home, e) == -1)
		return -1;
	c->run = xasprintf("%s/run", home);
	c->control = xasprintf("unix:%s/run/router.sock", home);
	c->xtlock = xasprintf("%s/run/router.xtables", home);
	c->book = xasprintf("%s/run/router.uploads", home);
	c->clock = xasprintf("%s/run/router.clock", home);
	return 0;
}

void
config_release(struct config *c)
{
	conf_release(&config_spec, c);
	free(c->run);
	free(c->control);
	free(c->xtlock);
	free(c->book);
	free(c->clock);
	memset(c, 0, sizeof(*c));
}
