/*
 * upload: brings a finished file to cofferd, which keeps it when its length
 * and SHA-256 are those that are named at its end: PATCH of its parts, then
 * POST, both at one path.  Survives a lost reply and a restart of either side;
 * what came as something else is sent once more.
 */
#ifndef AGENTD_RUN_UPLOAD_H
#define AGENTD_RUN_UPLOAD_H

#include "lib/io/loop.h"

struct apiclient;
struct err;
struct upload;

/* fail: cofferd does not take it, or it cannot be read; ERR_NOTFOUND: the file
 * or cofferd's place for it is not there.  May free it. */
typedef void upload_fn(const struct err *fail, void *arg);

struct upload_spec {
	struct loop *loop;
	struct apiclient *api;
	const char *file; /* copied, as the other; nobody writes it any more */
	const char *path;
	upload_fn *on_done; /* once, later */
	void *arg;
};

struct upload *upload_new(const struct upload_spec *spec)
    __attribute__((returns_nonnull));
void upload_free(struct upload *u); /* NULL is fine; no callback */

#endif
