/*
 * provider: where models are, with which key, and which requests pass.  The
 * known ones are rows of a table; HOME/gateway/providers/NAME.conf adds one or
 * changes a known one.  The key is HOME/gateway/keys/NAME, a systemd credential
 * or what a command prints; it is read by the gateway alone and goes into one
 * request header of one host.
 */
#ifndef AGENTD_GATEWAY_PROVIDER_H
#define AGENTD_GATEWAY_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agentd/gateway/ask.h"

struct err;
struct json;
struct jw;
struct provider;
struct providers;
struct loop;

enum {
	PROVIDER_KEY_MAX = 4096,
	PROVIDERS_MAX = 64
};

enum provider_kind {
	PROVIDER_ANTHROPIC,
	PROVIDER_OPENAI
};

/* One request that passes: exactly this method and path. */
struct provider_route {
	const char *method;
	const char *path; /* after the provider's name */
	enum ask_api api; /* of its body */
	bool priced;      /* it makes a model answer */
};

struct providers_spec {
	struct loop *loop;
	const char *dir; /* HOME/gateway */
	bool commands;   /* key_command may be used */
};

struct providers *providers_new(
    const struct providers_spec *spec, struct err *e);
/* Those that are held stay until they are dropped; NULL is fine. */
void providers_free(struct providers *p);
struct provider *providers_find(struct providers *p, const char *name);
struct provider *provider_hold(struct provider *p); /* NULL is fine */
void provider_drop(struct provider *p);             /* NULL is fine */
/* A walk: NULL at the end. */
struct provider *providers_next(struct providers *p, struct provider *after);

const char *provider_name(const struct provider *p);
enum provider_kind provider_kind(const struct provider *p);
const char *provider_url(const struct provider *p); /* without a last slash */
const char *provider_ca_file(const struct provider *p); /* or NULL */
bool provider_is_free(const struct provider *p);        /* costs nothing */
/* A way to a key is there, or none is needed. */
bool provider_is_ready(const struct provider *p);
/* "file", "command", "credential" or "none". */
const char *provider_key_from(const struct provider *p)
    __attribute__((returns_nonnull));
/* When its file of HOME/gateway was last written, ms: of the key (as it is
 * now) and of the configuration that is in force; 0: it has none. */
int64_t provider_key_at(const struct provider *p);
int64_t provider_conf_at(const struct provider *p);
const struct provider_route *provider_route_find(
    const struct provider *p, const char *method, const char *path);

/*
 * The key.  1: *key is borrowed until the next turn of the loop, "" when none
 * is needed; 0: a command is asked and wake(arg) comes once when that is over,
 * unless provider_key_forget; -1: there is none.
 */
int provider_key(struct provider *p, const char **key, void (*wake)(void *arg),
    void *arg, struct err *e);
void provider_key_forget(struct provider *p, const void *arg);
/* The provider did not take it: a command is asked again for the next. */
void provider_key_refused(struct provider *p);
/* The request header that has the key, to be freed (explicit_bzero first). */
char *provider_auth(const struct provider *p, const char *key);

#endif
