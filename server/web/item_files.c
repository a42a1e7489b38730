#include "server/web/item_files.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "server/service/svc_attachment.h"
#include "server/store/words_target.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/sign.h"
#include "server/web/web.h"

/* ---- what one sees ---- */

static void
item_files_action(struct web *w, const struct project *p, int64_t number,
    int64_t comment, const char *verb)
{
	if (comment == 0)
		HTML_URL(&w->h, "action", "/%s/%s/issues/%" PRId64 "/%s",
		    p->owner, p->name, number, verb);
	else
		HTML_URL(&w->h, "action",
		    "/%s/%s/issues/%" PRId64 "/comments/%" PRId64 "/%s",
		    p->owner, p->name, number, comment, verb);
}

bool
item_files_may(
    struct web *w, const struct project *p, int64_t number, int64_t comment)
{
	struct words_target on = {
		.project_id = p->id, .item = number, .comment_id = comment
	};
	struct err ignored = ERR_INIT;

	return svc_attachment_may(w->t, w->who, &on, &ignored) == 0;
}

void
item_files_form(
    struct web *w, const struct project *p, int64_t number, int64_t comment)
{
	struct html *h = &w->h;

	if (!item_files_may(w, p, number, comment))
		return;
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card attach");
	HTML_ATTR(h, "method", "post");
	HTML_ATTR(h, "enctype", "multipart/form-data");
	item_files_action(w, p, number, comment, "files");
	sign_form_value(w);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "files");
	html_textf(h, "Attach up to %d files of at most ", ITEM_FILES_AT_ONCE);
	web_bytes(w, (int64_t)svc_files_max(w->svc->files));
	html_end(h);
	HTML_CLASS(h, "div", "row");
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "files");
	HTML_ATTR(h, "name", "attachment");
	HTML_ATTR(h, "type", "file");
	HTML_FLAG(h, "multiple");
	HTML_FLAG(h, "required");
	HTML_LEAF(h, "button", "", "Attach");
	html_end(h);
	html_end(h);
}

void
item_files_list(struct web *w, const struct project *p, int64_t number,
    int64_t comment, const struct attachment_list *l)
{
	struct html *h = &w->h;
	char id[24];

	if (l->n == 0 || !item_files_may(w, p, number, comment))
		return;
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "card");
	HTML_ATTR(h, "method", "post");
	item_files_action(w, p, number, comment, "unfile");
	sign_form_value(w);
	HTML_LEAF(h, "h2", "", "Attached");
	HTML_CLASS(h, "ul", "files");
	for (size_t i = 0; i < l->n; i++) {
		const struct attachment *a = &l->at[i];

		if (a->target.comment_id != comment)
			continue;
		HTML_TAG(h, "li");
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/attachments/%s", a->uuid);
		html_shown(h, a->name);
		html_end(h);
		html_text(h, " ");
		HTML_CLASS(h, "span", "sub");
		web_bytes(w, a->size);
		html_end(h);
		(void)snprintf(id, sizeof(id), "%" PRId64, a->id);
		html_text(h, " ");
		HTML_TAG(h, "button");
		HTML_ATTR(h, "class", "danger quiet");
		HTML_ATTR(h, "name", "id");
		HTML_ATTR(h, "value", id);
		html_text(h, "Remove");
		HTML_LEAFF(h, "span", "unseen", " %s", a->name);
		html_end(h);
		html_end(h);
	}
	html_end(h);
	html_end(h);
}

/* ---- what one does ---- */

void
item_files_back(struct call *c, const struct words_target *on)
{
	AUTO_STR struct str to = STR_INIT;
	struct svc *s = call_app(c);
	struct words_state state = { .is_pull = false };
	struct words_target of = *on;
	struct err e = ERR_INIT;

	(void)words_target_get(db_reader(s->db), &of, &state, &e);
	item_path(&to, c, on->comment_id == 0 && state.is_pull, on->item);
	if (on->comment_id != 0)
		str_addf(&to, "/comments/%" PRId64, on->comment_id);
	web_redirect(c, str_cstr(&to));
}

/* The target of the path, that who asks may attach to. */
static int
item_files_target(struct call *c, bool of_comment, struct words_target *on)
{
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;
	struct project p;

	if (web_project(c, PERM_READ, &p) == -1)
		return -1;
	*on = (struct words_target){ .project_id = p.id,
		.item = call_arg_id(c, 2),
		.comment_id = of_comment ? call_arg_id(c, 3) : 0 };
	project_release(&p);
	if (svc_attachment_may(db_reader(s->db), call_who(c), on, &e) == 0)
		return 0;
	web_fail(c, &e);
	return -1;
}

static void
item_files_post(struct call *c)
{
	struct words_target on;

	if (item_files_target(c, false, &on) == 0)
		item_files_take(c, &on);
}

static void
item_files_post_comment(struct call *c)
{
	struct words_target on;

	if (item_files_target(c, true, &on) == 0)
		item_files_take(c, &on);
}

static void
item_files_removed(const struct err *fail, void *arg, void *call)
{
	const struct svc_attach *op = arg;
	struct call *c = call;

	if (!web_failed(c, fail))
		item_files_back(c, &op->on);
	call_release(c);
}

static void
item_files_remove(struct call *c, bool of_comment)
{
	struct words_target on;
	struct err e = ERR_INIT;
	struct form f;
	int64_t id = 0;

	if (web_form(c, &f) == -1)
		return;
	if (num_i64(form_get(&f, "id"), 1, INT64_MAX, &id, &e) == -1) {
		web_error(c, 422, "Which one is it?");
	} else if (item_files_target(c, of_comment, &on) == 0) {
		call_hold(c);
		svc_attach_remove(
		    svc_attach_new(call_app(c), call_who(c), &on, id),
		    item_files_removed, c);
	}
	form_release(&f);
}

static void
item_files_on_unfile(struct call *c)
{
	item_files_remove(c, false);
}

static void
item_files_on_unfile_comment(struct call *c)
{
	item_files_remove(c, true);
}

static void
item_files_unfile(struct call *c)
{
	web_take_form(c, item_files_on_unfile);
}

static void
item_files_unfile_comment(struct call *c)
{
	web_take_form(c, item_files_on_unfile_comment);
}

#define ITEM_FILES_OF "/{owner}/{r}/issues/{n}"

const struct route web_item_files_routes[] = {
	{ "POST", ITEM_FILES_OF "/files", ROUTE_PAGE, item_files_post },
	{ "POST", ITEM_FILES_OF "/unfile", ROUTE_PAGE, item_files_unfile },
	{ "POST", ITEM_FILES_OF "/comments/{id}/files", ROUTE_PAGE,
	    item_files_post_comment },
	{ "POST", ITEM_FILES_OF "/comments/{id}/unfile", ROUTE_PAGE,
	    item_files_unfile_comment },
	{ .method = NULL },
};
