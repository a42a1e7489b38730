#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/reviewer/reviewer.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	CONF_CONTEXT_MAX = 10000000,
	CONF_PARTS_MAX = 1000
};

#define BY(i, field) offsetof(struct reviewers, by[i].field)
#define KEYS(i)                                                              \
	{ "provider", CONF_STR, BY(i, provider), NULL, 0, 0, "a provider" }, \
	    { "url", CONF_STR, BY(i, url), NULL, 0, 0, "base address" },     \
	    { "model", CONF_STR, BY(i, model), NULL, 0, 0, "its name" },     \
	    { "key", CONF_STR, BY(i, key), "", 0, 0, "the API key" },        \
	    { "timeout", CONF_MS, BY(i, timeout_ms), "120s", 100, 3600000,   \
		    "for one answer" },                                      \
	    { "context", CONF_U64, BY(i, context), "0", 0, CONF_CONTEXT_MAX, \
		    "tokens; 0: the server is asked" },                      \
	{                                                                    \
		"answer", CONF_U64, BY(i, answer), "0", 0, CONF_CONTEXT_MAX, \
		    "tokens of an answer; 0: by the context"                 \
	}

static const struct conf_key reviewer_keys[] = {
	KEYS(0),
	{ "reviewers", CONF_U64, offsetof(struct reviewers, n), "1", 1,
	    REVIEWERS_MAX, "how many must agree" },
	{ "parts", CONF_U64, offsetof(struct reviewers, parts), "100", 1,
	    CONF_PARTS_MAX, "of a change that are sent at most" },
	{ NULL, CONF_STR, 0, NULL, 0, 0, NULL },
};

static const struct conf_key reviewer_second_keys[] = {
	KEYS(1),
	{ NULL, CONF_STR, 0, NULL, 0, 0, NULL },
};

static const char *const reviewer_sections[] = { "reviewer", "second", NULL };

static const struct conf_spec reviewer_specs[REVIEWERS_MAX] = {
	{ .section = "reviewer",
	    .keys = reviewer_keys,
	    .known = reviewer_sections },
	{ .section = "second",
	    .keys = reviewer_second_keys,
	    .known = reviewer_sections },
};

char *
reviewer_path(void)
{
	const char *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");
	const struct passwd *pw;

	if (xdg != NULL && xdg[0] == '/')
		return path_join(xdg, "coffer/reviewer.conf");
	if (home == NULL || home[0] != '/') {
		pw = getpwuid(geteuid());
		home = pw != NULL ? pw->pw_dir : "/";
	}
	return path_join(home, ".config/coffer/reviewer.conf");
}

static bool
reviewer_is_local(const char *url)
{
	static const char *const hosts[] = { "http://127.0.0.1",
		"http://localhost", "http://[::1]" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		size_t n = strlen(hosts[i]);

		if (strncmp(url, hosts[i], n) == 0 &&
		    (url[n] == ':' || url[n] == '/' || url[n] == '\0'))
			return true;
	}
	return false;
}

