/* backup_home: the part of a home that is root's, into and out of an archive.
 */
#ifndef SERVER_BACKUP_BACKUP_HOME_H
#define SERVER_BACKUP_BACKUP_HOME_H

#include <stdbool.h>

struct err;
struct tarball;
struct tarball_file;

int backuphome_add(
    struct tarball *t, const char *home, bool secrets, struct err *e);
/* The plain files of HOME/FOLDER, by name; links and whatever has a name that
 * no archive takes are passed over. */
int backuphome_add_folder(struct tarball *t, const char *home,
    const char *folder, const char *prefix, struct err *e);
/* A file "home/..." of a new home. */
int backuphome_put(struct tarball *t, const struct tarball_file *f,
    const char *home, struct err *e);

#endif
