#include "server/web/item_files.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/http/multipart.h"
#include "server/service/svc_attachment.h"
#include "server/store/words_target.h"
#include "server/web/field.h"
#include "server/web/item.h"
#include "server/web/sign.h"
#include "server/web/web.h"

enum {
	ITEM_FILES_AT_ONCE = 10, /* files of one form */
	ITEM_FILES_SLACK = 64 << 10
};

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

/* ---- what comes in ---- */

enum item_files_part {
	ITEM_FILES_OTHER,
	ITEM_FILES_VALUE, /* what binds the form to the session */
	ITEM_FILES_FILE
};

/* One body.  It lives until the last file of it is a row or is not. */
struct item_files {
	struct call *call;
	struct multipart *body;
	struct svc_upload *file; /* that comes in now */
	char *name;
	struct words_target on;
	uint64_t room;
	struct str value;
	enum item_files_part part;
	bool ours;  /* the value was right */
	bool heard; /* a reply is due */
	bool ended; /* all of it came */
	bool json;  /* for app.js */
	unsigned n, pending;
	struct err fail;
	struct str made; /* rows, as JSON */
	struct jw jw;
};

static void
item_files_free(struct item_files *u)
{
	multipart_free(u->body);
	svc_upload_drop(u->file);
	str_release(&u->value);
	str_release(&u->made);
	free(u->name);
	free(u);
}

static void
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

/* The reply, once. */
static void
item_files_reply(struct item_files *u)
{
	struct call *c = u->call;

	if (!u->heard)
		return;
	u->heard = false;
	call_set_data(c, NULL);
	if (u->json && u->fail.code != ERR_NONE) {
		call_reply_error(
		    c, call_status_of(&u->fail), "%s", u->fail.msg);
	} else if (u->json) {
		jw_end(&u->jw);
		call_header(c, "Cache-Control", "no-store");
		call_reply_text(c, 200, "application/json", str_view(&u->made));
	} else if (!web_failed(c, u->fail.code != ERR_NONE ? &u->fail : NULL)) {
		item_files_back(c, &u->on);
	}
}

/* When nothing is left to do. */
static void
item_files_over(struct item_files *u)
{
	if (u->pending > 0)
		return;
	if (u->ended || u->fail.code != ERR_NONE)
		item_files_reply(u);
	if (!u->heard)
		item_files_free(u);
}

static void
item_files_made(const struct err *fail, void *arg, void *data)
{
	const struct svc_attach *op = arg;
	struct item_files *u = data;
	struct call *c = u->call;

	u->pending--;
	if (fail != NULL && u->fail.code == ERR_NONE) {
		u->fail = *fail;
	} else if (fail == NULL) {
		jw_object(&u->jw, NULL);
		jw_str(&u->jw, "name", op->attachment.name);
		jw_str(&u->jw, "uuid", op->attachment.uuid);
		jw_bool(&u->jw, "image",
		    strncmp(op->attachment.type, "image/", 6) == 0);
		jw_end(&u->jw);
	}
	item_files_over(u);
	call_release(c);
}

static int
item_files_part(void *arg, const struct multipart_part *p, struct err *e)
{
	struct item_files *u = arg;

	u->part = ITEM_FILES_OTHER;
	if (strcmp(p->name, "form") == 0) {
		u->part = ITEM_FILES_VALUE;
		str_reset(&u->value);
		return 0;
	}
	/* A field without a file is sent as a file without a name. */
	if (strcmp(p->name, "attachment") != 0 || p->filename[0] == '\0')
		return 0;
	if (!u->ours)
		return err_set(e, ERR_DENIED,
		    "The form is not of this session any more: go back, load "
		    "the page again and repeat it.");
	if (++u->n > ITEM_FILES_AT_ONCE)
		return err_set(e, ERR_INVALID,
		    "At most %d files are taken at once.", ITEM_FILES_AT_ONCE);
	u->part = ITEM_FILES_FILE;
	free(u->name);
	u->name = xstrdup(p->filename);
	u->file = svc_upload_new(
	    call_app(u->call), call_who(u->call), &u->on, e);
	return u->file == NULL ? -1 : 0;
}

