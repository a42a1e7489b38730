#include "lib/base/conf.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

enum {
	CONF_FILE_MAX = 1 << 20,
	CONF_LINE_MAX = 4096
};

struct conf_reader {
	const struct conf_spec *spec;
	void *cfg;
	bool *seen;      /* one for each key */
	bool in_section; /* under some [section] */
	bool ours;       /* under the one that is asked for */
};

static void
conf_store(void *cfg, const struct conf_key *k, const void *v, size_t n)
{
	memcpy((char *)cfg + k->offset, v, n);
}

static int
conf_bool(const char *s, bool *out, struct err *e)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = {
		{ "yes", true },
		{ "no", false },
		{ "true", true },
		{ "false", false },
		{ "on", true },
		{ "off", false },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(s, words[i].word) == 0) {
			*out = words[i].value;
			return 0;
		}
	}
	return err_set(e, ERR_INVALID, "%s is not yes or no", log_val(s));
}

/* The string that a CONF_STR field holds now. */
static char *
conf_string(const void *cfg, const struct conf_key *k)
{
	char *p;

	memcpy(&p, (const char *)cfg + k->offset, sizeof(p));
	return p;
}

static int
conf_set(void *cfg, const struct conf_key *k, const char *text, struct err *e)
{
	uint64_t max = k->max == 0 ? UINT64_MAX : k->max, u = 0;
	int64_t ms = 0, min_ms, max_ms;
	bool b = false;
	char *s;

	switch (k->type) {
	case CONF_STR:
		free(conf_string(cfg, k));
		s = xstrdup(text);
		conf_store(cfg, k, &s, sizeof(s));
		return 0;
	case CONF_U64:
		if (num_u64(text, k->min, max, &u, e) == -1)
			return -1;
		conf_store(cfg, k, &u, sizeof(u));
		return 0;
	case CONF_SIZE:
		if (num_size(text, k->min, max, &u, e) == -1)
			return -1;
		conf_store(cfg, k, &u, sizeof(u));
		return 0;
	case CONF_MS:
		min_ms = k->min > INT64_MAX ? INT64_MAX : (int64_t)k->min;
		max_ms = max > INT64_MAX ? INT64_MAX : (int64_t)max;
		if (num_duration_ms(text, min_ms, max_ms, &ms, e) == -1)
			return -1;
		conf_store(cfg, k, &ms, sizeof(ms));
		return 0;
	case CONF_BOOL:
		if (conf_bool(text, &b, e) == -1)
			return -1;
		conf_store(cfg, k, &b, sizeof(b));
		return 0;
	}
	die("conf bad-type key=%s", k->name);
}

/* Whatever the caller's storage holds is not read: it may be uninitialised. */
static void
conf_defaults(const struct conf_spec *spec, void *cfg)
{
	static const uint64_t zero;
	struct err e = ERR_INIT;
	char *none = NULL;

	for (const struct conf_key *k = spec->keys; k->name != NULL; k++) {
		if (k->type == CONF_STR)
			conf_store(cfg, k, &none, sizeof(none));
		else if (k->type == CONF_BOOL)
			conf_store(cfg, k, &zero, sizeof(bool));
		else
			conf_store(cfg, k, &zero, sizeof(zero));
		if (k->def != NULL && conf_set(cfg, k, k->def, &e) == -1)
			die("conf bad-default key=%s error=%s", k->name,
			    log_val(e.msg));
	}
}

static int
conf_enter(struct conf_reader *r, struct view name, struct err *e)
{
	AUTO_FREE char *z = view_dup(name);

	r->in_section = true;
	r->ours = strcmp(z, r->spec->section) == 0;
	if (r->ours)
		return 0;
	for (const char *const *k = r->spec->known; k != NULL && *k != NULL;
	     k++)
		if (strcmp(z, *k) == 0)
			return 0;
	return err_set(e, ERR_INVALID, "unknown section [%s]", log_val(z));
}

