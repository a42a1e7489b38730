#include "cli/fetch/verdict.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/wire/json.h"

/* Models like to fence; one fence around the whole is no harm. */
static struct view
verdict_unfence(struct view v)
{
	static const char fence[] = "```";
	const char *nl;

	v = view_trim(v);
	if (!view_starts(v, fence) || !view_ends(v, fence) || v.len < 7)
		return v;
	nl = memchr(v.p, '\n', v.len);
	if (nl == NULL)
		return v;
	v = view_from(v, (size_t)(nl + 1 - v.p));
	if (v.len < 3)
		return v;
	v.len -= 3;
	return view_trim(v);
}

static bool
verdict_keys_ok(const struct json *j, const char *const *keys, size_t n)
{
	size_t seen = 0;

	if (!json_is_object(j))
		return false;
	for (const struct json *m = json_first(j); m != NULL;
	     m = json_next(m)) {
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known |= strcmp(json_key(m), keys[i]) == 0;
		if (!known)
			return false;
		seen++;
	}
	return seen == n;
}

static int
verdict_severity(const char *s, enum finding_severity *out)
{
	static const enum finding_severity all[] = { FINDING_NOTE, FINDING_ASK,
		FINDING_BLOCK };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (strcmp(finding_severity_name(all[i]), s) != 0)
			continue;
		*out = all[i];
		return 0;
	}
	return -1;
}

static int
verdict_finding(const struct json *f, struct findings *out, struct err *e)
{
	static const char *const keys[] = { "file", "line", "severity",
		"message" };
	const char *file = "", *severity = "", *message = "";
	enum finding_severity s;
	int64_t line = 0;

	if (!verdict_keys_ok(f, keys, 4) ||
	    json_str(f, "file", 4096, &file, e) != 0 ||
	    json_i64(f, "line", 0, INT32_MAX, &line, e) != 0 ||
	    json_str(f, "severity", 10, &severity, e) != 0 ||
	    json_str(f, "message", 2000, &message, e) != 0 ||
	    verdict_severity(severity, &s) == -1)
		return err_set(
		    e, ERR_PROTO, "a finding of the review is malformed");
	finding_add_review(out, s, file, (uint32_t)line, message);
	return 0;
}

static int
verdict_take(const struct json *j, const char *nonce, int64_t chunk,
    struct findings *out, struct err *e)
{
	static const char *const keys[] = { "nonce", "chunk", "verdict",
		"findings" };
	const char *echo = "", *verdict = "";
	const struct json *list = json_get(j, "findings");
	int64_t n = -1;
	bool block;

	if (!verdict_keys_ok(j, keys, 4) ||
	    json_str(j, "nonce", 64, &echo, e) != 0 ||
	    json_i64(j, "chunk", 0, INT32_MAX, &n, e) != 0 ||
	    json_str(j, "verdict", 16, &verdict, e) != 0 ||
	    !json_is_array(list))
		return err_set(
		    e, ERR_PROTO, "the review is not of the agreed form");
	if (strcmp(echo, nonce) != 0 || n != chunk)
		return err_set(
		    e, ERR_PROTO, "the review is not about what was asked");
	block = strcmp(verdict, "block") == 0;
	if (!block && strcmp(verdict, "ok") != 0)
		return err_set(e, ERR_PROTO, "the review's verdict is unknown");
	if (json_count(list) > VERDICT_FINDINGS_MAX)
		return err_set(e, ERR_LIMIT, "the review is too long");
	for (const struct json *f = json_first(list); f != NULL;
	     f = json_next(f))
		if (verdict_finding(f, out, e) == -1)
			return -1;
	if (block && !findings_any(out, FINDING_BLOCK))
		finding_add_review(
		    out, FINDING_BLOCK, "", 0, "the reviewer says no");
	return 0;
}

int
verdict_read(struct view text, const char *nonce, int64_t chunk,
    struct findings *out, struct err *e)
{
	struct findings mine = { .list = NULL };
	struct json *j = json_parse(
	    verdict_unfence(text), VERDICT_BYTES_MAX, e);
	int rc;

	if (j == NULL)
		return err_wrap(e, "the review is not JSON");
	rc = verdict_take(j, nonce, chunk, &mine, e);
	for (size_t i = 0; rc == 0 && i < mine.n; i++)
		finding_add_review(out, mine.list[i].severity,
		    mine.list[i].file, mine.list[i].line, mine.list[i].message);
	findings_release(&mine);
	json_free(j);
	return rc;
}
