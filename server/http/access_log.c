#include "server/http/access_log.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/view.h"
#include "lib/httpd/httpd.h"
#include "server/auth/auth.h"

int
access_log_parse(const char *name, enum access_log_level *out, struct err *e)
{
	static const char *const names[] = { [ACCESS_LOG_OFF] = "off",
		[ACCESS_LOG_CHANGES] = "changes",
		[ACCESS_LOG_ALL] = "all" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum access_log_level)i;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "use off, changes or all");
}

/* git reads by POST, too. */
static bool
access_changes(const struct request *q)
{
	return strcmp(request_method(q), "GET") != 0 &&
	    !view_ends(view_of(request_raw_path(q)), "/git-upload-pack");
}

static bool
access_wants(enum access_log_level level, const struct request *q,
    const struct identity *who, unsigned status)
{
	if (level == ACCESS_LOG_OFF)
		return false;
	if (level == ACCESS_LOG_ALL || status >= 500)
		return true;
	switch (who->kind) {
	case IDENTITY_NONE:
	case IDENTITY_CI:
	case IDENTITY_SERVICE:
	case IDENTITY_RUNNER:
		return false;
	case IDENTITY_ADMIN:
	case IDENTITY_USER:
	case IDENTITY_AGENT:
	case IDENTITY_RUN:
	case IDENTITY_SESSION:
	default:
		return status >= 400 || access_changes(q);
	}
}

void
access_log(enum access_log_level level, const struct request *q,
    const struct identity *who, const char *from, int64_t ms)
{
	unsigned status = request_status(q);

	if (!access_wants(level, q, who, status))
		return;
	log_info("http request req=%s method=%s path=%s status=%u ms=%" PRId64
		 " who=%s run=%" PRId64 " from=%s",
	    request_id(q), log_val(request_method(q)),
	    log_val(request_raw_path(q)), status, ms, log_val(who->login),
	    who->run_id, log_val(from));
}
