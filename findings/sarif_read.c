#include <stdlib.h>
#include <string.h>

#include "findings/rule.h"
#include "findings/sarif.h"
#include "findings/scan.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/wire/json.h"

enum {
	SARIF_RUNS_MAX = 50,
	SARIF_LINE_MAX = 100000000
};

static const char sarif_prefix[] = "sarif:";

struct sarif_reader {
	struct findings *out;
	const struct json *run, *driver;
	struct str tool; /* "sarif:TOOL/" */
};

static bool
sarif_char_ok(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-' ||
	    c == '/' || c == ':' || c == '@';
}

bool
sarif_id_ok(const char *id)
{
	size_t n = strlen(id);

	if (strncmp(id, sarif_prefix, sizeof(sarif_prefix) - 1) != 0 ||
	    n > sizeof(sarif_prefix) + SARIF_TOOL_MAX + SARIF_RULE_MAX ||
	    strchr(id, '/') == NULL || id[n - 1] == '/')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!sarif_char_ok(id[i]))
			return false;
	return true;
}

static void
sarif_add_plain(struct str *out, const char *s, size_t max)
{
	for (size_t i = 0; s[i] != '\0' && i < max; i++)
		str_addc(out, sarif_char_ok(s[i]) ? s[i] : '_');
}

/* json_str for what has to be there and not be empty. */
static int
sarif_need(
    const struct json *j, const char *key, const char **out, struct err *e)
{
	int rc = json_str(j, key, SARIF_MAX, out, e);

	if (rc == 1 || (rc == 0 && (*out)[0] == '\0'))
		return err_set(e, ERR_INVALID, "%s is missing", key);
	return rc;
}

/* The row of the tool's own table: by its number, or by its id. */
static const struct json *
sarif_rule_row(
    const struct sarif_reader *r, const struct json *result, const char *id)
{
	const struct json *rules = json_get(r->driver, "rules");
	const struct json *ref = json_get(result, "rule");
	int64_t i = json_i64_or(
	    result, "ruleIndex", json_i64_or(ref, "index", -1));

	/* A rule of an extension is not in the driver's table. */
	if (json_get(ref, "toolComponent") != NULL)
		return NULL;
	if (i >= 0)
		return json_at(rules, (size_t)i);
	for (const struct json *row = json_first(rules);
	     id != NULL && row != NULL; row = json_next(row))
		if (strcmp(json_str_or(row, "id", ""), id) == 0)
			return row;
	return NULL;
}

static int
sarif_severity(const struct json *result, const struct json *row,
    enum finding_severity *out, struct err *e)
{
	static const struct {
		const char *level;
		enum finding_severity severity;
	} levels[] = {
		{ "none", FINDING_NOTE },
		{ "note", FINDING_NOTE },
		{ "warning", FINDING_ASK },
		{ "error", FINDING_BLOCK },
	};
	const char *level = NULL;
	int rc = json_str(result, "level", 16, &level, e);

	if (rc == -1)
		return -1;
	if (rc == 1)
		level = json_str_or(
		    json_get(row, "defaultConfiguration"), "level", "warning");
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(levels[i].level, level) != 0)
			continue;
		*out = levels[i].severity;
		return 0;
	}
	return err_set(e, ERR_INVALID, "level %.20s is not known", level);
}

/* "pass" and the like say that nothing is wrong. */
static int
sarif_counts(const struct json *result, bool *counts, struct err *e)
{
	static const char *const kinds[] = { "fail", "open", "review",
		"informational", "pass", "notApplicable" };
	const char *kind = "fail";

	if (json_str(result, "kind", 20, &kind, e) == -1)
		return -1;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0) {
			*counts = i < 3 &&
			    strcmp(json_str_or(result, "baselineState", ""),
				"absent") != 0;
			return 0;
		}
	return err_set(e, ERR_INVALID, "kind %.20s is not known", kind);
}

/* The first place: path of the tree where it is one, else as it came. */
static int
sarif_location(const struct sarif_reader *r, const struct json *result,
    struct str *path, int64_t *line, struct err *e)
{
	const struct json *place = json_get(
	    json_at(json_get(result, "locations"), 0), "physicalLocation");
	const struct json *file = json_get(place, "artifactLocation");
	int64_t i = json_i64_or(file, "index", -1);
	const char *uri = json_str_or(file, "uri", NULL);
	struct view v;

	if (uri == NULL && i >= 0)
		uri = json_str_or(
		    json_get(json_at(json_get(r->run, "artifacts"), (size_t)i),
			"location"),
		    "uri", NULL);
	*line = 0;
	if (json_i64(json_get(place, "region"), "startLine", 1, SARIF_LINE_MAX,
		line, e) == -1)
		return -1;
	if (uri == NULL)
		return 0;
	v = view_of(uri);
	while (view_starts(v, "./"))
		v = view_from(v, 2);
	if (v.len > SCAN_PATH_MAX)
		return err_set(e, ERR_INVALID, "a uri of %zu bytes", v.len);
	return esc_url_decode(v, path, e);
}

