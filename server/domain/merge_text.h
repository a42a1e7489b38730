/*
 * merge_text: the words of a commit that a merge makes.  Its trailers say who
 * signed, wrote and reviewed it, and by which override it is there: who merges
 * may write some, nobody by the text of a pull request, and only the server its
 * own, Gate-Override.  Pure.
 */
#ifndef SERVER_DOMAIN_MERGE_TEXT_H
#define SERVER_DOMAIN_MERGE_TEXT_H

struct err;
struct str;

/* Of the person who merges: ERR_INVALID, which names the field, for control
 * characters but LF, CRLF and TAB, and for the server's own trailer. */
int merge_text_check(const char *field, const char *text, struct err *e);
/* That text: lines end in LF. */
void merge_text_add(struct str *out, const char *text);
/* What others wrote: without control characters, and with "> " before each
 * line that reads as a trailer of a person or of the server. */
void merge_text_quote(struct str *out, const char *text);

/* Of a line that others wrote: its control characters go. */
void merge_text_clean_line(char *line);

#endif
