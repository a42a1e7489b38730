/*
 * web: what the pages share: the frame around each, forms and who may send
 * them, replies.  A page is a handler of server/http's table: it reads rows,
 * writes HTML by html.h, and replies; what changes something is a form that
 * ends in a redirect.  Each page works without JavaScript; app.js only puts
 * fresh ones in the place of old ones.
 */
#ifndef SERVER_WEB_WEB_H
#define SERVER_WEB_WEB_H

#include "server/domain/perm.h"
#include "server/http/call.h"
#include "server/service/svc.h"
#include "server/web/csrf.h"
#include "server/web/form.h"
#include "server/web/html.h"

struct err;

enum {
	/* Lines of a file in one element of class "part": a browser lays out
	 * those that are seen. */
	WEB_LINES_PART = 100
};

/* All of them; ends with NULL. */
extern const struct route *const web_tables[];

extern const struct route web_asset_routes[];
extern const struct route web_sign_routes[];
extern const struct route web_account_routes[];
extern const struct route web_admin_users_routes[];
extern const struct route web_admin_user_routes[];
extern const struct route web_admin_runner_routes[];
extern const struct route web_health_routes[];
extern const struct route web_approval_routes[];
extern const struct route web_run_routes[];
extern const struct route web_run_page_routes[];
extern const struct route web_item_routes[];
extern const struct route web_notice_routes[];
extern const struct route web_audit_routes[];
extern const struct route web_audit_file_routes[];
extern const struct route web_item_act_routes[];
extern const struct route web_item_edit_routes[];
extern const struct route web_item_files_routes[];
extern const struct route web_item_list_routes[];
extern const struct route web_item_new_routes[];
extern const struct route web_item_past_routes[];
extern const struct route web_item_words_routes[];
extern const struct route web_network_routes[];
extern const struct route web_network_act_routes[];
extern const struct route web_network_log_routes[];
extern const struct route web_project_routes[];
extern const struct route web_pull_routes[];
extern const struct route web_pull_act_routes[];
extern const struct route web_pull_files_routes[];
extern const struct route web_pull_review_routes[];
extern const struct route web_pull_words_routes[];
extern const struct route web_job_routes[];
extern const struct route web_code_routes[];
extern const struct route web_history_routes[];
extern const struct route web_compare_routes[];
extern const struct route web_blame_routes[];
extern const struct route web_settings_routes[];
extern const struct route web_settings_rows_routes[];
extern const struct route web_upstream_routes[];
extern const struct route web_members_routes[];
extern const struct route web_label_routes[];
extern const struct route web_milestone_routes[];
extern const struct route web_protect_routes[];
extern const struct route web_hook_routes[];
extern const struct route web_hook_act_routes[];
extern const struct route web_check_text_routes[];

/* The cookie's name for a server of that URL (RFC 6265bis, section 4.1.3). */
const char *web_cookie(const char *public_url);
/* router_spec.sign_in. */
void web_sign_in_first(struct call *c);

/* A form that was refused, for its page that comes again (post.h). */
struct web_refused {
	struct form typed;
	char *what;
	int status;
	bool said; /* in the form that it is of, or on a page of its own */
};

/* A page that is being written. */
struct web {
	struct html h;
	struct call *c;
	struct svc *svc;
	struct txn *t;
	const struct identity *who;
	int64_t now;
	char csrf[CSRF_TEXT];        /* in each form; "": there is no session */
	size_t marked;               /* bytes of it that are Markdown */
	bool last;                   /* says what is wrong: none is behind it */
	bool secret;                 /* on the page: it is not compressed */
	struct web_refused *refused; /* NULL: none was */
	const struct form *typed;    /* in the form that is being written */
	const char *choosing;        /* the <select> that is */
};

struct web_head {
	const char *title;
	const char *tab; /* which link of the frame it is behind, or "" */
	bool live;       /* app.js keeps it fresh */
};

/* The frame, up to <main>; then web_reply, which releases. */
void web_begin(struct web *w, struct call *c, const struct web_head *head);
void web_reply(struct web *w, int status);
/* notice.c: how many of what concerns the reader he has not read. */
int64_t web_unread(const struct web *w);
/* A page that says what is wrong. */
void web_error(struct call *c, int status, const char *what);
void web_fail(struct call *c, const struct err *e);
/* For a done callback: true after it replied with the failure. */
bool web_failed(struct call *c, const struct err *fail);
/* 303; path is html_url's, its parts escaped by the caller. */
void web_redirect(struct call *c, const char *path);
void web_headers(struct request *q);

/* The project of the first two arguments, or -1 after the reply. */
int web_project(struct call *c, enum perm_verb verb, struct project *out);
bool web_may(struct web *w, int64_t project, enum perm_verb verb);

/* Is that of a page of this session? */
bool web_csrf_ok(const struct call *c, struct view given);
/* Does the call say that its body is a form? */
bool web_is_form(const struct call *c);
/* Takes the body, at most FORM_MAX of it: else a page says so. */
void web_take_form(struct call *c, route_fn *fn);
/* The body that was taken; the only way to a form, and none without that value:
 * -1 after the reply. */
int web_form(struct call *c, struct form *out);

/* show.c: writers of what pages show often. */
void web_time(struct web *w, int64_t at); /* "3 min ago", "in 2 h" */
void web_bytes(struct web *w, int64_t n);
void web_money(struct web *w, int64_t micros);
/* "12 s", "3 min 20 s", of ms. */
void web_span(struct web *w, int64_t ms);
/* A table; its cells say their column for narrow screens, too.  columns has n
 * entries and lives as long as the table; "" heads nothing. */
void web_table(
    struct web *w, const char *cls, const char *const *columns, size_t n);
void web_table_end(struct web *w);
/* <td>, which the caller ends. */
void web_cell(struct web *w, const char *column, const char *cls);
/* A term and, up to html_end, what it is, in a <dl>. */
void web_term(struct web *w, const char *term);
/* What is shown once: <code id="secret">, on a page that is not compressed. */
void web_secret(struct web *w, const char *text);
void web_badge(struct web *w, const char *kind, const char *text);
void web_project_link(struct web *w, const char *full_name);
/* The links that each page of a project begins with; part is where one is. */
enum web_part {
	PART_OVERVIEW,
	PART_CODE,
	PART_ISSUES,
	PART_PULLS,
	PART_RUNS,
	PART_NETWORK,
	PART_SETTINGS
};
void web_project_nav(
    struct web *w, const struct project *p, enum web_part part);
/* Them, and the <h1>. */
void web_project_title(struct web *w, const struct project *p,
    enum web_part part, const char *what);
/* <select name="for_s">, with a label; id tells those of a page apart. */
void web_span_field(struct web *w, int64_t id, bool for_good);
/* A failure's message for people: of "field: what is wrong" the field is said
 * as they see it. */
void web_why(struct web *w, const char *what);
void web_empty(struct web *w, const char *what, const char *next);
/* "1 to 30 of 412", and the links; query: "&state=open" or "", escaped. */
void web_pager(struct web *w, uint32_t page, uint32_t limit, int64_t total,
    const char *query);

#endif
