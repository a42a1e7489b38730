/*
 * svc_secret: what reaches a project's upstream, or proves that it speaks:
 * one file of the server's user each, HOME/secrets/upstream/ID.WHAT.  They
 * are in no row, event, log or reply.
 */
#ifndef SERVER_SERVICE_SVC_SECRET_H
#define SERVER_SERVICE_SVC_SECRET_H

#include <stdint.h>

#include "lib/base/str.h"
#include "lib/base/view.h"

struct err;
struct identity;
struct svc;

enum svc_secret {
	SVC_SECRET_TOKEN,
	SVC_SECRET_HOOK,
	SVC_SECRET_KEY,
	SVC_SECRET_KNOWN_HOSTS
};

enum {
	SVC_SECRET_MAX = 4096 /* bytes of a token or a hook's secret */
};

/* Where it is, or would be; the caller frees. */
char *svc_secret_path(const char *home, int64_t project, enum svc_secret what);
/* A token or a hook's secret, trimmed: *out is in *text, an AUTO_SECRET of the
 * caller.  ERR_NOTFOUND when there is none. */
int svc_secret_read(const char *home, int64_t project, enum svc_secret what,
    struct str *text, struct view *out, struct err *e);
void svc_secret_release(struct str *text); /* overwritten, and freed */
#define AUTO_SECRET __attribute__((cleanup(svc_secret_release)))
/* "" removes it. */
/* The same, by somebody: with its row in the audit log, which has nothing of
 * the text. */
int svc_secret_set(struct svc *s, const struct identity *who, int64_t project,
    enum svc_secret what, struct view text, struct err *e);
int svc_secret_write(const char *home, int64_t project, enum svc_secret what,
    struct view text, struct err *e);
/* ERR_INVALID unless it is min..max bytes without space and control
 * characters; "" is fine.  name is the field in the error's text. */
int svc_secret_check_word(
    const char *text, size_t min, size_t max, const char *name, struct err *e);
/* All of them, of a project that goes. */
int svc_secret_forget(const char *home, int64_t project, struct err *e);

#endif
