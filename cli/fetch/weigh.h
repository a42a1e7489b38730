/*
 * weigh: what the findings of a fetch weigh here, and what other tools add:
 * the policies of the user and of the base commit, SARIF in and out.
 */
#ifndef CLI_FETCH_WEIGH_H
#define CLI_FETCH_WEIGH_H

#include "cli/fetch/fetch.h"

struct findings_policy;
struct opt_list;

/*
 * The user's file and the one that commit has, never the head's.  One that
 * cannot be read is ERR_DENIED.  findings_policy_free.
 */
struct findings_policy *fetch_policy_load(struct fetch_job *j,
    enum fetch_place place, const char *commit, struct err *e);

/* Adds what the files say; one that cannot be read whole is ERR_DENIED. */
int fetch_sarif_in(
    struct fetch_job *j, const struct opt_list *files, struct err *e);
int fetch_sarif_out(struct fetch_job *j, const char *file, struct err *e);

#endif
