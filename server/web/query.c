#include "server/web/query.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "server/http/param.h"
#include "server/web/web.h"

int
query_page(struct call *c, uint32_t *page, uint32_t *limit)
{
	int64_t n = 1;
	struct err e = ERR_INIT;

	if (param_i64("page", call_query(c, "page"), 1, PARAM_PAGE_MAX, &n,
		&e) == -1) {
		web_error(c, 422, e.msg);
		return -1;
	}
	*page = (uint32_t)n;
	*limit = QUERY_PAGE;
	return 0;
}

int
query_project(struct call *c, struct query_project *out)
{
	const char *full = call_query(c, "project");
	const char *slash = full != NULL ? strchr(full, '/') : NULL;
	AUTO_FREE char *before = slash != NULL
	    ? xstrndup(full, (size_t)(slash - full))
	    : NULL;
	const char *owner = full != NULL ? before : call_query(c, "owner");
	const char *name = full == NULL ? call_query(c, "name")
	    : slash != NULL             ? slash + 1
					: NULL;
	AUTO_STR struct str text = STR_INIT_MAX(sizeof(out->query) - 1);
	struct svc *s = call_app(c);
	struct project p = { .id = 0 };
	struct err e = ERR_INIT;

	*out = (struct query_project){ .id = 0 };
	if (full != NULL && full[0] != '\0' && slash == NULL) {
		web_error(c, 422, "A project is called OWNER/NAME.");
		return -1;
	}
	if (owner == NULL || name == NULL)
		return 0;
	if (svc_project_open(db_reader(s->db), call_who(c), owner, name,
		PERM_READ, &p, &e) == -1) {
		web_fail(c, &e);
		return -1;
	}
	out->id = p.id;
	(void)snprintf(out->name, sizeof(out->name), "%s/%s", p.owner, p.name);
	str_add(&text, "&owner=");
	esc_url(&text, view_of(p.owner));
	str_add(&text, "&name=");
	esc_url(&text, view_of(p.name));
	if (str_ok(&text))
		memcpy(out->query, str_cstr(&text), text.len + 1);
	project_release(&p);
	return 0;
}

void
query_project_says(
    struct web *w, const struct query_project *q, const char *all)
{
	if (q->id == 0)
		return;
	HTML_CLASS(&w->h, "p", "filter");
	html_text(&w->h, "Of ");
	web_project_link(w, q->name);
	html_text(&w->h, " · ");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "href", all);
	html_text(&w->h, "show all");
	html_end(&w->h);
	html_end(&w->h);
}