/* Printable ASCII without blanks: what fits into a header and a line. */
static bool
reviewer_is_word(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

int
reviewer_check(const struct reviewer *r, struct err *e)
{
	const struct provider *p = provider_find(r->provider);

	if (p == NULL)
		return err_set(e, ERR_INVALID,
		    "provider is anthropic, openai, openai-responses, "
		    "openrouter, ollama, llamacpp, vllm or compatible");
	if (r->url == NULL || !reviewer_is_word(r->url) ||
	    strpbrk(r->url, "\"@") != NULL ||
	    (strncmp(r->url, "https://", 8) != 0 && !reviewer_is_local(r->url)))
		return err_set(e, ERR_INVALID,
		    "url is https://..., or http:// of this machine");
	if (r->model == NULL || r->model[0] == '\0' ||
	    strlen(r->model) > REVIEWER_NAME_MAX ||
	    strpbrk(r->model, "\r\n") != NULL)
		return err_set(e, ERR_INVALID, "model is missing");
	if (r->key == NULL || !reviewer_is_word(r->key))
		return err_set(e, ERR_INVALID,
		    "the key has blanks or other odd characters in it");
	if (r->key[0] == '\0' && !p->keyless && !reviewer_is_local(r->url))
		return err_set(e, ERR_INVALID, "%s needs a key", p->name);
	if (r->context != 0 && r->context < REVIEWER_CONTEXT_MIN)
		return err_set(e, ERR_INVALID,
		    "a context of less than %d tokens is too small",
		    (int)REVIEWER_CONTEXT_MIN);
	return 0;
}

int
reviewers_load(struct reviewers *all, struct err *e)
{
	AUTO_FREE char *path = reviewer_path();
	struct stat st;

	*all = (struct reviewers){ .n = 0 };
	if (lstat(path, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 1;
		return err_sys(e, ERR_IO, "%s", path);
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return err_set(e, ERR_DENIED,
		    "%s must be a file of yours with mode 0600", path);
	if (conf_load(path, &reviewer_specs[0], all, e) == -1) {
		*all = (struct reviewers){ .n = 0 };
		return -1;
	}
	for (uint64_t i = 0; i < all->n; i++) {
		if (i > 0 &&
		    conf_load(path, &reviewer_specs[i], all, e) == -1) {
			all->by[i] = (struct reviewer){ .provider = NULL };
			return -1;
		}
		if (reviewer_check(&all->by[i], e) == -1)
			return err_wrap(
			    e, "%s: [%s]", path, reviewer_sections[i]);
	}
	return 0;
}

static void
reviewer_put(struct str *text, const struct reviewer *r)
{
	str_addf(text,
	    "provider = %s\nurl = %s\nmodel = %s\nkey = %s\n"
	    "timeout = %lldms\n",
	    r->provider, r->url, r->model, r->key, (long long)r->timeout_ms);
	if (r->context != 0)
		str_addf(
		    text, "context = %llu\n", (unsigned long long)r->context);
	if (r->answer != 0)
		str_addf(
		    text, "answer = %llu\n", (unsigned long long)r->answer);
}

int
reviewers_save(const struct reviewers *all, struct err *e)
{
	AUTO_FREE char *path = reviewer_path();
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_STR struct str text = STR_INIT_MAX(64 << 10);
	int rc;

	if (all->n == 0)
		return unlink(path) == 0 || errno == ENOENT
		    ? 0
		    : err_sys(e, ERR_IO, "%s", path);
	*strrchr(dir, '/') = '\0';
	if (path_mkdirs(dir, 0700, e) == -1)
		return -1;
	/* It does not move while keys are in it. */
	if (str_room(&text, 32 << 10) == NULL)
		return err_set(e, ERR_INTERNAL, "no room");
	str_reset(&text);
	for (uint64_t i = 0; i < all->n; i++) {
		str_addf(&text, "%s[%s]\n", i == 0 ? "" : "\n",
		    reviewer_sections[i]);
		reviewer_put(&text, &all->by[i]);
		if (i == 0)
			str_addf(&text, "reviewers = %llu\nparts = %llu\n",
			    (unsigned long long)all->n,
			    (unsigned long long)all->parts);
	}
	rc = path_write_atomic(path, str_cstr(&text), text.len, 0600, e);
	explicit_bzero(text.p, text.len);
	return rc;
}

void
reviewer_release(struct reviewer *r)
{
	if (r->key != NULL)
		explicit_bzero(r->key, strlen(r->key));
	free(r->provider);
	free(r->url);
	free(r->model);
	free(r->key);
	*r = (struct reviewer){ .provider = NULL };
}

void
reviewers_release(struct reviewers *all)
{
	for (size_t i = 0; i < REVIEWERS_MAX; i++)
		reviewer_release(&all->by[i]);
	*all = (struct reviewers){ .n = 0 };
}
