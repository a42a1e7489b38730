#include "agentd/watch/proved.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/call.h"
#include "agentd/watch/projects.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/io/timer.h"
#include "lib/net/signed.h"
#include "lib/wire/json.h"

enum {
	PROVED_FILE_MAX = 1 << 20,
	PROVED_ROWS_MAX = 64, /* what cofferd takes */
	PROVED_TEXT_MAX = 500
};

struct proved_one {
	TAILQ_ENTRY(proved_one) link;
	int64_t project;
	bool fresh; /* else only if cofferd has another */
};

struct proved {
	struct proved_spec s;
	struct call *call;
	struct timer *turn;
	TAILQ_HEAD(, proved_one) waiting;
};

/* NULL: there is none, or it is not good; json_free. */
static struct json *
proved_load(const struct proved *p, int64_t project, struct err *e)
{
	AUTO_FREE char *path = xasprintf(
	    "%s/sandboxes/%" PRId64 "/prove.json", p->s.home, project);
	AUTO_STR struct str text = STR_INIT;
	struct json *doc, *j = NULL;
	const char *verdict;

	if (path_read(path, PROVED_FILE_MAX, &text, e) == -1)
		return NULL;
	doc = json_parse(str_view(&text), PROVED_FILE_MAX, e);
	if (doc == NULL)
		return NULL;
	verdict = json_str_or(doc, "verdict", "");
	if (signed_check(p->s.home, view_of(verdict),
		json_str_or(doc, "signature", ""), e) == 0)
		j = json_parse(view_of(verdict), PROVED_FILE_MAX, e);
	json_free(doc);
	if (j != NULL && json_i64_or(j, "project", 0) != project) {
		(void)err_set(e, ERR_DENIED, "it is of another project");
		json_free(j);
		return NULL;
	}
	return j;
}

/* A text of a row: as much of it as cofferd takes. */
static void
proved_text(struct jw *w, const struct json *row, const char *key)
{
	struct view v = utf8_cut(
	    view_of(json_str_or(row, key, "")), PROVED_TEXT_MAX);
	AUTO_FREE char *text = xstrndup(v.p, v.len);

	jw_str(w, key, text);
}

static void
proved_body(const struct json *j, struct str *out)
{
	static const char *const numbers[] = { "generation", "passed", "failed",
		"untestable", NULL };
	static const char *const words[] = { "at", "result", "network",
		"driver", NULL };
	int n = 0;
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	for (size_t i = 0; words[i] != NULL; i++)
		jw_str(&w, words[i], json_str_or(j, words[i], ""));
	for (size_t i = 0; numbers[i] != NULL; i++)
		jw_i64(&w, numbers[i], json_i64_or(j, numbers[i], 0));
	jw_array(&w, "failed_rows");
	for (const struct json *r = json_first(json_get(j, "rows")); r != NULL;
	     r = json_next(r)) {
		if (strcmp(json_str_or(r, "result", ""), "fail") != 0)
			continue;
		if (n++ == PROVED_ROWS_MAX)
			break;
		jw_object(&w, NULL);
		proved_text(&w, r, "id");
		proved_text(&w, r, "what");
		proved_text(&w, r, "evidence");
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
}

static void
proved_send(
    struct proved *p, const struct proved_one *x, const struct project *of)
{
	AUTO_STR struct str body = STR_INIT;
	struct err e = ERR_INIT;
	char path[320];
	struct json *j = proved_load(p, x->project, &e);

	if (j == NULL) {
		if (x->fresh || e.code != ERR_NOTFOUND)
			log_warn("proved not-told project=%lld why=%s",
			    (long long)x->project, log_val(e.msg));
		return;
	}
	if (x->fresh || strcmp(of->proved_at, json_str_or(j, "at", "")) != 0) {
		proved_body(j, &body);
		(void)snprintf(path, sizeof(path),
		    "/api/coffer/v1/projects/%s/prove", of->full_name);
		call_start(p->call, "PUT", path, str_cstr(&body));
	}
	json_free(j);
}

/* One file in a turn: others wait for the loop. */
static void
proved_on_turn(void *arg)
{
	struct proved *p = arg;
	struct proved_one *x = TAILQ_FIRST(&p->waiting);
	const struct project *of;

	if (x == NULL || call_busy(p->call))
		return;
	TAILQ_REMOVE(&p->waiting, x, link);
	of = projects_find(p->s.projects, x->project);
	if (of != NULL)
		proved_send(p, x, of);
	free(x);
	if (!call_busy(p->call))
		timer_set(p->turn, 0);
}

static void
proved_on_told(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct proved *p = arg;

	(void)status;
	(void)j;
	if (fail != NULL)
		log_warn("proved refused why=%s", log_val(fail->msg));
	timer_set(p->turn, 0);
}

void
proved_tell(struct proved *p, int64_t project)
{
	struct proved_one *x;

	TAILQ_FOREACH(x, &p->waiting, link)
	{
		if (x->project == project)
			break;
	}
	if (x == NULL) {
		x = xcalloc(1, sizeof(*x));
		x->project = project;
		TAILQ_INSERT_TAIL(&p->waiting, x, link);
	}
	x->fresh = true;
	timer_set(p->turn, 0);
}

static void
proved_on_each(const struct project *of, void *arg)
{
	struct proved *p = arg;
	struct proved_one *x = xcalloc(1, sizeof(*x));

	x->project = of->id;
	TAILQ_INSERT_TAIL(&p->waiting, x, link);
}

struct proved *
proved_new(const struct proved_spec *spec)
{
	struct proved *p = xcalloc(1, sizeof(*p));

	p->s = *spec;
	TAILQ_INIT(&p->waiting);
	p->call = call_new(spec->loop, spec->api, proved_on_told, p);
	p->turn = timer_new(spec->loop, proved_on_turn, p);
	projects_each(spec->projects, proved_on_each, p);
	timer_set(p->turn, 0);
	return p;
}

void
proved_free(struct proved *p)
{
	struct proved_one *x;

	if (p == NULL)
		return;
	while ((x = TAILQ_FIRST(&p->waiting)) != NULL) {
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): TAILQ_REMOVE */
		TAILQ_REMOVE(&p->waiting, x, link);
		free(x);
	}
	timer_free(p->turn);
	call_free(p->call);
	free(p);
}
