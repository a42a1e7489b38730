/* admin_user: a user, made, changed, kept out and removed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "server/service/svc_token.h"
#include "server/service/svc_user.h"
#include "server/store/tokens.h"
#include "server/store/users.h"
#include "server/web/admin.h"
#include "server/web/field.h"
#include "server/web/post.h"
#include "server/web/web.h"

enum {
	ADMIN_TOKENS = TOKENS_PER_USER_MAX
};

const char *
admin_user_kind(const struct user *u)
{
	static const char *const kinds[] = { [USER_ADMIN] = "administrator",
		[USER_PERSON] = "person",
		[USER_AGENT] = "the agent",
		[USER_CI] = "CI",
		[USER_SERVICE] = "a part of the server" };

	return u->bot ? "bot" : kinds[u->kind];
}

void
admin_user_state(struct web *w, const struct user *u)
{
	if (!u->active)
		web_badge(w, "off", "deactivated");
	else if (u->no_login)
		web_badge(w, "bad", "may not sign in");
	else if (u->must_change)
		web_badge(w, "wait", "must change the password");
	else
		web_badge(w, "good", "active");
}

/* "/-/admin/users/NAME" and more, a literal. */
static void
admin_user_path(struct str *to, const char *login, const char *more)
{
	str_add(to, "/-/admin/users/");
	esc_url(to, view_of(login));
	str_add(to, more);
}

static void
admin_user_form(struct web *w, const struct user *u, const char *cls,
    const char *more, const char *name)
{
	AUTO_STR struct str to = STR_INIT;

	admin_user_path(&to, u->login, more);
	post_form(w, cls, str_cstr(&to), name);
}

static void
admin_user_edit(struct web *w, const struct user *u)
{
	const struct field full = { .name = "full_name",
		.label = "Full name",
		.max = USER_FULL_NAME_MAX };
	const struct field email = {
		.name = "email", .label = "Address", .max = USER_EMAIL_MAX
	};
	const struct field admin = { .name = "admin",
		.label = "Administrator of the server" };
	const struct field active = { .name = "active",
		.label = "Active: tokens and the password are good" };
	const struct field no_login = { .name = "no_login",
		.label = "May not sign in" };
	const struct field bot = { .name = "bot",
		.label = "A bot: no password, no notifications" };

	admin_user_form(w, u, "card say", "", "user");
	HTML_LEAF(&w->h, "h2", "", "The user");
	field_text(w, &full, u->full_name);
	field_text(w, &email, u->email);
	field_tick(w, &admin, u->kind == USER_ADMIN);
	field_tick(w, &active, u->active);
	field_tick(w, &no_login, u->no_login);
	field_tick(w, &bot, u->bot);
	field_button(w, "primary", NULL, NULL, "Save");
	post_form_end(w);
}

static void
admin_user_password(struct web *w, const struct user *u)
{
	const struct field password = { .name = "password",
		.label = "A new password",
		.help = "It ends the sessions of the user's browsers.",
		.required = true };
	const struct field change = { .name = "must_change",
		.label = "It must be changed before anything else" };

	admin_user_form(w, u, "card say", "/password", "password");
	HTML_LEAF(&w->h, "h2", "", "Password");
	field_secret(w, &password, "new-password");
	field_tick(w, &change, true);
	field_button(w, "", NULL, NULL, "Set it");
	post_form_end(w);
}

static void
admin_user_tokens(struct web *w, const struct user *u)
{
	static const char *const columns[] = { "Token", "Last used", "Until",
		"Change" };
	struct token_list l = { .n = 0 };
	struct err e = ERR_INIT;
	struct html *h = &w->h;

	if (tokens_list(w->t, u->id, ADMIN_TOKENS, 0, &l, &e) == -1)
		log_error("web tokens reason=%s", log_val(e.msg));
	HTML_CLASS(h, "section", "card flush");
	HTML_LEAF(h, "h2", "", "Access tokens");
	if (l.n == 0)
		HTML_LEAF(h, "p", "empty inset", "None.");
	else
		web_table(w, "rows", columns, 4);
	for (size_t i = 0; i < l.n; i++) {
		const struct token *k = &l.at[i];
		char id[24];

		(void)snprintf(id, sizeof(id), "%" PRId64, k->id);
		HTML_TAG(h, "tr");
		web_cell(w, columns[0], "name");
		html_shown(h, k->name);
		html_end(h);
		web_cell(w, columns[1], "");
		if (k->used_at != 0)
			web_time(w, k->used_at);
		else
			html_text(h, "never");
		html_end(h);
		web_cell(w, columns[2], "");
		if (k->expires_at != 0)
			web_time(w, k->expires_at);
		else
			html_text(h, "for good");
		html_end(h);
		web_cell(w, columns[3], "");
		admin_user_form(w, u, "", "/tokens", "");
		field_hidden(w, "id", id);
		field_button(w, "danger", NULL, NULL, "Delete");
		post_form_end(w);
		html_end(h);
		html_end(h);
	}
	if (l.n > 0)
		web_table_end(w);
	html_end(h);
	token_list_release(&l);
}

