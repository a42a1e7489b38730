#include "server/web/marks.h"

#include <stdlib.h>

#include "lib/base/alloc.h"
#include "lib/wire/json.h"
#include "server/git/git_ask.h"
#include "server/web/markdown.h"
#include "server/web/web.h"

struct marks_wait {
	struct marks *out;
	marks_go_fn *go;
	void *arg;
	size_t asked; /* texts, the first ones */
};

static void
marks_on_tokens(const struct git_result *res, void *arg)
{
	const struct marks_wait wait = *(struct marks_wait *)arg;
	const struct json *n = NULL;
	size_t at = 0;

	free(arg);
	if (res->fail == NULL) {
		str_addv(&wait.out->raw, res->raw);
		n = json_first(json_get(res->j, "sizes"));
	}
	for (size_t i = 0; n != NULL && i < wait.asked; i++) {
		size_t size = (size_t)json_integer(n, 0);

		if (size > wait.out->raw.len - at)
			break;
		wait.out->tokens[i] = (struct view){ wait.out->raw.p + at,
			size };
		at += size;
		n = json_next(n);
	}
	wait.go(wait.arg);
}

void
marks_ask(struct svc *s, int64_t project, const struct view *texts, size_t n,
    struct marks *out, marks_go_fn *go, void *arg)
{
	struct marks_wait *wait = xcalloc(1, sizeof(*wait));
	size_t sum = 0;

	*out = (struct marks){ .raw = STR_INIT };
	out->tokens = xcalloc(n + 1, sizeof(*out->tokens));
	*wait = (struct marks_wait){ .out = out, .go = go, .arg = arg };
	while (wait->asked < n) {
		sum += texts[wait->asked].len;
		if (sum > MARKS_MAX)
			break;
		wait->asked++;
	}
	gitask_markdowns(
	    s->git, project, texts, wait->asked, marks_on_tokens, wait);
}

void
marks_release(struct marks *m)
{
	free(m->tokens);
	m->tokens = NULL;
	str_release(&m->raw);
}

bool
marks_try(struct web *w, const char *project, struct view tokens)
{
	const struct web_markdown ctx = { .project = project,
		.here = call_url(w->c) };
	size_t room = MARKS_ALL - w->marked, from = w->h.out.len;
	struct html_try try;

	if (tokens.len == 0)
		return false;
	room = room < MARKS_ONE ? room : MARKS_ONE;
	try = html_try_begin(&w->h, room);
	web_markdown(w, &ctx, tokens);
	if (!html_try_end(&w->h, &try)) {
		w->marked += room; /* it was work all the same */
		return false;
	}
	w->marked += w->h.out.len - from;
	return true;
}

void
marks_write(
    struct web *w, const char *project, struct view text, struct view tokens)
{
	if (marks_try(w, project, tokens))
		return;
	HTML_CLASS(&w->h, "div", "words whole");
	html_textv(&w->h, text);
	html_end(&w->h);
}
