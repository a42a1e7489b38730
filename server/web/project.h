/* project: the handlers of the pages about projects. */
#ifndef SERVER_WEB_PROJECT_H
#define SERVER_WEB_PROJECT_H

struct call;

void projects_get(struct call *c); /* the list */
void project_get(struct call *c);
void project_new_get(struct call *c); /* the form of a new one */
void project_new_post(struct call *c);

#endif
