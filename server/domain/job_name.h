/*
 * job_name: what the name of a CI job says of it.  Pure.
 *
 *   unit                 a check of that name, on the head
 *   unit@base            the head's tests of it on the base's code
 *   test-pr-12           what comment 12 ordered, on the head
 *   test-pr-bug-12       the same for a reproduction, on the head
 *   test-pr-bug-12@base  and on the base
 *
 * No check is named like the last three (check_name_taken).
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

struct job_name {
	enum job_kind kind;
	bool base;       /* of the base's code */
	int64_t comment; /* that ordered it, 0: none */
};

struct job_name job_name_read(const char *name);
/* check: of JOB_KIND_CHECK and JOB_KIND_PROOF. */
void job_name_write(
    const struct job_name *n, const char *check, char out[JOB_NAME_MAX]);
/* Has it a status of its own? Others are a part of a common one. */
bool job_name_has_status(const struct job_name *n);
const char *job_kind_name(enum job_kind k);

#endif
