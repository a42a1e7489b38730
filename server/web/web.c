#include "server/web/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "server/http/cookie.h"
#include "server/store/approvals.h"
#include "server/store/events.h"
#include "server/web/asset.h"
#include "server/web/csrf.h"
#include "server/web/gzip.h"
#include "server/web/sign.h"
#include "server/web/unsent.h"

enum {
	WEB_PACKED_MIN = 1024 /* less fits into one packet anyhow */
};

const struct route *const web_tables[] = {
	web_asset_routes,
	web_sign_routes,
	web_account_routes,
	web_admin_users_routes,
	web_admin_user_routes,
	web_admin_runner_routes,
	web_health_routes,
	web_approval_routes,
	web_run_routes,
	web_run_page_routes,
	web_item_routes,
	web_notice_routes,
	web_audit_routes,
	web_audit_file_routes,
	web_item_act_routes,
	web_item_edit_routes,
	web_item_files_routes,
	web_item_list_routes,
	web_item_new_routes,
	web_item_past_routes,
	web_item_words_routes,
	web_network_routes,
	web_network_act_routes,
	web_network_log_routes,
	web_pull_routes,
	web_pull_act_routes,
	web_pull_files_routes,
	web_pull_review_routes,
	web_pull_words_routes,
	web_job_routes,
	web_code_routes,
	web_history_routes,
	web_compare_routes,
	web_blame_routes,
	web_settings_routes,
	web_settings_rows_routes,
	web_upstream_routes,
	web_members_routes,
	web_label_routes,
	web_milestone_routes,
	web_protect_routes,
	web_hook_routes,
	web_hook_act_routes,
	web_check_text_routes,
	web_project_routes, /* the last: "/{owner}/{r}" */
	NULL,
};

/* No script, style or picture but ours, no form to elsewhere, in no frame. */
static const struct web_header {
	const char *name, *value;
} web_header_rows[] = {
	{ "Content-Security-Policy",
	    "default-src 'none'; style-src 'self'; script-src 'self'; "
	    "connect-src 'self'; img-src 'self'; form-action 'self'; "
	    "base-uri 'none'; frame-ancestors 'none'" },
	{ "X-Content-Type-Options", "nosniff" },
	{ "X-Frame-Options", "DENY" },
	{ "Referrer-Policy", "same-origin" },
	{ "Cross-Origin-Opener-Policy", "same-origin" },
	{ "Cross-Origin-Resource-Policy", "same-origin" },
	{ "Permissions-Policy",
	    "camera=(), geolocation=(), microphone=(), payment=()" },
	{ NULL, NULL },
};

void
web_headers(struct request *q)
{
	for (const struct web_header *r = web_header_rows; r->name != NULL; r++)
		request_header(q, r->name, r->value);
}

static void
web_csrf(struct web *w)
{
	struct view secret;

	w->csrf[0] = '\0';
	if (sign_cookie(w->c, &secret))
		csrf_put(secret, w->csrf);
}

bool
web_csrf_ok(const struct call *c, struct view given)
{
	struct view secret;

	return sign_cookie(c, &secret) && csrf_ok(secret, given);
}

static void
web_nav_link(
    struct web *w, const struct web_head *head, const char *tab, int64_t n)
{
	if (strcmp(head->tab, tab) == 0)
		HTML_ATTR(&w->h, "aria-current", "page");
	html_text(&w->h, tab);
	if (n > 0) {
		html_text(&w->h, " ");
		HTML_LEAFF(&w->h, "span", "count", "%" PRId64, n);
	}
	html_end(&w->h);
}

/* How many asks are open that this person sees. */
static int64_t
web_asked(const struct web *w)
{
	const struct approval_filter f = { .viewer = svc_viewer(w->who),
		.state = APPROVAL_OPEN,
		.now = w->now };
	struct err e = ERR_INIT;
	int64_t n = 0;

	if (approvals_total(w->t, &f, &n, &e) == -1)
		log_error("web approvals reason=%s", log_val(e.msg));
	return n;
}

static void
web_nav(struct web *w, const struct web_head *head)
{
	struct html *h = &w->h;

	HTML_TAG(h, "nav");
	HTML_ATTR(h, "aria-label", "Main");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/");
	web_nav_link(w, head, "Projects", 0);
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/approvals");
	web_nav_link(w, head, "Approvals", web_asked(w));
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/notifications");
	web_nav_link(w, head, "Notifications", web_unread(w));
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/runs");
	web_nav_link(w, head, "Runs", 0);
	if (w->who->site_admin) {
		HTML_TAG(h, "a");
		HTML_URL(h, "href", "/-/admin");
		web_nav_link(w, head, "Administration", 0);
	}
	html_end(h);
	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "who");
	HTML_ATTR(h, "method", "post");
	HTML_URL(h, "action", "/-/sign-out");
	sign_form_value(w);
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/account");
	if (strcmp(head->tab, "Account") == 0)
		HTML_ATTR(h, "aria-current", "page");
	html_text(h, w->who->login);
	html_end(h);
	HTML_TAG(h, "button");
	HTML_ATTR(h, "class", "quiet");
	html_text(h, "Sign out");
	html_end(h);
	html_end(h);
}

