/* tracker_priv: the columns of a label and of a milestone, shared by the files
 * of server/store that read them. */
#ifndef SERVER_STORE_TRACKER_PRIV_H
#define SERVER_STORE_TRACKER_PRIV_H

#include "server/domain/tracker.h"
#include "server/store/db_priv.h"

#define LABEL_COLS                                               \
	"l.id, l.project_id, l.color, l.exclusive, l.archived, " \
	"l.name, l.description"
#define MILESTONE_COLS                                              \
	"m.id, m.project_id, m.state, m.open_items,"                \
	" m.closed_items, m.created_at, m.updated_at, m.closed_at," \
	" m.due_at, m.title, m.description"

enum {
	MILESTONE_OPEN = 1,
	MILESTONE_CLOSED
};

static inline void
label_fill(struct query *q, struct label *l)
{
	l->id = query_i64(q);
	l->project_id = query_i64(q);
	QUERY_NAME(q, l->color);
	l->exclusive = query_bool(q);
	l->archived = query_bool(q);
	l->name = query_text(q);
	l->description = query_text(q);
}

static inline void
milestone_fill(struct query *q, struct milestone *m)
{
	m->id = query_i64(q);
	m->project_id = query_i64(q);
	m->closed = query_i64(q) == MILESTONE_CLOSED;
	m->open_items = query_i64(q);
	m->closed_items = query_i64(q);
	m->created_at = query_i64(q);
	m->updated_at = query_i64(q);
	m->closed_at = query_i64(q);
	m->due_at = query_i64(q);
	m->title = query_text(q);
	m->description = query_text(q);
}

#endif
