/* network: the page of a project's network, which its forms come back to. */
#ifndef SERVER_WEB_NETWORK_H
#define SERVER_WEB_NETWORK_H

struct call;

void network_get(struct call *c);

#endif
