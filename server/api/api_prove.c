/* api_prove: what `coffer prove` found, told by agentd. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/api/api.h"
#include "server/service/svc_verdict.h"

enum {
	API_PROVE_COUNT_MAX = 10000
};

static const struct {
	const char *name;
	size_t offset;
	int64_t max;
} api_prove_numbers[] = {
	{ "passed", offsetof(struct verdict, passed), API_PROVE_COUNT_MAX },
	{ "failed", offsetof(struct verdict, failed), API_PROVE_COUNT_MAX },
	{ "untestable", offsetof(struct verdict, untestable),
	    API_PROVE_COUNT_MAX },
	{ "generation", offsetof(struct verdict, generation), INT64_MAX },
};

static const struct {
	const char *name;
	size_t offset;
} api_prove_words[] = {
	{ "network", offsetof(struct verdict, network) },
	{ "driver", offsetof(struct verdict, driver) },
};

/* A failed row; -1 after the reply. */
static int
api_prove_row(struct call *c, const struct json *j, struct jw *w)
{
	static const char *const texts[] = { "id", "what", "evidence" };

	jw_object(w, NULL);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		AUTO_FREE char *text = NULL;

		if (api_text(c, j, texts[i], VERDICT_TEXT_MAX, &text) == -1)
			return -1;
		jw_str(w, texts[i], text != NULL ? text : "");
	}
	jw_end(w);
	return 0;
}

/* -1 after the reply. */
static int
api_prove_rows(struct call *c, const struct json *list, struct str *out)
{
	struct jw w;

	if (list != NULL &&
	    (!json_is_array(list) || json_count(list) > VERDICT_ROWS_MAX)) {
		call_reply_error(
		    c, 422, "failed_rows: want at most %d", VERDICT_ROWS_MAX);
		return -1;
	}
	jw_init(&w, out);
	jw_array(&w, NULL);
	for (const struct json *j = json_first(list); j != NULL;
	     j = json_next(j))
		if (api_prove_row(c, j, &w) == -1)
			return -1;
	jw_end(&w);
	return 0;
}

/* -1 after the reply. */
static int
api_prove_read(struct call *c, const struct json *j, struct verdict *v)
{
	AUTO_STR struct str rows = STR_INIT;
	bool set = false;
	int result = 0;

	if (api_time(c, j, "at", &set, &v->at) == -1 ||
	    api_word(c, j, "result", verdict_result_parse, &result) == -1)
		return -1;
	if (v->at <= 0 || result == 0) {
		call_reply_error(
		    c, 422, "%s: it is missing", v->at <= 0 ? "at" : "result");
		return -1;
	}
	v->result = (enum verdict_result)result;
	for (size_t i = 0;
	     i < sizeof(api_prove_numbers) / sizeof(api_prove_numbers[0]); i++)
		if (api_i64(c, j, api_prove_numbers[i].name, 0,
			api_prove_numbers[i].max,
			(int64_t *)(void *)((char *)v +
			    api_prove_numbers[i].offset)) == -1)
			return -1;
	for (size_t i = 0;
	     i < sizeof(api_prove_words) / sizeof(api_prove_words[0]); i++) {
		AUTO_FREE char *text = NULL;

		if (api_text(c, j, api_prove_words[i].name,
			VERDICT_WORD_MAX - 1, &text) == -1)
			return -1;
		(void)snprintf((char *)v + api_prove_words[i].offset,
		    VERDICT_WORD_MAX, "%s", text != NULL ? text : "");
	}
	if (api_prove_rows(c, json_get(j, "failed_rows"), &rows) == -1)
		return -1;
	v->failed_rows = str_steal(&rows);
	return 0;
}

static void
api_prove_on_told(struct call *c, const struct json *j)
{
	int64_t project = api_project_id(c, PERM_SERVE);
	struct svc_verdict *op;

	if (project == 0)
		return;
	op = svc_verdict_new(api_svc(c), call_who(c));
	op->v.project_id = project;
	if (api_prove_read(c, j, &op->v) == -1) {
		svc_op_drop(op);
		return;
	}
	call_hold(c);
	svc_verdict(op, api_done_empty, c);
}

/* Not even an admin: it counts because agentd has seen the signature. */
static void
api_prove_told(struct call *c)
{
	if (call_who(c)->kind != IDENTITY_SERVICE) {
		call_reply_error(c, 403, "agentd alone tells verdicts");
		return;
	}
	call_take_json(c, api_prove_on_told);
}

const struct route api_prove_routes[] = {
	{ "PUT", "/api/coffer/v1/projects/{o}/{r}/prove", ROUTE_SERVICE,
	    api_prove_told },
	{ .method = NULL },
};
