#include "server/api/shape_priv.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/auto.h"
#include "server/api/api.h"
#include "server/auth/auth.h"
#include "server/http/call.h"

void
shape_init(struct shape *s, struct call *c, const struct project *p)
{
	s->body = STR_INIT;
	s->url = call_url(c);
	s->project = p;
	s->who = call_who(c);
	s->reader = NULL;
	s->t = api_reader(c);
	s->facts.project_id = 0;
	s->inner = false;
	s->n_users = 0;
	s->bare = s->asked = 0;
	jw_init(&s->w, &s->body);
}

void
shape_page(struct shape *s, struct call *c, const struct project *p,
    uint32_t page, uint32_t limit, int64_t total)
{
	call_total(c, page, limit, total);
	shape_init(s, c, p);
	jw_array(&s->w, NULL);
}

void
shape_reply(struct shape *s, struct call *c, int status)
{
	if (!str_ok(&s->body)) {
		str_release(&s->body);
		call_reply_error(c, 500, "the reply is too large");
		return;
	}
	call_reply_json(c, status, &s->body);
}

void
shape_url(struct shape *s, const char *key, const char *fmt, ...)
{
	AUTO_STR struct str u = STR_INIT_MAX(4096);
	va_list ap;

	str_add(&u, s->url);
	va_start(ap, fmt);
	str_vaddf(&u, fmt, ap);
	va_end(ap);
	jw_str(&s->w, key, str_cstr(&u));
}

void
shape_i64_or_null(struct shape *s, const char *key, int64_t n)
{
	if (n != 0)
		jw_i64(&s->w, key, n);
	else
		jw_null(&s->w, key);
}

void
shape_str_or_null(struct shape *s, const char *key, const char *v)
{
	jw_str(&s->w, key, v != NULL && v[0] != '\0' ? v : NULL);
}

void
shape_noreply(const struct shape *s, const char *login, struct str *out)
{
	const char *host = strstr(s->url, "://");
	size_t n;

	host = host != NULL ? host + 3 : s->url;
	n = strcspn(host, "/:");
	if (host[0] == '[') { /* an IPv6 address has colons */
		host = "localhost";
		n = strlen(host);
	}
	str_addf(out, "%s@noreply.%.*s", login, (int)n, host);
}

/* What stands in every user, in Gitea's order. */
static void
shape_user_head(
    struct shape *s, const char *key, const struct author *a, const char *email)
{
	AUTO_STR struct str noreply = STR_INIT;

	shape_noreply(s, a->login, &noreply);
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", a->id);
	jw_str(&s->w, "login", a->login);
	jw_str(&s->w, "username", a->login);
	jw_str(&s->w, "login_name", "");
	jw_i64(&s->w, "source_id", 0);
	jw_str(&s->w, "full_name", a->full_name);
	jw_str(&s->w, "email", email != NULL ? email : str_cstr(&noreply));
	jw_str(&s->w, "avatar_url", "");
	shape_url(s, "html_url", "/%s", a->login);
	jw_str(&s->w, "language", "");
	if (a->created_at != 0)
		jw_time(&s->w, "created", a->created_at);
	else
		jw_str(&s->w, "created", SHAPE_TIME_NONE);
	jw_bool(&s->w, "restricted", false);
	jw_str(&s->w, "visibility", "limited");
	jw_str(&s->w, "type", a->bot ? "bot" : "individual");
	jw_i64(&s->w, "followers_count", 0);
	jw_i64(&s->w, "following_count", 0);
	jw_i64(&s->w, "starred_repos_count", 0);
}

/* A page has few users many times. */
static bool
shape_user_again(struct shape *s, const char *key, int64_t id)
{
	for (size_t i = 0; i < s->n_users; i++) {
		const struct shape_seen *v = &s->users[i];
		char *room;

		if (v->id != id)
			continue;
		jw_raw(&s->w, key, VIEW_LIT(""));
		room = str_room(&s->body, v->len);
		if (room != NULL)
			memcpy(room, s->body.p + v->at, v->len);
		return true;
	}
	return false;
}

/* Of a user that is part of something else, nobody learns more. */
void
shape_user(struct shape *s, const char *key, const struct author *a)
{
	size_t at;

	if (a->id > 0 && shape_user_again(s, key, a->id))
		return;
	at = s->body.len;
	shape_user_head(s, key, a, NULL);
	jw_bool(&s->w, "is_admin", false);
	jw_str(&s->w, "last_login", SHAPE_TIME_NONE);
	jw_bool(&s->w, "active", false);
	jw_bool(&s->w, "prohibit_login", false);
	jw_str(&s->w, "location", "");
	jw_str(&s->w, "website", "");
	jw_str(&s->w, "description", "");
	jw_end(&s->w);
	if (a->id > 0 && s->n_users < SHAPE_SEEN && str_ok(&s->body)) {
		const char *open = memchr(
		    s->body.p + at, '{', s->body.len - at);

		at = (size_t)(open - s->body.p);
		s->users[s->n_users++] = (struct shape_seen){ a->id, at,
			s->body.len - at };
	}
}

void
shape_user_full(struct shape *s, const char *key, const struct user *u,
    const struct identity *who)
{
	bool all = who->site_admin || who->user_id == u->id;
	struct author a = { .id = u->id,
		.kind = u->kind,
		.bot = u->bot,
		.created_at = u->created_at };

	memcpy(a.login, u->login, sizeof(a.login));
	memcpy(a.full_name, u->full_name, sizeof(a.full_name));
	shape_user_head(
	    s, key, &a, all && u->email[0] != '\0' ? u->email : NULL);
	jw_str(&s->w, "kind", user_kind_name(u->kind));
	jw_bool(&s->w, "is_admin", all && u->kind == USER_ADMIN);
	if (all && u->login_at != 0)
		jw_time(&s->w, "last_login", u->login_at);
	else
		jw_str(&s->w, "last_login", SHAPE_TIME_NONE);
	jw_bool(&s->w, "active", all && u->active);
	jw_bool(&s->w, "prohibit_login", all && u->no_login);
	jw_str(&s->w, "location", u->location);
	jw_str(&s->w, "website", u->website);
	jw_str(&s->w, "description", u->description);
	jw_end(&s->w);
}
