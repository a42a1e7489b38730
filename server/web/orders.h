/*
 * orders: what a maintainer's first line may order, as help: the commands that
 * this server is shipped with (prompts/commands) and the words that cofferd
 * itself obeys.
 */
#ifndef SERVER_WEB_ORDERS_H
#define SERVER_WEB_ORDERS_H

#include <stdbool.h>

struct web;

/* <details> with <dl id="orders">; those of pull requests where it is one. */
void orders_write(struct web *w, bool is_pull);

#endif
