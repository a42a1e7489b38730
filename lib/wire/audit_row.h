/*
 * audit_row: a row of the audit log and the bytes that its hash is of: fifteen
 * netstrings (LENGTH:BYTES,), numbers in decimal: the hash of the row before,
 * seq, at, who_id, who, via, origin, request, project_id, project, what,
 * subject, event, old, new.  The writer and whoever verifies use this one.
 */
#ifndef LIB_WIRE_AUDIT_ROW_H
#define LIB_WIRE_AUDIT_ROW_H

#include <stdint.h>

struct err;
struct json;
struct jw;
struct str;

enum {
	AUDIT_HASH_HEX = 65 /* and a NUL */
};

/* What the first row's "hash of the row before" is. */
#define AUDIT_HASH_NONE                    \
	"00000000000000000000000000000000" \
	"00000000000000000000000000000000"

/* What agentd signs of a head: seq, hash, ms since 1970, each as text. */
#define AUDIT_HEAD_FORM "cofferdam audit head\n%.*s %.*s %.*s\n"

/* What readers call cofferd itself, whose `who` is empty: no login is so. */
#define AUDIT_SERVER "(cofferd)"

struct audit_row {
	int64_t seq;
	int64_t at; /* ms since 1970 */
	int64_t who_id;
	const char *who;     /* login; "": cofferd itself */
	const char *via;     /* "token 7", "run 3", "session 8", "" */
	const char *origin;  /* address, or "sandbox ID"; "" */
	const char *request; /* X-Request-Id, "" */
	int64_t project_id;  /* 0: none */
	const char *project;
	const char *what;
	const char *subject;
	int64_t event; /* of the event stream, 0: none */
	const char *old;
	const char *new_;
	const char *hash;
};

void audit_row_bytes(
    const struct audit_row *r, const char *before, struct str *out);
/* From the API's JSON, whose texts it borrows; ERR_PROTO. */
int audit_row_read(const struct json *j, struct audit_row *out, struct err *e);
/* That JSON: an object with the members that the hash is of, as they are. */
void audit_row_write(struct jw *w, const struct audit_row *r);

#endif
