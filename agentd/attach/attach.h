/*
 * attach: byte streams into a project's session container, for the users of
 * HOME/run/agentd.sock.  A caller presents a ticket of cofferd (single use, for
 * one user, project and verb), then talks in frames (docs/architecture.md).
 */
#ifndef AGENTD_ATTACH_ATTACH_H
#define AGENTD_ATTACH_ATTACH_H

#include <stdint.h>

#include "lib/io/loop.h"

struct apiclient;
struct attach;
struct driver;
struct driver_exec;
struct driver_exec_spec;
struct err;
struct sandboxes;

struct attach *attach_new(struct loop *l, const char *home,
    struct apiclient *api, struct sandboxes *sandboxes,
    const struct driver *driver, struct err *e);
/* The member `run` of the first line: what is executed is fn's own choice. */
typedef struct driver_exec *attach_run_fn(int64_t project, int64_t run,
    const struct driver_exec_spec *x, int *fd, void *arg, struct err *e);
void attach_on_run(struct attach *a, attach_run_fn *fn, void *arg);
/* `coffer prove` has ended on this project: there may be another verdict. */
typedef void attach_proved_fn(int64_t project, void *arg);
void attach_on_proved(struct attach *a, attach_proved_fn *fn, void *arg);
/*
 * When the loop has ended: open sessions are cut; the programs in them go on
 * under byobu.
 */
void attach_free(struct attach *a);

#endif
