/*
 * job_name: what the name of a CI job says of it.  Pure.
 *
 *   unit                 a check of that name, on the head
 *   unit@base            the head's tests of it on the base's code
 *   new-tests            what those come to
 *   test-pr-12           what comment 12 ordered, on the head
 *   test-pr-bug-12@head  the same for a reproduction
 *   test-pr-bug-12@base  and on the base
 *   test-pr-bug-12       what both come to
 *
 * What others come to runs nowhere.  No check is named so (check_name_taken).
 */
#ifndef SERVER_DOMAIN_JOB_NAME_H
#define SERVER_DOMAIN_JOB_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum job_kind {
	JOB_KIND_CHECK = 1,
	JOB_KIND_ORDER,
	JOB_KIND_BUG,
	JOB_KIND_PROOF
};

enum {
	JOB_NAME_MAX = 100 /* with the NUL */
};

enum job_side {
	JOB_SIDE_WHOLE, /* the head as it is, or what the parts come to */
	JOB_SIDE_HEAD,  /* as the next, a part */
	JOB_SIDE_BASE   /* the base with the head's tests laid over it */
};

struct job_name {
	enum job_kind kind;
	enum job_side side;
	int64_t comment; /* that ordered it, 0: none */
};

struct job_name job_name_read(const char *name);
/* check: of JOB_KIND_CHECK and JOB_KIND_PROOF. */
void job_name_write(
    const struct job_name *n, const char *check, char out[JOB_NAME_MAX]);
const char *job_kind_name(enum job_kind k);
const char *job_side_name(enum job_side s);

#endif
