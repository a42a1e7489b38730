#include "server/api/shape_priv.h"

#include <stdarg.h>
#include <string.h>

#include "lib/base/auto.h"
#include "server/http/call.h"

void
shape_init(struct shape *s, struct call *c, const struct project *p)
{
	s->body = STR_INIT;
	s->url = call_url(c);
	s->project = p;
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
shape_user(struct shape *s, const char *key, const struct author *a)
{
	jw_object(&s->w, key);
	jw_i64(&s->w, "id", a->id);
	jw_str(&s->w, "login", a->login);
	jw_str(&s->w, "username", a->login);
	jw_end(&s->w);
}

void
shape_user_full(struct shape *s, const struct user *u)
{
	jw_object(&s->w, NULL);
	jw_i64(&s->w, "id", u->id);
	jw_str(&s->w, "login", u->login);
	jw_str(&s->w, "username", u->login);
	jw_str(&s->w, "full_name", "");
	jw_str(&s->w, "email", "");
	jw_str(&s->w, "kind", user_kind_name(u->kind));
	jw_bool(&s->w, "is_admin", u->kind == USER_ADMIN);
	jw_time(&s->w, "created", u->created_at);
	jw_end(&s->w);
}
