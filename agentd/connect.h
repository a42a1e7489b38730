/*
 * connect: what agentd and the runner know at their start: HOME, its instance,
 * and cofferd's API with this program's own token.
 */
#ifndef AGENTD_CONNECT_H
#define AGENTD_CONNECT_H

#include "lib/io/loop.h"

struct apiclient;
struct err;
struct net;

struct connection {
	char *home; /* absolute, without a trailing slash */
	char inst[5];
	char *self; /* this program's file */
	char *shim; /* coffer-shim, installed with it */
	char *token;
	char *base; /* http://HOST:PORT */
	struct net *net;
	struct apiclient *api;
	int lock; /* -1: none */
};

/* home NULL: $COFFER_HOME, else /var/lib/coffer.  Reads HOME/instance. */
int connection_init(struct connection *c, const char *home, struct err *e);
/* server NULL: the address in HOME/run/cofferd.addr.  token: a file of
 * HOME/secrets. */
int connection_open(struct connection *c, struct loop *l, const char *server,
    const char *token, const char *user_agent, struct err *e);
/* The same of a server elsewhere, with this token; ca NULL: what the system
 * trusts, else borrowed. */
int connection_open_at(struct connection *c, struct loop *l, const char *base,
    const char *token, const char *ca, const char *user_agent, struct err *e);
/* Only one of this program works on a HOME: HOME/FOLDER/lock, until the end of
 * the process.  ERR_EXISTS: another one does. */
int connection_lock(struct connection *c, const char *folder, struct err *e);
/* The API's side of it, before the loop goes. */
void connection_close(struct connection *c);
void connection_release(struct connection *c);

#endif
