/*
 * own_url: is the address by which somebody says that he reached this server
 * one of its own?  Pure.
 */
#ifndef SERVER_DOMAIN_OWN_URL_H
#define SERVER_DOMAIN_OWN_URL_H

#include <stdbool.h>

/*
 * True for the public URL; for localhost and loopback, by which this host
 * reaches it; and for any address without a name as long as the public URL is
 * nothing but that of this host: it was not set.
 */
bool own_url_is(const char *url, const char *public_url);

#endif
