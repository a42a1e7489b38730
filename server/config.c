#include "server/config.h"

#include <pwd.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/httpd/tls_keys.h"
#include "lib/io/sock.h"
#include "server/domain/dial_rule.h"
#include "server/domain/forge.h"

enum {
	CONFIG_SERVER_UID = 64101,
	CONFIG_ROUTER_UID = 64102,
	CONFIG_URL_MAX = 500,
	CONFIG_FILE_MAX = 1 << 20,
	CONFIG_TEXT_MAX = 200
};

/* Gitea's. */
#define CONFIG_ATTACHMENT_TYPES                                               \
	".avif,.cpuprofile,.csv,.dmpatch,.docx,.fodg,.fodp,.fods,.fodt,.gif," \
	".gz,.jpeg,.jpg,.json,.jsonc,.log,.md,.mov,.mp4,.odf,.odg,.odp,"      \
	".ods,.odt,.patch,.pdf,.png,.pptx,.svg,.tgz,.txt,.webm,.webp,"        \
	".xls,.xlsx,.zip"

#define CONFIG_AT(field) offsetof(struct config, field)

static const struct conf_key config_keys[] = {
	{ "listen", CONF_STR, CONFIG_AT(listen), "127.0.0.1:3000", 0, 0,
	    "address and port of the API and of git" },
	{ "listen_tls", CONF_STR, CONFIG_AT(listen_tls), NULL, 0, 0,
	    "address and port of the same by TLS; none when absent" },
	{ "tls_cert", CONF_STR, CONFIG_AT(tls_cert), NULL, 0, 0,
	    "PEM file of its certificate and the chain; read again on HUP" },
	{ "tls_key", CONF_STR, CONFIG_AT(tls_key), NULL, 0, 0,
	    "PEM file of its key, which cofferd's user can read" },
	{ "public_url", CONF_STR, CONFIG_AT(public_url), NULL, 0, 0,
	    "what links start with; http:// and listen when absent" },
	{ "trusted_proxies", CONF_STR, CONFIG_AT(trusted_proxies), NULL, 0, 0,
	    "reverse proxies whose X-Forwarded-For is believed: addresses, "
	    "ranges, loopback, private; commas between" },
	{ "allow_file_upstream", CONF_BOOL, CONFIG_AT(allow_file_upstream),
	    "no", 0, 0, "may an upstream be a file:// URL" },
	{ "sync_interval", CONF_MS, CONFIG_AT(sync_interval_ms), "60s", 1000,
	    86400000, "default interval of a mirror" },
	{ "sync_at_once", CONF_U64, CONFIG_AT(sync_at_once), "16", 1, 1000,
	    "upstreams asked at a time" },
	{ "sync_per_host", CONF_U64, CONFIG_AT(sync_per_host), "4", 1, 100,
	    "of them on one host" },
	{ "sync_fetches", CONF_U64, CONFIG_AT(sync_fetches), "4", 1, 100,
	    "upstreams fetched from at a time" },
	{ "mirror_max", CONF_SIZE, CONFIG_AT(mirror_max), "20G", 1 << 20, 0,
	    "what one fetch from an upstream may bring" },
	{ "min_free", CONF_SIZE, CONFIG_AT(min_free), "256M", 1, 0,
	    "disk space that a fetch from an upstream leaves free" },
	{ "upstream_stall", CONF_MS, CONFIG_AT(upstream_stall_ms), "60s", 1000,
	    3600000, "an upstream that sends nothing for so long is slow" },
	{ "upstream_ca", CONF_STR, CONFIG_AT(upstream_ca), NULL, 0, 0,
	    "PEM file of authorities that https upstreams may have" },
	{ "ssh_agent", CONF_STR, CONFIG_AT(ssh_agent), NULL, 0, 0,
	    "agent's socket, for ssh upstreams without a key of their own" },
	{ "github_api", CONF_STR, CONFIG_AT(github_api),
	    "github.com=https://api.github.com", 0, 0,
	    "HOST=URL of GitHub's API for upstreams at HOST, commas between" },
	{ "github_interval", CONF_MS, CONFIG_AT(github_interval_ms), "10m",
	    1000, 86400000, "how often that API is asked about an upstream" },
	{ "router_uid", CONF_U64, CONFIG_AT(router_uid), NULL, 0, UINT32_MAX,
	    "uid of coffer-router; 0 is the user of that name" },
	{ "router_gid", CONF_U64, CONFIG_AT(router_gid), NULL, 0, UINT32_MAX,
	    "gid of coffer-router; 0 is that user's" },
	{ "max_packs", CONF_U64, CONFIG_AT(max_packs), "8", 1, 256,
	    "fetches and pushes served at a time" },
	{ "packs_per_user", CONF_U64, CONFIG_AT(packs_per_user), "4", 1, 256,
	    "of them for one credential; never all" },
	{ "packs_per_project", CONF_U64, CONFIG_AT(packs_per_project), "7", 1,
	    256, "of them for one project; never all" },
	{ "pack_wait", CONF_MS, CONFIG_AT(pack_wait_ms), "2m", 1000, 3600000,
	    "how long one waits for its turn before it is turned away" },
	{ "pack_wall", CONF_MS, CONFIG_AT(pack_wall_ms), "1h", 1000, 86400000,
	    "how long one fetch or push may take" },
	{ "pack_idle", CONF_MS, CONFIG_AT(pack_idle_ms), "60s", 1000, 3600000,
	    "a client that moves less than 4 KiB in this time is cut" },
	{ "push_max", CONF_SIZE, CONFIG_AT(push_max), "2G", 1 << 20, 0,
	    "bytes of one push" },
	{ "push_objects", CONF_U64, CONFIG_AT(push_objects), "1000000", 1,
	    UINT32_MAX, "objects in one push" },
	{ "push_object", CONF_SIZE, CONFIG_AT(push_object), "512M", 1 << 20, 0,
	    "bytes of one object of a push, inflated" },
	{ "push_memory", CONF_SIZE, CONFIG_AT(push_memory), "1G", 64 << 20, 0,
	    "memory of git while it takes a push" },
	{ "pack_cache", CONF_SIZE, CONFIG_AT(pack_cache), "2G", 0, 0,
	    "bytes of packs kept for equal fetches; 0 keeps none" },
	{ "pack_cache_age", CONF_MS, CONFIG_AT(pack_cache_age_ms), "1h", 1000,
	    604800000, "how long a pack is kept after its last use" },
	{ "git_workers", CONF_U64, CONFIG_AT(git_workers), "2", 1, 32,
	    "worker processes for diff, merge and history" },
	{ "attachment_max", CONF_SIZE, CONFIG_AT(attachment_max), "100M", 1024,
	    0, "bytes of one file attached to an issue or comment" },
	{ "attachment_types", CONF_STR, CONFIG_AT(attachment_types),
	    CONFIG_ATTACHMENT_TYPES, 0, 0,
	    "their endings and types, commas between; empty: all" },
	{ "care_quiet", CONF_MS, CONFIG_AT(care_quiet_ms), "30s", 100, 86400000,
	    "how long nobody writes a repository before it is "
	    "maintained" },
	{ "care_check", CONF_MS, CONFIG_AT(care_check_ms), "24h", 1000,
	    2592000000, "how often each repository is checked" },
	{ "keep_logs", CONF_MS, CONFIG_AT(keep_logs_ms), "0s", 0, 315360000000,
	    "how long logs of runs and checks are kept after their end; 0s is "
	    "for ever" },
	{ "keep_records", CONF_MS, CONFIG_AT(keep_records_ms), "0s", 0,
	    315360000000, "the same of the records of runs" },
	{ "keep_events", CONF_MS, CONFIG_AT(keep_events_ms), "0s", 0,
	    315360000000,
	    "how long events are kept, but what is needed still" },
	{ "rate", CONF_U64, CONFIG_AT(rate), "1000", 0, 1000000,
	    "API requests per second of one token, or of one address without; "
	    "ten seconds' at once; 0 is any number" },
	{ "webhook_allow", CONF_STR, CONFIG_AT(webhook_allow), NULL, 0, 0,
	    "what webhooks may reach beside public addresses: addresses, "
	    "ranges, names of hosts, loopback, private; commas between" },
	{ "webhook_retry", CONF_MS, CONFIG_AT(webhook_retry_ms), "10s", 10,
	    3600000, "the first wait after a webhook failed; then 4 times it" },
	{ "audit_keep", CONF_MS, CONFIG_AT(audit_keep_ms), "3650d", 1000,
	    INT64_MAX / 2, "how long rows of the audit log are kept" },
	{ "access_log", CONF_STR, CONFIG_AT(access_log), "changes", 0, 0,
	    "requests that get a line in the log: all; changes, which is "
	    "also refusals and failures; off" },
	{ "log_level", CONF_STR, CONFIG_AT(log_level), "info", 0, 0,
	    "error, warn, info or debug" },
	{ .name = NULL },
};

