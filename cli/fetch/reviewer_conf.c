#include <sys/stat.h>

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/fetch/reviewer.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/conf.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static const struct conf_key reviewer_keys[] = {
	{ "provider", CONF_STR, offsetof(struct reviewer, provider), NULL, 0, 0,
	    "anthropic or openai" },
	{ "url", CONF_STR, offsetof(struct reviewer, url), NULL, 0, 0,
	    "base address" },
	{ "model", CONF_STR, offsetof(struct reviewer, model), NULL, 0, 0,
	    "name of the model" },
	{ "key", CONF_STR, offsetof(struct reviewer, key), "", 0, 0,
	    "the API key" },
	{ "timeout", CONF_MS, offsetof(struct reviewer, timeout_ms), "120s",
	    100, 600000, "for one answer" },
	{ NULL, CONF_STR, 0, NULL, 0, 0, NULL },
};

static const struct conf_spec reviewer_spec = {
	.section = "reviewer",
	.keys = reviewer_keys,
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

int
reviewer_check(const struct reviewer *r, struct err *e)
{
	if (r->provider == NULL ||
	    (strcmp(r->provider, "anthropic") != 0 &&
		strcmp(r->provider, "openai") != 0))
		return err_set(
		    e, ERR_INVALID, "provider is anthropic or openai");
	if (r->url == NULL || strpbrk(r->url, " \r\n\"@") != NULL ||
	    (strncmp(r->url, "https://", 8) != 0 && !reviewer_is_local(r->url)))
		return err_set(e, ERR_INVALID,
		    "url is https://..., or http:// of this machine");
	if (r->model == NULL || r->model[0] == '\0' || strlen(r->model) > 120 ||
	    strpbrk(r->model, "\r\n") != NULL)
		return err_set(e, ERR_INVALID, "model is missing");
	if (r->key == NULL || strpbrk(r->key, " \t\r\n#") != NULL)
		return err_set(e, ERR_INVALID, "the key has blanks in it");
	return 0;
}

int
reviewer_load(struct reviewer *r, struct err *e)
{
	AUTO_FREE char *path = reviewer_path();
	struct stat st;

	*r = (struct reviewer){ .provider = NULL };
	if (lstat(path, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return 1;
		return err_sys(e, ERR_IO, "%s", path);
	}
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & 077) != 0)
		return err_set(e, ERR_DENIED,
		    "%s must be a file of yours with mode 0600", path);
	if (conf_load(path, &reviewer_spec, r, e) == -1)
		return -1;
	return reviewer_check(r, e);
}

int
reviewer_save(const struct reviewer *r, struct err *e)
{
	AUTO_FREE char *path = reviewer_path();
	AUTO_FREE char *dir = xstrdup(path);
	AUTO_STR struct str text = STR_INIT_MAX(64 << 10);
	int rc;

	*strrchr(dir, '/') = '\0';
	if (path_mkdirs(dir, 0700, e) == -1)
		return -1;
	str_addf(&text,
	    "[reviewer]\nprovider = %s\nurl = %s\nmodel = %s\nkey = %s\n"
	    "timeout = %lldms\n",
	    r->provider, r->url, r->model, r->key, (long long)r->timeout_ms);
	rc = path_write_atomic(path, str_cstr(&text), text.len, 0600, e);
	explicit_bzero(text.p, text.len);
	return rc;
}

void
reviewer_release(struct reviewer *r)
{
	if (r->key != NULL)
		explicit_bzero(r->key, strlen(r->key));
	conf_release(&reviewer_spec, r);
}
