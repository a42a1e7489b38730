/*
 * pins: which addresses a project was given for a name, and on which ports it
 * may reach them, until when.  A pure table, the same in the main process
 * (which keeps the firewall's set in step) and in the proxy (which asks it).
 * Addresses are host byte order; times are clock_mono_ms, which is the same in
 * all our processes.  A pin that has ended is found no more, but is remembered
 * until room is needed, as a flow may outlive it.  Port 0 is a note of what was
 * answered where no pin is needed, in modes web and open.
 */
#ifndef ROUTER_PINS_H
#define ROUTER_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "router/egress.h"

struct err;
struct pins;

enum {
	PINS_MAX = 4096,         /* of one project */
	PINS_OF_NAME_MAX = 1024, /* of one name: addresses times ports */
	PINS_OF_ANSWER_MAX = 128,
	PINS_TOTAL_MAX = 262144,
	/* The other half is for pins, without which nothing opens. */
	PINS_NOTES_TOTAL_MAX = PINS_TOTAL_MAX / 2,
	PINS_GRACE_MS = 60 * 1000 /* beyond the TTL that was told */
};

/* Plain data: also a message between our processes. */
struct pin {
	uint32_t id; /* project */
	uint32_t addr;
	uint16_t port;
	int64_t until_ms;
	char name[EGRESS_NAME_MAX]; /* normalised */
};

struct pins *pins_new(void) __attribute__((returns_nonnull));
void pins_free(struct pins *p);
size_t pins_count(const struct pins *p);

/*
 * Add one, or move its end: later by a new answer, earlier never.  ERR_LIMIT
 * when the project, the name or the table is full.
 */
int pins_put(struct pins *p, const struct pin *pin, int64_t now, struct err *e);
/* The same for a note.  When its half is full, notes that have ended go first,
 * of every project, which has then lost some. */
int pins_put_note(
    struct pins *p, const struct pin *pin, int64_t now, struct err *e);
/* Was this address given for exactly this name, for this port? */
bool pins_has(const struct pins *p, uint32_t id, const char *name,
    uint32_t addr, uint16_t port, int64_t now);
/* For any name: what the firewall's set holds; its latest end, or 0. */
int64_t pins_end(const struct pins *p, uint32_t id, uint32_t addr,
    uint16_t port, int64_t now);
/* A name that was answered with this address, or NULL; good for now only. */
const char *pins_name(
    const struct pins *p, uint32_t id, uint32_t addr, int64_t now);

/*
 * Take out what fn does not want to keep, of one project or, with id 0, of
 * all; fn is called for each once and adds nothing.  Returns how many went.
 */
typedef bool pins_keep_fn(const struct pin *pin, void *arg);
size_t pins_filter(struct pins *p, uint32_t id, pins_keep_fn *fn, void *arg);
/* All of a project. */
void pins_forget(struct pins *p, uint32_t id);
/* Ended pins of this project were let go, so some flows have none. */
bool pins_lost(const struct pins *p, uint32_t id);
void pins_set_lost(struct pins *p, uint32_t id, bool lost);

#endif
