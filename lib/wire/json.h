/*
 * json: strict JSON (RFC 8259) in and out.  The reader is cJSON behind limits
 * that are checked before it sees a byte: size, nesting, UTF-8, one value and
 * nothing after it, no duplicate key at the top level.  The writer appends to
 * a str and cannot produce an unbalanced document.
 */
#ifndef LIB_WIRE_JSON_H
#define LIB_WIRE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct err;
struct json; /* a parsed value; the root owns the tree */
struct str;

enum {
	JSON_MAX_DEPTH = 32,
	JSON_MAX_BYTES = 4 << 20,
	JSON_MAX_VALUES = 1 << 18 /* a parsed value costs some 80 bytes */
};

/* max_bytes 0: JSON_MAX_BYTES.  Errors: ERR_LIMIT too large, too deep or too
 * many values, ERR_INVALID otherwise, with the byte offset. */
struct json *json_parse(struct view text, size_t max_bytes, struct err *e);
void json_free(struct json *root); /* NULL is fine */

/* Lookups.  Absent gives NULL; `j` may be NULL, so lookups nest. */
const struct json *json_get(const struct json *j, const char *key);
const struct json *json_at(const struct json *j, size_t i);
size_t json_count(const struct json *j);    /* of an array or object, else 0 */
const char *json_key(const struct json *j); /* member's name in its object */
const struct json *json_first(const struct json *j); /* walk any container */
const struct json *json_next(const struct json *member);

bool json_is_object(const struct json *j);
bool json_is_array(const struct json *j);
bool json_is_string(const struct json *j);
bool json_is_null(const struct json *j); /* present and null */
bool json_is_bool(const struct json *j);
bool json_is_number(const struct json *j);

/* Values with a default when absent or of another type. */
const char *json_str_or(const struct json *j, const char *key, const char *def);
int64_t json_i64_or(const struct json *j, const char *key, int64_t def);
bool json_bool_or(const struct json *j, const char *key, bool def);
double json_f64_or(const struct json *j, const char *key, double def);

/*
 * Values with a verdict, for what a peer sent.  0 found, 1 absent or null (the
 * output is untouched), -1 wrong type or out of range, naming the key.
 */
int json_str(const struct json *j, const char *key, size_t max,
    const char **out, struct err *e);
int json_i64(const struct json *j, const char *key, int64_t min, int64_t max,
    int64_t *out, struct err *e);
int json_bool(const struct json *j, const char *key, bool *out, struct err *e);

/* Of a value itself (array elements). */
const char *json_string(const struct json *j); /* NULL if it is none */
int64_t json_integer(const struct json *j, int64_t def);
double json_number(const struct json *j, double def);
/* Write a parsed value back, compact. */
void json_print(const struct json *j, struct str *out);

/* Writer: keys are NULL inside arrays and at the top. */
struct jw {
	struct str *out;
	unsigned depth;
	bool comma[JSON_MAX_DEPTH];
	bool array[JSON_MAX_DEPTH]; /* else an object */
};

void jw_init(struct jw *w, struct str *out);
void jw_object(struct jw *w, const char *key);
void jw_array(struct jw *w, const char *key);
void jw_end(struct jw *w); /* closes the innermost */
void jw_str(struct jw *w, const char *key, const char *s); /* NULL: null */
void jw_view(struct jw *w, const char *key, struct view v);
void jw_i64(struct jw *w, const char *key, int64_t n);
void jw_u64(struct jw *w, const char *key, uint64_t n);
void jw_bool(struct jw *w, const char *key, bool b);
void jw_null(struct jw *w, const char *key);
void jw_time(struct jw *w, const char *key, int64_t ms); /* 0: null */
void jw_raw(struct jw *w, const char *key, struct view json);

#endif