static int
item_files_data(void *arg, const void *p, size_t n, struct err *e)
{
	struct item_files *u = arg;

	if (u->part == ITEM_FILES_FILE)
		return svc_upload_write(u->file, p, n, e);
	if (u->part == ITEM_FILES_VALUE)
		str_addn(&u->value, p, n);
	return 0;
}

static int
item_files_end(void *arg, struct err *e)
{
	struct item_files *u = arg;
	struct web w = { .c = u->call };

	(void)e;
	if (u->part == ITEM_FILES_VALUE) {
		web_csrf(&w);
		u->ours = w.csrf[0] != '\0' && str_ok(&u->value) &&
		    u->value.len == strlen(w.csrf) &&
		    sodium_memcmp(u->value.p, w.csrf, u->value.len) == 0;
	} else if (u->part == ITEM_FILES_FILE) {
		u->pending++;
		call_hold(u->call);
		svc_upload_finish(u->file, u->name, item_files_made, u);
		u->file = NULL;
	}
	return 0;
}

static const struct multipart_calls item_files_calls = { item_files_part,
	item_files_data, item_files_end };

static void
item_files_on_gone(struct call *c)
{
	struct item_files *u = call_data(c);

	if (u == NULL)
		return;
	call_set_data(c, NULL);
	u->heard = false;
	item_files_over(u);
}

/* What is wrong is told at once; the rest of the body goes nowhere. */
static void
item_files_failed(struct item_files *u, const struct err *e)
{
	u->fail = *e;
	item_files_reply(u);
	item_files_over(u);
}

static size_t
item_files_on_data(struct request *q, const void *p, size_t n, void *arg)
{
	struct item_files *u = call_data(arg);
	struct err e = ERR_INIT;
	int rc;

	(void)q;
	if (u == NULL)
		return n;
	if (n > u->room)
		rc = err_set(&e, ERR_LIMIT, "That is too much at once.");
	else
		rc = multipart_feed(u->body, p, n, &e);
	if (rc == -1)
		item_files_failed(u, &e);
	else
		u->room -= n;
	return n;
}

static void
item_files_on_end(struct request *q, void *arg)
{
	struct item_files *u = call_data(arg);
	struct err e = ERR_INIT;

	(void)q;
	if (u == NULL)
		return;
	if (multipart_end(u->body, &e) == 0 && u->n == 0)
		(void)err_set(&e, ERR_INVALID, "No file was chosen.");
	if (e.code != ERR_NONE) {
		item_files_failed(u, &e);
		return;
	}
	u->ended = true;
	item_files_over(u);
}

static const struct body_sink item_files_sink = { item_files_on_data,
	item_files_on_end };

static bool
item_files_wants_json(const struct request *q)
{
	const char *accept = request_header_in(q, "Accept");

	return accept != NULL && strcmp(accept, "application/json") == 0;
}

static void
item_files_take(struct call *c, const struct words_target *on)
{
	struct request *q = call_request(c);
	struct svc *s = call_app(c);
	uint64_t room = ITEM_FILES_AT_ONCE * svc_files_max(s->files) +
	    ITEM_FILES_SLACK;
	struct item_files *u;
	struct err e = ERR_INIT;

	if (request_length(q) > 0 && (uint64_t)request_length(q) > room) {
		web_error(c, 413, "That is too much at once.");
		return;
	}
	u = xcalloc(1, sizeof(*u));
	u->body = multipart_new(
	    request_header_in(q, "Content-Type"), &item_files_calls, u, &e);
	if (u->body == NULL) {
		free(u);
		web_error(c, 422, "This is not a form of these pages.");
		return;
	}
	u->call = c;
	u->on = *on;
	u->room = room;
	u->heard = true;
	u->json = item_files_wants_json(q);
	u->value = STR_INIT_MAX(64);
	u->made = STR_INIT;
	u->fail = ERR_INIT;
	jw_init(&u->jw, &u->made);
	jw_array(&u->jw, NULL);
	call_set_data(c, u);
	call_on_gone(c, item_files_on_gone);
	request_stream(q, &item_files_sink, c);
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

/* ---- what goes ---- */

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