static int
conf_assign(
    struct conf_reader *r, struct view name, struct view value, struct err *e)
{
	AUTO_FREE char *z = view_dup(name);
	AUTO_FREE char *text = view_dup(value);
	const struct conf_key *keys = r->spec->keys;

	for (size_t i = 0; keys[i].name != NULL; i++) {
		if (strcmp(keys[i].name, z) != 0)
			continue;
		if (r->seen[i])
			return err_set(
			    e, ERR_INVALID, "key %s is set a second time", z);
		r->seen[i] = true;
		if (conf_set(r->cfg, &keys[i], text, e) == -1)
			return err_wrap(e, "key %s", z);
		return 0;
	}
	return err_set(e, ERR_INVALID, "unknown key %s in [%s]", log_val(z),
	    r->spec->section);
}

static bool
conf_text_ok(struct view v)
{
	for (size_t i = 0; i < v.len; i++)
		if (((unsigned char)v.p[i] < 0x20 && v.p[i] != '\t') ||
		    v.p[i] == 0x7f)
			return false;
	return utf8_valid(v);
}

static int
conf_line(struct conf_reader *r, struct view line, struct err *e)
{
	struct view name;

	if (line.len > CONF_LINE_MAX)
		return err_set(
		    e, ERR_LIMIT, "line is over %d bytes", (int)CONF_LINE_MAX);
	line = view_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return 0;
	if (!conf_text_ok(line))
		return err_set(
		    e, ERR_INVALID, "control byte or malformed UTF-8");
	if (line.p[0] == '[') {
		if (line.len < 3 || line.p[line.len - 1] != ']')
			return err_set(e, ERR_INVALID, "section is not [name]");
		line.len--;
		return conf_enter(r, view_trim(view_from(line, 1)), e);
	}
	if (!r->in_section)
		return err_set(e, ERR_INVALID,
		    "key before the first section; write [%s] above it",
		    r->spec->section);
	if (memchr(line.p, '=', line.len) == NULL)
		return err_set(e, ERR_INVALID, "line is not key = value");
	if (!r->ours)
		return 0;
	(void)view_split(&line, '=', &name);
	return conf_assign(r, view_trim(name), view_trim(line), e);
}

static int
conf_read(const char *name, struct view text, const struct conf_spec *spec,
    void *cfg, struct err *e)
{
	struct conf_reader r = { .spec = spec, .cfg = cfg };
	AUTO_FREE bool *seen = NULL;
	struct view line;
	size_t n = 0;

	while (spec->keys[n].name != NULL)
		n++;
	seen = xcalloc(n, sizeof(*seen));
	r.seen = seen;
	for (unsigned lineno = 1; view_split(&text, '\n', &line); lineno++) {
		if (conf_line(&r, line, e) == -1) {
			conf_release(spec, cfg);
			return err_wrap(e, "%s:%u", name, lineno);
		}
	}
	return 0;
}

int
conf_parse(const char *name, const char *text, size_t len,
    const struct conf_spec *spec, void *cfg, struct err *e)
{
	const struct view v = { .p = len == 0 ? "" : text, .len = len };

	conf_defaults(spec, cfg);
	return conf_read(name, v, spec, cfg, e);
}

int
conf_load(
    const char *path, const struct conf_spec *spec, void *cfg, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	conf_defaults(spec, cfg);
	if (path_read(path, CONF_FILE_MAX, &text, e) == -1) {
		if (e->code == ERR_NOTFOUND) {
			*e = ERR_INIT;
			return 0;
		}
		conf_release(spec, cfg);
		return -1;
	}
	return conf_read(path, str_view(&text), spec, cfg, e);
}

void
conf_release(const struct conf_spec *spec, void *cfg)
{
	char *none = NULL;

	for (const struct conf_key *k = spec->keys; k->name != NULL; k++) {
		if (k->type != CONF_STR)
			continue;
		free(conf_string(cfg, k));
		conf_store(cfg, k, &none, sizeof(none));
	}
}
