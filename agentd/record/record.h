/*
 * record: what is kept of a run, made of the files that it left: masked, with
 * a hash of each file, the events as a chain of hashes, and two reports.  Pure;
 * the program coffer-record reads and writes, without any right on the host.
 *
 *   events.jsonl   each line ends with "prev": the SHA-256 of the line before,
 *                  64 zeros in the first; the head is that of the last
 *   manifest.json  facts, end, head, and the SHA-256 of every other file
 *   manifest.sig   lib/net/signed.h over RECORD_SIGNED, the run's number, a
 *                  space and the SHA-256 of manifest.json
 */
#ifndef AGENTD_RECORD_RECORD_H
#define AGENTD_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/mask.h"
#include "lib/base/str.h"
#include "lib/net/sha256.h"

struct json;

#define RECORD_SIGNED "coffer run record "

enum record_id {
	RECORD_OUT,
	RECORD_ERR,
	RECORD_PREPARE,
	RECORD_FINISH,
	RECORD_PATCH,
	RECORD_EVENTS,
	RECORD_RESOURCES,
	RECORD_PROMPT,
	RECORD_TASK,
	RECORD_POLICY,
	RECORD_AGENT,
	RECORD_RESULT,
	RECORD_FOUND, /* those above were files of the run */
	RECORD_MD = RECORD_FOUND,
	RECORD_HTML,
	RECORD_MANIFEST,
	RECORD_PARTS
};

enum {
	RECORD_SHA = 40,
	RECORD_STEPS_MAX = 256 << 10,
	RECORD_FACTS_MAX = 64 << 10
};

/* What it is called in the record, and where it is in the run's folder. */
struct record_name {
	const char *name, *from;
	size_t max;
};
extern const struct record_name record_names[RECORD_PARTS];

struct record_part {
	struct str text;
	bool there;
	bool cut; /* there was more */
	size_t masked;
	char sha[SHA256_HEX];
};

struct record_patch {
	char base[RECORD_SHA + 1], tree[RECORD_SHA + 1],
	    commit[RECORD_SHA + 1]; /* "": none */
	uint64_t files, added, deleted;
	bool is;
};

/* Of resources.jsonl; -1: not known. */
struct record_use {
	uint64_t samples;
	int64_t memory_peak, cpu_ms, pids_peak, ooms;
};

struct record {
	struct record_part part[RECORD_PARTS];
	struct str steps, facts; /* steps.jsonl, facts.json */
	struct mask mask;
	int64_t now; /* ms */
	/* Made of it: */
	uint64_t events;
	char head[SHA256_HEX];
	char prompt_sha[SHA256_HEX]; /* as the agent got it */
	struct record_patch patch;
	struct record_use use;
	struct json *j_facts, *j_result, *j_agent;
};

void record_init(struct record *r);
void record_release(struct record *r);
/* All parts from RECORD_MD on, after the others were filled in. */
void record_make(struct record *r);

/* ---- its steps ---- */

void record_chain(struct record *r);
void record_read_patch(struct record *r);
void record_read_use(struct record *r);
void record_report(const struct record *r, bool html, struct str *out);

#endif
