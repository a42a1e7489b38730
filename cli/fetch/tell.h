/* tell: what people read of a fetch, but for its findings (show.c). */
#ifndef CLI_FETCH_TELL_H
#define CLI_FETCH_TELL_H

struct err;
struct fetch_job;

/* First of all: which branch, which commits. */
void fetch_tell_what(const struct fetch_job *j);
void fetch_tell_review(const struct fetch_job *j);
void fetch_tell_held(const struct fetch_job *j);
void fetch_tell_done(struct fetch_job *j);
/* What applies before the last one still hold back. */
void fetch_tell_earlier(struct fetch_job *j);
/* To a program, why there are no findings: --json. */
void fetch_tell_error(struct fetch_job *j, const struct err *e);

#endif
