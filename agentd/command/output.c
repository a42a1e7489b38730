#include "agentd/command/output.h"

#include <string.h>

#include "agentd/command/schema.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	OUTPUT_LINE_MAX = 1 << 30
};

void
output_clean(struct str *out, struct view v)
{
	while (v.len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(v, &cp);

		if (n == 0) {
			str_add(out, "\xef\xbf\xbd");
			n = 1;
		} else if (cp >= 0x20 && (cp < 0x7f || cp > 0x9f)) {
			str_addn(out, v.p, n);
		} else if (cp == '\n' || cp == '\t') {
			str_addc(out, (char)cp);
		}
		v = view_from(v, n);
	}
}

static bool
output_is_fence(struct view line)
{
	return view_starts(view_trim(line), "```");
}

bool
output_block(struct view answer, struct view *json, struct view *rest)
{
	struct view left = answer, line, body = { .p = answer.p };
	const char *begin = NULL;
	bool inside = false, found = false;

	while (view_split(&left, '\n', &line)) {
		if (!output_is_fence(line))
			continue;
		if (inside && begin != NULL) {
			*json = (struct view){ .p = body.p,
				.len = (size_t)(line.p - body.p) };
			*rest = (struct view){ .p = answer.p,
				.len = (size_t)(begin - answer.p) };
			found = true;
		}
		inside = !inside;
		begin = inside && view_is(view_trim(line), "```json") ? line.p
								      : NULL;
		body.p = left.p;
	}
	return found;
}

static int
output_comment(const struct json *c, size_t i, struct jw *w, struct err *e)
{
	const char *path = json_str_or(c, "path", "");
	const char *body = json_str_or(c, "body", "");
	const char *severity = json_str_or(c, "severity", "");
	const char *side = json_str_or(c, "side", "new");
	const int64_t line = json_i64_or(c, "line", 0);
	AUTO_STR struct str text = STR_INIT_MAX(2 * OUTPUT_BODY_MAX);
	AUTO_STR struct str name = STR_INIT_MAX(OUTPUT_PATH_MAX);
	AUTO_STR struct str rank = STR_INIT;
	size_t begin;

	output_clean(&name, view_of(path));
	if (name.len == 0 || !str_ok(&name) || strpbrk(path, "\n\t") != NULL ||
	    strcmp(str_cstr(&name), path) != 0 || path[0] == '/')
		return err_set(e, ERR_INVALID,
		    "comments[%zu].path: want a path of the tree", i);
	if (line < 1 || line > OUTPUT_LINE_MAX)
		return err_set(e, ERR_INVALID,
		    "comments[%zu].line: want a number from 1", i);
	if (strcmp(side, "new") != 0 && strcmp(side, "old") != 0)
		return err_set(
		    e, ERR_INVALID, "comments[%zu].side: want new or old", i);
	output_clean(&rank, utf8_cut(view_of(severity), 40));
	if (view_trim(str_view(&rank)).len > 0)
		str_addf(&text, "**%s** ", str_cstr(&rank));
	begin = text.len;
	output_clean(&text, utf8_cut(view_of(body), OUTPUT_BODY_MAX));
	if (view_trim(view_from(str_view(&text), begin)).len == 0)
		return err_set(
		    e, ERR_INVALID, "comments[%zu].body: it is empty", i);
	jw_object(w, NULL);
	jw_view(w, "path", str_view(&name));
	jw_i64(w, "line", line);
	jw_str(w, "side", side);
	jw_view(w, "body", str_view(&text));
	jw_end(w);
	return 0;
}

static int
output_comments(
    const struct json *list, struct str *out, size_t *left, struct err *e)
{
	const size_t n = json_count(list);
	const struct json *c = json_first(list);
	struct jw w;

	if (list != NULL && !json_is_array(list))
		return err_set(e, ERR_INVALID, "comments: want a list");
	*left = n > OUTPUT_COMMENTS_MAX ? n - OUTPUT_COMMENTS_MAX : 0;
	jw_init(&w, out);
	jw_array(&w, NULL);
	for (size_t i = 0; c != NULL && i < OUTPUT_COMMENTS_MAX;
	     i++, c = json_next(c)) {
		if (output_comment(c, i, &w, e) == -1)
			return -1;
	}
	jw_end(&w);
	return 0;
}

int
output_review(struct view json, struct str *summary, struct str *comments,
    size_t *left, struct err *e)
{
	struct json *j = json_parse(view_trim(json), OUTPUT_MAX, e);
	int rc = -1;

	*left = 0;
	if (j != NULL && !json_is_object(j))
		(void)err_set(e, ERR_INVALID, "want an object");
	else if (j != NULL)
		rc = output_comments(
		    json_get(j, "comments"), comments, left, e);
	if (rc == 0)
		output_clean(summary,
		    view_trim(utf8_cut(view_of(json_str_or(j, "summary", "")),
			OUTPUT_SUMMARY_MAX)));
	json_free(j);
	return rc;
}

/* A fence cannot stand in it: JSON has no line of three backticks. */
int
output_value(
    struct view json, const char *schema, struct str *out, struct err *e)
{
	struct json *s = json_parse(view_of(schema), 0, e);
	struct json *j = s == NULL ? NULL
				   : json_parse(view_trim(json), OUTPUT_MAX, e);
	int rc = j == NULL ? -1 : schema_judge(s, j, e);
	const size_t begin = out->len;

	if (rc == 0) {
		json_print(j, out);
		if (!str_ok(out) || out->len - begin > OUTPUT_VALUE_MAX)
			rc = err_set(e, ERR_LIMIT, "it is over %d bytes",
			    OUTPUT_VALUE_MAX);
	}
	json_free(j);
	json_free(s);
	return rc;
}
