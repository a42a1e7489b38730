/*
 * finding: what a check has to say about a change.  Every rule has an id, so
 * that a person can allow it by name with a reason, which is recorded.
 */
#ifndef FINDINGS_FINDING_H
#define FINDINGS_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum finding_severity {
	FINDING_NOTE,
	FINDING_ASK,  /* a person has to say yes */
	FINDING_BLOCK /* refused, unless allowed by id with a reason */
};

enum {
	FINDING_MAX = 500, /* more are counted, and block */
	FINDING_TEXT_MAX = 300,
	FINDING_PER_FILE = 5 /* of one rule */
};

struct finding {
	const char *id; /* a constant, or "review" */
	enum finding_severity severity;
	bool allowed;
	uint32_t line; /* 0: the file as a whole */
	char *file;    /* "" for the change as a whole */
	char *message;
};

struct findings {
	struct finding *list;
	size_t n, cap;
	size_t dropped;
};

/* Adds one; severity comes from the rule's row, message is copied. */
void finding_add(struct findings *f, const char *id, const char *file,
    uint32_t line, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The reviewer's: never lowers anything, id is "review". */
void finding_add_review(struct findings *f, enum finding_severity severity,
    const char *file, uint32_t line, const char *message);
void findings_release(struct findings *f);

/* Is there such a rule?  For --allow. */
bool finding_id_ok(const char *id);
/* Marks the findings of a rule as allowed. */
void findings_allow(struct findings *f, const char *id);
/* The worst that is not allowed; NOTE when there is none. */
enum finding_severity findings_worst(const struct findings *f);
bool findings_any(const struct findings *f, enum finding_severity severity);

const char *finding_severity_name(enum finding_severity s);

#endif
