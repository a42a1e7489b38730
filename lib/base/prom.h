/*
 * prom: Prometheus' text format 0.0.4, written.  prom_head once for a name,
 * then its samples.  Labels are pairs of name and value, NULL at the end;
 * values are escaped.  Pure.
 */
#ifndef LIB_BASE_PROM_H
#define LIB_BASE_PROM_H

#include <stdint.h>

struct str;

#define PROM_TYPE "text/plain; version=0.0.4; charset=utf-8"

#define PROM_LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* type: "counter" or "gauge" or "histogram". */
void prom_head(
    struct str *out, const char *name, const char *type, const char *help);
/* labels may be NULL. */
void prom_i64(struct str *out, const char *name, const char *const *labels,
    int64_t value);
/* Thousandths, as seconds of milliseconds. */
void prom_milli(struct str *out, const char *name, const char *const *labels,
    int64_t value);

#endif
