/*
 * front: the door to cofferd.  A connection of a project to port 80 of the
 * router's address is passed to HOME/run/front/cofferd.sock behind a PROXY v2
 * header that names the project.  Runs in the worker, without any capability,
 * and reads no byte of the stream.  Lives as long as its process.
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
	const char *target;      /* path of the Unix socket */
	unsigned long max_conns; /* of all projects */
	struct clients *clients; /* borrowed */
};

struct front *front_new(
    struct loop *l, const struct front_spec *spec, struct err *e);
/* Ends every connection of a project. */
void front_cut(struct front *f, uint32_t id);

#endif
