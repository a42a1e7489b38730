/*
 * probe: what `coffer prove` tries inside a sandbox.  A program of its own,
 * static, without any other file of ours: it is sent into the sandbox and run
 * as an agent would be.  A line of standard input is an attempt, a line of
 * standard output what became of each part of it: WORD=open|done|answer|silent
 * or the name of an errno.  What it says is hostile to whoever reads it.
 */
#ifndef AGENTD_PROBE_PROBE_H
#define AGENTD_PROBE_PROBE_H

enum {
	PROBE_LINE = 32 << 10,
	PROBE_WORDS = 1100,
	PROBE_BYTES = 4 << 10
};

typedef void probe_fn(int argc, char **argv);

struct probe_verb {
	const char *name;
	probe_fn *fn;
};

void probe_tcp(int argc, char **argv);   /* ADDR,PORT... */
void probe_udp(int argc, char **argv);   /* HEX ADDR,PORT... */
void probe_ask(int argc, char **argv);   /* HEX ADDR,PORT: the answer as hex */
void probe_icmp(int argc, char **argv);  /* HEX ADDR... */
void probe_unix(int argc, char **argv);  /* PATH|@NAME... */
void probe_sock(int argc, char **argv);  /* FAMILY:TYPE:PROTOCOL... */
void probe_call(int argc, char **argv);  /* the name of a call... */
void probe_write(int argc, char **argv); /* PATH... opened for writing */

/* " WORD=RESULT" of this line; err 0: the result is good. */
void probe_tell(const char *word, int err, const char *good);

#endif
