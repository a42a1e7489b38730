#include "server/web/orders.h"

#include <string.h>

#include "lib/base/view.h"
#include "server/web/web.h"

/* The files as they are; the Makefile knows that this object has them. */
#define ORDER_FILE(name)                                            \
	__asm__(".pushsection .rodata\n"                            \
		".global order_" name "\norder_" name ":\n"         \
		".incbin \"prompts/commands/" name ".md\"\n"        \
		".global order_" name "_end\norder_" name "_end:\n" \
		".byte 0\n.popsection\n")
ORDER_FILE("deps");
ORDER_FILE("explain");
ORDER_FILE("fix");
ORDER_FILE("plan");
ORDER_FILE("refactor");
ORDER_FILE("review");
ORDER_FILE("search");
ORDER_FILE("security");
ORDER_FILE("task");
ORDER_FILE("test");
extern const char order_deps[], order_explain[], order_fix[], order_plan[],
    order_refactor[], order_review[], order_search[], order_security[],
    order_task[], order_test[];

static const struct order {
	const char *name;
	const char *file;              /* its front matter says the rest */
	const char *arguments, *means; /* of what has none */
	bool pull;                     /* of pull requests alone */
} orders[] = {
	{ "plan", order_plan, NULL, NULL, false },
	{ "fix", order_fix, NULL, NULL, false },
	{ "task", order_task, NULL, NULL, false },
	{ "test", order_test, NULL, NULL, false },
	{ "review", order_review, NULL, NULL, false },
	{ "explain", order_explain, NULL, NULL, false },
	{ "search", order_search, NULL, NULL, false },
	{ "refactor", order_refactor, NULL, NULL, false },
	{ "security", order_security, NULL, NULL, false },
	{ "deps", order_deps, NULL, NULL, false },
	{ "status", NULL, "", "Say which runs there are", false },
	{ "stop", NULL, "", "Stop the runs of this item", false },
	{ "retry", NULL, "", "Do the last run again", false },
	{ "help", NULL, "", "Say which commands there are", false },
	{ "allow", NULL, "NUMBER… [for TIME]", "Allow what a run asked",
	    false },
	{ "deny", NULL, "NUMBER…", "Deny what a run asked", false },
	{ "approve", NULL, "[COMMIT]", "Approve this head", true },
	{ "merge", NULL, "[merge|squash|rebase] [auto]",
	    "Merge; with auto when the gate opens", true },
	{ "test-pr", NULL, "\"COMMAND\" [BRANCH]",
	    "Have CI run a command on this head", true },
	{ "test-pr-bug", NULL, "\"COMMAND\" [BRANCH]",
	    "The same, of a test that fails without the change", true },
};

/* The value of a line "key: value" of the front matter. */
static struct view
order_value(const char *file, const char *key)
{
	struct view rest = view_of(file), line;
	size_t n = strlen(key);

	/* The first line is "---"; so is the one after the last key. */
	(void)view_split(&rest, '\n', &line);
	while (view_split(&rest, '\n', &line) && !view_starts(line, "---"))
		if (view_starts(line, key) && line.len > n + 1 &&
		    line.p[n] == ':')
			return view_from(line, n + 2);
	return view_of("");
}

void
orders_write(struct web *w, bool is_pull)
{
	struct html *h = &w->h;

	HTML_CLASS(h, "details", "orders");
	HTML_LEAF(h, "summary", "", "Orders that a first line can give");
	HTML_TAG(h, "dl");
	HTML_ATTR(h, "id", "orders");
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		const struct order *o = &orders[i];

		if (o->pull && !is_pull)
			continue;
		HTML_TAG(h, "dt");
		HTML_LEAFF(h, "code", "", "/%s", o->name);
		html_text(h, " ");
		html_textv(h,
		    o->file != NULL ? order_value(o->file, "arguments")
				    : view_of(o->arguments));
		html_end(h);
		HTML_TAG(h, "dd");
		html_textv(h,
		    o->file != NULL ? order_value(o->file, "description")
				    : view_of(o->means));
		html_end(h);
	}
	html_end(h);
	html_end(h);
}