static void
admin_user_remove(struct web *w, const struct user *u)
{
	char label[NAME_LEN_MAX + 60];
	const struct field confirm = { .name = "confirm",
		.label = label,
		.max = NAME_LEN_MAX,
		.required = true };
	const struct field purge = { .name = "purge",
		.label = "With the projects that the user owns" };

	(void)snprintf(label, sizeof(label),
	    "Write %s to say that it is this one", u->login);
	admin_user_form(w, u, "card say", "/delete", "delete");
	HTML_LEAF(&w->h, "h2", "", "Remove");
	HTML_LEAF(&w->h, "p", "alert",
	    "Tokens and roles are gone then, and the name is not taken again. "
	    "What the user wrote stays.");
	field_text(w, &confirm, "");
	field_tick(w, &purge, false);
	field_button(w, "danger", NULL, NULL, "Remove the user");
	post_form_end(w);
}

static void
admin_user_get(struct call *c)
{
	struct user u = { .id = 0 };
	struct err e = ERR_INIT;
	struct web w;

	if (admin_begin(&w, c, "users") == -1)
		return;
	if (users_by_name(w.t, call_arg(c, 0), &u, &e) == -1) {
		html_release(&w.h);
		web_fail(c, &e);
		return;
	}
	HTML_CLASS(&w.h, "h2", "");
	html_textf(&w.h, "%s, %s ", u.login, admin_user_kind(&u));
	admin_user_state(&w, &u);
	html_end(&w.h);
	if (u.kind == USER_PERSON || u.kind == USER_ADMIN) {
		admin_user_edit(&w, &u);
		admin_user_password(&w, &u);
	} else {
		HTML_LEAF(&w.h, "p", "",
		    "A user that the server needs: it stays as it is.");
	}
	admin_user_tokens(&w, &u);
	if (u.kind == USER_PERSON || u.kind == USER_ADMIN)
		admin_user_remove(&w, &u);
	web_reply(&w, 200);
}

/* ---- the forms ---- */

