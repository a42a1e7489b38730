/*
 * field: the parts that forms of settings are made of: a label with its field,
 * and a line of help below where there is one ("" is none).  In a form that was
 * refused they have what was typed (post.h).
 */
#ifndef SERVER_WEB_FIELD_H
#define SERVER_WEB_FIELD_H

#include <stdbool.h>
#include <stdint.h>

struct html;
struct web;

struct field {
	const char *name;
	const char *label;
	const char *help;
	const char *id; /* NULL: the name, which is then once on a page */
	unsigned max;   /* bytes of a text, 0: any */
	bool required;
	bool unseen; /* the label is for who does not see the rest */
	bool secret; /* of an area: what was typed does not come back */
};

void field_text(struct web *w, const struct field *f, const char *value);
/* With a word of what may be written, while it is empty. */
void field_hint(
    struct web *w, const struct field *f, const char *value, const char *hint);
/* Never with a value; who fills in passwords is told which by `autocomplete`.
 */
void field_secret(
    struct web *w, const struct field *f, const char *autocomplete);
/* "#rrggbb" */
void field_colour(struct web *w, const struct field *f, const char *value);
/* YYYY-MM-DD, or "". */
void field_date(struct web *w, const struct field *f, const char *value);
void field_number(struct web *w, const struct field *f, int64_t value,
    int64_t min, int64_t max);
void field_area(
    struct web *w, const struct field *f, const char *value, unsigned rows);
void field_tick(struct web *w, const struct field *f, bool on);
/* field_option up to html_end. */
void field_select(struct web *w, const struct field *f);
void field_option(
    struct web *w, const char *value, const char *text, bool chosen);
void field_hidden(struct web *w, const char *name, const char *value);
/* name NULL: it sends nothing of its own. */
void field_button(struct web *w, const char *cls, const char *name,
    const char *value, const char *text);

#endif
