#include "server/service/svc_secret.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "server/service/svc.h"
#include "server/service/svc_audit.h"

static const char *const svcsecret_names[] = {
	[SVC_SECRET_TOKEN] = "token",
	[SVC_SECRET_HOOK] = "hook",
	[SVC_SECRET_KEY] = "key",
	[SVC_SECRET_KNOWN_HOSTS] = "known_hosts",
};

char *
svc_secret_path(const char *home, int64_t project, enum svc_secret what)
{
	return xasprintf("%s/secrets/upstream/%" PRId64 ".%s", home, project,
	    svcsecret_names[what]);
}

int
svc_secret_read(const char *home, int64_t project, enum svc_secret what,
    struct str *text, struct view *out, struct err *e)
{
	AUTO_FREE char *path = svc_secret_path(home, project, what);

	*out = view_of("");
	if (path_read(path, SVC_SECRET_MAX, text, e) == -1)
		return err_wrap(e, "upstream %s", svcsecret_names[what]);
	*out = view_trim(str_view(text));
	return 0;
}

void
svc_secret_release(struct str *text)
{
	if (text->p != NULL)
		explicit_bzero(text->p, text->cap);
	str_release(text);
}

int
svc_secret_write(const char *home, int64_t project, enum svc_secret what,
    struct view text, struct err *e)
{
	AUTO_FREE char *path = svc_secret_path(home, project, what);

	if (text.len > 0)
		return path_write_atomic(path, text.p, text.len, 0600, e);
	if (unlink(path) == -1 && errno != ENOENT)
		return err_sys(e, ERR_IO, "remove the upstream's %s",
		    svcsecret_names[what]);
	return 0;
}

int
svc_secret_set(struct svc *s, const struct identity *who, int64_t project,
    enum svc_secret what, struct view text, struct err *e)
{
	svc_audit_note(s, who,
	    &(struct svc_audit_note){ .what = text.len > 0
		    ? "upstream-secret.changed"
		    : "upstream-secret.deleted",
		.subject = svcsecret_names[what],
		.project = project });
	return svc_secret_write(s->home, project, what, text, e);
}

int
svc_secret_check_word(
    const char *text, size_t min, size_t max, const char *name, struct err *e)
{
	size_t n = strlen(text);

	if (n == 0)
		return 0;
	if (n < min || n > max)
		return err_set(e, ERR_INVALID, "%s: want %zu to %zu bytes",
		    name, min, max);
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] == 0x7f)
			return err_set(e, ERR_INVALID,
			    "%s: no spaces or control characters", name);
	return 0;
}

int
svc_secret_forget(const char *home, int64_t project, struct err *e)
{
	for (enum svc_secret what = SVC_SECRET_TOKEN;
	     what <= SVC_SECRET_KNOWN_HOSTS; what++)
		if (svc_secret_write(home, project, what, view_of(""), e) == -1)
			return -1;
	return 0;
}