/* To the user, or to the list when there is none any more. */
static void
admin_user_done(const struct err *fail, void *arg, void *call)
{
	const struct svc_user_edit *op = arg;
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	if (fail != NULL) {
		post_fail(c,
		    op->verb == USER_CREATE ? admin_users_get : admin_user_get,
		    fail);
	} else {
		if (op->verb == USER_REMOVE)
			str_add(&to, "/-/admin");
		else
			admin_user_path(&to, op->user.login, "");
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static bool
admin_on(const struct form *f, const char *name)
{
	return form_get(f, name)[0] != '\0';
}

/* The password of the form, when there is one; false after the reply, op is
 * dropped then. */
static bool
admin_password(struct call *c, const struct form *f, struct svc_user_edit *op)
{
	const char *password = form_get(f, "password");

	if (strlen(password) > CREDENTIAL_PASSWORD_MAX) {
		post_refused(c,
		    op->verb == USER_CREATE ? admin_users_get : admin_user_get,
		    422, "The password is too long.");
		svc_op_drop(op);
		return false;
	}
	op->fields.must_change = admin_on(f, "must_change");
	if (password[0] != '\0')
		op->fields.password = xstrdup(password);
	else
		op->fields.must_change = -1;
	return true;
}

static void
admin_on_user_new(struct call *c)
{
	struct svc_user_edit *op;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	op = svc_user_edit_new(call_app(c), call_who(c), USER_CREATE);
	op->login = xstrdup(form_get(&f, "username"));
	if (form_get(&f, "email")[0] != '\0')
		op->fields.email = xstrdup(form_get(&f, "email"));
	if (admin_on(&f, "bot"))
		op->fields.bot = 1;
	if (admin_password(c, &f, op)) {
		call_hold(c);
		svc_user_edit(op, admin_user_done, c);
	}
	form_release(&f);
}

static void
admin_on_user_edit(struct call *c)
{
	struct svc_user_edit *op;
	struct user_fields *x;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	op = svc_user_edit_new(call_app(c), call_who(c), USER_EDIT);
	op->login = xstrdup(call_arg(c, 0));
	x = &op->fields;
	x->full_name = xstrdup(form_get(&f, "full_name"));
	x->email = xstrdup(form_get(&f, "email"));
	x->admin = admin_on(&f, "admin");
	x->active = admin_on(&f, "active");
	x->no_login = admin_on(&f, "no_login");
	x->bot = admin_on(&f, "bot");
	form_release(&f);
	call_hold(c);
	svc_user_edit(op, admin_user_done, c);
}

static void
admin_on_user_password(struct call *c)
{
	struct svc_user_edit *op;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	op = svc_user_edit_new(call_app(c), call_who(c), USER_EDIT);
	op->login = xstrdup(call_arg(c, 0));
	if (!admin_on(&f, "password")) {
		svc_op_drop(op);
		post_refused(c, admin_user_get, 422, "A password is missing.");
	} else if (admin_password(c, &f, op)) {
		call_hold(c);
		svc_user_edit(op, admin_user_done, c);
	}
	form_release(&f);
}

static void
admin_on_user_delete(struct call *c)
{
	struct svc_user_edit *op;
	struct form f;
	bool same;

	if (admin_take(c, &f) == -1)
		return;
	same = strcasecmp(form_get(&f, "confirm"), call_arg(c, 0)) == 0;
	if (!same) {
		post_refused(c, admin_user_get, 422,
		    "The name that was written is not this user's: nobody was "
		    "removed.");
	} else {
		op = svc_user_edit_new(call_app(c), call_who(c), USER_REMOVE);
		op->login = xstrdup(call_arg(c, 0));
		op->purge = admin_on(&f, "purge");
		call_hold(c);
		svc_user_edit(op, admin_user_done, c);
	}
	form_release(&f);
}

static void
admin_token_done(const struct err *fail, void *op, void *call)
{
	AUTO_STR struct str to = STR_INIT;
	struct call *c = call;

	(void)op;
	if (!web_failed(c, fail)) {
		admin_user_path(&to, call_arg(c, 0), "");
		web_redirect(c, str_cstr(&to));
	}
	call_release(c);
}

static void
admin_on_token(struct call *c)
{
	struct svc *s = call_app(c);
	struct user u = { .id = 0 };
	struct err e = ERR_INIT;
	int64_t id = 0;
	struct form f;

	if (admin_take(c, &f) == -1)
		return;
	if (num_i64(form_get(&f, "id"), 1, INT64_MAX, &id, &e) == -1 ||
	    users_by_name(db_reader(s->db), call_arg(c, 0), &u, &e) == -1) {
		web_fail(c, &e);
	} else {
		call_hold(c);
		svc_token_delete(s, call_who(c), u.id, id, admin_token_done, c);
	}
	form_release(&f);
}

static void
admin_user_new_post(struct call *c)
{
	web_take_form(c, admin_on_user_new);
}

static void
admin_user_edit_post(struct call *c)
{
	web_take_form(c, admin_on_user_edit);
}

static void
admin_user_password_post(struct call *c)
{
	web_take_form(c, admin_on_user_password);
}

static void
admin_user_delete_post(struct call *c)
{
	web_take_form(c, admin_on_user_delete);
}

static void
admin_token_post(struct call *c)
{
	web_take_form(c, admin_on_token);
}

#define ADMIN_USER "/-/admin/users/{name}"

const struct route web_admin_user_routes[] = {
	{ "POST", "/-/admin/users", ROUTE_PAGE, admin_user_new_post },
	{ "GET", ADMIN_USER, ROUTE_PAGE, admin_user_get },
	{ "POST", ADMIN_USER, ROUTE_PAGE, admin_user_edit_post },
	{ "POST", ADMIN_USER "/password", ROUTE_PAGE,
	    admin_user_password_post },
	{ "POST", ADMIN_USER "/delete", ROUTE_PAGE, admin_user_delete_post },
	{ "POST", ADMIN_USER "/tokens", ROUTE_PAGE, admin_token_post },
	{ .method = NULL },
};
