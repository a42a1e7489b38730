/*
 * reviewer_reply: what a server answered, read strictly: the model's text,
 * whole, or why there is none.  An error inside a 200, an answer that was cut,
 * a prompt that was cut, a refusal, silence: no text.  Pure.
 */
#ifndef CLI_REVIEWER_REVIEWER_REPLY_H
#define CLI_REVIEWER_REVIEWER_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/reviewer/provider.h"
#include "lib/base/str.h"
#include "lib/base/view.h"

struct err;

enum {
	REPLY_MAX = 2 << 20,
	REPLY_NAME_MAX = 120
};

/* What an error says, with a status of its own or in a 200. */
struct reviewer_fault {
	int status;         /* HTTP's, or what it says of itself; 0: nothing */
	bool context;       /* the question is too long */
	bool final;         /* asking again does not help: no money is left */
	bool tokens_name;   /* the limit has another name */
	bool model_unknown; /* or the key is wrong: another form is no help */
	char message[200];
};

struct reviewer_reply {
	struct str text;
	int64_t tokens_in, tokens_out; /* -1: it does not say */
	char id[REPLY_NAME_MAX + 1], model[REPLY_NAME_MAX + 1];
	bool is_error; /* it was one, with this fault */
	struct reviewer_fault fault;
};

void reviewer_reply_release(struct reviewer_reply *r);
/* asked: bytes of the request, to see whether the model saw all of it. */
int reviewer_reply_read(enum provider_shape shape, struct view body,
    size_t asked, struct reviewer_reply *out, struct err *e);
/* Of a reply with another status than 200. */
void reviewer_fault_read(
    int status, struct view body, struct reviewer_fault *out);

/*
 * After which wait it is asked again, by the rules of the APIs: -1: it is not.
 * attempt: 0 after the first.  jitter: 0..1000, thousandths of a quarter.
 */
struct reviewer_again {
	int status; /* 0: no answer came */
	bool timed_out, final;
	const char *should_retry, *after_ms, *after; /* headers or NULL */
};
enum {
	REVIEWER_RETRIES = 2,
	REVIEWER_WAIT_MAX_MS = 60 * 1000
};
int64_t reviewer_retry_ms(const struct reviewer_again *a, int attempt,
    int64_t now_ms, unsigned jitter);

#endif