static int
sarif_read_result(
    const struct sarif_reader *r, const struct json *result, struct err *e)
{
	AUTO_STR struct str id = STR_INIT, path = STR_INIT;
	const struct json *message = json_get(result, "message"), *row;
	const char *rule = json_str_or(result, "ruleId",
	    json_str_or(json_get(result, "rule"), "id", NULL));
	const char *text = json_str_or(message, "text", NULL);
	enum finding_severity severity = FINDING_BLOCK;
	bool counts = true;
	int64_t line = 0;

	if (!json_is_object(result) || !json_is_object(message))
		return err_set(e, ERR_INVALID, "message is missing");
	row = sarif_rule_row(r, result, rule);
	if (rule == NULL)
		rule = json_str_or(row, "id", NULL);
	if (rule == NULL || rule[0] == '\0')
		return err_set(e, ERR_INVALID, "its rule is missing");
	if (text == NULL)
		text = json_str_or(json_get(row, "shortDescription"), "text",
		    "the tool gives no text");
	if (sarif_severity(result, row, &severity, e) == -1 ||
	    sarif_counts(result, &counts, e) == -1 ||
	    sarif_location(r, result, &path, &line, e) == -1)
		return -1;
	if (!counts)
		return 0;
	str_addv(&id, str_view(&r->tool));
	sarif_add_plain(&id, rule, SARIF_RULE_MAX);
	/* Without a name after it the last slash would be the tool's. */
	if (id.p[id.len - 1] == '/')
		id.p[id.len - 1] = '_';
	finding_add_foreign(r->out, str_cstr(&id), severity, str_cstr(&path),
	    (uint32_t)line, text);
	return 0;
}

/* What the tool says of itself: it ran, and it ran to its end. */
static int
sarif_ran(const struct json *run, struct err *e)
{
	const struct json *list = json_get(run, "invocations");

	for (const struct json *i = json_first(list); i != NULL;
	     i = json_next(i)) {
		bool ok = false;
		int rc = json_bool(i, "executionSuccessful", &ok, e);

		if (rc == -1)
			return -1;
		if (rc == 1 || !ok)
			return err_set(e, ERR_INVALID,
			    "the tool says that it did not run to its end");
	}
	if (!json_is_array(json_get(run, "results")))
		return err_set(
		    e, ERR_INVALID, "it has no results: the tool did not look");
	return 0;
}

static int
sarif_read_run(const struct json *run, struct findings *out, struct err *e)
{
	struct sarif_reader r = { .out = out, .run = run, .tool = STR_INIT };
	const char *name;
	size_t i = 0;
	int rc = 0;

	r.driver = json_get(json_get(run, "tool"), "driver");
	if (sarif_need(r.driver, "name", &name, e) == -1)
		return err_wrap(e, "tool.driver");
	if (sarif_ran(run, e) == -1)
		return -1;
	str_add(&r.tool, sarif_prefix);
	sarif_add_plain(&r.tool, name, SARIF_TOOL_MAX);
	str_addc(&r.tool, '/');
	for (const struct json *j = json_first(json_get(run, "results"));
	     j != NULL && rc == 0; j = json_next(j), i++)
		if ((rc = sarif_read_result(&r, j, e)) == -1)
			(void)err_wrap(e, "result %zu", i);
	str_release(&r.tool);
	return rc;
}

static int
sarif_read_log(const struct json *log, struct findings *out, struct err *e)
{
	const struct json *runs = json_get(log, "runs");
	const char *version;
	size_t i = 0;

	if (sarif_need(log, "version", &version, e) == -1)
		return -1;
	if (strcmp(version, "2.1.0") != 0)
		return err_set(e, ERR_INVALID,
		    "version %.20s; only 2.1.0 is read", version);
	if (!json_is_array(runs) || json_count(runs) == 0 ||
	    json_count(runs) > SARIF_RUNS_MAX)
		return err_set(e, ERR_INVALID, "runs has to have 1 to %d rows",
		    (int)SARIF_RUNS_MAX);
	for (const struct json *run = json_first(runs); run != NULL;
	     run = json_next(run), i++)
		if (sarif_read_run(run, out, e) == -1)
			return err_wrap(e, "run %zu", i);
	return 0;
}

int
sarif_read(struct view text, struct findings *out, struct err *e)
{
	struct json *log;
	int rc;

	/* Some tools write the mark that RFC 8259 lets a reader skip. */
	if (view_starts(text, "\xef\xbb\xbf"))
		text = view_from(text, 3);
	if ((log = json_parse(text, SARIF_MAX, e)) == NULL)
		return -1;
	rc = sarif_read_log(log, out, e);
	json_free(log);
	return rc;
}
