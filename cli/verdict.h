/*
 * verdict: what `coffer prove` found out, as it is kept in
 * HOME/sandboxes/ID/prove.json with a signature of this installation.
 */
#ifndef CLI_VERDICT_H
#define CLI_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

struct cli;
struct json;

struct verdict {
	struct json *j; /* NULL: there is none */
	bool good;      /* signed by this installation; else why not */
	bool stale;     /* cofferd: the sandbox is another one now */
	struct err why;
};

/* doc: {"verdict","signature"}. */
void verdict_parse(const char *home, const struct json *doc, struct verdict *v);
/* The one that is kept; of another project or none: v->j is NULL. */
void verdict_load(const char *home, int64_t project, struct verdict *v);
/* As verdict_load; where HOME has none, what cofferd has: agentd has checked
 * that one's signature. */
void verdict_of_project(
    const char *home, const struct json *project, struct verdict *v);
void verdict_release(struct verdict *v);
/* "pass", "fail" or "untestable" */
bool verdict_is(const struct verdict *v, const char *result);
/* Of a project's member "prove": "proven", "FAILED", "untestable", "outdated",
 * "-". */
const char *verdict_word(const struct json *prove);
/* In a line, without its end. */
void verdict_show(const struct cli *c, const struct verdict *v);

#endif
