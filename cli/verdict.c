#include "cli/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

enum {
	VERDICT_MAX = 1 << 20
};

void
verdict_parse(const char *home, const struct json *doc, struct verdict *v)
{
	const char *text = json_str_or(doc, "verdict", "");
	const char *sig = json_str_or(doc, "signature", "");

	verdict_release(v);
	v->good = signed_check(home, view_of(text), sig, &v->why) == 0;
	if (!v->good)
		(void)err_wrap(&v->why, "the verdict");
	v->j = json_parse(view_of(text), VERDICT_MAX, &v->why);
	v->good = v->good && v->j != NULL;
}

void
verdict_load(const char *home, int64_t project, struct verdict *v)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/sandboxes/%" PRId64 "/prove.json", home, project);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *doc;

	*v = (struct verdict){ .j = NULL };
	if (path_read(path, VERDICT_MAX, &text, &e) == -1)
		return;
	doc = json_parse(str_view(&text), VERDICT_MAX, &e);
	verdict_parse(home, doc, v);
	json_free(doc);
	if (json_i64_or(v->j, "project", 0) != project)
		verdict_release(v);
}

void
verdict_of_project(
    const char *home, const struct json *project, struct verdict *v)
{
	const struct json *told = json_get(project, "prove");
	AUTO_STR struct str text = STR_INIT;

	verdict_load(home, json_i64_or(project, "id", 0), v);
	if (v->j == NULL && json_is_object(told)) {
		json_print(told, &text);
		v->j = json_parse(str_view(&text), VERDICT_MAX, &v->why);
		v->good = v->j != NULL;
	}
	/* It may be about another one than cofferd has heard of. */
	v->stale = json_bool_or(told, "stale", false) &&
	    strcmp(json_str_or(told, "at", ""), json_str_or(v->j, "at", "")) ==
		0;
}

void
verdict_release(struct verdict *v)
{
	json_free(v->j);
	*v = (struct verdict){ .j = NULL };
}

bool
verdict_is(const struct verdict *v, const char *result)
{
	return strcmp(json_str_or(v->j, "result", ""), result) == 0;
}

const char *
verdict_word(const struct json *prove)
{
	const char *result = json_str_or(prove, "result", "");

	if (result[0] == '\0')
		return "-";
	if (json_bool_or(prove, "stale", false))
		return "outdated";
	return strcmp(result, "pass") == 0 ? "proven"
	    : strcmp(result, "fail") == 0  ? "FAILED"
					   : "untestable";
}

void
verdict_show(const struct cli *c, const struct verdict *v)
{
	char ago[32];

	if (!v->good) {
		out_paint(c, stdout, OUT_BAD, v->why.msg);
		return;
	}
	out_paint(c, stdout,
	    verdict_is(v, "pass")       ? OUT_GOOD
		: verdict_is(v, "fail") ? OUT_BAD
					: OUT_WARN,
	    verdict_is(v, "pass")       ? "proven"
		: verdict_is(v, "fail") ? "FAILED"
					: "untestable");
	out_fmt(stdout,
	    ", %" PRId64 " passed, %" PRId64 " failed, %" PRId64
	    " untestable, network %s, %s",
	    json_i64_or(v->j, "passed", 0), json_i64_or(v->j, "failed", 0),
	    json_i64_or(v->j, "untestable", 0),
	    json_str_or(v->j, "network", "-"),
	    out_ago(json_str_or(v->j, "at", NULL), ago));
	if (v->stale)
		out_paint(c, stdout, OUT_WARN,
		    "; the sandbox is another one now, or its network: "
		    "coffer prove");
}
