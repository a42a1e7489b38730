/*
 * config: the [server] section of HOME/coffer.conf with the command line laid
 * over it.  Read once at start; everything else borrows from it.
 */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/log.h"
#include "server/http/access_log.h"

struct err;
struct str;
struct tls_keys;

struct config {
	char *listen;     /* "127.0.0.1:3000" */
	char *listen_tls; /* NULL: none */
	char *tls_cert;
	char *tls_key;
	char *public_url;      /* without a trailing slash; NULL: from listen */
	char *trusted_proxies; /* server/domain/dial_rule.h */
	bool allow_file_upstream;
	int64_t sync_interval_ms;
	uint64_t sync_at_once;
	uint64_t sync_per_host;
	uint64_t sync_fetches;
	uint64_t mirror_max; /* bytes */
	uint64_t min_free;
	int64_t upstream_stall_ms;
	char *upstream_ca; /* NULL: the system's */
	char *ssh_agent;   /* NULL: none */
	char *github_api;  /* server/domain/forge.h */
	int64_t github_interval_ms;
	uint64_t router_uid; /* 0 in the file: the user coffer-router */
	uint64_t router_gid;
	uint64_t max_packs;
	uint64_t packs_per_user;
	uint64_t packs_per_project;
	int64_t pack_wait_ms;
	int64_t pack_wall_ms;
	int64_t pack_idle_ms;
	uint64_t push_max;
	uint64_t push_objects;
	uint64_t push_object;
	uint64_t push_memory;
	uint64_t pack_cache; /* bytes; 0: off */
	int64_t pack_cache_age_ms;
	uint64_t git_workers;
	uint64_t attachment_max; /* bytes */
	char *attachment_types;
	int64_t care_quiet_ms;
	int64_t care_check_ms;
	int64_t keep_logs_ms;
	int64_t keep_records_ms;
	int64_t keep_events_ms;
	uint64_t rate; /* API requests per second of one credential; 0: any */
	char *webhook_allow; /* server/domain/dial_rule.h */
	int64_t webhook_retry_ms;
	int64_t audit_keep_ms;
	char *access_log;
	enum access_log_level access;
	char *log_level;
	enum log_level level; /* the same, read */
};

/* Loads HOME/coffer.conf over the defaults, then checks what a table cannot.
 * An absent file is no error.  config_release whatever it says. */
int config_load(const char *home, struct config *cfg, struct err *e);
void config_release(struct config *cfg);

/* With listen_tls: loads certificate and key; a doubt about them is logged.
 * NULL and why when they cannot be used. */
struct tls_keys *config_tls(const struct config *cfg, struct err *e);

/* The file that --init writes: every key with its default, commented out. */
void config_template(struct str *out);

/* Uids of this host: the user of that name, else the number. */
uid_t config_server_uid(gid_t *gid);
void config_router_ids(struct config *cfg);

#endif
