/*
 * eye: who watches from outside while a row runs: listeners on every address
 * of the host, in the namespaces of other projects, and a tap of what passes
 * the host's own interfaces.
 */
#ifndef AGENTD_PROVE_EYE_H
#define AGENTD_PROVE_EYE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eye;
struct err;
struct str;

enum {
	EYE_WATCH_MAX = 24
};

/* inst: four digits; project: whose sandbox is judged. */
struct eye *eye_open(
    const char *inst, int64_t project, const char *token, struct err *e);
void eye_close(struct eye *y); /* NULL is fine */
uint16_t eye_port(const struct eye *y);
/* Projects whose namespace has a listener. */
const int64_t *eye_peers(const struct eye *y, size_t *n);
/* Packets to these are a sight from now on, on the uplink. */
void eye_watch(struct eye *y, const char *const *addresses, size_t n);
/* Forget what was seen. */
void eye_clear(struct eye *y);
/* Look for ms; how many things were seen since eye_clear; text gets what. */
unsigned eye_look(struct eye *y, int ms, struct str *text);
/* False when packets were lost: then nothing seen means nothing. */
bool eye_is_whole(struct eye *y);
/* Reach it from the host itself: what must be seen for the rest to count. */
bool eye_try(struct eye *y, struct str *text);

#endif
