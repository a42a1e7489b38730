#include "server/api/swagger.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/version.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

enum {
	SWAGGER_PATH_MAX = 256
};

/* The placeholders that say the same everywhere; the others by their name. */
static const struct {
	const char *of;
	const char *name;
} swagger_names[] = { { "o", "owner" }, { "r", "repo" }, { "n", "index" },
	{ "path", "filepath" }, { "name", "username" } };

static bool
swagger_is_number(const char *placeholder)
{
	return strcmp(placeholder, "n") == 0 || strcmp(placeholder, "id") == 0;
}

static const char *
swagger_name(const char *placeholder)
{
	for (size_t i = 0; i < sizeof(swagger_names) / sizeof(swagger_names[0]);
	     i++)
		if (strcmp(swagger_names[i].of, placeholder) == 0)
			return swagger_names[i].name;
	return placeholder;
}

/* The next placeholder of a pattern, without its dots; false at the end.  What
 * stands before it is added to text, if that is not NULL. */
static bool
swagger_next(const char **pattern, struct str *text, char *out, size_t size)
{
	const char *p = strchr(*pattern, '{'), *end;
	size_t n;

	if (p == NULL || (end = strchr(p, '}')) == NULL) {
		if (text != NULL)
			str_add(text, *pattern);
		return false;
	}
	if (text != NULL)
		str_addn(text, *pattern, (size_t)(p - *pattern));
	*pattern = end + 1;
	n = strcspn(p + 1, ".}");
	if (n >= size)
		n = size - 1;
	memcpy(out, p + 1, n);
	out[n] = '\0';
	return true;
}

static void
swagger_path(struct str *out, const char *pattern)
{
	char name[SWAGGER_PATH_MAX];

	while (swagger_next(&pattern, out, name, sizeof(name)))
		str_addf(out, "{%s}", swagger_name(name));
}

static void
swagger_ref(struct jw *w, const char *key, struct view name)
{
	AUTO_FREE char *to = xasprintf(
	    "#/definitions/%.*s", (int)name.len, name.p);

	jw_object(w, key);
	jw_str(w, "$ref", to);
	jw_end(w);
}

/* The words of a type; type and format. */
static void
swagger_scalar(struct jw *w, struct view type)
{
	struct view words = { .len = 0 }, one;
	const char *open = memchr(type.p, '(', type.len);

	if (open != NULL) {
		words = view_from(type, (size_t)(open - type.p) + 1);
		words.len--; /* ")" */
		type.len = (size_t)(open - type.p);
	}
	if (view_is(type, "int")) {
		jw_str(w, "type", "integer");
		jw_str(w, "format", "int64");
	} else if (view_is(type, "bool")) {
		jw_str(w, "type", "boolean");
	} else if (view_is(type, "str") || view_is(type, "time")) {
		jw_str(w, "type", "string");
		if (view_is(type, "time"))
			jw_str(w, "format", "date-time");
	} else {
		jw_str(w, "type", "object");
	}
	if (words.len == 0)
		return;
	jw_array(w, "enum");
	while (view_split(&words, '|', &one))
		jw_view(w, NULL, one);
	jw_end(w);
}

static bool
swagger_is_def(struct view type)
{
	return type.len > 0 && isupper((unsigned char)type.p[0]) != 0;
}

/* An object member with the type as its value. */
static void
swagger_type(struct jw *w, const char *key, struct view type, bool sometimes)
{
	if (view_ends(type, "[]")) {
		type.len -= 2;
		jw_object(w, key);
		jw_str(w, "type", "array");
		swagger_type(w, "items", type, false);
		jw_end(w);
	} else if (swagger_is_def(type)) {
		swagger_ref(w, key, type);
	} else {
		jw_object(w, key);
		swagger_scalar(w, type);
		if (sometimes)
			jw_bool(w, "x-sometimes", true);
		if (view_is(type, "map")) {
			jw_object(w, "additionalProperties");
			jw_str(w, "type", "string");
			jw_end(w);
		}
		jw_end(w);
	}
}

/* How often: always in a request, not always in a reply. */
enum swagger_need {
	SWAGGER_MAY,
	SWAGGER_MUST,
	SWAGGER_SOMETIMES
};

