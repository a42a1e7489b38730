/* guard: a folder for the time of the process: a signal that ends it (INT,
 * TERM, HUP) takes the folder with it.  At most one. */
#ifndef LIB_IO_GUARD_H
#define LIB_IO_GUARD_H

/* From now on this folder; NULL: none.  It is borrowed. */
void guard_folder(const char *path);

#endif
