/*
 * finding: what a check has to say about a change.  Every rule has an id, so
 * that a person can allow it by name with a reason, which is recorded.  The
 * policy that `struct findings` points to weighs each as it comes.
 */
#ifndef FINDINGS_FINDING_H
#define FINDINGS_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/view.h"

struct findings_policy;

enum finding_severity {
	FINDING_NOTE,
	FINDING_ASK,  /* a person has to say yes */
	FINDING_BLOCK /* refused, unless allowed by id with a reason */
};

enum {
	FINDING_MAX = 500, /* more are counted, and block */
	FINDING_TEXT_MAX = 300,
	FINDING_EVIDENCE_MAX = 200,
	FINDING_SHA256 = 64,
	FINDING_PER_FILE = 5 /* of one rule */
};

struct finding {
	const char *id; /* a constant, "review", or own_id */
	enum finding_severity severity;
	bool allowed;
	uint32_t line;   /* 0: the file as a whole */
	uint32_t column; /* characters from 1; 0: the line as a whole */
	char *file;      /* "" for the change as a whole */
	char *message;
	char *evidence; /* of the line, escaped, without keys; or "" */
	char *own_id;   /* another tool's, or NULL */
	char sha256[FINDING_SHA256 + 1]; /* of the whole line, or "" */
};

/* How much was looked at. */
struct findings_seen {
	uint64_t files, added, removed, commits;
};

struct findings {
	struct finding *list;
	size_t n, cap;
	size_t dropped;
	struct findings_seen seen;
	/* Set before the checks begin, or NULL: each rule's own weight.  It
	 * has to live as long as they run. */
	const struct findings_policy *policy;
	struct view text; /* the line at hand; p NULL: none */
	size_t point;     /* what the next finding is about in it */
};

/* Adds one; severity comes from the rule's row and the policy, message is
 * copied, evidence is taken from the line at hand; keys are asterisks in both.
 */
void finding_add(struct findings *f, const char *id, const char *file,
    uint32_t line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The line at hand, borrowed until the next call; p NULL: none. */
void findings_look_at(struct findings *f, struct view text);
/* The next finding is about this byte of the line at hand. */
void findings_point(struct findings *f, size_t byte);
/* The reviewer's: never lowers anything, id is "review". */
void finding_add_review(struct findings *f, enum finding_severity severity,
    const char *file, uint32_t line, const char *message);
/* Another tool's, under an id of its own, which is copied. */
void finding_add_foreign(struct findings *f, const char *id,
    enum finding_severity severity, const char *file, uint32_t line,
    const char *message);
void findings_release(struct findings *f);

/* Is there such a rule, and may it be allowed?  For --allow. */
bool finding_id_ok(const char *id);
/* Marks the findings of a rule as allowed. */
void findings_allow(struct findings *f, const char *id);
/* The worst that is not allowed; NOTE when there is none. */
enum finding_severity findings_worst(const struct findings *f);
bool findings_any(const struct findings *f, enum finding_severity severity);
size_t findings_count(const struct findings *f, enum finding_severity severity);

/* As it may be shown: asterisks for what looks like a key.  To be freed. */
char *finding_path_shown(const char *path);
const char *finding_severity_name(enum finding_severity s);

#endif
