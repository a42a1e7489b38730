#include "agentd/command/schema.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	SCHEMA_PATH_MAX = 200,
	SCHEMA_KEY_MAX = 40, /* of a name, in a message */
	SCHEMA_WHOLE_MAX = 1 << 30
};

/* Where in the value, for messages: the way up from here. */
struct schema_place {
	const struct schema_place *up;
	const char *key; /* NULL: an item of a list */
	size_t i;
	struct err *e;
};

static bool
schema_is_whole(const struct json *j)
{
	return json_is_number(j) && (json_integer(j, INT64_MIN) != INT64_MIN);
}

static bool
schema_is_string(const struct json *j)
{
	return json_is_string(j);
}

static const struct {
	const char *name;
	bool (*is)(const struct json *j);
} schema_types[] = {
	{ "object", json_is_object },
	{ "array", json_is_array },
	{ "string", schema_is_string },
	{ "number", json_is_number },
	{ "integer", schema_is_whole },
	{ "boolean", json_is_bool },
	{ "null", json_is_null },
};

/* -1: no such type. */
static int
schema_type(const struct json *name)
{
	for (size_t i = 0; i < sizeof(schema_types) / sizeof(schema_types[0]);
	     i++) {
		if (json_string(name) != NULL &&
		    strcmp(json_string(name), schema_types[i].name) == 0)
			return (int)i;
	}
	return -1;
}

/* ---- the schema itself ---- */

static int
schema_check_type(const struct json *v, struct err *e)
{
	const struct json *t = json_is_array(v) ? json_first(v) : v;

	if (json_is_array(v) && t == NULL)
		return err_set(e, ERR_INVALID, "type: the list is empty");
	for (; t != NULL; t = json_is_array(v) ? json_next(t) : NULL) {
		if (schema_type(t) == -1)
			return err_set(e, ERR_INVALID,
			    "type is object, array, string, number, integer, "
			    "boolean, null or a list of them");
	}
	return 0;
}

static int
schema_check_texts(const struct json *v, struct err *e)
{
	if (!json_is_array(v))
		return err_set(e, ERR_INVALID, "required: want a list");
	for (const struct json *t = json_first(v); t != NULL;
	     t = json_next(t)) {
		if (!json_is_string(t))
			return err_set(
			    e, ERR_INVALID, "required: want names in it");
	}
	return 0;
}

/* Containers are not compared. */
static int
schema_check_enum(const struct json *v, struct err *e)
{
	if (!json_is_array(v) || json_count(v) == 0)
		return err_set(e, ERR_INVALID, "enum: want a list of values");
	for (const struct json *t = json_first(v); t != NULL;
	     t = json_next(t)) {
		if (json_is_array(t) || json_is_object(t))
			return err_set(e, ERR_INVALID,
			    "enum: want texts, numbers, true, false or null");
	}
	return 0;
}

static int
schema_check_members(const struct json *v, struct err *e)
{
	if (!json_is_object(v))
		return err_set(e, ERR_INVALID, "properties: want an object");
	for (const struct json *m = json_first(v); m != NULL;
	     m = json_next(m)) {
		if (schema_check(m, e) == -1)
			return err_wrap(e, "%.*s", SCHEMA_KEY_MAX, json_key(m));
	}
	return 0;
}

static int
schema_check_bool(const struct json *v, struct err *e)
{
	return json_is_bool(v)
	    ? 0
	    : err_set(
		  e, ERR_INVALID, "additionalProperties: want true or false");
}

static int
schema_check_number(const struct json *v, struct err *e)
{
	return json_is_number(v)
	    ? 0
	    : err_set(e, ERR_INVALID, "%s: want a number", json_key(v));
}

static int
schema_check_size(const struct json *v, struct err *e)
{
	const int64_t n = json_integer(v, -1);

	return n >= 0 && n <= SCHEMA_WHOLE_MAX
	    ? 0
	    : err_set(e, ERR_INVALID, "%s: want a whole number", json_key(v));
}

static int
schema_check_text(const struct json *v, struct err *e)
{
	return json_is_string(v)
	    ? 0
	    : err_set(e, ERR_INVALID, "%s: want a text", json_key(v));
}

static const struct {
	const char *word;
	int (*check)(const struct json *v, struct err *e);
} schema_words[] = {
	{ "type", schema_check_type },
	{ "enum", schema_check_enum },
	{ "properties", schema_check_members },
	{ "required", schema_check_texts },
	{ "additionalProperties", schema_check_bool },
	{ "items", schema_check },
	{ "minItems", schema_check_size },
	{ "maxItems", schema_check_size },
	{ "minLength", schema_check_size },
	{ "maxLength", schema_check_size },
	{ "minimum", schema_check_number },
	{ "maximum", schema_check_number },
	{ "title", schema_check_text },
	{ "description", schema_check_text },
	{ "$schema", schema_check_text },
};

