/*
 * mirror_priv: one question or fetch as its files share it: mirror_fetch.c is
 * the sequence, mirror_env.c what its git child may know, mirror_watch.c its
 * limits while it runs.
 */
#ifndef SERVER_GIT_MIRROR_PRIV_H
#define SERVER_GIT_MIRROR_PRIV_H

#include "server/git/git_env.h"
#include "server/git/mirror_fetch.h"

struct child;
struct fetch;
struct mirror_watch;

struct mirror_op {
	struct mirror_remote r; /* its texts are owned, below */
	char *url;
	char *token;
	char *key;
	char *known_hosts;
	char *odd;
	uint8_t known[MIRROR_DIGEST];
	mirror_result_fn *done;
	void *arg;
	struct child *child;
	struct fetch *fetch;
	struct mirror_watch *watch;
	int64_t project;
	bool listing;
	bool atomic;              /* the fetch moves all refs or none */
	struct mirror_op **asked; /* the fetch's argument, to be NULLed */
};

bool mirror_is_http(const char *url);
/* "Authorization: Basic BASE64"; a bare token goes as the password. */
void mirror_basic(const char *token, struct str *out);
void mirror_vars(const struct mirror_op *o, struct git_vars *vars);

/* Ends the child of a fetch that stalls or fills the disk. */
struct mirror_watch *mirror_watch_new(const struct mirror_op *o, int64_t pid);
void mirror_watch_free(struct mirror_watch *w); /* NULL is fine */
/* NONE, SLOW or DISK: why it ended the child. */
enum mirror_fail mirror_watch_why(const struct mirror_watch *w);
/* Is there room to begin? */
int mirror_watch_room(const struct mirror_op *o, struct err *e);
/* Did the ended fetch stop at max_bytes? */
bool mirror_watch_is_over(const struct mirror_op *o);
/* Removes half packs that the ended fetch has left. */
void mirror_watch_sweep(const struct mirror_op *o);

#endif
