/*
 * door: the way in for sandboxes, a Unix socket in HOME/run.  Only one uid, the
 * router's, may connect.  Each connection begins with a PROXY v2 header that
 * names the project, within 5 s; then it is httpd's, labelled with the
 * project's id.
 */
#ifndef LIB_HTTPD_DOOR_H
#define LIB_HTTPD_DOOR_H

#include <sys/types.h>

struct err;
struct door;
struct httpd;
struct loop;

struct door_spec {
	struct loop *loop;
	struct httpd *httpd;
	const char *path;
	uid_t router_uid;
};

struct door *door_new(const struct door_spec *spec, struct err *e);
void door_stop(struct door *f); /* no new connections */
void door_free(struct door *f); /* NULL is fine */

#endif
