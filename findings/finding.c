#include "findings/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/str.h"

static const char finding_review_id[] = "review";

static const struct {
	const char *id;
	enum finding_severity severity;
} finding_rules[] = {
	{ "agent-config", FINDING_BLOCK },
	{ "bad-name", FINDING_BLOCK },
	{ "bidi", FINDING_BLOCK },
	{ "binary", FINDING_ASK },
	{ "build-file", FINDING_ASK },
	{ "case-collision", FINDING_BLOCK },
	{ "ci-file", FINDING_ASK },
	{ "commit-date", FINDING_NOTE },
	{ "commit-message", FINDING_BLOCK },
	{ "control-character", FINDING_BLOCK },
	{ "editor-config", FINDING_BLOCK },
	{ "embedded-repository", FINDING_BLOCK },
	{ "encoding", FINDING_ASK },
	{ "evil-merge", FINDING_ASK },
	{ "executable", FINDING_ASK },
	{ "executable-binary", FINDING_BLOCK },
	{ "file-type", FINDING_ASK },
	{ "folder-to-link", FINDING_BLOCK },
	{ "gitattributes", FINDING_ASK },
	{ "gitattributes-filter", FINDING_BLOCK },
	{ "gitattributes-hide", FINDING_ASK },
	{ "gitmodules", FINDING_BLOCK },
	{ "gitmodules-danger", FINDING_BLOCK },
	{ "hidden-code", FINDING_ASK },
	{ "hidden-from-review", FINDING_BLOCK },
	{ "history-hidden", FINDING_BLOCK },
	{ "history-unread", FINDING_ASK },
	{ "hook", FINDING_BLOCK },
	{ "invisible", FINDING_BLOCK },
	{ "large-change", FINDING_ASK },
	{ "large-file", FINDING_ASK },
	{ "lfs", FINDING_ASK },
	{ "lockfile", FINDING_NOTE },
	{ "long-line", FINDING_ASK },
	{ "many-commits", FINDING_ASK },
	{ "merge-resolution", FINDING_ASK },
	{ "mixed-scripts", FINDING_ASK },
	{ "new-identity", FINDING_NOTE },
	{ "odd-name", FINDING_ASK },
	{ "pipe-to-shell", FINDING_ASK },
	{ "private-key", FINDING_BLOCK },
	{ "prompt-injection", FINDING_ASK },
	{ "secret", FINDING_BLOCK },
	{ "signature-lost", FINDING_NOTE },
	{ "submodule", FINDING_BLOCK },
	{ "symlink", FINDING_ASK },
	{ "symlink-chain", FINDING_BLOCK },
	{ "symlink-escape", FINDING_BLOCK },
	{ "test-deleted", FINDING_ASK },
	{ "test-skipped", FINDING_ASK },
	{ "too-large", FINDING_BLOCK },
	{ "too-many-findings", FINDING_BLOCK },
	{ "tool-config", FINDING_ASK },
	{ "unusual-mode", FINDING_BLOCK },
};

static const size_t finding_rules_n = sizeof(finding_rules) /
    sizeof(finding_rules[0]);

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
	/* What was not read cannot be allowed. */
	if (strncmp(id, "too-", 4) == 0)
		return false;
	for (size_t i = 0; i < finding_rules_n; i++)
		if (strcmp(finding_rules[i].id, id) == 0)
			return true;
	return strcmp(id, finding_review_id) == 0;
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
finding_is_repeat(const struct findings *f, const char *id, const char *file)
{
	int same = 0;

	for (size_t i = f->n; i-- > 0;) {
		if (strcmp(f->list[i].id, id) == 0 &&
		    strcmp(f->list[i].file, file) == 0 &&
		    ++same == FINDING_PER_FILE)
			return true;
	}
	return false;
}

void
finding_add(struct findings *f, const char *id, const char *file, uint32_t line,
    const char *fmt, ...)
{
	AUTO_STR struct str text = STR_INIT_MAX(FINDING_TEXT_MAX);
	enum finding_severity severity = FINDING_BLOCK;
	va_list ap;

	if (f->n > 0 && finding_is_repeat(f, id, file))
		return;
	if (f->n >= FINDING_MAX) {
		if (f->dropped++ == 0) {
			const struct finding full = {
				.id = "too-many-findings",
				.severity = FINDING_BLOCK,
				.file = xstrdup(""),
				.message = xstrdup("there are more findings "
						   "than can be shown"),
			};

			finding_push(f, &full);
		}
		return;
	}
	for (size_t i = 0; i < finding_rules_n; i++)
		if (strcmp(finding_rules[i].id, id) == 0)
			severity = finding_rules[i].severity;
	va_start(ap, fmt);
	str_vaddf(&text, fmt, ap);
	va_end(ap);
	finding_push(f,
	    &(struct finding){ .id = id,
		.severity = severity,
		.line = line,
		.file = xstrdup(file),
		.message = xstrdup(str_cstr(&text)) });
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
		.message = xstrndup(message, FINDING_TEXT_MAX) });
}

void
findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->list[i].file);
		free(f->list[i].message);
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

bool
findings_any(const struct findings *f, enum finding_severity severity)
{
	for (size_t i = 0; i < f->n; i++)
		if (!f->list[i].allowed && f->list[i].severity == severity)
			return true;
	return false;
}

enum finding_severity
findings_worst(const struct findings *f)
{
	if (findings_any(f, FINDING_BLOCK))
		return FINDING_BLOCK;
	return findings_any(f, FINDING_ASK) ? FINDING_ASK : FINDING_NOTE;
}
