#include "agentd/gateway/provider.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agentd/gateway/key.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

enum {
	PROVIDER_NAME_MAX = 40
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): as documented */
struct provider_conf {
	char *kind, *url, *auth;
	char *key_command, *key_credential, *ca_file;
	bool no_key, free;
};

struct provider {
	struct provider *next;
	unsigned refs;
	char name[PROVIDER_NAME_MAX + 1];
	enum provider_kind kind;
	struct provider_conf conf;
	char *url;
	const char *auth; /* what comes before the key */
	int64_t conf_at;  /* its file, 0: none */
	struct key *key;
};

struct providers {
	struct providers_spec spec;
	struct provider *first;
	size_t n;
};

#define PROVIDER_AT(field) offsetof(struct provider_conf, field)

static const struct conf_key provider_keys[] = {
	{ "kind", CONF_STR, PROVIDER_AT(kind), NULL, 0, 0,
	    "anthropic or openai: whose requests it takes" },
	{ "url", CONF_STR, PROVIDER_AT(url), NULL, 0, 0,
	    "its address, up to where /v1 begins" },
	{ "auth", CONF_STR, PROVIDER_AT(auth), NULL, 0, 0,
	    "x-api-key or bearer: the header that has the key" },
	{ "key_command", CONF_STR, PROVIDER_AT(key_command), NULL, 0, 0,
	    "a program that prints the key, and how many seconds it is good" },
	{ "key_credential", CONF_STR, PROVIDER_AT(key_credential), NULL, 0, 0,
	    "name of a systemd credential that is the key" },
	{ "no_key", CONF_BOOL, PROVIDER_AT(no_key), NULL, 0, 0,
	    "it wants none, as a server on this machine" },
	{ "ca_file", CONF_STR, PROVIDER_AT(ca_file), NULL, 0, 0,
	    "who signs its certificate, if not one that the host knows" },
	{ "free", CONF_BOOL, PROVIDER_AT(free), NULL, 0, 0,
	    "what it answers costs nothing" },
	{ .name = NULL },
};

static const char *const provider_sections[] = { NULL };

static const struct conf_spec provider_conf_spec = {
	.section = "provider",
	.keys = provider_keys,
	.known = provider_sections,
};

static const struct {
	const char *name;
	enum provider_kind kind;
	const char *url;
} provider_known[] = {
	{ "anthropic", PROVIDER_ANTHROPIC, "https://api.anthropic.com" },
	{ "openai", PROVIDER_OPENAI, "https://api.openai.com" },
	{ "openrouter", PROVIDER_OPENAI, "https://openrouter.ai/api" },
};

static const struct {
	const char *name;
	enum provider_kind kind;
} provider_kinds[] = {
	{ "anthropic", PROVIDER_ANTHROPIC },
	{ "openai", PROVIDER_OPENAI },
};

static const struct {
	const char *name;
	const char *header;
} provider_auths[] = {
	{ "x-api-key", "x-api-key: " },
	{ "bearer", "Authorization: Bearer " },
};

static const struct {
	enum provider_kind kind;
	struct provider_route route;
} provider_routes[] = {
	{ PROVIDER_ANTHROPIC, { "POST", "/v1/messages", ASK_MESSAGES, true } },
	{ PROVIDER_ANTHROPIC,
	    { "POST", "/v1/messages/count_tokens", ASK_MESSAGES, false } },
	{ PROVIDER_ANTHROPIC, { "GET", "/v1/models", ASK_MESSAGES, false } },
	{ PROVIDER_OPENAI, { "POST", "/v1/chat/completions", ASK_CHAT, true } },
	{ PROVIDER_OPENAI, { "POST", "/v1/responses", ASK_RESPONSES, true } },
	{ PROVIDER_OPENAI, { "GET", "/v1/models", ASK_CHAT, false } },
};

#define PROVIDER_COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
provider_free(struct provider *p)
{
	if (p == NULL)
		return;
	conf_release(&provider_conf_spec, &p->conf);
	key_free(p->key);
	free(p->url);
	free(p);
}

static int
provider_set_kind(struct provider *p, const char **url, struct err *e)
{
	bool found = false;

	for (size_t i = 0; i < PROVIDER_COUNT(provider_known); i++)
		if (strcmp(p->name, provider_known[i].name) == 0) {
			p->kind = provider_known[i].kind;
			*url = provider_known[i].url;
			found = true;
		}
	for (size_t i = 0;
	     p->conf.kind != NULL && i < PROVIDER_COUNT(provider_kinds); i++)
		if (strcmp(p->conf.kind, provider_kinds[i].name) == 0) {
			p->kind = provider_kinds[i].kind;
			return 0;
		}
	if (p->conf.kind != NULL || !found)
		return err_set(
		    e, ERR_INVALID, "kind: expected anthropic or openai");
	return 0;
}

