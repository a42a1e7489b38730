/* run: the pages about runs, and their table, which projects show, too. */
#ifndef SERVER_WEB_RUN_H
#define SERVER_WEB_RUN_H

#include <stdbool.h>
#include <stdint.h>

struct run;
struct run_list;
struct web;

/* with_project: of several. */
void run_table(struct web *w, const struct run_list *list, bool with_project);
void run_state_badge(struct web *w, const struct run *r);
/* What the models took, in micros; -1: nobody said. */
int64_t run_spent(const struct run *r);
void run_took(struct web *w, const struct run *r);
void run_cost(struct web *w, const struct run *r);
/* "/fix in #7" */
void run_for(struct web *w, const struct run *r);
/* run_record.c: links to its log, report and record; what it took, when there
 * is a record. */
void run_links(struct web *w, const struct run *r);
void run_took_all(struct web *w, const struct run *r);

#endif