/* One "name:type!"; rest goes on.  False at the end. */
static bool
swagger_field(struct view *rest, struct view *name, struct view *type,
    enum swagger_need *need)
{
	struct view one;

	if (rest->len == 0 || !view_split(rest, ',', &one) ||
	    !view_split(&one, ':', name))
		return false;
	*type = one;
	*need = view_ends(*type, "!") ? SWAGGER_MUST
	    : view_ends(*type, "?")   ? SWAGGER_SOMETIMES
				      : SWAGGER_MAY;
	if (*need != SWAGGER_MAY)
		type->len--;
	return true;
}

static void
swagger_def_write(struct jw *w, const struct swagger_def *d)
{
	struct view rest = view_of(d->fields), name, type;
	enum swagger_need need;
	bool any = false;

	jw_object(w, d->name);
	jw_str(w, "type", "object");
	if (rest.len > 0)
		jw_object(w, "properties");
	while (swagger_field(&rest, &name, &type, &need)) {
		AUTO_FREE char *key = view_dup(name);

		any = any || need == SWAGGER_MUST;
		swagger_type(w, key, type, need == SWAGGER_SOMETIMES);
	}
	if (d->fields[0] != '\0')
		jw_end(w);
	rest = view_of(d->fields);
	if (any)
		jw_array(w, "required");
	while (swagger_field(&rest, &name, &type, &need))
		if (need == SWAGGER_MUST)
			jw_view(w, NULL, name);
	if (any)
		jw_end(w);
	jw_end(w);
}

static void
swagger_path_params(struct jw *w, const char *pattern)
{
	char name[SWAGGER_PATH_MAX];

	while (swagger_next(&pattern, NULL, name, sizeof(name))) {
		jw_object(w, NULL);
		jw_str(w, "name", swagger_name(name));
		jw_str(w, "in", "path");
		jw_bool(w, "required", true);
		swagger_scalar(
		    w, view_of(swagger_is_number(name) ? "int" : "str"));
		jw_end(w);
	}
}

static void
swagger_query(struct jw *w, const char *query)
{
	struct view rest = view_of(query), name, type;
	enum swagger_need need;

	while (swagger_field(&rest, &name, &type, &need)) {
		bool list = view_ends(type, "[]");

		jw_object(w, NULL);
		jw_view(w, "name", name);
		jw_str(w, "in", "query");
		if (need == SWAGGER_MUST)
			jw_bool(w, "required", true);
		if (list) {
			type.len -= 2;
			jw_str(w, "type", "array");
			jw_str(w, "collectionFormat", "multi");
			swagger_type(w, "items", type, false);
		} else {
			swagger_scalar(w, type);
		}
		jw_end(w);
	}
}

static void
swagger_body(struct jw *w, const char *body)
{
	bool form = strcmp(body, "multipart") == 0;

	if (body[0] == '\0')
		return;
	jw_object(w, NULL);
	jw_str(w, "name", form ? "attachment" : "body");
	jw_str(w, "in", form ? "formData" : "body");
	if (form)
		jw_str(w, "type", "file");
	else
		swagger_type(w, "schema", view_of(body), false);
	jw_end(w);
}

static void
swagger_replies(struct jw *w, const char *reply)
{
	struct view rest = view_of(reply), one, code;

	jw_object(w, "responses");
	while (rest.len > 0 && view_split(&rest, ' ', &one) &&
	    view_split(&one, ':', &code)) {
		AUTO_FREE char *key = view_dup(code);

		jw_object(w, key);
		jw_str(w, "description", "success");
		if (one.len > 0)
			swagger_type(w, "schema", one, false);
		jw_end(w);
	}
	jw_object(w, "default");
	jw_str(w, "description", "what is wrong");
	swagger_ref(w, "schema", VIEW_LIT("APIError"));
	jw_end(w);
	jw_end(w);
}

static const struct swagger_op *
swagger_find(const struct route *r)
{
	static const struct swagger_op none = {
		.id = NULL, .query = "", .body = "", .reply = "200"
	};

	for (const struct swagger_op *o = swagger_ops; o->method != NULL; o++)
		if (strcmp(o->method, r->method) == 0 &&
		    strcmp(o->pattern, r->pattern) == 0)
			return o;
	return &none;
}

