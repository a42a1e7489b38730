/*
 * forwarded: whom a request is from that a reverse proxy passed on.  Pure.
 */
#ifndef SERVER_DOMAIN_FORWARDED_H
#define SERVER_DOMAIN_FORWARDED_H

#include <stddef.h>

struct dial_rule;

/*
 * peer: who is connected, "192.0.2.7:1234" or "[2001:db8::7]:1234".  proxies:
 * who is believed.  header: X-Forwarded-For, to which each proxy adds whom it
 * had the request from at the end; NULL when absent.  It is read from there
 * back as long as who said it is believed: what a client wrote itself stands
 * before the first word that counts.  out: in the form of peer, with port 0
 * when it is not peer.
 */
void forwarded_client(const struct dial_rule *proxies, const char *peer,
    const char *header, char *out, size_t n);

#endif
