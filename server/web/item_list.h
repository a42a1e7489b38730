/* item_list: what a list of issues or pull requests is asked for, by its
 * address: item_list.c reads it and shows what there is, item_find.c is the
 * form that asks. */
#ifndef SERVER_WEB_ITEM_LIST_H
#define SERVER_WEB_ITEM_LIST_H

#include "lib/base/err.h"
#include "server/store/issues.h"
#include "server/web/web.h"

enum {
	ITEM_LIST_SORTS = 6
};

/* What the address asks; the texts are borrowed from the call. */
struct item_list {
	struct call *c;
	struct project p;
	bool pulls;
	const char *state; /* "open", "closed", "all" */
	const char *q, *author, *assignee, *sort;
	int64_t milestone;
	struct issue_filter f;
	char *labels; /* that f.labels are in */
	uint32_t page, limit;
	struct issue_list list;
	int64_t total[2]; /* of all open, of all closed */
	struct err fail;  /* why nothing was looked for */
};

extern const struct item_list_sort {
	const char *word, *text;
	enum issue_sort sort;
} item_list_sorts[ITEM_LIST_SORTS];

bool item_list_has(const struct issue_filter *f, const char *name);
/* <a> to the same list: state NULL as it is; without the label at `drop`, -1
 * with all.  The caller ends it. */
void item_list_link(struct web *w, const struct item_list *l, const char *state,
    int drop, const char *current);
/* The form, filled with what is asked. */
void item_list_form(struct web *w, const struct item_list *l);

#endif