int
schema_check(const struct json *schema, struct err *e)
{
	if (!json_is_object(schema))
		return err_set(e, ERR_INVALID, "want an object");
	for (const struct json *m = json_first(schema); m != NULL;
	     m = json_next(m)) {
		const size_t n = sizeof(schema_words) / sizeof(schema_words[0]);
		size_t i = 0;

		while (i < n && strcmp(schema_words[i].word, json_key(m)) != 0)
			i++;
		if (i == n)
			return err_set(e, ERR_INVALID,
			    "the keyword `%.*s` is not known", SCHEMA_KEY_MAX,
			    json_key(m));
		if (schema_words[i].check(m, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- a value ---- */

static int schema_value(const struct schema_place *p, const struct json *schema,
    const struct json *value);

/* A name in it may be anything: shown short and printable.  No deeper than
 * JSON_MAX_DEPTH. */
static void
schema_say(const struct schema_place *p, struct str *out)
{
	if (p->up == NULL) {
		str_addc(out, '$');
		return;
	}
	schema_say(p->up, out);
	if (p->key == NULL) {
		str_addf(out, "[%zu]", p->i);
		return;
	}
	str_addc(out, '.');
	esc_term(out, utf8_cut(view_of(p->key), SCHEMA_KEY_MAX));
}

static int
schema_bad(const struct schema_place *p, const char *what)
{
	AUTO_STR struct str at = STR_INIT_MAX(SCHEMA_PATH_MAX);

	schema_say(p, &at);
	return err_set(p->e, ERR_INVALID, "%s: %s", str_cstr(&at), what);
}

static size_t
schema_letters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static int
schema_is_type(const struct schema_place *p, const struct json *type,
    const struct json *value)
{
	const struct json *t = json_is_array(type) ? json_first(type) : type;
	AUTO_STR struct str want = STR_INIT;

	for (; t != NULL; t = json_is_array(type) ? json_next(t) : NULL) {
		const int i = schema_type(t);

		if (i >= 0 && schema_types[i].is(value))
			return 0;
		str_addf(&want, "%s%s", want.len > 0 ? " or " : "want ",
		    i >= 0 ? schema_types[i].name : "?");
	}
	return schema_bad(p, str_cstr(&want));
}

static int
schema_is_one(const struct schema_place *p, const struct json *list,
    const struct json *value)
{
	AUTO_STR struct str have = STR_INIT, one = STR_INIT;

	if (json_is_object(value) || json_is_array(value))
		return schema_bad(p, "is none of the values that may be");
	json_print(value, &have);
	for (const struct json *t = json_first(list); t != NULL;
	     t = json_next(t)) {
		str_reset(&one);
		json_print(t, &one);
		if (view_eq(str_view(&one), str_view(&have)))
			return 0;
	}
	return schema_bad(p, "is none of the values that may be");
}

static int
schema_sized(const struct schema_place *p, const struct json *schema, size_t n,
    const char *least, const char *most)
{
	if ((int64_t)n < json_i64_or(schema, least, 0))
		return schema_bad(p, "is too short");
	if ((int64_t)n > json_i64_or(schema, most, SCHEMA_WHOLE_MAX))
		return schema_bad(p, "is too long");
	return 0;
}

static int
schema_object(const struct schema_place *p, const struct json *schema,
    const struct json *value)
{
	const struct json *known = json_get(schema, "properties");
	struct schema_place in = { .up = p, .e = p->e };

	for (const struct json *k = json_first(json_get(schema, "required"));
	     k != NULL; k = json_next(k)) {
		in.key = json_string(k);
		if (json_get(value, in.key) == NULL)
			return schema_bad(&in, "is missing");
	}
	for (const struct json *m = json_first(value); m != NULL;
	     m = json_next(m)) {
		const struct json *s = json_get(known, json_key(m));

		in.key = json_key(m);
		if (s == NULL &&
		    !json_bool_or(schema, "additionalProperties", true))
			return schema_bad(&in, "is not known");
		if (s != NULL && schema_value(&in, s, m) == -1)
			return -1;
	}
	return 0;
}

static int
schema_array(const struct schema_place *p, const struct json *schema,
    const struct json *value)
{
	const struct json *items = json_get(schema, "items");
	struct schema_place in = { .up = p, .e = p->e };

	if (schema_sized(
		p, schema, json_count(value), "minItems", "maxItems") == -1)
		return -1;
	for (const struct json *v = json_first(value);
	     items != NULL && v != NULL; v = json_next(v)) {
		if (schema_value(&in, items, v) == -1)
			return -1;
		in.i++;
	}
	return 0;
}

static int
schema_number(const struct schema_place *p, const struct json *schema,
    const struct json *value)
{
	const double n = json_number(value, 0);

	if (n < json_f64_or(schema, "minimum", n))
		return schema_bad(p, "is too small");
	if (n > json_f64_or(schema, "maximum", n))
		return schema_bad(p, "is too large");
	return 0;
}

static int
schema_value(const struct schema_place *p, const struct json *schema,
    const struct json *value)
{
	const struct json *type = json_get(schema, "type");
	const struct json *list = json_get(schema, "enum");

	if (type != NULL && schema_is_type(p, type, value) == -1)
		return -1;
	if (list != NULL && schema_is_one(p, list, value) == -1)
		return -1;
	if (json_is_object(value))
		return schema_object(p, schema, value);
	if (json_is_array(value))
		return schema_array(p, schema, value);
	if (json_is_number(value))
		return schema_number(p, schema, value);
	if (json_is_string(value))
		return schema_sized(p, schema,
		    schema_letters(json_string(value)), "minLength",
		    "maxLength");
	return 0;
}

int
schema_judge(const struct json *schema, const struct json *value, struct err *e)
{
	const struct schema_place top = { .e = e };

	return schema_value(&top, schema, value);
}
