/*
 * record: one line of JSON for each exchange, without what was said, in
 * HOME/gateway/log/exchanges.jsonl (the one before as .1).  Nothing in it
 * comes from a body but the model's name and counts.
 */
#ifndef AGENTD_GATEWAY_RECORD_H
#define AGENTD_GATEWAY_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "agentd/gateway/ledger.h"
#include "agentd/gateway/price.h"

struct err;
struct record;

struct record_line {
	int64_t at; /* ms since 1970 */
	uint64_t exchange;
	struct ledger_who who;
	const char *provider, *path, *model, *served;
	const char *result; /* "done" or why not */
	int status;         /* that the client got */
	int upstream;       /* that the provider sent, 0: none */
	bool stream, estimated;
	struct tokens tokens;
	int64_t reserved, cost; /* micros */
	uint64_t bytes_up, bytes_down;
	int64_t own_ms, first_ms, all_ms; /* first_ms -1: no byte came */
};

struct record *record_open(const char *path, struct err *e);
void record_close(struct record *r); /* NULL is fine */
void record_add(struct record *r, const struct record_line *line);

#endif
