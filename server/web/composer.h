/*
 * composer: the field that people write Markdown into, with the buttons that
 * say it or show what it would look like, and the orders that one may give.
 * It works without JavaScript; app.js shows the orders while one types, and
 * takes files that are dropped or pasted.
 */
#ifndef SERVER_WEB_COMPOSER_H
#define SERVER_WEB_COMPOSER_H

#include <stdbool.h>
#include <stdint.h>

struct project;
struct web;

struct composer {
	const struct project *p;
	int64_t number; /* of the item, 0: none yet */
	const char *label;
	const char *value; /* NULL: "" */
	const char *say;   /* the button */
	unsigned rows;
	bool required;
	bool is_pull;
	bool orders; /* a first line may be an order */
	bool files;  /* they may be attached to the item */
};

/* Inside a form: label, <textarea id="body" name="body">, buttons. */
void composer_write(struct web *w, const struct composer *x);

#endif
