/*
 * origin: does a request that changes something come from a page of ours?
 * (Fetch Standard, section 3.1; RFC 6454.)  Pure.
 */
#ifndef SERVER_HTTP_ORIGIN_H
#define SERVER_HTTP_ORIGIN_H

#include <stdbool.h>

/*
 * origin, host: the headers, NULL when absent.  True for the origin of the
 * public URL; and for that of the request's own Host, if this is an address or
 * "localhost": a name that another's DNS points here is not believed.  Without
 * an Origin it is false: browsers send one with each POST.
 */
bool origin_ok(const char *origin, const char *host, const char *public_url);

#endif
