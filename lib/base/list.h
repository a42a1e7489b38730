/*
 * list: the intrusive lists of <sys/queue.h> (LIST_, TAILQ_, STAILQ_), with
 * the removal-safe walks that glibc's copy lacks.
 */
#ifndef LIB_BASE_LIST_H
#define LIB_BASE_LIST_H

#include <sys/queue.h>

#ifndef LIST_FOREACH_SAFE
#define LIST_FOREACH_SAFE(var, head, field, tvar)                    \
	for ((var) = LIST_FIRST((head));                             \
	     (var) != NULL && ((tvar) = LIST_NEXT((var), field), 1); \
	     (var) = (tvar))
#endif
#ifndef TAILQ_FOREACH_SAFE
#define TAILQ_FOREACH_SAFE(var, head, field, tvar)                    \
	for ((var) = TAILQ_FIRST((head));                             \
	     (var) != NULL && ((tvar) = TAILQ_NEXT((var), field), 1); \
	     (var) = (tvar))
#endif

#endif
