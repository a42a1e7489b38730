/*
 * key: one provider's key, from a file that nobody else can read (read again
 * when it changes), from a systemd credential, or from a command, whose answer
 * is kept as long as it says (line 2, seconds) or five minutes.  Never in a
 * log, an error, an argument or the environment of anything.
 */
#ifndef AGENTD_GATEWAY_KEY_H
#define AGENTD_GATEWAY_KEY_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct key;
struct loop;

/* One of the three. */
struct key_spec {
	struct loop *loop;
	const char *file;       /* need not be there yet */
	const char *credential; /* in $CREDENTIALS_DIRECTORY */
	const char *command;    /* words with spaces between, no shell */
};

struct key *key_new(const struct key_spec *spec, struct err *e);
void key_free(struct key *k); /* NULL is fine; nobody is woken */
bool key_is_there(const struct key *k);
/* When its file was written, ms; 0: it has none, or it is not there. */
int64_t key_written_at(const struct key *k);

/*
 * 1: *out is borrowed until the next turn of the loop; 0: a command was asked,
 * and wake(arg) comes once, later, when it has ended, unless key_forget; -1:
 * there is no key, and why.
 */
int key_get(struct key *k, const char **out, void (*wake)(void *arg), void *arg,
    struct err *e);
void key_forget(struct key *k, const void *arg);
/* A command's key was not taken: ask again. */
void key_refused(struct key *k);

#endif
