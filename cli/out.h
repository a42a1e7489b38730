/*
 * out: what people read on a terminal.  Every text that came from elsewhere
 * goes through here and is escaped (esc_term): a title cannot move the cursor.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct cli;
struct json;
struct str;
struct view;

enum out_colour {
	OUT_PLAIN,
	OUT_GOOD,
	OUT_WARN,
	OUT_BAD,
	OUT_DIM,
	OUT_BOLD
};

/* One line of foreign text, escaped, without a newline. */
void out_text(FILE *f, const char *s);
/* Many lines of foreign text, each escaped and indented. */
void out_block(FILE *f, const char *s, const char *indent);
void out_bytes(FILE *f, const char *p, size_t n); /* keeps LF and TAB */
/* A remote_text_fn for a log, arg is the struct cli: on a terminal escaped,
 * else as it is; false when stdout is gone. */
bool out_log(struct view chunk, void *arg);
/* Foreign text in a frame of ours: escaped as a whole, keeps LF and TAB. */
void out_fmt(FILE *f, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * JSON on stdout.  What a terminal obeys or does not show is \uXXXX there,
 * which means the same.
 */
void out_json_text(struct view text);
bool out_json_was_told(void);
void out_json_line(const struct str *text); /* and a newline */
void out_json(const struct json *j);        /* the same; NULL prints null */
/* "3 min ago" of an RFC 3339 time; "-" if there is none. */
const char *out_ago(const char *rfc3339, char buf[32]);
/* Colour of the words that states have: ok, running, failed, open ... */
enum out_colour out_state_colour(const char *state);
void out_paint(
    const struct cli *c, FILE *f, enum out_colour col, const char *s);

/* An aligned table; the first row is the head. */
struct out_table;
struct out_table *out_table_new(size_t columns)
    __attribute__((returns_nonnull));
void out_cell(struct out_table *t, const char *s);       /* NULL: "-" */
void out_cell_state(struct out_table *t, const char *s); /* in colour */
void out_cellf(struct out_table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Prints and frees. */
void out_table_print(struct out_table *t, const struct cli *c);

#endif
