/*
 * verdict: what `coffer prove` found of a project's sandbox, as agentd read it
 * under a good signature: the newest one of each project.
 */
#ifndef SERVER_DOMAIN_VERDICT_H
#define SERVER_DOMAIN_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

enum {
	VERDICT_WORD_MAX = 32,
	VERDICT_ROWS_MAX = 64, /* failed ones that are kept */
	VERDICT_TEXT_MAX = 500 /* bytes of each of their texts */
};

enum verdict_result {
	VERDICT_UNTESTABLE = 1,
	VERDICT_PASS,
	VERDICT_FAIL
};

const char *verdict_result_name(enum verdict_result v);
int verdict_result_parse(const char *s); /* -1: none */

struct verdict {
	int64_t project_id;
	int64_t at; /* 0: there is none */
	enum verdict_result result;
	int64_t passed, failed, untestable;
	int64_t generation; /* of the sandbox that was tried */
	char network[VERDICT_WORD_MAX];
	char driver[VERDICT_WORD_MAX];
	char *failed_rows; /* JSON that the server wrote */
	bool gone;         /* that sandbox is not there any more */
};
void verdict_release(struct verdict *v);

struct project;
/* Is the sandbox, or how far it may reach, another one than was tried? */
bool verdict_is_stale(
    const struct verdict *v, const struct project *p, bool lockdown);

#endif
