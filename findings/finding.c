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
	{ "active-document", FINDING_ASK },
	{ "agent-config", FINDING_BLOCK },
	{ "archive", FINDING_ASK },
	{ "assert-removed", FINDING_ASK },
	{ "bad-name", FINDING_BLOCK },
	{ "bidi", FINDING_BLOCK },
	{ "bidi-mark", FINDING_ASK },
	{ "binary", FINDING_ASK },
	{ "build-backend", FINDING_ASK },
	{ "build-directive", FINDING_NOTE },
	{ "build-file", FINDING_ASK },
	{ "case-collision", FINDING_BLOCK },
	{ "ci-checkout-head", FINDING_ASK },
	{ "ci-file", FINDING_ASK },
	{ "ci-injection", FINDING_ASK },
	{ "ci-permissions", FINDING_ASK },
	{ "ci-publish", FINDING_NOTE },
	{ "ci-runner", FINDING_NOTE },
	{ "ci-secrets", FINDING_ASK },
	{ "ci-trigger", FINDING_ASK },
	{ "ci-unpinned", FINDING_NOTE },
	{ "comment-trick", FINDING_ASK },
	{ "commit-date", FINDING_NOTE },
	{ "commit-message", FINDING_BLOCK },
	{ "control-character", FINDING_BLOCK },
	{ "credential-access", FINDING_ASK },
	{ "decode-and-run", FINDING_BLOCK },
	{ "dependency-insecure", FINDING_BLOCK },
	{ "dependency-new", FINDING_NOTE },
	{ "dependency-source", FINDING_ASK },
	{ "disguised", FINDING_ASK },
	{ "drop-host", FINDING_ASK },
	{ "dynamic-code", FINDING_NOTE },
	{ "editor-config", FINDING_BLOCK },
	{ "embedded-repository", FINDING_BLOCK },
	{ "emoji-selector", FINDING_NOTE },
	{ "encoded-data", FINDING_ASK },
	{ "encoding", FINDING_ASK },
	{ "encrypted-data", FINDING_ASK },
	{ "env-sent", FINDING_ASK },
	{ "evil-merge", FINDING_ASK },
	{ "executable", FINDING_ASK },
	{ "executable-binary", FINDING_BLOCK },
	{ "exfiltration", FINDING_BLOCK },
	{ "extra-index", FINDING_ASK },
	{ "failure-ignored", FINDING_ASK },
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
	{ "homoglyph", FINDING_BLOCK },
	{ "hook", FINDING_BLOCK },
	{ "hooks-path", FINDING_ASK },
	{ "image-unpinned", FINDING_NOTE },
	{ "install-download", FINDING_BLOCK },
	{ "install-script", FINDING_ASK },
	{ "invisible", FINDING_BLOCK },
	{ "key-file", FINDING_ASK },
	{ "large-change", FINDING_ASK },
	{ "large-file", FINDING_ASK },
	{ "lfs", FINDING_ASK },
	{ "licence-removed", FINDING_ASK },
	{ "lock-alone", FINDING_NOTE },
	{ "lock-downgrade", FINDING_NOTE },
	{ "lock-host", FINDING_BLOCK },
	{ "lock-insecure", FINDING_BLOCK },
	{ "lock-install-script", FINDING_ASK },
	{ "lock-integrity", FINDING_BLOCK },
	{ "lock-mismatch", FINDING_BLOCK },
	{ "lock-source", FINDING_ASK },
	{ "lock-unread", FINDING_ASK },
	{ "lockfile", FINDING_NOTE },
	{ "long-data", FINDING_NOTE },
	{ "long-line", FINDING_ASK },
	{ "lookalike", FINDING_ASK },
	{ "many-commits", FINDING_ASK },
	{ "merge-resolution", FINDING_ASK },
	{ "mixed-scripts", FINDING_ASK },
	{ "native-load", FINDING_NOTE },
	{ "new-host", FINDING_NOTE },
	{ "new-identity", FINDING_NOTE },
	{ "obfuscated", FINDING_ASK },
	{ "odd-host", FINDING_ASK },
	{ "odd-name", FINDING_ASK },
	{ "office-macro", FINDING_BLOCK },
	{ "pin-lost", FINDING_ASK },
	{ "pipe-to-shell", FINDING_ASK },
	{ "polyglot", FINDING_BLOCK },
	{ "preload", FINDING_ASK },
	{ "private-key", FINDING_BLOCK },
	{ "private-use", FINDING_ASK },
	{ "privileged", FINDING_ASK },
	{ "prompt-injection", FINDING_ASK },
	{ "raw-address", FINDING_ASK },
	{ "remote-add", FINDING_ASK },
	{ "remote-shell", FINDING_BLOCK },
	{ "script-changed", FINDING_NOTE },
	{ "secret", FINDING_BLOCK },
	{ "secret-likely", FINDING_ASK },
	{ "secret-removed", FINDING_NOTE },
	{ "shell-socket", FINDING_ASK },
	{ "signature-lost", FINDING_NOTE },
	{ "snapshot-only", FINDING_ASK },
	{ "submodule", FINDING_BLOCK },
	{ "symlink", FINDING_ASK },
	{ "symlink-chain", FINDING_BLOCK },
	{ "symlink-escape", FINDING_BLOCK },
	{ "test-deleted", FINDING_ASK },
	{ "test-focused", FINDING_ASK },
	{ "test-hollow", FINDING_ASK },
	{ "test-removed", FINDING_ASK },
	{ "test-skipped", FINDING_ASK },
	{ "threshold-lowered", FINDING_ASK },
	{ "tls-off", FINDING_ASK },
	{ "too-large", FINDING_BLOCK },
	{ "too-many-findings", FINDING_BLOCK },
	{ "tool-config", FINDING_ASK },
	{ "trailing-data", FINDING_ASK },
	{ "typosquat", FINDING_ASK },
	{ "unsafe-load", FINDING_ASK },
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