static void
web_head_put(struct web *w, const struct web_head *head)
{
	struct html *h = &w->h;

	HTML_TAG(h, "head");
	HTML_VOID(h, "meta");
	HTML_ATTR(h, "charset", "utf-8");
	HTML_VOID(h, "meta");
	HTML_ATTR(h, "name", "viewport");
	HTML_ATTR(h, "content", "width=device-width, initial-scale=1");
	HTML_VOID(h, "meta");
	HTML_ATTR(h, "name", "color-scheme");
	HTML_ATTR(h, "content", "light dark");
	HTML_TAG(h, "title");
	html_text(h, head->title);
	html_text(h, " · Cofferdam");
	html_end(h);
	HTML_VOID(h, "link");
	HTML_ATTR(h, "rel", "icon");
	ASSET_URL(h, "href", ASSET_ICON);
	HTML_VOID(h, "link");
	HTML_ATTR(h, "rel", "stylesheet");
	ASSET_URL(h, "href", ASSET_STYLE);
	HTML_TAG(h, "script");
	HTML_FLAG(h, "defer");
	ASSET_URL(h, "src", ASSET_SCRIPT);
	html_end(h);
	html_end(h);
}

void
web_begin(struct web *w, struct call *c, const struct web_head *head)
{
	struct web_refused *refused = call_again(c);
	struct err e = ERR_INIT;
	int64_t seq = 0;
	char text[24];

	w->c = c;
	w->svc = call_app(c);
	w->t = db_reader(w->svc->db);
	w->who = call_who(c);
	w->now = w->svc->now();
	w->refused = refused != NULL && !refused->said ? refused : NULL;
	w->typed = NULL;
	w->choosing = NULL;
	w->marked = 0;
	w->last = false;
	w->secret = false;
	web_csrf(w);
	html_init(&w->h);
	HTML_TAG(&w->h, "html");
	HTML_ATTR(&w->h, "lang", "en");
	web_head_put(w, head);
	HTML_TAG(&w->h, "body");
	/* Before the rows are read: what comes between is told again. */
	if (head->live && w->refused == NULL &&
	    events_last(w->t, &seq, &e) == 0) {
		(void)snprintf(text, sizeof(text), "%" PRId64, seq);
		HTML_ATTR(&w->h, "data-after", text);
	}
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "class", "skip");
	HTML_ATTR(&w->h, "href", "#main");
	html_text(&w->h, "To the content");
	html_end(&w->h);
	HTML_CLASS(&w->h, "header", "top");
	HTML_TAG(&w->h, "a");
	HTML_ATTR(&w->h, "class", "brand");
	HTML_URL(&w->h, "href", "/");
	html_text(&w->h, "Cofferdam");
	html_end(&w->h);
	if (w->who->kind != IDENTITY_NONE)
		web_nav(w, head);
	html_end(&w->h);
	HTML_TAG(&w->h, "main");
	HTML_ATTR(&w->h, "id", "main");
}

/* The form that it would be said in is gone. */
static bool
web_left_unsaid(struct web *w)
{
	const struct web_refused *r = w->refused;

	if (r == NULL || r->said)
		return false;
	html_release(&w->h);
	web_error(w->c, r->status, r->what);
	return true;
}

/* Compressed for who takes that, when it is worth it and nothing on the page is
 * a secret (csrf.h). */
static void
web_reply_page(struct web *w, int status)
{
	AUTO_STR struct str packed = STR_INIT;
	struct view page = str_view(&w->h.out);

	call_header(w->c, "Vary", "Accept-Encoding");
	if (!w->secret && page.len >= WEB_PACKED_MIN &&
	    gzip_taken(call_request(w->c)))
		gzip_put(page, GZIP_FAST, GZIP_PAD_MAX, &packed);
	if (packed.len > 0) {
		page = str_view(&packed);
		call_header(w->c, "Content-Encoding", "gzip");
	}
	call_reply_text(w->c, status, "text/html;charset=utf-8", page);
}

