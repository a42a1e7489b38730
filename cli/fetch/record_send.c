/* record_send: records to cofferd; what it has got has a file .sent beside it.
 */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/record.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/net/signed_json.h"
#include "lib/wire/json.h"

enum {
	SEND_AT_ONCE = 20,
	SEND_MAX = 600 << 10, /* what cofferd takes */
	SEND_MS = 15000
};

/* For good, not "later": asked again it would say the same.  A key that is not
 * known yet will be when a record with its account has come; and what is in
 * the way (409) goes: cofferd does not know its own address yet. */
static bool
send_is_final(const struct json *r, int status)
{
	if (status == 403 && json_get(r, "account") == NULL)
		return false;
	return status >= 400 && status < 500 && status != 401 &&
	    status != 408 && status != 409 && status != 429;
}

static int
send_mark(const char *sent, const char *what, struct err *e)
{
	return path_write_atomic(sent, what, strlen(what), 0600, e);
}

static int
send_post(struct fetch_job *j, const struct json *r, struct view text,
    const char *sent, struct err *e)
{
	AUTO_FREE char *path = xasprintf("/api/coffer/v1/projects/%s/fetches",
	    json_str_or(r, "project", "?/?"));
	AUTO_STR struct str body = STR_INIT;
	const struct remote_call call = { .method = "POST",
		.path = path,
		.body = &body,
		.limit_ms = SEND_MS,
		.keep_refusal = true };
	struct json *answer = NULL;
	char mark[64];
	struct jw w;
	int status = 0;
	int rc;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_view(&w, "record", text);
	jw_end(&w);
	rc = remote_send(j->c, &call, &answer, &status, e);
	if (rc == 0) {
		(void)snprintf(mark, sizeof(mark), "%" PRId64 "\n",
		    json_i64_or(answer, "id", 0));
		rc = send_mark(sent, mark, e);
	} else if (rc == -1 && send_is_final(r, status)) {
		(void)snprintf(mark, sizeof(mark), "refused %d\n", status);
		cli_note("coffer: cofferd does not take the record (%d: %s); "
			 "it is kept here",
		    status, e->msg);
		rc = send_mark(sent, mark, e);
	}
	json_free(answer);
	return rc;
}

/* named: those that name an account, else those that do not. */
static int
send_one(
    struct fetch_job *j, const char *name, bool named, int *n, struct err *e)
{
	AUTO_FREE char *path = path_join(j->dir, name);
	AUTO_FREE char *sent = xasprintf("%s.sent", path);
	AUTO_STR struct str text = STR_INIT_MAX(RECORD_MAX);
	struct json *r;
	int rc = 0;

	if (access(sent, F_OK) == 0)
		return 0;
	if (path_read(path, RECORD_MAX, &text, e) == -1)
		return -1;
	/* Of an older version, or damaged: it stays where it is. */
	if ((r = signed_json_read(
		 str_view(&text), RECORD_DOMAIN, RECORD_MAX, e)) == NULL)
		return send_mark(sent, "not signed\n", e);
	if (strcmp(json_str_or(r, "url", ""), j->c->url) == 0 &&
	    (json_get(r, "account") != NULL) == named) {
		(*n)++;
		rc = text.len > SEND_MAX
		    ? send_mark(sent, "too large\n", e)
		    : send_post(j, r, str_view(&text), sent, e);
	}
	json_free(r);
	return rc;
}

static int
send_some(struct fetch_job *j, bool named, int *n, struct err *e)
{
	DIR *d = opendir(j->dir);
	struct dirent *x;
	int rc = 0;

	while (rc == 0 && d != NULL && *n < SEND_AT_ONCE &&
	    (x = readdir(d)) != NULL) {
		size_t len = strlen(x->d_name);

		if (x->d_name[0] >= '0' && x->d_name[0] <= '9' && len > 5 &&
		    strcmp(x->d_name + len - 5, ".json") == 0)
			rc = send_one(j, x->d_name, named, n, e);
	}
	if (d != NULL)
		(void)closedir(d);
	return rc;
}

void
fetch_send_records(struct fetch_job *j)
{
	struct err e = ERR_INIT;
	int n = 0;

	/* By the first ones a key becomes known, which the others need. */
	if (send_some(j, true, &n, &e) == -1 ||
	    send_some(j, false, &n, &e) == -1)
		cli_note("coffer: the record stays here and is sent next time: "
			 "%s",
		    e.msg);
}
