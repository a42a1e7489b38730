/* facts: what the list of projects and the page of one show alike. */
#ifndef SERVER_WEB_FACTS_H
#define SERVER_WEB_FACTS_H

#include "server/domain/verdict.h"
#include "server/store/project_facts.h"

struct project;
struct svc_use;
struct web;

enum {
	FACTS_DAY_MS = 86400000
};

struct facts {
	struct project_facts n; /* runs and money: of the last day */
	struct verdict verdict;
	const struct svc_use *use; /* NULL: not known */
	bool lockdown;
	bool unknown; /* n could not be counted: it is no number to show */
};
/* What cannot be read is left out, and logged. */
void facts_load(struct web *w, const struct project *p, struct facts *out);
void facts_release(struct facts *f);

void facts_sandbox(struct web *w, const struct project *p);
void facts_mode(struct web *w, const struct project *p, const struct facts *f);
void facts_use(struct web *w, const struct facts *f);
void facts_verdict(
    struct web *w, const struct project *p, const struct facts *f);
/* What waits for this person: "3 to approve", "1 to review", as links. */
void facts_asked(struct web *w, const struct project *p, const struct facts *f);

/* A number of it, or that it could not be counted. */
void facts_number(struct web *w, const struct facts *f, int64_t n);
void facts_money(struct web *w, const struct facts *f);

#endif
