/*
 * audited: signs the head of cofferd's audit log, now and then, into
 * HOME/audit.heads, which cofferd cannot write: whoever gets hold of cofferd or
 * of its database can make no other log of what was before the last line.  A
 * line is "SEQ HASH MS SIGNATURE", the signature of AUDIT_HEAD_FORM.
 */
#ifndef AGENTD_WATCH_AUDITED_H
#define AGENTD_WATCH_AUDITED_H

#include <stdint.h>

struct apiclient;
struct audited;
struct loop;

struct audited_spec {
	struct loop *loop;
	struct apiclient *api;
	const char *home;
	int64_t every_ms; /* 0: a minute */
};

/* Asks at once, then again and again.  All outlive it. */
struct audited *audited_new(const struct audited_spec *spec);
void audited_free(struct audited *a); /* NULL is fine */

#endif