/* "repos/{o}/{r}/issues/..." is of "issues". */
static void
swagger_tag(struct jw *w, const char *path)
{
	struct view rest = view_of(path + 1), one;

	(void)view_split(&rest, '/', &one);
	for (unsigned i = 0; i < 3 && rest.len > 0 && view_is(one, "repos");
	     i++) {
		struct view next;

		if (!view_split(&rest, '/', &next))
			break;
		if (i == 2 && next.p[0] != '{')
			one = next;
	}
	jw_array(w, "tags");
	jw_view(w, NULL, one);
	jw_end(w);
}

static void
swagger_call(struct jw *w, const struct route *r, const char *path)
{
	const struct swagger_op *o = swagger_find(r);
	AUTO_FREE char *method = xstrdup(r->method);

	for (char *p = method; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	jw_object(w, method);
	if (o->id != NULL)
		jw_str(w, "operationId", o->id);
	swagger_tag(w, path);
	jw_array(w, "parameters");
	swagger_path_params(w, r->pattern);
	swagger_query(w, o->query);
	swagger_body(w, o->body);
	jw_end(w);
	swagger_replies(w, o->reply);
	jw_end(w);
}

/* Is there a route before this one with the same path? */
static bool
swagger_is_first(const struct route *const *tables, const struct route *r)
{
	for (; *tables != NULL; tables++)
		for (const struct route *x = *tables; x->method != NULL; x++) {
			if (x == r)
				return true;
			if (strcmp(x->pattern, r->pattern) == 0)
				return false;
		}
	return true;
}

static void
swagger_calls(struct jw *w, const struct route *const *tables,
    const struct route *of, const char *base)
{
	const char *rest = of->pattern + strlen(base);
	AUTO_STR struct str path = STR_INIT;

	swagger_path(&path, rest);
	jw_object(w, str_cstr(&path));
	for (; *tables != NULL; tables++)
		for (const struct route *r = *tables; r->method != NULL; r++)
			if (strcmp(r->pattern, of->pattern) == 0)
				swagger_call(w, r, rest);
	jw_end(w);
}

static void
swagger_security(struct jw *w)
{
	jw_object(w, "securityDefinitions");
	jw_object(w, "AuthorizationHeaderToken");
	jw_str(w, "type", "apiKey");
	jw_str(w, "name", "Authorization");
	jw_str(w, "in", "header");
	jw_str(w, "description", "\"token \" or \"Bearer \" and the token");
	jw_end(w);
	jw_object(w, "BasicAuth");
	jw_str(w, "type", "basic");
	jw_end(w);
	jw_end(w);
	jw_array(w, "security");
	jw_object(w, NULL);
	jw_array(w, "AuthorizationHeaderToken");
	jw_end(w);
	jw_end(w);
	jw_object(w, NULL);
	jw_array(w, "BasicAuth");
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

void
swagger_write(struct str *out, const struct route *const *tables,
    const char *base, const char *title)
{
	size_t n = strlen(base);
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "swagger", "2.0");
	jw_object(&w, "info");
	jw_str(&w, "title", title);
	jw_str(&w, "version", VERSION);
	jw_end(&w);
	jw_str(&w, "basePath", base);
	jw_array(&w, "consumes");
	jw_str(&w, NULL, "application/json");
	jw_end(&w);
	jw_array(&w, "produces");
	jw_str(&w, NULL, "application/json");
	jw_end(&w);
	swagger_security(&w);
	jw_object(&w, "paths");
	for (const struct route *const *t = tables; *t != NULL; t++)
		for (const struct route *r = *t; r->method != NULL; r++)
			if (strncmp(r->pattern, base, n) == 0 &&
			    r->pattern[n] == '/' && swagger_is_first(tables, r))
				swagger_calls(&w, tables, r, base);
	jw_end(&w);
	jw_object(&w, "definitions");
	for (const struct swagger_def *d = swagger_defs; d->name != NULL; d++)
		swagger_def_write(&w, d);
	jw_end(&w);
	jw_end(&w);
}
