#include "findings/finding.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "findings/policy.h"
#include "findings/rule.h"
#include "findings/sarif.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/mask.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

enum {
	FINDING_BEFORE = 40 /* bytes of the line before what it is about */
};

static const char finding_review_id[] = "review";

static const char *const finding_severities[] = {
	[FINDING_NOTE] = "note",
	[FINDING_ASK] = "ask",
	[FINDING_BLOCK] = "block",
};

const char *
finding_severity_name(enum finding_severity s)
{
	return finding_severities[s];
}

bool
finding_id_ok(const char *id)
{
	const struct finding_rule *rule = finding_rule_get(id);

	if (rule != NULL)
		return (rule->flags & RULE_FIXED) == 0;
	return strcmp(id, finding_review_id) == 0 || sarif_id_ok(id);
}

void
findings_look_at(struct findings *f, struct view text)
{
	f->text = text;
	f->point = 0;
}

void
findings_point(struct findings *f, size_t byte)
{
	f->point = byte < f->text.len ? byte : 0;
}

/* From where the evidence is cut: a little before what it is about, but not
 * within a character. */
static size_t
finding_quote_from(struct view text, size_t point)
{
	size_t from = point > FINDING_BEFORE ? point - FINDING_BEFORE : 0;

	while (from < point && ((unsigned char)text.p[from] & 0xc0) == 0x80)
		from++;
	while (from < point && (text.p[from] == ' ' || text.p[from] == '\t'))
		from++;
	return from;
}

static const struct mask finding_no_words;

char *
finding_path_shown(const char *path)
{
	char *shown = xstrdup(path);

	(void)mask_text(&finding_no_words, shown, strlen(shown));
	return shown;
}

/* The line at hand with asterisks for keys, its bytes where they were; NULL:
 * there is one that is not known by its shape alone. */
static char *
finding_line_shown(struct view text)
{
	char *shown = view_dup(text);
	bool key;

	if (secret_find(text, &key) == NULL)
		return shown;
	(void)mask_text(&finding_no_words, shown, text.len);
	if (secret_find((struct view){ shown, text.len }, &key) == NULL)
		return shown;
	free(shown);
	return NULL;
}

/* Where in the line, its hash, and what stands there, escaped. */
static void
finding_quote(struct findings *f, const struct finding_rule *rule,
    struct finding *row, struct str *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	AUTO_FREE char *shown = NULL;
	struct view rest;

	if (f->text.len == 0 || row->line == 0 ||
	    (rule != NULL && (rule->flags & RULE_SILENT) != 0) ||
	    (shown = finding_line_shown(f->text)) == NULL)
		return;
	rest = (struct view){ shown, f->text.len };
	for (size_t i = 0; f->point > 0 && i <= f->point; i++)
		if (((unsigned char)f->text.p[i] & 0xc0) != 0x80)
			row->column++;
	/* A hash of a key is one that can be tried. */
	if (memcmp(shown, f->text.p, f->text.len) == 0) {
		(void)crypto_hash_sha256(
		    hash, (const unsigned char *)f->text.p, f->text.len);
		(void)sodium_bin2hex(
		    row->sha256, sizeof(row->sha256), hash, sizeof(hash));
	}
	rest = view_from(rest, finding_quote_from(rest, f->point));
	while (rest.len > 0) {
		uint32_t c;
		size_t n = utf8_decode(rest, &c), had = out->len;

		esc_term(out, (struct view){ rest.p, n == 0 ? 1 : n });
		if (out->len > FINDING_EVIDENCE_MAX) {
			out->len = had;
			out->p[had] = '\0';
			break;
		}
		rest = view_from(rest, n == 0 ? 1 : n);
	}
}

static void
finding_push(struct findings *f, const struct finding *row)
{
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? 16 : 2 * f->cap;
		f->list = xrealloc(f->list, f->cap * sizeof(*f->list));
	}
	f->list[f->n++] = *row;
}

