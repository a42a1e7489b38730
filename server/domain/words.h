/*
 * words: what hangs on issues, pull requests and comments, as plain data.  The
 * scheme for text, times and ids is that of types.h.  A target is a comment,
 * or the item itself when comment_id is 0.
 */
#ifndef SERVER_DOMAIN_WORDS_H
#define SERVER_DOMAIN_WORDS_H

#include "server/domain/items.h"

enum {
	REACTION_LEN_MAX = 20,
	REACTIONS_MAX = 1000,      /* of one target */
	REVISIONS_MAX = 50,        /* kept of one text, the newest */
	ATTACHMENT_NAME_MAX = 255, /* bytes */
	ATTACHMENTS_MAX = 100,     /* of one target */
	ATTACHMENT_UUID = 36,
	ATTACHMENT_TYPE_MAX = 63,
	NOTICE_READERS_MAX = 1000 /* told of one event */
};

struct words_target {
	int64_t project_id;
	int64_t item;
	int64_t comment_id;
};

struct revision {
	int64_t id;
	struct author author; /* who replaced it */
	int64_t at;           /* when */
	char *body;           /* what was there before */
};

struct revision_list {
	struct revision *at;
	size_t n;
	int64_t total;
};

void revision_list_release(struct revision_list *l);

struct reaction {
	int64_t id;
	struct author author;
	char content[REACTION_LEN_MAX + 1];
	int64_t at;
};

struct reaction_list {
	struct reaction *at;
	size_t n;
	int64_t total;
};

void reaction_list_release(struct reaction_list *l);

/* How often one word was said of one target. */
struct reaction_count {
	int64_t comment_id;
	char content[REACTION_LEN_MAX + 1];
	int64_t n;
	bool mine;
};

struct reaction_count_list {
	struct reaction_count *at;
	size_t n;
	int64_t total;
};

void reaction_count_list_release(struct reaction_count_list *l);

/* Gitea's default set, NULL at the end; and is it one of them? */
extern const char *const reaction_words[];
bool reaction_known(const char *content);

struct attachment {
	int64_t id;
	char uuid[ATTACHMENT_UUID + 1];
	struct words_target target;
	int64_t account_id;
	int64_t size;
	int64_t downloads;
	int64_t created_at;
	char type[ATTACHMENT_TYPE_MAX + 1];
	char *name;
};

struct attachment_list {
	struct attachment *at;
	size_t n;
	int64_t total;
};

void attachment_release(struct attachment *x);
void attachment_list_release(struct attachment_list *l);

enum notice_status {
	NOTICE_UNREAD = 1,
	NOTICE_READ,
	NOTICE_PINNED
};

/* As in types.h: "unread" "read" "pinned", and back or -1. */
const char *notice_status_name(enum notice_status v);
int notice_status_parse(const char *s);

struct notice {
	int64_t id;
	int64_t account_id;
	int64_t project_id;
	int64_t item;
	bool is_pull;
	bool merged;
	enum issue_state state;
	enum notice_status status;
	int64_t comment_id; /* the newest, 0: none */
	int64_t updated_at;
	char *title;
	char *project; /* "OWNER/NAME" */
};

struct notice_list {
	struct notice *at;
	size_t n;
	int64_t total;
};

void notice_release(struct notice *x);
void notice_list_release(struct notice_list *l);

#endif