static const char *const config_sections[] = { "agentd", "runner", "router",
	"gateway", "cli", NULL };

static const struct conf_spec config_spec = {
	.section = "server",
	.keys = config_keys,
	.known = config_sections,
};

static bool
config_url_ok(const char *url)
{
	const char *host = NULL;

	if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	else if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	if (host == NULL || *host == '\0' || strlen(url) > CONFIG_URL_MAX)
		return false;
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p == 0x7f || *p == '"' || *p == '<' ||
		    *p == '>' || *p == '\\')
			return false;
	return strpbrk(host, "?#@") == NULL;
}

/* The line of a key in our section, 0 when the file does not have it. */
static unsigned
config_line(const char *path, const char *key)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line, name;
	unsigned n = 0;
	bool ours = false;

	if (path_read(path, CONFIG_FILE_MAX, &text, &e) == -1 || text.len == 0)
		return 0;
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		n++;
		line = view_trim(line);
		if (view_starts(line, "["))
			ours = view_is(line, "[server]");
		else if (ours && view_split(&line, '=', &name) &&
		    view_is(view_trim(name), key))
			return n;
	}
	return 0;
}

static int
config_bad(struct err *e, const char *path, const char *key, const char *why)
{
	return err_set(e, ERR_INVALID, "%s:%u: %s: %s", path,
	    config_line(path, key), key, why);
}

