/*
 * record: what was fetched, found and done, one JSON object per attempt, signed
 * by the user's own key (lib/net/signed_json.h).
 */
#ifndef CLI_FETCH_RECORD_H
#define CLI_FETCH_RECORD_H

struct err;
struct fetch_job;
struct plan;
struct str;

enum {
	RECORD_VERSION = 2,
	RECORD_MAX = 8 << 20,
	RECORD_FILES_MAX = 2000, /* listed, of those that an apply puts */
	/* Where the lists end, so that cofferd takes it whatever a branch has:
	 * the worst findings come first, the tree says what the files are. */
	RECORD_FINDINGS_END = 300 << 10,
	RECORD_FILES_END = 450 << 10
};

#define RECORD_DOMAIN "coffer fetch record\n"

/* $XDG_CONFIG_HOME/coffer/fetch.key; free(3). */
char *fetch_record_key(void) __attribute__((returns_nonnull));

/*
 * record.c: .git/coffer/fetch/TIME.json, signed; result is one word.  That of
 * an apply is written with its plan and kept when it is done.
 */
int fetch_record(struct fetch_job *j, const char *result, struct err *e);
int fetch_record_stage(
    struct fetch_job *j, const struct plan *p, struct err *e);
int fetch_record_taken(
    struct fetch_job *j, const struct plan *p, struct err *e);
/* Of one that is taken back; url and project are the clone's. */
int fetch_record_undone(
    struct fetch_job *j, const struct plan *p, struct err *e);
/* Of what was not taken after all. */
int fetch_record_drop(const struct plan *p, struct err *e);
int fetch_record_keep(struct fetch_job *j, const struct plan *p, struct err *e);
void fetch_json(struct fetch_job *j, const char *result, struct str *out);
/* record_send.c: those that cofferd has not got; a failure is only told. */
void fetch_send_records(struct fetch_job *j);

#endif
