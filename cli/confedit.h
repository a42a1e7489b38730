/*
 * confedit: who changes HOME/coffer.conf holds a lock on it from the look to
 * the write, so that of two at once neither undoes the other's change.
 */
#ifndef CLI_CONFEDIT_H
#define CLI_CONFEDIT_H

struct err;

/* A descriptor, or -1: close(2) gives it back.  Waits for another, says so, and
 * not for ever: ERR_BUSY. */
int confedit_lock(const char *home, struct err *e);

#endif
