/* shape_priv: what the files of shape share. */
#ifndef SERVER_API_SHAPE_PRIV_H
#define SERVER_API_SHAPE_PRIV_H

#include "server/api/shape.h"

/* The public URL and what the format says. */
void shape_url(struct shape *s, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The members that an issue and a pull request share. */
void shape_item(struct shape *s, const struct issue *i);

#endif
