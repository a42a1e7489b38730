/*
 * svc_run: runs of an agent, as agentd reports them: made once per event,
 * moved by compare-and-set, finished in one transaction with the comment, the
 * pull request and the end of its token.
 */
#ifndef SERVER_SERVICE_SVC_RUN_H
#define SERVER_SERVICE_SVC_RUN_H

#include "server/domain/run_rule.h"
#include "server/domain/work.h"
#include "server/service/svc.h"
#include "server/service/svc_review.h"

struct svc_run_create {
	struct svc_op op;
	int64_t project_id;
	int64_t event;
	int64_t item; /* 0: none */
	char *command;
	enum access_level access;
	char *agent;               /* NULL: the project's */
	enum network_mode network; /* 0: the project's */
	int64_t wall_s;            /* 0: the project's */
	/* out: false when the event had one, or one that waits took it */
	bool created;
	enum run_verdict verdict; /* out */
	struct run run;           /* out; no id: no run was made */
};
struct svc_run_create *svc_run_create_new(
    struct svc *s, const struct identity *who);
void svc_run_create(struct svc_run_create *op, svc_done_fn *done, void *arg);

/* A run without an item, by a person's own word: once per call, or key. */
struct svc_run_ask {
	struct svc_op op;
	int64_t project_id;
	char *task;    /* what is to be done */
	char *command; /* whose prompt it gets */
	enum access_level access;
	char *agent;               /* NULL: the project's */
	enum network_mode network; /* 0: the project's */
	int64_t wall_s;            /* 0: the project's */
	int64_t budget;            /* 0: no limit of its own */
	char *base;                /* a branch; NULL: the project's */
	char *env;                 /* JSON object of texts; NULL: none */
	char *key;                 /* the caller's own word for it; NULL */
	svc_done_fn *done;         /* within, as the next two */
	void *arg;
	char *env_key;  /* of the file; NULL: none */
	bool again;     /* out: the key had that run */
	struct run run; /* out */
};
struct svc_run_ask *svc_run_ask_new(struct svc *s, const struct identity *who);
/* ERR_DENIED: a program's account, or the project's ceiling; ERR_EXISTS: the
 * key was for something else. */
void svc_run_ask(struct svc_run_ask *op, svc_done_fn *done, void *arg);

struct svc_run_token {
	struct svc_op op;
	int64_t id;
	char secret[TOKEN_SECRET_HEX + 1]; /* out */
	int64_t expires_at;                /* out */
	char *env; /* out: JSON object of texts, or "" */
};
void svc_run_token(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg);

struct svc_run_move {
	struct svc_op op;
	int64_t id;
	enum run_state from, to;
	char *why;      /* NULL: "" */
	struct run run; /* out */
};
struct svc_run_move *svc_run_move_new(
    struct svc *s, const struct identity *who);
/* Not in `from`: ERR_EXISTS. */
void svc_run_move(struct svc_run_move *op, svc_done_fn *done, void *arg);

struct svc_run_finish {
	struct svc_op op;
	int64_t id;
	enum run_state state;
	char *why;
	char *message;
	char *record; /* JSON or NULL */
	char *report; /* Markdown for the comment, or NULL */
	bool has_exit;
	int64_t exit_code;
	bool passing;     /* what it failed of may be over soon: try again */
	bool gone;        /* its item was deleted */
	struct run run;   /* out */
	char *env;        /* svc_run_env's key, "": none */
	int64_t pause_ms; /* till the next try, 0: there is none */
	int64_t pull_number;
	struct identity agent;
	char head_sha[SHA_HEX + 1]; /* of a branch that is ahead, else "" */
	char base_sha[SHA_HEX + 1];
	char merge_base[SHA_HEX + 1];
	/* Of a pull request: what it says of lines of the commit it saw. */
	char commit[SHA_HEX + 1];
	struct svc_review_line *lines; /* owned, at most REVIEW_COMMENTS_MAX */
	size_t n_lines;
	char review_base[SHA_HEX + 1];
	bool reviewed; /* a review holds those that have a hunk */
};
struct svc_run_finish *svc_run_finish_new(
    struct svc *s, const struct identity *who);
void svc_run_finish(struct svc_run_finish *op, svc_done_fn *done, void *arg);

struct svc_run_cancel {
	struct svc_op op;
	int64_t id;
};
void svc_run_cancel(struct svc *s, const struct identity *who, int64_t id,
    svc_done_fn *done, void *arg);

#endif
