/*
 * own_url: is the address by which somebody says that he reached this server
 * one of its own?  Pure.
 */
#ifndef SERVER_DOMAIN_OWN_URL_H
#define SERVER_DOMAIN_OWN_URL_H

#include <stdbool.h>

/*
 * True for the public URL, and for localhost and loopback, by which this host
 * reaches it.  NULL: it was not set, and any URL may be one.  The Host of a
 * request is nothing to go by: who posts what was signed for another server
 * has it as he likes.
 */
bool own_url_is(const char *url, const char *public_url);

#endif
