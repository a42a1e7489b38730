/* event_sweep: events that are older than the operator wants kept go, while
 * the server runs, a bounded number at a time. */
#ifndef SERVER_JOBS_EVENT_SWEEP_H
#define SERVER_JOBS_EVENT_SWEEP_H

#include <stdint.h>

struct event_sweep;
struct svc;

struct event_sweep *event_sweep_new(struct svc *s, int64_t keep_ms); /* > 0 */
void event_sweep_free(struct event_sweep *a); /* NULL is fine */

#endif
