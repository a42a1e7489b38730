#include "agentd/watch/wakes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	WAKES_FILE_MAX = 256
};

static bool
wakes_is_one(const struct watch_event *ev)
{
	return strcmp(ev->kind, "check.failed") == 0 ||
	    strcmp(ev->kind, "pull.conflict") == 0;
}

/* A file that cannot be read counts as none: the next one is good again. */
static void
wakes_read(const char *path, int64_t *n, int64_t *last)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;

	if (path_read(path, WAKES_FILE_MAX, &text, &e) == 0)
		j = json_parse(str_view(&text), WAKES_FILE_MAX, &e);
	*n = json_i64_or(j, "n", 0);
	*last = json_i64_or(j, "last", 0);
	json_free(j);
}

static int
wakes_write(const char *dir, const char *path, int64_t n, int64_t last)
{
	AUTO_FREE char *text = xasprintf(
	    "{\"n\":%" PRId64 ",\"last\":%" PRId64 "}\n", n, last);
	struct err e = ERR_INIT;

	if (path_mkdirs(dir, 0700, &e) == 0 &&
	    path_write_atomic(path, text, strlen(text), 0600, &e) == 0)
		return 0;
	log_error("wakes why=%s", log_val(e.msg));
	return -1;
}

bool
wakes_allow(const char *home, const struct watch_event *ev, int64_t max)
{
	AUTO_FREE char *dir = path_join(home, "agentd/wakes");
	AUTO_FREE char *path = xasprintf(
	    "%s/%" PRId64 "-%" PRId64, dir, ev->project, ev->item);
	int64_t n, last;

	if (!wakes_is_one(ev)) {
		(void)unlink(path);
		return true;
	}
	wakes_read(path, &n, &last);
	if (ev->seq <= last)
		return ev->seq == last;
	if (n >= max) {
		log_warn("wakes enough project=%" PRId64 " item=%" PRId64
			 " n=%" PRId64,
		    ev->project, ev->item, n);
		return false;
	}
	return wakes_write(dir, path, n + 1, ev->seq) == 0;
}
