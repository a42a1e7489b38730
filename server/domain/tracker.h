/*
 * tracker: labels, milestones and what else is set on an issue or pull
 * request, as plain data.  The scheme for text, times and ids is that of
 * types.h.
 */
#ifndef SERVER_DOMAIN_TRACKER_H
#define SERVER_DOMAIN_TRACKER_H

#include "server/domain/types.h"

enum {
	LABEL_NAME_MAX = 50, /* bytes */
	LABEL_TEXT_MAX = 200,
	LABEL_COLOR_HEX = 6,
	MILESTONE_TITLE_MAX = 255,
	MILESTONE_TEXT_MAX = 64 << 10,
	ITEM_LABELS_MAX = 100,
	ITEM_ASSIGNEES_MAX = 20,
	ITEM_PINS_MAX = 3, /* in a project, of each of the two kinds */
	ITEM_REF_MAX = 255,
	LOCK_REASON_MAX = 50,
	PROJECT_LABELS_MAX = 1000,
	PROJECT_MILESTONES_MAX = 1000
};

struct label {
	int64_t id;
	int64_t project_id;
	char *name;
	char color[LABEL_COLOR_HEX + 1]; /* lower hex, no '#' */
	char *description;
	bool exclusive; /* of the labels SCOPE/..., an item has one */
	bool archived;
};

struct label_list {
	struct label *at;
	size_t n;
	int64_t total;
};

void label_release(struct label *x);
void label_list_release(struct label_list *l);

struct milestone {
	int64_t id; /* 0: none */
	int64_t project_id;
	char *title;
	char *description;
	bool closed;
	int64_t open_items;
	int64_t closed_items;
	int64_t created_at;
	int64_t updated_at;
	int64_t closed_at;
	int64_t due_at;
};

struct milestone_list {
	struct milestone *at;
	size_t n;
	int64_t total;
};

void milestone_release(struct milestone *x);
void milestone_list_release(struct milestone_list *l);

/*
 * What the bodies of POST and PATCH of issues and pull requests share beside
 * text and state.  Each counts only when its set_ is true.
 */
struct item_fields {
	bool set_labels;
	bool set_assignees;
	bool set_milestone;
	bool set_due;
	bool set_ref;
	bool set_version; /* the body that the change is made to */
	int64_t labels[ITEM_LABELS_MAX];
	size_t n_labels;
	char *assignees[ITEM_ASSIGNEES_MAX]; /* logins */
	size_t n_assignees;
	int64_t milestone; /* id, 0: none */
	int64_t due_at;    /* 0: none */
	char *ref;
	int64_t version;
};

void item_fields_release(struct item_fields *f);

/* "a/b" of "a/b/c": the scope of an exclusive label; length 0: none. */
size_t label_scope(const char *name);
/* "#aBc", "abc", "#aabbcc", "aabbcc": six lower digits. */
bool label_color(const char *text, char out[LABEL_COLOR_HEX + 1]);

#endif