/* http://HOST[:PORT][/…] with a HOST that never leaves this machine. */
static bool
provider_is_local(const char *url)
{
	const char *host = url + strlen("http://");
	size_t n = strcspn(host, "/");
	AUTO_FREE char *name = NULL;
	struct in_addr a;

	if (host[0] == '[')
		return strncmp(host, "[::1]", 5) == 0 &&
		    (n == 5 || host[5] == ':');
	name = xstrndup(host, n);
	name[strcspn(name, ":")] = '\0';
	return strcmp(name, "localhost") == 0 ||
	    (inet_pton(AF_INET, name, &a) == 1 &&
		ntohl(a.s_addr) >> 24 == IN_LOOPBACKNET);
}

static int
provider_set_url(struct provider *p, const char *url, struct err *e)
{
	size_t n;

	if (p->conf.url != NULL)
		url = p->conf.url;
	if (url == NULL)
		return err_set(e, ERR_INVALID, "url: is missing");
	n = strlen(url);
	if (n >= 1 && url[n - 1] == '/')
		n--;
	if (n >= 3 && memcmp(url + n - 3, "/v1", 3) == 0)
		n -= 3;
	p->url = xstrndup(url, n);
	if (strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return err_set(e, ERR_INVALID,
		    "url: expected https://HOST or http://HOST, not %.80s",
		    url);
	if (strpbrk(p->url, "?#@ ") != NULL)
		return err_set(e, ERR_INVALID,
		    "url: has a query, a user or a space; the key has its own "
		    "place");
	if (strncmp(url, "http://", 7) == 0 && !p->conf.no_key &&
	    !provider_is_local(url))
		return err_set(e, ERR_INVALID,
		    "url: a key does not go out without encryption; use "
		    "https, or no_key = yes");
	return 0;
}

static int
provider_set_auth(struct provider *p, struct err *e)
{
	const char *want = p->conf.auth;

	if (want == NULL)
		want = p->kind == PROVIDER_ANTHROPIC ? "x-api-key" : "bearer";
	for (size_t i = 0; i < PROVIDER_COUNT(provider_auths); i++)
		if (strcmp(want, provider_auths[i].name) == 0) {
			p->auth = provider_auths[i].header;
			return 0;
		}
	return err_set(e, ERR_INVALID, "auth: expected x-api-key or bearer");
}

static int
provider_set_key(
    struct provider *p, const struct providers_spec *spec, struct err *e)
{
	AUTO_FREE char *file = xasprintf("%s/keys/%s", spec->dir, p->name);
	struct key_spec ks = { .loop = spec->loop,
		.command = p->conf.key_command,
		.credential = p->conf.key_credential };

	if (p->conf.no_key)
		return 0;
	if (ks.command != NULL && ks.credential != NULL)
		return err_set(e, ERR_INVALID,
		    "key_command and key_credential exclude each other");
	if (ks.command != NULL && !spec->commands)
		return err_set(e, ERR_DENIED,
		    "key_command: needs key_commands = yes in [gateway] of "
		    "coffer.conf");
	if (ks.command == NULL && ks.credential == NULL)
		ks.file = file;
	p->key = key_new(&ks, e);
	return p->key == NULL ? -1 : 0;
}

static int64_t
provider_file_at(const char *path)
{
	struct stat st;

	return path == NULL || stat(path, &st) == -1
	    ? 0
	    : (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* conf: its file, or NULL. */
static int
providers_add(
    struct providers *ps, const char *name, const char *conf, struct err *e)
{
	struct provider *p = xcalloc(1, sizeof(*p));
	const char *url = NULL;

	p->refs = 1;
	memcpy(p->name, name, strnlen(name, PROVIDER_NAME_MAX));
	p->conf_at = provider_file_at(conf);
	if (conf != NULL &&
	    conf_load(conf, &provider_conf_spec, &p->conf, e) == -1) {
		memset(&p->conf, 0, sizeof(p->conf));
		provider_free(p);
		return -1;
	}
	if (provider_set_kind(p, &url, e) == -1 ||
	    provider_set_url(p, url, e) == -1 ||
	    provider_set_auth(p, e) == -1 ||
	    provider_set_key(p, &ps->spec, e) == -1) {
		provider_free(p);
		return err_wrap(e, "%s", conf == NULL ? name : conf);
	}
	p->next = ps->first;
	ps->first = p;
	ps->n++;
	return 0;
}

static bool
provider_name_ok(const char *name, size_t n)
{
	return n > 0 && n <= PROVIDER_NAME_MAX && name[0] != '-' &&
	    name[0] != '.' &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.") >= n;
}

static int
providers_load_dir(struct providers *ps, const char *dir, struct err *e)
{
	DIR *d = opendir(dir);
	const struct dirent *x;
	int rc = 0;

	if (d == NULL)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "open %s", dir);
	while (rc == 0 && (x = readdir(d)) != NULL) {
		struct view v = view_of(x->d_name);
		AUTO_FREE char *path = NULL;
		AUTO_FREE char *name = NULL;

		if (!view_ends(v, ".conf"))
			continue;
		path = path_join(dir, x->d_name);
		name = xstrndup(x->d_name, v.len - 5);
		if (!provider_name_ok(name, v.len - 5))
			rc = err_set(e, ERR_INVALID,
			    "%s: a name has at most %d of a-z 0-9 - _ .", path,
			    PROVIDER_NAME_MAX);
		else if (ps->n == PROVIDERS_MAX)
			rc = err_set(e, ERR_LIMIT, "%s: more than %d providers",
			    dir, PROVIDERS_MAX);
		else
			rc = providers_add(ps, name, path, e);
	}
	(void)closedir(d);
	return rc;
}

struct providers *
providers_new(const struct providers_spec *spec, struct err *e)
{
	AUTO_FREE char *dir = path_join(spec->dir, "providers");
	struct providers *ps = xcalloc(1, sizeof(*ps));
	int rc;

	ps->spec = *spec;
	rc = providers_load_dir(ps, dir, e);
	for (size_t i = 0; rc == 0 && i < PROVIDER_COUNT(provider_known); i++)
		if (providers_find(ps, provider_known[i].name) == NULL)
			rc = providers_add(ps, provider_known[i].name, NULL, e);
	ps->spec.dir = NULL;
	if (rc == 0)
		return ps;
	providers_free(ps);
	return NULL;
}

struct provider *
provider_hold(struct provider *p)
{
	if (p != NULL)
		p->refs++;
	return p;
}

void
provider_drop(struct provider *p)
{
	if (p != NULL && --p->refs == 0)
		provider_free(p);
}

void
providers_free(struct providers *ps)
{
	struct provider *p, *next;

	if (ps == NULL)
		return;
	for (p = ps->first; p != NULL; p = next) {
		next = p->next;
		p->next = NULL;
		provider_drop(p);
	}
	free(ps);
}

struct provider *
providers_find(struct providers *ps, const char *name)
{
	struct provider *p = ps->first;

	while (p != NULL && strcmp(p->name, name) != 0)
		p = p->next;
	return p;
}

struct provider *
providers_next(struct providers *ps, struct provider *after)
{
	return after == NULL ? ps->first : after->next;
}

const char *
provider_name(const struct provider *p)
{
	return p->name;
}

enum provider_kind
provider_kind(const struct provider *p)
{
	return p->kind;
}

const char *
provider_url(const struct provider *p)
{
	return p->url;
}

const char *
provider_ca_file(const struct provider *p)
{
	return p->conf.ca_file;
}

bool
provider_is_free(const struct provider *p)
{
	return p->conf.free;
}

bool
provider_is_ready(const struct provider *p)
{
	return p->key == NULL || key_is_there(p->key);
}

const char *
provider_key_from(const struct provider *p)
{
	return p->key == NULL                ? "none"
	    : p->conf.key_command != NULL    ? "command"
	    : p->conf.key_credential != NULL ? "credential"
					     : "file";
}

/* A credential is another file each time that the gateway starts. */
int64_t
provider_key_at(const struct provider *p)
{
	return p->key == NULL || p->conf.key_credential != NULL
	    ? 0
	    : key_written_at(p->key);
}

int64_t
provider_conf_at(const struct provider *p)
{
	return p->conf_at;
}

const struct provider_route *
provider_route_find(
    const struct provider *p, const char *method, const char *path)
{
	for (size_t i = 0; i < PROVIDER_COUNT(provider_routes); i++) {
		const struct provider_route *r = &provider_routes[i].route;

		if (provider_routes[i].kind == p->kind &&
		    strcmp(r->method, method) == 0 &&
		    strcmp(r->path, path) == 0)
			return r;
	}
	return NULL;
}

int
provider_key(struct provider *p, const char **key, void (*wake)(void *arg),
    void *arg, struct err *e)
{
	int rc = 1;

	if (p->key == NULL)
		*key = "";
	else
		rc = key_get(p->key, key, wake, arg, e);
	return rc == -1 ? err_wrap(e, "provider %s", p->name) : rc;
}

void
provider_key_forget(struct provider *p, const void *arg)
{
	if (p->key != NULL)
		key_forget(p->key, arg);
}

void
provider_key_refused(struct provider *p)
{
	if (p->key != NULL)
		key_refused(p->key);
}

char *
provider_auth(const struct provider *p, const char *key)
{
	return xasprintf("%s%s", p->auth, key);
}
