#include "server/git/git_pull.h"

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/git/git_pool_priv.h"

/* The members of an object, without its braces. */
static void
gitpull_send(struct git_pool *p, int64_t project, const char *op,
    struct str *text, git_done_fn *done, void *arg)
{
	struct git_ask ask = { .op = op, .raw = { .p = "" } };

	ask.fields = str_view(text);
	ask.fields.p++;
	ask.fields.len -= 2;
	gitpool_call(p, project, &ask, done, arg);
}

static void
gitpull_begin(
    struct jw *w, struct str *text, const char *base, const char *head)
{
	jw_init(w, text);
	jw_object(w, NULL);
	jw_str(w, "base", base);
	jw_str(w, "head", head);
}

static void
gitpull_lines(struct git_pool *p, int64_t project, const char *op,
    const struct git_pull_facts *spec, git_done_fn *done, void *arg)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	gitpull_begin(&w, &text, spec->base, spec->head);
	jw_array(&w, "lines");
	for (size_t i = 0; i < spec->n; i++) {
		const struct git_pull_line *l = &spec->lines[i];

		jw_object(&w, NULL);
		jw_str(&w, "file", l->path);
		if (l->sha != NULL)
			jw_str(&w, "sha", l->sha);
		jw_i64(&w, "line", l->line);
		jw_bool(&w, "old", l->old);
		jw_end(&w);
	}
	jw_end(&w);
	jw_end(&w);
	gitpull_send(p, project, op, &text, done, arg);
}

void
gitpull_facts(struct git_pool *p, int64_t project,
    const struct git_pull_facts *spec, git_done_fn *done, void *arg)
{
	gitpull_lines(p, project, "pull_facts", spec, done, arg);
}

void
gitpull_hunks(struct git_pool *p, int64_t project,
    const struct git_pull_facts *spec, git_done_fn *done, void *arg)
{
	gitpull_lines(p, project, "pull_hunks", spec, done, arg);
}

void
gitpull_files(struct git_pool *p, int64_t project,
    const struct git_pull_files *spec, git_done_fn *done, void *arg)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	gitpull_begin(&w, &text, spec->base, spec->head);
	if (spec->skip_to != NULL)
		jw_str(&w, "skip_to", spec->skip_to);
	if (spec->whitespace != NULL)
		jw_str(&w, "whitespace", spec->whitespace);
	jw_u64(&w, "skip", spec->skip);
	jw_u64(&w, "limit", spec->limit);
	jw_end(&w);
	gitpull_send(p, project, "files", &text, done, arg);
}

void
gitpull_look(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	gitpull_begin(&w, &text, base, head);
	jw_end(&w);
	gitpull_send(p, project, "look", &text, done, arg);
}

void
gitpull_touched(struct git_pool *p, int64_t project, const char *base,
    const char *head, git_done_fn *done, void *arg)
{
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	gitpull_begin(&w, &text, base, head);
	jw_end(&w);
	gitpull_send(p, project, "touched", &text, done, arg);
}

void
gitpull_brought(struct git_pool *p, int64_t project,
    const struct git_brought *spec, git_done_fn *done, void *arg)
{
	const char *const *hide = spec->hide;
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	jw_str(&w, "rev", spec->rev);
	jw_array(&w, "hide");
	for (; *hide != NULL; hide++)
		jw_str(&w, NULL, *hide);
	jw_end(&w);
	jw_u64(&w, "limit", spec->limit);
	jw_end(&w);
	gitpull_send(p, project, "brought", &text, done, arg);
}