static int
config_check_dial(const char *path, const struct config *cfg, struct err *e)
{
	struct err sub = ERR_INIT;
	struct dial_rule *r = dial_rule_new(cfg->webhook_allow, &sub);
	bool named;

	if (r == NULL)
		return config_bad(e, path, "webhook_allow", sub.msg);
	dial_rule_free(r);
	r = dial_rule_new(cfg->trusted_proxies, &sub);
	if (r == NULL)
		return config_bad(e, path, "trusted_proxies", sub.msg);
	named = dial_rule_has_names(r);
	dial_rule_free(r);
	return named ? config_bad(e, path, "trusted_proxies",
			   "want addresses, not names of hosts")
		     : 0;
}

/* Cookies and links are for one address, so it must be that of TLS. */
static int
config_check_tls(const char *path, const struct config *cfg, struct err *e)
{
	struct err sub = ERR_INIT;
	struct sock_addr a;

	if (cfg->listen_tls == NULL) {
		if (cfg->tls_cert != NULL || cfg->tls_key != NULL)
			return config_bad(e, path,
			    cfg->tls_cert != NULL ? "tls_cert" : "tls_key",
			    "is for listen_tls, which is not set");
		return 0;
	}
	if (sock_parse(cfg->listen_tls, &a, &sub) == -1)
		return config_bad(e, path, "listen_tls", sub.msg);
	if (a.ss.ss_family == AF_UNIX)
		return config_bad(
		    e, path, "listen_tls", "want an address and a port");
	if (cfg->tls_cert == NULL || cfg->tls_key == NULL)
		return config_bad(
		    e, path, "listen_tls", "set tls_cert and tls_key, too");
	if (cfg->tls_cert[0] != '/')
		return config_bad(e, path, "tls_cert", "want a full path");
	if (cfg->tls_key[0] != '/')
		return config_bad(e, path, "tls_key", "want a full path");
	if (cfg->public_url == NULL ||
	    strncmp(cfg->public_url, "https://", 8) != 0)
		return config_bad(e, path, "listen_tls",
		    "set public_url = https://NAME, too");
	return 0;
}

