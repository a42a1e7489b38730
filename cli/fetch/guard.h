/* guard: a signal that ends coffer takes the quarantine with it. */
#ifndef CLI_FETCH_GUARD_H
#define CLI_FETCH_GUARD_H

/* From now on this folder; NULL: none.  It is borrowed. */
void fetch_guard(const char *box);

#endif
