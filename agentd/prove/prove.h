/*
 * prove: what `coffer prove` finds out about one running sandbox.  A program of
 * its own (coffer-prove), synchronous, started by agentd with the two ends of
 * the probe on descriptor 3.  Each row tries one thing from inside, and is
 * judged from outside wherever something can be seen there: what the probe
 * says may make a row fail, but alone it does not make one pass.  All that it
 * is asked a second one is asked too: ours, beside it in its namespaces, with
 * its user and filter, where nothing of the sandbox reaches it.
 */
#ifndef AGENTD_PROVE_PROVE_H
#define AGENTD_PROVE_PROVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agentd/prove/eye.h"
#include "agentd/sandbox/beside.h"
#include "lib/base/str.h"

struct err;
struct json;

enum {
	PROVE_TOKEN = 33,
	PROVE_LINE_MAX = 128 << 10,
	PROVE_WHY_MAX = 1000,
	PROVE_PORTS_MAX = 1060
};

enum prove_result {
	PROVE_UNTESTABLE,
	PROVE_PASS,
	PROVE_FAIL
};

/* The two ends of a probe. */
struct prove_link {
	int fd;        /* -1: it is gone */
	struct str in; /* read of it, not used yet */
};

struct prove {
	const char *home;
	const char *driver;
	int64_t project;
	int64_t generation; /* of the sandbox that is tried */
	char inst[5];
	char token[PROVE_TOKEN]; /* hex; in all that is sent */
	struct prove_link probe;
	struct prove_link twin; /* the one that is ours */
	struct beside beside;
	struct str both;  /* the answers to what was asked last */
	char alone[300];  /* why there is no twin; "": there is */
	bool sealed;      /* its network namespace has lo alone */
	bool asked_alone; /* this row has the word of one probe only */
	pid_t pid;        /* the probe's, as the host sees it */
	int proc;         /* /proc/PID, opened */
	int router;       /* its control socket, -1: none */
	char mode[16];
	char gateway[16];
	char address[16];
	int64_t log_at; /* the router's log up to here is not this row's */
	struct eye *eye;
	bool said; /* of the row that runs: */
	enum prove_result result;
	struct str why;
};

typedef void prove_fn(struct prove *p);

struct prove_row {
	const char *id;
	const char *threat; /* rows of the threat table it is about */
	const char *what;
	prove_fn *fn;
};

/* Ends with a NULL id. */
extern const struct prove_row prove_net_rows[];
extern const struct prove_row prove_dns_rows[];
extern const struct prove_row prove_box_rows[];
extern const struct prove_row prove_limit_rows[];

/* A verdict of the row that runs: a failure stays one. */
void prove_say(struct prove *p, enum prove_result r, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* prove_link.c: one line to the probes and their answers, valid until the
 * next: that of the one inside, then, after the word "|", that of the twin. */
int prove_start_probe(struct prove *p, const char *program, struct err *e);
/* After prove_find; without one p->alone says why. */
void prove_start_twin(struct prove *p, const char *program);
void prove_stop_twin(struct prove *p);
const char *prove_ask(struct prove *p, const struct str *line, struct err *e);
/* Parts of an answer: how many, how many of them good; the first good one. */
struct prove_count {
	unsigned all, good;
	char first[100];
};
/* The answer of the twin in one of prove_ask; NULL: there is none. */
const char *prove_twins(const char *answer);
void prove_count(const char *answer, struct prove_count *c);

/* prove_router.c; -1 and no result without a router. */
void prove_router_open(struct prove *p);
void prove_log_mark(struct prove *p);
/* How many entries came since; waits a little for the first. */
int prove_log_new(struct prove *p);

/* An attempt that must be seen by nobody outside and succeed nowhere. */
enum prove_closed_flag {
	PROVE_LOGGED = 1, /* the router must have refused something */
	PROVE_ASKED = 2   /* the reply is hex, not words */
};
void prove_closed(struct prove *p, const struct str *line, unsigned flags);

/* prove_find.c: the probe's process as the host sees it: its pid and /proc. */
int prove_find(struct prove *p, struct err *e);
/* A file of /proc/PID. */
int prove_proc(
    const struct prove *p, const char *name, struct str *out, struct err *e);
/* False when it cannot be read, too. */
bool prove_has_lo_alone(const struct prove *p);
/* The root of the sandbox, O_PATH. */
int prove_root(const struct prove *p, struct err *e);

/* prove_verdict.c: runs all, writes lines to stdout; the exit status. */
int prove_run(struct prove *p);

#endif
