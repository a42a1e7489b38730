#include "lib/wire/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/wire/json_scan.h"

/* Whole numbers up to here survive the reader's double (RFC 7493, 2.2). */
#define JSON_MAX_EXACT ((int64_t)1 << 53)

/* struct json is never defined: it names the reader's item outside of here. */
static const cJSON *
json_item(const struct json *j)
{
	return (const cJSON *)j;
}

static const struct json *
json_of(const cJSON *c)
{
	return (const struct json *)c;
}

static int
json_key_order(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
json_check_keys(const cJSON *root, struct err *e)
{
	AUTO_FREE const char **keys = NULL;
	const cJSON *m;
	size_t n = 0, i = 0;

	if (!cJSON_IsObject(root))
		return 0;
	cJSON_ArrayForEach(m, root)
		n++;
	keys = xcalloc(n + 1, sizeof(*keys));
	cJSON_ArrayForEach(m, root)
		keys[i++] = m->string;
	qsort(keys, n, sizeof(*keys), json_key_order);
	for (i = 1; i < n; i++)
		if (strcmp(keys[i - 1], keys[i]) == 0)
			return err_set(e, ERR_INVALID,
			    "JSON: the key \"%.60s\" is there twice", keys[i]);
	return 0;
}

struct json *
json_parse(struct view text, size_t max_bytes, struct err *e)
{
	static const struct json_scan_limits limits = { .depth = JSON_MAX_DEPTH,
		.values = JSON_MAX_VALUES };
	cJSON *root;

	if (max_bytes == 0)
		max_bytes = JSON_MAX_BYTES;
	if (text.len > max_bytes) {
		err_set(e, ERR_LIMIT, "JSON: %zu bytes, the limit is %zu",
		    text.len, max_bytes);
		return NULL;
	}
	if (json_scan(text, &limits, e) == -1)
		return NULL;
	root = cJSON_ParseWithLength(text.p, text.len);
	if (root == NULL) {
		err_set(e, ERR_INVALID, "JSON: not readable");
		return NULL;
	}
	if (json_check_keys(root, e) == -1) {
		cJSON_Delete(root);
		return NULL;
	}
	return (struct json *)root;
}

void
json_free(struct json *root)
{
	cJSON_Delete((cJSON *)root);
}

const struct json *
json_get(const struct json *j, const char *key)
{
	if (!json_is_object(j))
		return NULL;
	return json_of(cJSON_GetObjectItemCaseSensitive(json_item(j), key));
}

const struct json *
json_at(const struct json *j, size_t i)
{
	const struct json *m = json_first(j);

	while (m != NULL && i-- > 0)
		m = json_next(m);
	return m;
}

size_t
json_count(const struct json *j)
{
	size_t n = 0;

	for (const struct json *m = json_first(j); m != NULL; m = json_next(m))
		n++;
	return n;
}

const char *
json_key(const struct json *j)
{
	return j == NULL ? NULL : json_item(j)->string;
}

const struct json *
json_first(const struct json *j)
{
	return j == NULL ? NULL : json_of(json_item(j)->child);
}

const struct json *
json_next(const struct json *member)
{
	return member == NULL ? NULL : json_of(json_item(member)->next);
}

bool
json_is_object(const struct json *j)
{
	return cJSON_IsObject(json_item(j));
}

bool
json_is_array(const struct json *j)
{
	return cJSON_IsArray(json_item(j));
}

bool
json_is_string(const struct json *j)
{
	return cJSON_IsString(json_item(j));
}

bool
json_is_null(const struct json *j)
{
	return cJSON_IsNull(json_item(j));
}

bool
json_is_bool(const struct json *j)
{
	return cJSON_IsBool(json_item(j));
}

bool
json_is_number(const struct json *j)
{
	return cJSON_IsNumber(json_item(j));
}

double
json_number(const struct json *j, double def)
{
	return json_is_number(j) ? json_item(j)->valuedouble : def;
}

/* A whole number of at most 2^53; anything else is refused, never rounded. */
static bool
json_to_i64(const struct json *j, int64_t *out)
{
	double d;

	if (j == NULL || !cJSON_IsNumber(json_item(j)))
		return false;
	d = json_item(j)->valuedouble;
	if (!(fabs(d) <= (double)JSON_MAX_EXACT) || d != trunc(d))
		return false;
	*out = (int64_t)d;
	return true;
}

const char *
json_string(const struct json *j)
{
	if (j == NULL || !json_is_string(j))
		return NULL;
	return json_item(j)->valuestring;
}

int64_t
json_integer(const struct json *j, int64_t def)
{
	int64_t n;

	return json_to_i64(j, &n) ? n : def;
}

const char *
json_str_or(const struct json *j, const char *key, const char *def)
{
	const char *s = json_string(json_get(j, key));

	return s == NULL ? def : s;
}

int64_t
json_i64_or(const struct json *j, const char *key, int64_t def)
{
	return json_integer(json_get(j, key), def);
}

bool
json_bool_or(const struct json *j, const char *key, bool def)
{
	const struct json *v = json_get(j, key);

	return cJSON_IsBool(json_item(v)) ? cJSON_IsTrue(json_item(v)) : def;
}

double
json_f64_or(const struct json *j, const char *key, double def)
{
	return json_number(json_get(j, key), def);
}

int
json_str(const struct json *j, const char *key, size_t max, const char **out,
    struct err *e)
{
	const struct json *v = json_get(j, key);
	const char *s = json_string(v);

	if (v == NULL || json_is_null(v))
		return 1;
	if (s == NULL)
		return err_set(e, ERR_INVALID, "%s: must be a string", key);
	if (strlen(s) > max)
		return err_set(e, ERR_INVALID,
		    "%s: must have at most %zu bytes", key, max);
	*out = s;
	return 0;
}

int
json_i64(const struct json *j, const char *key, int64_t min, int64_t max,
    int64_t *out, struct err *e)
{
	const struct json *v = json_get(j, key);
	int64_t n;

	if (v == NULL || json_is_null(v))
		return 1;
	if (!cJSON_IsNumber(json_item(v)))
		return err_set(e, ERR_INVALID, "%s: must be a number", key);
	if (!json_to_i64(v, &n) || n < min || n > max)
		return err_set(e, ERR_INVALID,
		    "%s: must be a whole number from %lld to %lld", key,
		    (long long)min, (long long)max);
	*out = n;
	return 0;
}

int
json_bool(const struct json *j, const char *key, bool *out, struct err *e)
{
	const struct json *v = json_get(j, key);

	if (v == NULL || json_is_null(v))
		return 1;
	if (!cJSON_IsBool(json_item(v)))
		return err_set(
		    e, ERR_INVALID, "%s: must be true or false", key);
	*out = cJSON_IsTrue(json_item(v));
	return 0;
}

void
json_print(const struct json *j, struct str *out)
{
	char *s = cJSON_PrintUnformatted(json_item(j));

	if (s == NULL)
		return;
	str_add(out, s);
	cJSON_free(s);
}
