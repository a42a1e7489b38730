/*
 * shape: rows as the JSON of docs/api.md.  url is the public URL; project is
 * the one the row belongs to.  Each writes one object; key as in jw_object.
 */
#ifndef SERVER_API_SHAPE_H
#define SERVER_API_SHAPE_H

#include "lib/base/str.h"
#include "lib/wire/json.h"
#include "server/domain/items.h"
#include "server/domain/review_comment.h"
#include "server/domain/run_rule.h"
#include "server/domain/runner.h"
#include "server/domain/words.h"
#include "server/domain/work.h"
#include "server/store/repo_facts.h"

struct approval;
struct call;
struct care_row;
struct err;
struct timeline_entry;
struct identity;
struct json;
struct mirror_memo;
struct net_rule;
struct protect_rule;
struct svc_branch_view;
struct svc_use;
struct txn;
struct upstream_info;
struct verdict;

enum {
	SHAPE_SEEN = 8
};

/* Where in the body a user stands: he is copied from there. */
struct shape_seen {
	int64_t id;
	size_t at;
	size_t len;
};

struct shape {
	struct jw w;
	struct str body;
	const char *url;
	const struct project *project; /* NULL: none */
	struct txn *t;                 /* for what a row shows beside itself */
	const struct identity *who;    /* who is shown it */
	const struct identity *reader; /* who reads it, too; NULL: nobody */
	struct repo_facts facts;       /* of the repository shown last */
	bool inner;                    /* a repository inside another */
	struct shape_seen users[SHAPE_SEEN]; /* those in the body */
	size_t n_users;
	int64_t bare;  /* project none of whose items has an attachment */
	int64_t asked; /* whether that is so of it is known */
};

/* A reply being written: init, rows, then shape_reply (which releases). */
void shape_init(struct shape *s, struct call *c, const struct project *p);
/* The same for a page of a list: its headers, and an array that is open. */
void shape_page(struct shape *s, struct call *c, const struct project *p,
    uint32_t page, uint32_t limit, int64_t total);
void shape_reply(struct shape *s, struct call *c, int status);

/* The time that Gitea gives for none where null will not do. */
#define SHAPE_TIME_NONE "0001-01-01T00:00:00Z"

void shape_user(struct shape *s, const char *key, const struct author *a);
/* All of it for an admin and the user itself. */
void shape_user_full(struct shape *s, const char *key, const struct user *u,
    const struct identity *who);
/* Appends LOGIN@noreply.HOST, the address that others see. */
void shape_noreply(const struct shape *s, const char *login, struct str *out);
/* What it shows beside p is read unless it is of the repository before. */
void shape_repository(
    struct shape *s, const char *key, const struct project *p);
/* null when s->who or s->reader may not see it, or it is gone; the reader is
 * shown the fork of s->project that is s->who's own.  Without its parent. */
void shape_repository_by_id(struct shape *s, const char *key, int64_t id);
/* The elements of an array: one query for all. */
void shape_repositories(struct shape *s, const struct project_list *l);
/* A short one, for the items of several repositories. */
void shape_repository_meta(
    struct shape *s, const char *key, const struct project *p);
/* What a project shows of its upstream beside its own row. */
struct shape_mirror {
	int64_t now;
	const struct upstream_info *info;
	const struct mirror_memo *memo;
	const struct care_row *care;
	const struct svc_use *use; /* NULL: not known */
	const char *driver;        /* what agentd makes them with, or "" */
	const struct verdict *verdict;
	bool lockdown;
	bool served;   /* agentd was heard lately */
	struct txn *t; /* asked for the verdicts on what is unverified */
};
/* The member "repository": its size and state. */
void shape_care(struct shape *s, const struct care_row *r);
void shape_project(
    struct shape *s, const struct project *p, const struct shape_mirror *m);
/* full: with its id and who made it. */
void shape_net_rule(struct shape *s, const struct net_rule *r, bool full);
/* The member "policy", what agentd tells the router. */
int shape_net_policy(struct shape *s, struct txn *t, int64_t project,
    int64_t now, struct err *e);
void shape_issue(struct shape *s, const struct issue *i);
void shape_issue_member(
    struct shape *s, const char *key, const struct issue *i);
void shape_label(struct shape *s, const char *key, const struct label *l);
/* null when it is none. */
void shape_milestone(
    struct shape *s, const char *key, const struct milestone *m);
void shape_comment(struct shape *s, const struct comment *c);
void shape_comment_member(
    struct shape *s, const char *key, const struct comment *c);
/* One of an array: of a timeline; what s->who may not see is left out. */
void shape_timeline_comment(
    struct shape *s, const struct issue *item, const struct comment *c);
void shape_timeline_entry(
    struct shape *s, const struct issue *item, const struct timeline_entry *e);
/* The elements of an array: one query for their attachments. */
void shape_comments(struct shape *s, const struct comment_list *l);
void shape_attachment(struct shape *s, const struct attachment *a);
void shape_attachments(
    struct shape *s, const char *key, const struct attachment_list *l);
/* The same, looked up. */
void shape_assets(
    struct shape *s, const char *key, const struct words_target *of);
void shape_reaction(struct shape *s, const struct reaction *r);
void shape_revision(struct shape *s, const struct revision *r);
/* s->project is that of the notice. */
void shape_notice(struct shape *s, const struct notice *n);
void shape_pull(struct shape *s, const struct pull *p);
void shape_review(
    struct shape *s, const struct review *r, const char *head_sha);
void shape_review_comment(struct shape *s, const struct review_comment *c);
void shape_status(struct shape *s, const struct status *st);
void shape_protection(struct shape *s, const struct protect_rule *r);
/* Members of a branch's object, for whoever asks. */
void shape_branch_protection(struct shape *s, const struct svc_branch_view *v);
void shape_run(struct shape *s, const struct run *r);
/* What became of an order, with the run if there is one. */
void shape_run_verdict(
    struct shape *s, enum run_verdict verdict, const struct run *r);
struct net_rule_list;
/* rules: for its runner alone, with its lease; NULL: for anybody. */
void shape_job(
    struct shape *s, const struct job *j, const struct net_rule_list *rules);
void shape_runner(struct shape *s, const struct runner *r, int64_t now);
void shape_approval(struct shape *s, const struct approval *a);
void shape_i64_or_null(struct shape *s, const char *key, int64_t n);
void shape_str_or_null(struct shape *s, const char *key, const char *v);

#endif
