#include "server/git/checks_yaml.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/domain/net_rule.h"
#include "server/domain/protect_glob.h"

enum {
	CHECKS_EVENTS_MAX = 2048,
	CHECKS_OPEN_MAX = 512 /* brackets */
};

struct checks_read {
	yaml_parser_t parser;
	yaml_event_t ev;
	bool has_ev;
	unsigned events;
	size_t line; /* of the current event, from 1 */
};

static int checks_fail(const struct checks_read *r, struct err *e,
    const char *fmt, ...) __attribute__((format(printf, 3, 4), cold));

static int
checks_fail(const struct checks_read *r, struct err *e, const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(160);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	(void)err_set(e, ERR_INVALID, "line %zu: %s", r->line, str_cstr(&text));
	return -1;
}

static int
checks_syntax(struct checks_read *r, struct err *e)
{
	const yaml_parser_t *p = &r->parser;

	r->line = p->problem_mark.line + 1;
	return checks_fail(r, e, "not YAML: %s",
	    p->problem != NULL ? p->problem : "malformed");
}

/* Step to the next event; r->ev is it. */
static int
checks_next(struct checks_read *r, struct err *e)
{
	if (r->has_ev)
		yaml_event_delete(&r->ev);
	r->has_ev = false;
	if (++r->events > CHECKS_EVENTS_MAX)
		return checks_fail(r, e, "the file is too large");
	if (!yaml_parser_parse(&r->parser, &r->ev))
		return checks_syntax(r, e);
	r->has_ev = true;
	r->line = r->ev.start_mark.line + 1;
	if (r->ev.type == YAML_ALIAS_EVENT)
		return checks_fail(r, e, "aliases are not allowed here");
	if ((r->ev.type == YAML_SCALAR_EVENT &&
		(r->ev.data.scalar.anchor != NULL ||
		    r->ev.data.scalar.tag != NULL)) ||
	    (r->ev.type == YAML_SEQUENCE_START_EVENT &&
		(r->ev.data.sequence_start.anchor != NULL ||
		    r->ev.data.sequence_start.tag != NULL)) ||
	    (r->ev.type == YAML_MAPPING_START_EVENT &&
		(r->ev.data.mapping_start.anchor != NULL ||
		    r->ev.data.mapping_start.tag != NULL)))
		return checks_fail(
		    r, e, "anchors and tags are not allowed here");
	return 0;
}

static int
checks_skip(struct checks_read *r, int n, struct err *e)
{
	while (n-- > 0)
		if (checks_next(r, e) == -1)
			return -1;
	return 0;
}

/* The scalar at hand as text of at most max bytes. */
static int
checks_text(struct checks_read *r, const char *what, size_t max, char **out,
    struct err *e)
{
	struct view v = { .p = "" };

	if (r->ev.type != YAML_SCALAR_EVENT)
		goto not_text;
	v = (struct view){ .p = (const char *)r->ev.data.scalar.value,
		.len = r->ev.data.scalar.length };
	if (v.len > max) {
		(void)checks_fail(
		    r, e, "%s is longer than %zu bytes", what, max);
		return -1;
	}
	if (memchr(v.p, '\0', v.len) != NULL || !utf8_valid(v))
		goto not_text;
	*out = view_dup(v);
	return 0;
not_text:
	(void)checks_fail(r, e, "%s is not text", what);
	return -1;
}

static int
checks_read_name(struct checks_read *r, struct check *c, struct err *e)
{
	AUTO_FREE char *s = NULL;

	if (checks_text(r, "name", CHECK_NAME_MAX - 1, &s, e) == -1)
		return -1;
	if (!check_name_ok(s))
		return checks_fail(
		    r, e, "name must be of a-z, 0-9, '.', '_' and '-'");
	if (check_name_taken(s))
		return checks_fail(r, e, "the name %s is the server's own", s);
	memcpy(c->name, s, strlen(s) + 1);
	return 0;
}

static int
checks_read_command(
    struct checks_read *r, const char *what, char **out, struct err *e)
{
	if (checks_text(r, what, CHECK_COMMAND_MAX, out, e) == -1)
		return -1;
	if (view_trim(view_of(*out)).len == 0)
		return checks_fail(r, e, "%s is empty", what);
	return 0;
}