/* The page was too long. */
static void
web_reply_no_page(struct web *w)
{
	log_error("web page path=%s reason=too-long",
	    call_request(w->c) == NULL
		? "-"
		: log_val(request_path(call_request(w->c))));
	html_release(&w->h);
	if (w->last)
		call_reply_error(w->c, 500, "the page is too long");
	else
		web_error(w->c, 413,
		    "What is to be shown is too long for a page. The API, and "
		    "coffer, have it in parts.");
}

void
web_reply(struct web *w, int status)
{
	if (web_left_unsaid(w))
		return;
	if (w->refused != NULL)
		status = w->refused->status;
	while (w->h.depth > 0)
		html_end(&w->h);
	if (!html_ok(&w->h)) {
		web_reply_no_page(w);
		return;
	}
	if (call_request(w->c) != NULL) {
		web_headers(call_request(w->c));
		call_header(w->c, "Cache-Control", "no-store");
	}
	web_reply_page(w, status);
	html_release(&w->h);
}

static const char *
web_status_text(int status)
{
	switch (status) {
	case 403:
		return "That is not yours to do";
	case 404:
		return "There is no such page";
	case 409:
		return "It is too late for that";
	case 413:
		return "That is too much";
	case 422:
		return "That cannot be done";
	case 429:
	case 503:
		return "Busy";
	default:
		return "That did not work";
	}
}

bool
web_is_form(const struct call *c)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = request_header_in(call_request(c), "Content-Type");
	size_t n = sizeof(form) - 1;

	return type != NULL && strncasecmp(type, form, n) == 0 &&
	    (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

void
web_error(struct call *c, int status, const char *what)
{
	const struct web_head head = { .title = web_status_text(status),
		.tab = "" };
	struct web_refused *refused = call_again(c);
	struct web w;

	if (refused != NULL)
		refused->said = true;
	web_begin(&w, c, &head);
	w.last = true;
	HTML_CLASS(&w.h, "section", "card narrow");
	HTML_LEAF(&w.h, "h1", "", head.title);
	HTML_TAG(&w.h, "p");
	web_why(&w, what);
	html_end(&w.h);
	unsent_write(&w);
	HTML_TAG(&w.h, "p");
	HTML_TAG(&w.h, "a");
	HTML_URL(&w.h, "href", "/");
	html_text(&w.h, "To the projects");
	web_reply(&w, status);
}

void
web_fail(struct call *c, const struct err *e)
{
	int status = call_status_of(e);

	if (status >= 500)
		log_error("web fail code=%s reason=%s", err_name(e->code),
		    log_val(e->msg));
	web_error(c, status,
	    status == 500 ? "Something is wrong here; the log of cofferd says "
			    "what."
			  : e->msg);
}

bool
web_failed(struct call *c, const struct err *fail)
{
	if (fail == NULL)
		return false;
	web_fail(c, fail);
	return true;
}

void
web_redirect(struct call *c, const char *path)
{
	if (call_request(c) != NULL)
		web_headers(call_request(c));
	call_header(c, "Cache-Control", "no-store");
	call_header(c, "Location", path);
	call_reply_empty(c, 303);
}

int
web_project(struct call *c, enum perm_verb verb, struct project *out)
{
	struct svc *s = call_app(c);
	struct err e = ERR_INIT;

	*out = (struct project){ .id = 0 };
	if (svc_project_open(db_reader(s->db), call_who(c), call_arg(c, 0),
		call_arg(c, 1), verb, out, &e) == 0)
		return 0;
	web_fail(c, &e);
	return -1;
}

bool
web_may(struct web *w, int64_t project, enum perm_verb verb)
{
	struct err ignored = ERR_INIT;

	return svc_may(w->t, w->who, project, verb, NULL, &ignored) == 0;
}

void
web_take_form(struct call *c, route_fn *fn)
{
	char what[100];
	int64_t n = request_length(call_request(c));

	if (n <= FORM_MAX) {
		call_take_raw(c, FORM_MAX, fn);
		return;
	}
	(void)snprintf(what, sizeof(what),
	    "The form has %" PRId64 " bytes as it is sent, and may have %d.", n,
	    FORM_MAX);
	web_error(c, 413, what);
}

int
web_form(struct call *c, struct form *out)
{
	struct err e = ERR_INIT;

	out->n = 0;
	if (call_request(c) == NULL)
		return -1;
	if (!web_is_form(c) || form_parse(call_body(c), out, &e) == -1) {
		web_error(c, 422, "This is not a form of these pages.");
		return -1;
	}
	if (web_csrf_ok(c, view_of(form_get(out, "form"))))
		return 0;
	form_release(out);
	web_error(c, 403,
	    "The form is not of this session any more: go back, load the page "
	    "again and repeat it.");
	return -1;
}
