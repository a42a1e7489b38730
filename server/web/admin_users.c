/* admin_users: the list of who there is. */
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "server/store/users.h"
#include "server/web/admin.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/query.h"
#include "server/web/web.h"

enum {
	ADMIN_QUERY_MAX = 100 /* bytes */
};

static void
admin_user_row(struct web *w, const struct user *u)
{
	struct html *h = &w->h;

	HTML_TAG(h, "tr");
	web_cell(w, "Name", "name");
	HTML_TAG(h, "a");
	HTML_URL(h, "href", "/-/admin/users/%s", u->login);
	html_text(h, u->login);
	html_end(h);
	if (u->full_name[0] != '\0') {
		html_text(h, " ");
		HTML_TAG(h, "span");
		HTML_ATTR(h, "class", "sub");
		html_shown(h, u->full_name);
		html_end(h);
	}
	html_end(h);
	web_cell(w, "Is", "");
	html_text(h, admin_user_kind(u));
	html_end(h);
	web_cell(w, "State", "");
	admin_user_state(w, u);
	html_end(h);
	web_cell(w, "Signed in", "");
	if (u->login_at != 0)
		web_time(w, u->login_at);
	else
		html_text(h, "never by password");
	html_end(h);
	html_end(h);
}

static void
admin_users_search(struct web *w, const char *q)
{
	struct html *h = &w->h;

	HTML_TAG(h, "form");
	HTML_ATTR(h, "class", "bar");
	HTML_ATTR(h, "method", "get");
	HTML_ATTR(h, "role", "search");
	HTML_URL(h, "action", "/-/admin");
	HTML_TAG(h, "label");
	HTML_ATTR(h, "class", "unseen");
	HTML_ATTR(h, "for", "q");
	html_text(h, "Part of a name or address");
	html_end(h);
	HTML_VOID(h, "input");
	HTML_ATTR(h, "id", "q");
	HTML_ATTR(h, "name", "q");
	HTML_ATTR(h, "type", "text");
	HTML_ATTR(h, "maxlength", "100");
	HTML_ATTR(h, "placeholder", "Part of a name or address");
	HTML_ATTR(h, "value", q);
	field_button(w, "", NULL, NULL, "Find");
	html_end(h);
}

static void
admin_user_new(struct web *w)
{
	const struct field login = { .name = "username",
		.label = "Name",
		.max = NAME_LEN_MAX,
		.required = true };
	const struct field email = {
		.name = "email", .label = "Address", .max = USER_EMAIL_MAX
	};
	const struct field password = { .name = "password",
		.label = "Password",
		.help = "Empty: none, as for a bot that has tokens alone." };
	const struct field change = { .name = "must_change",
		.label = "It must be changed before anything else" };
	const struct field bot = { .name = "bot", .label = "It is a bot" };

	post_form(w, "card say", "/-/admin/users", "new");
	HTML_LEAF(&w->h, "h2", "", "A new user");
	field_text(w, &login, "");
	field_text(w, &email, "");
	field_secret(w, &password, "new-password");
	field_tick(w, &change, true);
	field_tick(w, &bot, false);
	field_button(w, "primary", NULL, NULL, "Make the user");
	post_form_end(w);
}

void
admin_users_get(struct call *c)
{
	static const char *const columns[] = { "Name", "Is", "State",
		"Signed in" };
	AUTO_STR struct str query = STR_INIT_MAX(4 * ADMIN_QUERY_MAX);
	const char *q = svc_text(call_query(c, "q"));
	struct users_filter f = USERS_FILTER_INIT;
	struct user_list l = { .n = 0 };
	struct err e = ERR_INIT;
	uint32_t page, limit;
	struct web w;

	if (query_page(c, &page, &limit) == -1)
		return;
	if (strlen(q) > ADMIN_QUERY_MAX) {
		web_error(c, 422, "What is looked for is too long.");
		return;
	}
	if (admin_begin(&w, c, "users") == -1)
		return;
	f.q = q[0] != '\0' ? q : NULL;
	f.limit = limit;
	f.offset = (int64_t)(page - 1) * limit;
	if (users_list(w.t, &f, &l, &e) == -1)
		log_error("web users reason=%s", log_val(e.msg));
	admin_users_search(&w, q);
	if (l.n == 0)
		web_empty(&w, "Nobody is called so.", "");
	else {
		HTML_CLASS(&w.h, "section", "card flush");
		HTML_LEAF(&w.h, "h2", "", "Users");
		web_table(&w, "rows", columns, 4);
		for (size_t i = 0; i < l.n; i++)
			admin_user_row(&w, &l.at[i]);
		web_table_end(&w);
		html_end(&w.h);
	}
	str_add(&query, "&q=");
	esc_url(&query, view_of(q));
	web_pager(&w, page, limit, l.total,
	    q[0] != '\0' && str_ok(&query) ? str_cstr(&query) : "");
	user_list_release(&l);
	admin_user_new(&w);
	web_reply(&w, 200);
}

const struct route web_admin_users_routes[] = {
	{ "GET", "/-/admin", ROUTE_PAGE, admin_users_get },
	{ .method = NULL },
};
