#include "server/web/composer.h"

#include <inttypes.h>
#include <stdio.h>

#include "server/web/field.h"
#include "server/web/orders.h"
#include "server/web/web.h"

void
composer_write(struct web *w, const struct composer *x)
{
	bool orders = x->orders && web_may(w, x->p->id, PERM_WRITE);
	struct html *h = &w->h;
	char rows[16];

	(void)snprintf(rows, sizeof(rows), "%u", x->rows);
	HTML_TAG(h, "label");
	HTML_ATTR(h, "for", "body");
	html_text(h, x->label);
	html_end(h);
	HTML_CLASS(h, "div", "write");
	HTML_TAG(h, "textarea");
	HTML_ATTR(h, "id", "body");
	HTML_ATTR(h, "name", "body");
	HTML_ATTR(h, "rows", rows);
	HTML_ATTR(h, "maxlength", "60000");
	if (x->required)
		HTML_FLAG(h, "required");
	if (orders)
		HTML_ATTR(h, "data-orders", "orders");
	if (x->files && x->number != 0)
		HTML_URL(h, "data-url", "/%s/%s/issues/%" PRId64 "/files",
		    x->p->owner, x->p->name, x->number);
	/* A browser drops the first line end. */
	html_text(h, "\n");
	html_text(h, svc_text(x->value));
	html_end(h);
	html_end(h);
	HTML_CLASS(h, "div", "row");
	field_button(w, "primary", "act", "say", x->say);
	field_button(w, "", "act", "preview", "Preview");
	html_end(h);
	if (orders)
		orders_write(w, x->is_pull);
}
