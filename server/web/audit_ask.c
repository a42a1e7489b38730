#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/http/call.h"
#include "server/service/svc.h"
#include "server/web/audit.h"

enum {
	AUDIT_WORD_MAX = 100
};

static const char *
audit_word(struct call *c, const char *name)
{
	const char *v = call_query(c, name);

	return v != NULL ? v : "";
}

static bool
audit_too_long(const struct audit_asked *q)
{
	const char *const v[] = { q->who, q->what, q->project, q->since,
		q->until };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (strlen(v[i]) > AUDIT_WORD_MAX)
			return true;
	return false;
}

/* A day, as <input type="date"> sends it: the row with which it begins. */
static int
audit_day(struct txn *t, const char *day, int64_t more_ms, int64_t *seq)
{
	struct err e = ERR_INIT;
	char text[40];
	int64_t at;

	(void)snprintf(text, sizeof(text), "%.20sT00:00:00Z", day);
	if (clock_parse(text, &at, &e) == -1)
		return -1;
	return audit_seq_at(t, at + more_ms, seq, &e);
}

static void
audit_filter_days(struct txn *t, struct audit_asked *q)
{
	int64_t seq;

	if (q->since[0] != '\0') {
		if (audit_day(t, q->since, 0, &seq) == -1)
			q->wrong = "A day is written as 2026-01-31.";
		else
			q->f.after = seq - 1;
	}
	if (q->until[0] != '\0') {
		if (audit_day(t, q->until, INT64_C(86400000), &seq) == -1)
			q->wrong = "A day is written as 2026-01-31.";
		else if (q->f.before == 0 || seq < q->f.before)
			q->f.before = seq;
	}
}

void
audit_asked_read(struct call *c, struct audit_asked *q)
{
	struct txn *t = db_reader(((struct svc *)call_app(c))->db);
	const char *before = call_query(c, "before");
	struct err e = ERR_INIT;

	*q = (struct audit_asked){ .who = audit_word(c, "who"),
		.what = audit_word(c, "what"),
		.project = audit_word(c, "project"),
		.since = audit_word(c, "since"),
		.until = audit_word(c, "until"),
		.f = { .newest = true, .limit = AUDIT_PAGE } };
	if (before != NULL &&
	    num_i64(before, 1, INT64_MAX, &q->f.before, &e) == -1)
		q->wrong = "That page is none.";
	if (q->who[0] != '\0')
		q->f.who = strcmp(q->who, AUDIT_SERVER) == 0 ? "" : q->who;
	if (q->what[0] != '\0')
		q->f.what = q->what;
	if (q->project[0] != '\0') {
		if (audit_project_id(t, q->project, &q->f.project_id, &e) == -1)
			q->wrong = "There is no such project, and none was "
				   "deleted.";
	}
	audit_filter_days(t, q);
	if (audit_too_long(q))
		q->wrong = "That is too long to be in the log.";
}

static void
audit_asked_word(struct str *to, const char *name, const char *value)
{
	if (value[0] == '\0')
		return;
	str_addf(to, "&%s=", name);
	esc_url(to, view_of(value));
}

void
audit_asked_query(const struct audit_asked *q, struct str *to)
{
	audit_asked_word(to, "who", q->who);
	audit_asked_word(to, "what", q->what);
	audit_asked_word(to, "project", q->project);
	audit_asked_word(to, "since", q->since);
	audit_asked_word(to, "until", q->until);
}
