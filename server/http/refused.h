/* refused: a row of the audit log for a password that was wrong.  How many
 * there are is bounded by what bounds the tries. */
#ifndef SERVER_HTTP_REFUSED_H
#define SERVER_HTTP_REFUSED_H

struct db;
struct request;

void refused_note(struct db *db, const struct request *q, const char *login);

#endif
