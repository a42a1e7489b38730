#include "server/service/svc_run_env.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "server/service/svc.h"
#include "server/service/svc_secret.h"
#include "server/store/runs.h"

enum {
	SVC_RUN_ENV_BYTES = 32 << 10 /* of the object, escapes and all */
};

static char *
svc_run_env_dir(const struct svc *s)
{
	return path_join(s->home, "secrets/runs");
}

static bool
svc_run_env_is_key(const char *key)
{
	return strlen(key) == SVC_RUN_ENV_KEY &&
	    strspn(key, "0123456789abcdef") == SVC_RUN_ENV_KEY;
}

int
svc_run_env_put(const struct svc *s, const char *env,
    char key[SVC_RUN_ENV_KEY + 1], struct err *e)
{
	AUTO_FREE char *dir = svc_run_env_dir(s);
	AUTO_FREE char *path = NULL;

	rnd_hex(key, SVC_RUN_ENV_KEY / 2);
	path = path_join(dir, key);
	if (path_write_atomic(path, env, strlen(env), 0600, e) == 0)
		return 0;
	return access(dir, F_OK) == -1
	    ? err_set(e, ERR_IO,
		  "there is no folder %s for env: coffer setup makes it", dir)
	    : err_wrap(e, "env");
}

void
svc_run_env_drop(const struct svc *s, const char *key)
{
	AUTO_FREE char *dir = svc_run_env_dir(s);
	AUTO_FREE char *path = path_join(dir, key);

	if (unlink(path) == -1 && errno != ENOENT)
		log_warn("run env remove why=%s", strerror(errno));
}

int
svc_run_env_get(const struct svc *s, const char *key, char **out, struct err *e)
{
	AUTO_FREE char *dir = svc_run_env_dir(s);
	AUTO_FREE char *path = path_join(dir, key);
	AUTO_SECRET struct str text = STR_INIT_MAX(SVC_RUN_ENV_BYTES);

	*out = NULL;
	if (key[0] == '\0') {
		*out = xstrdup("");
		return 0;
	}
	if (!svc_run_env_is_key(key) ||
	    path_read(path, SVC_RUN_ENV_BYTES, &text, e) == -1)
		return err_set(
		    e, ERR_EXISTS, "the environment that it was given is gone");
	*out = xstrdup(str_cstr(&text));
	return 0;
}

static bool
svc_run_env_is_kept(const struct run_env_keys *keys, const char *name)
{
	for (size_t i = 0; i < keys->n; i++)
		if (strcmp(keys->at[i], name) == 0)
			return true;
	return false;
}

int
svc_run_env_sweep(const struct svc *s, struct txn *t, struct err *e)
{
	AUTO_FREE char *path = svc_run_env_dir(s);
	struct run_env_keys keys = { .n = 0 };
	const struct dirent *d;
	DIR *dir = opendir(path);
	int rc;

	if (dir == NULL)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "%s", path);
	rc = runs_env_keys(t, &keys, e);
	while (rc == 0 && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.' &&
		    (d->d_name[1] == '\0' ||
			(d->d_name[1] == '.' && d->d_name[2] == '\0')))
			continue;
		if (!svc_run_env_is_kept(&keys, d->d_name))
			(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	(void)closedir(dir);
	run_env_keys_release(&keys);
	return rc;
}