/* One rule says the same of one file a few times only. */
static bool
finding_is_repeat(const struct findings *f, const char *id,
    enum finding_severity severity, const char *file)
{
	int same = 0;

	for (size_t i = f->n; i-- > 0;) {
		if (f->list[i].severity == severity &&
		    strcmp(f->list[i].id, id) == 0 &&
		    strcmp(f->list[i].file, file) == 0 &&
		    ++same == FINDING_PER_FILE)
			return true;
	}
	return false;
}

static bool
finding_has_room(struct findings *f, const char *id,
    enum finding_severity severity, const char *file)
{
	if (f->n > 0 && finding_is_repeat(f, id, severity, file))
		return false;
	if (f->n < FINDING_MAX)
		return true;
	if (f->dropped++ == 0)
		finding_push(f,
		    &(struct finding){ .id = "too-many-findings",
			.severity = FINDING_BLOCK,
			.file = xstrdup(""),
			.message = xstrdup("there are more findings than can "
					   "be shown"),
			.evidence = xstrdup("") });
	return false;
}

void
finding_add(struct findings *f, const char *id, const char *file, uint32_t line,
    const char *fmt, ...)
{
	char text[FINDING_TEXT_MAX + 4];
	AUTO_STR struct str quote = STR_INIT;
	const struct finding_rule *rule = finding_rule_get(id);
	struct finding row = { .id = id,
		.severity = rule == NULL ? FINDING_BLOCK : rule->severity,
		.line = line };
	va_list ap;

	if (!findings_policy_weigh(f->policy, rule, id, file, &row.severity) ||
	    !finding_has_room(f, id, row.severity, file)) {
		f->point = 0;
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)mask_text(&finding_no_words, text, strlen(text));
	finding_quote(f, rule, &row, &quote);
	f->point = 0;
	row.file = xstrdup(file);
	row.message = view_dup(utf8_cut(view_of(text), FINDING_TEXT_MAX));
	row.evidence = str_steal(&quote);
	finding_push(f, &row);
}

void
finding_add_review(struct findings *f, enum finding_severity severity,
    const char *file, uint32_t line, const char *message)
{
	if (f->n >= FINDING_MAX)
		return;
	finding_push(f,
	    &(struct finding){ .id = finding_review_id,
		.severity = severity,
		.line = line,
		.file = xstrdup(file),
		.message = xstrndup(message, FINDING_TEXT_MAX),
		.evidence = xstrdup("") });
}

void
finding_add_foreign(struct findings *f, const char *id,
    enum finding_severity severity, const char *file, uint32_t line,
    const char *message)
{
	char *own;

	if (!findings_policy_weigh(f->policy, NULL, id, file, &severity) ||
	    !finding_has_room(f, id, severity, file))
		return;
	own = xstrdup(id);
	finding_push(f,
	    &(struct finding){ .id = own,
		.own_id = own,
		.severity = severity,
		.line = line,
		.file = xstrdup(file),
		.message = xstrndup(message, FINDING_TEXT_MAX),
		.evidence = xstrdup("") });
}

void
findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].file);
		free(f->list[i].message);
		free(f->list[i].evidence);
		free(f->list[i].own_id);
	}
	free(f->list);
	*f = (struct findings){ .list = NULL };
}

void
findings_allow(struct findings *f, const char *id)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].id, id) == 0)
			f->list[i].allowed = true;
}

size_t
findings_count(const struct findings *f, enum finding_severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].allowed && f->list[i].severity == severity)
			n++;
	return n;
}

bool
findings_any(const struct findings *f, enum finding_severity severity)
{
	return findings_count(f, severity) > 0;
}

enum finding_severity
findings_worst(const struct findings *f)
{
	if (findings_any(f, FINDING_BLOCK))
		return FINDING_BLOCK;
	return findings_any(f, FINDING_ASK) ? FINDING_ASK : FINDING_NOTE;
}