static int
checks_read_setup(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_command(r, "setup", &c->setup, e);
}

static int
checks_read_test(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_command(r, "test", &c->test, e);
}

static int
checks_read_mode(struct checks_read *r, const char *what,
    enum network_mode *out, struct err *e)
{
	static const struct {
		const char *name;
		enum network_mode mode;
	} modes[] = { { "off", NETWORK_OFF }, { "none", NETWORK_NONE },
		{ "locked", NETWORK_LOCKED }, { "web", NETWORK_WEB } };
	AUTO_FREE char *s = NULL;

	if (checks_text(r, what, 16, &s, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(s, modes[i].name) == 0) {
			*out = modes[i].mode;
			return 0;
		}
	return checks_fail(r, e, "%s must be off, none, locked or web", what);
}

static int
checks_read_network(struct checks_read *r, struct check *c, struct err *e)
{
	bool setup = false, test = false;

	if (r->ev.type != YAML_MAPPING_START_EVENT)
		return checks_fail(
		    r, e, "network must be {setup: MODE, test: MODE}");
	for (;;) {
		AUTO_FREE char *key = NULL;
		bool is_setup, *seen;

		if (checks_next(r, e) == -1)
			return -1;
		if (r->ev.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (checks_text(r, "a key", 64, &key, e) == -1)
			return -1;
		is_setup = strcmp(key, "setup") == 0;
		if (!is_setup && strcmp(key, "test") != 0)
			return checks_fail(
			    r, e, "unknown key in network: %s", key);
		seen = is_setup ? &setup : &test;
		if (*seen)
			return checks_fail(r, e, "%s is there twice", key);
		*seen = true;
		if (checks_next(r, e) == -1)
			return -1;
		if (checks_read_mode(r, key,
			is_setup ? &c->network_setup : &c->network_test,
			e) == -1)
			return -1;
	}
}

static int
checks_read_timeout(struct checks_read *r, struct check *c, struct err *e)
{
	AUTO_FREE char *s = NULL;
	int64_t ms;

	if (checks_text(r, "timeout", 16, &s, e) == -1)
		return -1;
	if (num_duration_ms(
		s, 1000, (int64_t)CHECK_TIMEOUT_MAX_S * 1000, &ms, e) == -1)
		return checks_fail(
		    r, e, "timeout must be from 1s to 6h, like 10m");
	c->timeout_s = ms / 1000;
	return 0;
}

static int
checks_read_size(struct checks_read *r, const char *what, uint64_t min,
    uint64_t max, uint64_t *out, struct err *e)
{
	AUTO_FREE char *s = NULL;

	if (checks_text(r, what, 24, &s, e) == -1)
		return -1;
	if (num_size(s, min, max, out, e) == -1)
		return checks_fail(r, e, "%s must be from 64M to %s, like 2G",
		    what, max == CHECK_MEMORY_MAX ? "64G" : "1024G");
	return 0;
}

static int
checks_read_memory(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_size(
	    r, "memory", CHECK_MEMORY_MIN, CHECK_MEMORY_MAX, &c->memory, e);
}

static int
checks_read_disk(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_size(
	    r, "disk", CHECK_DISK_MIN, CHECK_DISK_MAX, &c->disk, e);
}

static int
checks_read_count(struct checks_read *r, const char *what, int64_t min,
    int64_t max, int64_t *out, struct err *e)
{
	AUTO_FREE char *s = NULL;

	if (checks_text(r, what, 16, &s, e) == -1)
		return -1;
	if (num_i64(s, min, max, out, e) == -1)
		return checks_fail(r, e, "%s must be from %lld to %lld", what,
		    (long long)min, (long long)max);
	return 0;
}

static int
checks_read_cpus(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_count(r, "cpus", 1, 512, &c->cpus, e);
}

static int
checks_read_pids(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_count(r, "pids", 16, 32768, &c->pids, e);
}

static int
checks_read_root(
    struct checks_read *r, const char *what, char **out, struct err *e)
{
	if (checks_text(r, what, CHECK_ROOT_MAX, out, e) == -1)
		return -1;
	if (!check_root_ok(*out))
		return checks_fail(r, e, "%s is no name of one", what);
	return 0;
}

static int
checks_read_image(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_root(r, "image", &c->image, e);
}

static int
checks_read_profile(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_root(r, "profile", &c->profile, e);
}

/* The texts of a list, each taken by fn, which may fail. */
typedef int checks_item_fn(
    struct checks_read *r, const char *text, struct str *out, struct err *e);

static checks_item_fn checks_take_pattern;

static int
checks_read_texts(struct checks_read *r, const char *what, size_t max,
    checks_item_fn *fn, char **out, struct err *e)
{
	AUTO_STR struct str all = STR_INIT;
	size_t n = 0;

	if (r->ev.type != YAML_SEQUENCE_START_EVENT)
		return checks_fail(r, e, "%s must be a list, [a, b]", what);
	for (;;) {
		AUTO_FREE char *text = NULL;

		if (checks_next(r, e) == -1)
			return -1;
		if (r->ev.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (++n > max)
			return checks_fail(
			    r, e, "%s may have at most %zu entries", what, max);
		if (checks_text(r, what, PROTECT_GLOB_MAX, &text, e) == -1 ||
		    fn(r, text, &all, e) == -1)
			return -1;
	}
	/* No pattern would be no file: a check that never runs. */
	if (n == 0 && fn == checks_take_pattern)
		return checks_fail(r, e, "%s is empty: leave it out", what);
	*out = str_steal(&all);
	return 0;
}

static int
checks_take_preset(
    struct checks_read *r, const char *text, struct str *out, struct err *e)
{
	if (!net_preset_name_ok(text))
		return checks_fail(r, e, "no preset is named so: %s", text);
	if (out->len > 0)
		str_addc(out, ' ');
	str_add(out, text);
	return 0;
}

static int
checks_take_label(
    struct checks_read *r, const char *text, struct str *out, struct err *e)
{
	if (!check_name_ok(text))
		return checks_fail(
		    r, e, "a label must be of a-z, 0-9, '.', '_' and '-'");
	if (out->len > 0)
		str_addc(out, ' ');
	str_add(out, text);
	return 0;
}

static int
checks_take_pattern(
    struct checks_read *r, const char *text, struct str *out, struct err *e)
{
	struct err why = ERR_INIT;

	if (text[0] == '\0' || strchr(text, '\n') != NULL)
		return checks_fail(r, e, "a pattern is empty or has two lines");
	if (protect_glob_check(view_of(text), &why) == -1)
		return checks_fail(r, e, "%s: %s", text, why.msg);
	str_add(out, text);
	str_addc(out, '\n');
	return 0;
}

static int
checks_read_presets(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_texts(r, "presets", CHECK_PRESETS_MAX,
	    checks_take_preset, &c->presets, e);
}

static int
checks_read_labels(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_texts(
	    r, "labels", CHECK_PRESETS_MAX, checks_take_label, &c->labels, e);
}

static int
checks_read_paths(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_texts(
	    r, "paths", CHECK_PATTERNS_MAX, checks_take_pattern, &c->paths, e);
}

static int
checks_read_paths_ignore(struct checks_read *r, struct check *c, struct err *e)
{
	return checks_read_texts(r, "paths_ignore", CHECK_PATTERNS_MAX,
	    checks_take_pattern, &c->paths_ignore, e);
}

static int
checks_read_required(struct checks_read *r, struct check *c, struct err *e)
{
	AUTO_FREE char *s = NULL;

	if (checks_text(r, "required", 8, &s, e) == -1)
		return -1;
	c->required = strcmp(s, "true") == 0;
	if (!c->required && strcmp(s, "false") != 0)
		return checks_fail(r, e, "required must be true or false");
	return 0;
}

struct checks_key {
	const char *name;
	int (*read)(struct checks_read *r, struct check *c, struct err *e);
};

static const struct checks_key checks_limit_keys[] = {
	{ "memory", checks_read_memory },
	{ "cpus", checks_read_cpus },
	{ "pids", checks_read_pids },
	{ "disk", checks_read_disk },
	{ NULL, NULL },
};

/* One key of a map and its value; *seen has a bit for each row. */
static int
checks_read_key(struct checks_read *r, const struct checks_key *keys,
    struct check *c, unsigned *seen, struct err *e)
{
	AUTO_FREE char *key = NULL;

	if (checks_text(r, "a key", 64, &key, e) == -1)
		return -1;
	for (unsigned i = 0; keys[i].name != NULL; i++) {
		if (strcmp(key, keys[i].name) != 0)
			continue;
		if ((*seen & 1U << i) != 0)
			return checks_fail(r, e, "%s is there twice", key);
		*seen |= 1U << i;
		if (checks_next(r, e) == -1)
			return -1;
		return keys[i].read(r, c, e);
	}
	return checks_fail(r, e, "unknown key: %s", key);
}

static int
checks_read_keys(struct checks_read *r, const struct checks_key *keys,
    struct check *c, struct err *e)
{
	unsigned seen = 0;

	for (;;) {
		if (checks_next(r, e) == -1)
			return -1;
		if (r->ev.type == YAML_MAPPING_END_EVENT)
			return 0;
		if (checks_read_key(r, keys, c, &seen, e) == -1)
			return -1;
	}
}

static int
checks_read_limits(struct checks_read *r, struct check *c, struct err *e)
{
	if (r->ev.type != YAML_MAPPING_START_EVENT)
		return checks_fail(r, e, "limits must be {memory: 2G, ...}");
	return checks_read_keys(r, checks_limit_keys, c, e);
}

static const struct checks_key checks_keys[] = {
	{ "name", checks_read_name },
	{ "image", checks_read_image },
	{ "profile", checks_read_profile },
	{ "setup", checks_read_setup },
	{ "test", checks_read_test },
	{ "network", checks_read_network },
	{ "presets", checks_read_presets },
	{ "labels", checks_read_labels },
	{ "timeout", checks_read_timeout },
	{ "limits", checks_read_limits },
	{ "memory", checks_read_memory },
	{ "paths", checks_read_paths },
	{ "paths_ignore", checks_read_paths_ignore },
	{ "required", checks_read_required },
	{ NULL, NULL },
};

static int
checks_read_check(struct checks_read *r, struct checks *out, struct err *e)
{
	struct check *c;
	size_t line = r->line;

	if (r->ev.type != YAML_MAPPING_START_EVENT)
		return checks_fail(r, e, "a check must be a map of keys");
	if (out->n == CHECKS_MAX)
		return checks_fail(
		    r, e, "there may be at most %d checks", CHECKS_MAX);
	c = &out->v[out->n++];
	*c = (struct check){ .network_setup = NETWORK_LOCKED,
		.network_test = NETWORK_OFF,
		.timeout_s = CHECK_TIMEOUT_DEFAULT_S,
		.memory = CHECK_MEMORY_DEFAULT,
		.required = true };
	if (checks_read_keys(r, checks_keys, c, e) == -1)
		return -1;
	r->line = line;
	if (c->name[0] == '\0')
		return checks_fail(r, e, "the check has no name");
	if (c->test == NULL)
		return checks_fail(r, e, "check %s has no test", c->name);
	if (c->image != NULL && c->profile != NULL)
		return checks_fail(
		    r, e, "check %s has an image and a profile", c->name);
	if (checks_find(out, c->name) != c)
		return checks_fail(r, e, "check %s is there twice", c->name);
	return 0;
}

static int
checks_read_list(struct checks_read *r, struct checks *out, struct err *e)
{
	if (r->ev.type != YAML_SEQUENCE_START_EVENT)
		return checks_fail(r, e, "checks must be a list");
	for (;;) {
		if (checks_next(r, e) == -1)
			return -1;
		if (r->ev.type == YAML_SEQUENCE_END_EVENT)
			return 0;
		if (checks_read_check(r, out, e) == -1)
			return -1;
	}
}

static int
checks_read_tests(struct checks_read *r, struct checks *out, struct err *e)
{
	return checks_read_texts(r, "tests", CHECK_PATTERNS_MAX,
	    checks_take_pattern, &out->tests, e);
}

static int
checks_read_new_tests(struct checks_read *r, struct checks *out, struct err *e)
{
	static const struct {
		const char *name;
		enum checks_new_tests value;
	} words[] = { { "off", NEW_TESTS_OFF },
		{ "advisory", NEW_TESTS_ADVISORY },
		{ "required", NEW_TESTS_REQUIRED } };
	AUTO_FREE char *s = NULL;

	if (checks_text(r, "new_tests", 16, &s, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i].name) == 0) {
			out->new_tests = words[i].value;
			return 0;
		}
	return checks_fail(r, e, "new_tests must be off, advisory or required");
}

static const struct {
	const char *name;
	int (*read)(struct checks_read *r, struct checks *out, struct err *e);
} checks_top[] = {
	{ "checks", checks_read_list },
	{ "tests", checks_read_tests },
	{ "new_tests", checks_read_new_tests },
};

/* *seen has a bit for each row; that of `checks` is the first. */
static int
checks_read_top(
    struct checks_read *r, struct checks *out, unsigned *seen, struct err *e)
{
	AUTO_FREE char *key = NULL;

	if (checks_text(r, "a key", 64, &key, e) == -1)
		return -1;
	for (unsigned i = 0; i < sizeof(checks_top) / sizeof(checks_top[0]);
	     i++) {
		if (strcmp(key, checks_top[i].name) != 0)
			continue;
		if ((*seen & 1U << i) != 0)
			return checks_fail(r, e, "%s is there twice", key);
		*seen |= 1U << i;
		if (checks_next(r, e) == -1)
			return -1;
		return checks_top[i].read(r, out, e);
	}
	return checks_fail(r, e, "unknown key: %s", key);
}

static int
checks_read_document(struct checks_read *r, struct checks *out, struct err *e)
{
	unsigned seen = 0;

	if (r->ev.type != YAML_MAPPING_START_EVENT)
		return checks_fail(r, e, "the file must begin with `checks:`");
	for (;;) {
		if (checks_next(r, e) == -1)
			return -1;
		if (r->ev.type == YAML_MAPPING_END_EVENT)
			break;
		if (checks_read_top(r, out, &seen, e) == -1)
			return -1;
	}
	if ((seen & 1U) == 0)
		return checks_fail(r, e, "the file must have `checks:`");
	return 0;
}

static int
checks_read_stream(struct checks_read *r, struct checks *out, struct err *e)
{
	if (checks_skip(r, 2, e) == -1)
		return -1;
	if (r->ev.type == YAML_STREAM_END_EVENT)
		return checks_fail(r, e, "the file is empty");
	if (checks_next(r, e) == -1 || checks_read_document(r, out, e) == -1)
		return -1;
	if (checks_skip(r, 2, e) == -1)
		return -1;
	if (r->ev.type != YAML_STREAM_END_EVENT)
		return checks_fail(r, e, "only one document is allowed");
	return 0;
}

/* libyaml scans flow collections without a bound: refuse deep ones first. */
static int
checks_check_depth(struct view text, struct err *e)
{
	size_t line = 1, depth = 0;

	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c == '\n')
			line++;
		else if (c == '[' || c == '{')
			depth++;
		else if ((c == ']' || c == '}') && depth > 0)
			depth--;
		if (depth > CHECKS_OPEN_MAX)
			return err_set(e, ERR_INVALID,
			    "line %zu: too deeply nested", line);
	}
	return 0;
}

int
checks_parse(struct view text, struct checks *out, struct err *e)
{
	struct checks_read r = { .line = 1 };
	int rc;

	*out = CHECKS_INIT;
	if (text.len > CHECKS_FILE_MAX)
		return err_set(e, ERR_INVALID,
		    "line 1: the file is larger than %d bytes",
		    CHECKS_FILE_MAX);
	if (checks_check_depth(text, e) == -1)
		return -1;
	if (!yaml_parser_initialize(&r.parser))
		return err_set(e, ERR_INTERNAL, "no YAML parser");
	yaml_parser_set_input_string(&r.parser,
	    (const unsigned char *)(text.p != NULL ? text.p : ""), text.len);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	rc = checks_read_stream(&r, out, e);
	if (r.has_ev)
		yaml_event_delete(&r.ev);
	yaml_parser_delete(&r.parser);
	if (rc == -1)
		checks_release(out);
	return rc;
}
