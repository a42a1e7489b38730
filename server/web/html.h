/*
 * html: writes HTML and cannot write anything else: names of elements and
 * attributes are literals of this program, every value is escaped on its way,
 * elements are closed in order.  There is no way to put text in raw; what an
 * attribute that a browser follows may hold is a path of this server ("/" is
 * written for anything else).
 *
 * A document of more than HTML_MAX is cut: html_ok says so.
 */
#ifndef SERVER_WEB_HTML_H
#define SERVER_WEB_HTML_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/str.h"

enum {
	HTML_DEPTH = 32,
	HTML_MAX = 4 << 20
};

struct html {
	struct str out;
	const char *open[HTML_DEPTH]; /* names of elements, literals */
	unsigned depth;
	bool in_tag; /* attributes may follow */
};

void html_init(struct html *h); /* with the doctype */
void html_release(struct html *h);
bool html_ok(const struct html *h); /* whole, and every element closed */

/* What strangers wrote may become many times as long: from _begin to _end at
 * most `room` bytes more are written, else all of it is taken back and _end is
 * false.  Elements that are opened there are closed there. */
struct html_try {
	size_t len, max;
	unsigned depth;
	bool in_tag, full;
};
struct html_try html_try_begin(struct html *h, size_t room);
bool html_try_end(struct html *h, const struct html_try *try);

/* The macros take literals alone: "" name "" is no expression of others. */
#define HTML_TAG(h, name) html_tag_put((h), "" name "")
#define HTML_VOID(h, name) html_void_put((h), "" name "")
#define HTML_ATTR(h, name, value) html_attr_put((h), "" name "", (value))
#define HTML_FLAG(h, name) html_flag_put((h), "" name "")
/* fmt begins with '/', or with '?' for the same path; %s is escaped as one part
 * of a URL, and "%" PRId64 and %u are numbers; nothing else. */
#define HTML_URL(h, name, ...) html_url_put((h), "" name "", "" __VA_ARGS__)
/* href of a link that leads away, with rel; only http, https and mailto, else
 * false and nothing is written. */
bool html_away(struct html *h, struct view url);
/* <name class="cls"> */
#define HTML_CLASS(h, name, cls) html_class_put((h), "" name "", (cls))
/* <name class="cls">text</name>; cls "" is none. */
#define HTML_LEAF(h, name, cls, text) \
	html_leaf_put((h), "" name "", (cls), (text))
#define HTML_LEAFF(h, name, cls, ...) \
	html_leaff_put((h), "" name "", (cls), __VA_ARGS__)

void html_tag_put(struct html *h, const char *name);
/* Without an end: <input>, <meta>. */
void html_void_put(struct html *h, const char *name);
void html_attr_put(struct html *h, const char *name, const char *value);
void html_flag_put(struct html *h, const char *name);
void html_url_put(struct html *h, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void html_class_put(struct html *h, const char *name, const char *cls);
void html_leaf_put(
    struct html *h, const char *name, const char *cls, const char *text);
void html_leaff_put(struct html *h, const char *name, const char *cls,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
void html_end(struct html *h);

/* NULL is ""; what is no UTF-8 or a control byte becomes U+FFFD. */
void html_text(struct html *h, const char *text);
void html_textv(struct html *h, struct view text);
void html_textf(struct html *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Of strangers, to decide by: what shows nothing or turns the text around it
 * is written out as <U+XXXX>. */
void html_shown(struct html *h, const char *text);
/* The same of lines of code: tabs and ends of lines stay. */
void html_code(struct html *h, struct view text);

#endif
