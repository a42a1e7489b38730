/*
 * front: the door to a service, cofferd (port 80 of the router's address) or
 * the model gateway (81).  A connection of a project is passed to the service's
 * Unix socket behind a PROXY v2 header that names the project.  Runs in the
 * worker, without any capability, and reads no byte of the stream.  Lives as
 * long as its process.
 */
#ifndef ROUTER_FRONT_H
#define ROUTER_FRONT_H

#include <stdint.h>

#include "lib/io/loop.h"
#include "router/clients.h"

struct err;
struct front;

struct front_spec {
	int fd;                  /* listening, taken */
	const char *name;        /* of the service, constant */
	const char *target;      /* path of the Unix socket */
	unsigned long max_conns; /* of all projects */
	struct clients *clients; /* borrowed */
};

struct front *front_new(
    struct loop *l, const struct front_spec *spec, struct err *e);
/* Ends every connection of a project. */
void front_cut(struct front *f, uint32_t id);

#endif
