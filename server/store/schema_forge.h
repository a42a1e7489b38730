/* schema_forge: the scripts of steps 4 to 10, one file per room. */
#ifndef SERVER_STORE_SCHEMA_FORGE_H
#define SERVER_STORE_SCHEMA_FORGE_H

extern const char schema_accounts[];
extern const char schema_repos[];
extern const char schema_tracker[];
extern const char schema_tracker_people[];
extern const char schema_words[];
extern const char schema_search[];
extern const char schema_reviews[];
extern const char schema_protect[];
extern const char schema_hooks[];
/* schema_5.c */
extern const char schema_merge_rest[];
extern const char schema_hooks_rest[];
/* schema_forks.c */
extern const char schema_forks[];
/* schema_6.c */
extern const char schema_sandboxes[];
/* schema_7.c */
extern const char schema_runs[];
extern const char schema_approvals[];
extern const char schema_verdict[];
extern const char schema_renewal[];
extern const char schema_run_keys[];
extern const char schema_leases[];
/* schema_8.c */
extern const char schema_runners[];
extern const char schema_gate[];
/* schema_writers.c */
extern const char schema_writers[];
/* schema_fetches.c */
extern const char schema_fetches[];
/* schema_checks.c */
extern const char schema_checks[];
/* schema_merge_test.c */
extern const char schema_merge_test[];
/* schema_looks.c */
extern const char schema_looks[];
/* schema_runner.c */
extern const char schema_runner_network[];
/* schema_audit.c */
extern const char schema_audit[];
/* schema_events.c */
extern const char schema_events[];
/* schema_lists.c */
extern const char schema_lists[];

#endif
