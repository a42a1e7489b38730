/*
 * net: what `coffer net` shows: the rules of a project, and what its sandbox
 * asked for.
 */
#ifndef CLI_NET_H
#define CLI_NET_H

#include <stdbool.h>

struct cli;
struct json;

/* Of GET network. */
void net_show_rules(const struct cli *c, const struct json *net);
void net_show_head(const struct cli *c, const struct json *net);
/* Of GET presets. */
void net_show_presets(const struct cli *c, const struct json *list);

#endif
