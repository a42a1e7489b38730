/*
 * mirror_show: what a Project says of its mirror and its upstream, as lines
 * for people; only what is worth a line.
 */
#ifndef CLI_MIRROR_SHOW_H
#define CLI_MIRROR_SHOW_H

struct cli;
struct json;

/* Lines under `coffer status PROJECT`, each indented. */
void mirror_show(const struct cli *c, const struct json *project);
/* What the last synchronisation that did something did. */
void mirror_show_report(const struct cli *c, const struct json *report);
void mirror_show_waiting(const struct cli *c, const struct json *project);

#endif
