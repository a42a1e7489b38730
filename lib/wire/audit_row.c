#include "lib/wire/audit_row.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

static void
audit_row_text(struct str *out, const char *s)
{
	str_addf(out, "%zu:%s,", strlen(s), s);
}

static void
audit_row_number(struct str *out, int64_t n)
{
	AUTO_STR struct str text = STR_INIT;

	str_addf(&text, "%" PRId64, n);
	audit_row_text(out, str_cstr(&text));
}

void
audit_row_bytes(const struct audit_row *r, const char *before, struct str *out)
{
	audit_row_text(out, before);
	audit_row_number(out, r->seq);
	audit_row_number(out, r->at);
	audit_row_number(out, r->who_id);
	audit_row_text(out, r->who);
	audit_row_text(out, r->via);
	audit_row_text(out, r->origin);
	audit_row_text(out, r->request);
	audit_row_number(out, r->project_id);
	audit_row_text(out, r->project);
	audit_row_text(out, r->what);
	audit_row_text(out, r->subject);
	audit_row_number(out, r->event);
	audit_row_text(out, r->old);
	audit_row_text(out, r->new_);
}

int
audit_row_read(const struct json *j, struct audit_row *out, struct err *e)
{
	*out = (struct audit_row){
		.seq = json_i64_or(j, "seq", -1),
		.at = json_i64_or(j, "at_ms", -1),
		.who_id = json_i64_or(j, "who_id", 0),
		.who = json_str_or(j, "who", ""),
		.via = json_str_or(j, "via", ""),
		.origin = json_str_or(j, "origin", ""),
		.request = json_str_or(j, "request", ""),
		.project_id = json_i64_or(j, "project_id", 0),
		.project = json_str_or(j, "project", ""),
		.what = json_str_or(j, "what", ""),
		.subject = json_str_or(j, "subject", ""),
		.event = json_i64_or(j, "event", 0),
		.old = json_str_or(j, "old", ""),
		.new_ = json_str_or(j, "new", ""),
		.hash = json_str_or(j, "hash", ""),
	};
	if (out->seq < 1 || out->at < 0 || out->what[0] == '\0' ||
	    strlen(out->hash) != AUDIT_HASH_HEX - 1)
		return err_set(e, ERR_PROTO, "that is no row of an audit log");
	return 0;
}

void
audit_row_write(struct jw *w, const struct audit_row *r)
{
	jw_object(w, NULL);
	jw_i64(w, "seq", r->seq);
	jw_time(w, "at", r->at);
	jw_i64(w, "at_ms", r->at);
	jw_i64(w, "who_id", r->who_id);
	jw_str(w, "who", r->who);
	jw_str(w, "via", r->via);
	jw_str(w, "origin", r->origin);
	jw_str(w, "request", r->request);
	jw_i64(w, "project_id", r->project_id);
	jw_str(w, "project", r->project);
	jw_str(w, "what", r->what);
	jw_str(w, "subject", r->subject);
	jw_i64(w, "event", r->event);
	jw_str(w, "old", r->old);
	jw_str(w, "new", r->new_);
	jw_str(w, "hash", r->hash);
	jw_end(w);
}
