/*
 * front: the door for sandboxes, HOME/run/front/cofferd.sock.  Only the
 * router's uid may connect.  Each connection begins with a PROXY v2 header
 * that names the project, within 5 s; then it is httpd's, labelled with the
 * project's id.
 */
#ifndef SERVER_HTTP_FRONT_H
#define SERVER_HTTP_FRONT_H

#include <sys/types.h>

struct err;
struct front;
struct httpd;
struct loop;

struct front_spec {
	struct loop *loop;
	struct httpd *httpd;
	const char *path;
	uid_t router_uid;
};

struct front *front_new(const struct front_spec *spec, struct err *e);
void front_stop(struct front *f); /* no new connections */
void front_free(struct front *f); /* NULL is fine */

#endif
