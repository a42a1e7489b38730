#include "cli/reviewer/verdict.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	VERDICT_MESSAGE_MAX = 4000
};

/* Models like to think aloud and to fence; neither is a part of the answer. */
static struct view
verdict_unfence(struct view v)
{
	static const char fence[] = "```", think[] = "</think>";
	const char *p;

	v = view_trim(v);
	if (view_starts(v, "<think>") &&
	    (p = memmem(v.p, v.len, think, strlen(think))) != NULL)
		v = view_trim(view_from(v, (size_t)(p - v.p) + strlen(think)));
	if (!view_starts(v, fence) || !view_ends(v, fence) || v.len < 7)
		return v;
	p = memchr(v.p, '\n', v.len);
	if (p == NULL)
		return v;
	v = view_from(v, (size_t)(p + 1 - v.p));
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

/* NULL: the chunk has no such file.  0 is the change as a whole. */
static const char *
verdict_path(const struct verdict_want *w, int64_t number)
{
	for (size_t i = 0; i < w->n; i++)
		if (number != 0 && w->texts[i].number == number)
			return w->texts[i].path;
	return number == 0 ? "" : NULL;
}

static void
verdict_add(struct findings *out, const struct verdict_want *w,
    enum finding_severity s, const char *path, uint32_t line,
    const char *message)
{
	AUTO_FREE char *text = w->by == NULL
	    ? xstrdup(message)
	    : xasprintf("%s: %s", w->by, message);

	finding_add_review(out, s, path, line, text);
}

static int
verdict_finding(const struct json *f, const struct verdict_want *w,
    struct findings *out, struct err *e)
{
	static const char *const keys[] = { "file", "line", "severity",
		"message" };
	const char *severity = "", *message = "", *path;
	int64_t line = 0, file = -1;
	enum finding_severity s;

	if (!verdict_keys_ok(f, keys, 4) ||
	    json_i64(f, "file", 0, INT32_MAX, &file, e) != 0 ||
	    json_i64(f, "line", 0, INT32_MAX, &line, e) != 0 ||
	    json_str(f, "severity", 10, &severity, e) != 0 ||
	    json_str(f, "message", VERDICT_MESSAGE_MAX, &message, e) != 0 ||
	    verdict_severity(severity, &s) == -1)
		return err_set(
		    e, ERR_PROTO, "a finding of the review is malformed");
	if ((path = verdict_path(w, file)) == NULL)
		return err_set(e, ERR_PROTO,
		    "a finding is about a file that is not in the chunk");
	verdict_add(out, w, s, path, (uint32_t)line, message);
	return 0;
}

/* All of the chunk's, each once, in whatever order. */
static bool
verdict_files_ok(const struct json *list, const struct verdict_want *w)
{
	if (!json_is_array(list) || json_count(list) != w->n)
		return false;
	for (size_t i = 0; i < w->n; i++) {
		size_t seen = 0;

		for (const struct json *m = json_first(list); m != NULL;
		     m = json_next(m))
			if (json_is_number(m) &&
			    json_integer(m, -1) == w->texts[i].number)
				seen++;
		if (seen != 1)
			return false;
	}
	return true;
}

static int
verdict_instructions(const struct json *list, const struct verdict_want *w,
    struct findings *out, struct err *e)
{
	if (!json_is_array(list) || json_count(list) > VERDICT_FINDINGS_MAX)
		return err_set(
		    e, ERR_PROTO, "the review is not of the agreed form");
	for (const struct json *m = json_first(list); m != NULL;
	     m = json_next(m)) {
		const char *path = !json_is_number(m)
		    ? NULL
		    : verdict_path(w, json_integer(m, -1));

		if (path == NULL)
			return err_set(e, ERR_PROTO,
			    "instructions are said to be in a file that is "
			    "not in the chunk");
		verdict_add(out, w, FINDING_BLOCK, path, 0,
		    "it has text that addresses the reviewer");
	}
	return 0;
}

static int
verdict_echo(const struct json *j, const struct verdict_want *w, struct err *e)
{
	const char *nonce = "", *sha = "", *receipt = "";
	int64_t n = -1;

	if (json_str(j, "nonce", 64, &nonce, e) != 0 ||
	    json_i64(j, "chunk", 0, INT32_MAX, &n, e) != 0 ||
	    json_str(j, "chunk_sha256", 64, &sha, e) != 0 ||
	    json_str(j, "receipt", 64, &receipt, e) != 0)
		return err_set(
		    e, ERR_PROTO, "the review is not of the agreed form");
	if (strcmp(nonce, w->nonce) != 0 || n != w->chunk ||
	    strcmp(sha, w->sha) != 0 || strcmp(receipt, w->receipt) != 0)
		return err_set(
		    e, ERR_PROTO, "the review is not about what was asked");
	if (!verdict_files_ok(json_get(j, "files_reviewed"), w))
		return err_set(e, ERR_PROTO,
		    "the review does not cover all files that were sent");
	return 0;
}

static int
verdict_take(const struct json *j, const struct verdict_want *w,
    struct findings *out, struct err *e)
{
	static const char *const keys[] = { "nonce", "chunk", "chunk_sha256",
		"receipt", "files_reviewed", "instructions_found", "findings",
		"verdict" };
	const char *verdict = "";
	const struct json *list = json_get(j, "findings");
	bool block;

	if (!verdict_keys_ok(j, keys, sizeof(keys) / sizeof(keys[0])) ||
	    json_str(j, "verdict", 16, &verdict, e) != 0 ||
	    !json_is_array(list))
		return err_set(
		    e, ERR_PROTO, "the review is not of the agreed form");
	if (verdict_echo(j, w, e) == -1)
		return -1;
	block = strcmp(verdict, "block") == 0;
	if (!block && strcmp(verdict, "ok") != 0)
		return err_set(e, ERR_PROTO, "the review's verdict is unknown");
	if (json_count(list) > VERDICT_FINDINGS_MAX)
		return err_set(e, ERR_PROTO, "the review is too long");
	for (const struct json *f = json_first(list); f != NULL;
	     f = json_next(f))
		if (verdict_finding(f, w, out, e) == -1)
			return -1;
	if (verdict_instructions(
		json_get(j, "instructions_found"), w, out, e) == -1)
		return -1;
	if (block && !findings_any(out, FINDING_BLOCK))
		verdict_add(
		    out, w, FINDING_BLOCK, "", 0, "the reviewer says no");
	return 0;
}

/* Chunks overlap: the same place is told of once. */
static bool
verdict_is_known(const struct findings *out, const struct finding *f)
{
	for (size_t i = 0; i < out->n; i++) {
		const struct finding *o = &out->list[i];

		if (strcmp(o->id, f->id) == 0 && o->severity == f->severity &&
		    o->line == f->line && strcmp(o->file, f->file) == 0 &&
		    strcmp(o->message, f->message) == 0)
			return true;
	}
	return false;
}

int
verdict_read(struct view text, const struct verdict_want *want,
    struct findings *out, struct err *e)
{
	struct findings mine = { .list = NULL };
	struct json *j = json_parse(
	    verdict_unfence(text), VERDICT_BYTES_MAX, e);
	int rc;

	if (j == NULL)
		return err_set(e, ERR_PROTO, "the review is not JSON");
	rc = verdict_take(j, want, &mine, e);
	if (rc == 0 && out->n + mine.n > FINDING_MAX)
		rc = err_set(
		    e, ERR_LIMIT, "there are more findings than can be kept");
	for (size_t i = 0; rc == 0 && i < mine.n; i++)
		if (!verdict_is_known(out, &mine.list[i]))
			finding_add_review(out, mine.list[i].severity,
			    mine.list[i].file, mine.list[i].line,
			    mine.list[i].message);
	findings_release(&mine);
	json_free(j);
	return rc;
}
