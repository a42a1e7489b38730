/* item_upload: files that a form sends to an item or a comment of it, as
 * multipart/form-data; written as they come. */
#include <inttypes.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/httpd/httpd.h"
#include "lib/wire/json.h"
#include "server/http/multipart.h"
#include "server/service/svc_attachment.h"
#include "server/web/item_files.h"
#include "server/web/web.h"

enum {
	ITEM_FILES_SLACK = 64 << 10 /* of a body beside the files */
};

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
	unsigned n, pending, attached;
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

/* What came before it is there: who sent it shall not send that again. */
static void
item_files_say_attached(struct item_files *u)
{
	const struct err why = u->fail;

	if (why.code == ERR_NONE || u->attached == 0)
		return;
	err_set(&u->fail, why.code,
	    "%.150s %u of the files %s attached already: send the others "
	    "alone.",
	    why.msg, u->attached, u->attached == 1 ? "is" : "are");
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
	item_files_say_attached(u);
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
		u->attached++;
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

	(void)e;
	if (u->part == ITEM_FILES_VALUE) {
		u->ours = str_ok(&u->value) &&
		    web_csrf_ok(u->call, str_view(&u->value));
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

/* The rest of the body goes nowhere; what is wrong is told when it is known how
 * many came before. */
static void
item_files_failed(struct item_files *u, const struct err *e)
{
	if (u->fail.code == ERR_NONE)
		u->fail = *e;
	item_files_over(u);
}

static size_t
item_files_on_data(struct request *q, const void *p, size_t n, void *arg)
{
	struct item_files *u = call_data(arg);
	struct err e = ERR_INIT;
	int rc;

	(void)q;
	if (u == NULL || u->fail.code != ERR_NONE)
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
	if (u == NULL || u->fail.code != ERR_NONE)
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

void
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
