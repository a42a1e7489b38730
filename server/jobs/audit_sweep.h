/* audit_sweep: rows of the audit log that are older than they are kept go, the
 * oldest first; the chain goes on from the last one that went. */
#ifndef SERVER_JOBS_AUDIT_SWEEP_H
#define SERVER_JOBS_AUDIT_SWEEP_H

#include <stdint.h>

struct audit_sweep;
struct svc;

struct audit_sweep *audit_sweep_new(struct svc *s, int64_t keep_ms);
/* After the database is closed; NULL is fine. */
void audit_sweep_free(struct audit_sweep *a);

#endif