static int
config_check(const char *path, struct config *cfg, struct err *e)
{
	struct err sub = ERR_INIT;
	struct sock_addr a;
	size_t n;

	if (sock_parse(cfg->listen, &a, &sub) == -1)
		return config_bad(e, path, "listen", sub.msg);
	if (a.ss.ss_family == AF_UNIX)
		return config_bad(
		    e, path, "listen", "want an address and a port");
	if (log_level_parse(cfg->log_level, &cfg->level, &sub) == -1)
		return config_bad(
		    e, path, "log_level", "use error, warn, info or debug");
	if (access_log_parse(cfg->access_log, &cfg->access, &sub) == -1)
		return config_bad(e, path, "access_log", sub.msg);
	if (cfg->upstream_ca != NULL && cfg->upstream_ca[0] != '/')
		return config_bad(e, path, "upstream_ca", "want a full path");
	if (cfg->ssh_agent != NULL && cfg->ssh_agent[0] != '/')
		return config_bad(e, path, "ssh_agent", "want a full path");
	if (forge_check(cfg->github_api, &sub) == -1)
		return config_bad(e, path, "github_api", sub.msg);
	if (config_check_dial(path, cfg, e) == -1 ||
	    config_check_tls(path, cfg, e) == -1)
		return -1;
	if (cfg->public_url == NULL)
		return 0;
	n = strlen(cfg->public_url);
	while (n > 0 && cfg->public_url[n - 1] == '/')
		cfg->public_url[--n] = '\0';
	if (!config_url_ok(cfg->public_url))
		return config_bad(e, path, "public_url",
		    "want http:// or https:// and a host");
	return 0;
}

int
config_load(const char *home, struct config *cfg, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "coffer.conf");

	*cfg = (struct config){ .listen = NULL };
	if (conf_load(path, &config_spec, cfg, e) == -1)
		return -1;
	return config_check(path, cfg, e);
}

struct tls_keys *
config_tls(const struct config *cfg, struct err *e)
{
	AUTO_STR struct str doubt = STR_INIT_MAX(CONFIG_TEXT_MAX);
	struct tls_keys *k = tls_keys_load(cfg->tls_cert, cfg->tls_key, e);

	if (k == NULL)
		return NULL;
	tls_keys_doubt(k, clock_now_ms() / 1000, &doubt);
	if (doubt.len > 0)
		log_warn("tls certificate file=%s doubt=%s",
		    log_val(cfg->tls_cert), log_val(str_cstr(&doubt)));
	return k;
}

void
config_release(struct config *cfg)
{
	conf_release(&config_spec, cfg);
}

void
config_template(struct str *out)
{
	str_add(out,
	    "# Settings of Cofferdam.  Each program checks its own section;\n"
	    "# cofferd -n says what is wrong with [server].\n"
	    "\n[server]\n");
	for (const struct conf_key *k = config_keys; k->name != NULL; k++)
		str_addf(out, "# %s\n#%s = %s\n", k->help, k->name,
		    k->def != NULL ? k->def : "");
	for (size_t i = 0; config_sections[i] != NULL; i++)
		str_addf(out, "\n[%s]\n", config_sections[i]);
}

uid_t
config_server_uid(gid_t *gid)
{
	/* cppcheck-suppress getpwnamCalled ; before any thread */
	const struct passwd *pw = getpwnam("coffer");

	*gid = pw != NULL ? pw->pw_gid : CONFIG_SERVER_UID;
	return pw != NULL ? pw->pw_uid : CONFIG_SERVER_UID;
}

void
config_router_ids(struct config *cfg)
{
	/* cppcheck-suppress getpwnamCalled ; before any thread */
	const struct passwd *pw = getpwnam("coffer-router");

	if (cfg->router_uid == 0)
		cfg->router_uid = pw != NULL ? pw->pw_uid : CONFIG_ROUTER_UID;
	if (cfg->router_gid == 0)
		cfg->router_gid = pw != NULL ? pw->pw_gid : CONFIG_ROUTER_UID;
}
