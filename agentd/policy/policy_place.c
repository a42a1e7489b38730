#include "agentd/policy/policy_place.h"

#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/policy/policy.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	POLICY_HOOK_MAX = 16 << 20
};

static int
policy_place_add(struct policy *p, const char *path, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (path_read(path, POLICY_FILE_MAX, &text, e) == -1 ||
	    policy_add(p, str_view(&text), POLICY_OPERATOR, e) == -1)
		return err_wrap(e, "%s", path);
	return 0;
}

static int
policy_place_wants(const struct dirent *d)
{
	return d->d_name[0] != '.' && view_ends(view_of(d->d_name), ".policy");
}

static int
policy_place_own(struct policy *p, const char *home, struct err *e)
{
	AUTO_FREE char *dir = path_join(home, "policy");
	struct dirent **list = NULL;
	int rc = 0, n = scandir(dir, &list, policy_place_wants, alphasort);

	if (n == -1)
		return errno == ENOENT ? 0 : err_sys(e, ERR_IO, "read %s", dir);
	if (n > POLICY_FILES_MAX)
		rc = err_set(e, ERR_LIMIT, "%s: more than %d files", dir,
		    POLICY_FILES_MAX);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = path_join(dir, list[i]->d_name);

		if (rc == 0)
			rc = policy_place_add(p, path, e);
		free(list[i]);
	}
	free(list);
	return rc;
}

static int
policy_place_copy(const char *from, const char *to, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	if (path_read(from, POLICY_HOOK_MAX, &text, e) == -1)
		return err_wrap(e, "%s", from);
	return path_replace(to, text.p, text.len, 0755, e);
}

static int
policy_place_write(
    const struct policy *p, const char *hook, const char *dir, struct err *e)
{
	AUTO_FREE char *rules = path_join(dir, "rules");
	AUTO_FREE char *program = path_join(dir, "hook");
	AUTO_FREE char *shell = path_join(dir, "bash");
	AUTO_STR struct str text = STR_INIT_MAX(POLICY_FILE_MAX);

	policy_write(p, &text);
	if (!str_ok(&text))
		return err_set(e, ERR_LIMIT, "the rules are too many");
	if (path_mkdirs(dir, 0755, e) == -1 ||
	    path_replace(rules, text.p, text.len, 0644, e) == -1)
		return -1;
	if (policy_place_copy(hook, program, e) == -1)
		return -1;
	/* Called so, it is a shell that asks first. */
	if (symlink("hook", shell) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "link %s", shell);
	return 0;
}

int
policy_place(const char *home, const char *shipped, const char *hook,
    char **dir, struct err *e)
{
	struct policy *p = policy_new();
	AUTO_FREE char *place = path_join(home, "policy.run");
	int rc = policy_place_add(p, shipped, e);

	if (rc == 0)
		rc = policy_place_own(p, home, e);
	if (rc == 0)
		rc = policy_place_write(p, hook, place, e);
	if (rc == 0) {
		log_info("policy rules=%zu", policy_count(p));
		*dir = STEAL(place);
	}
	policy_free(p);
	return rc;
}

static void
policy_place_mark_file(const char *path, struct str *out)
{
	struct stat st;

	if (stat(path, &st) == 0)
		str_addf(out, "%s %ju %jd %jd.%09ld %jd.%09ld\n", path,
		    (uintmax_t)st.st_ino, (intmax_t)st.st_size,
		    (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
		    (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

void
policy_place_mark(const char *home, const char *shipped, struct str *out)
{
	AUTO_FREE char *dir = path_join(home, "policy");
	struct dirent **list = NULL;
	int n = scandir(dir, &list, policy_place_wants, alphasort);

	policy_place_mark_file(shipped, out);
	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = path_join(dir, list[i]->d_name);

		if (i < POLICY_FILES_MAX)
			policy_place_mark_file(path, out);
		free(list[i]);
	}
	str_addf(out, "%d\n", n);
	free(list);
}
