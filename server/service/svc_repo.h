/*
 * svc_repo: what people change of a repository as the forge shows it: its
 * profile, its topics, its collaborators, and who watches it.
 */
#ifndef SERVER_SERVICE_SVC_REPO_H
#define SERVER_SERVICE_SVC_REPO_H

#include "server/service/svc.h"
#include "server/store/repo_facts.h"

/* What is to change: NULL, -1 and 0 leave a field as it is. */
struct svc_repo_patch {
	char *name;
	char *description;
	char *website;
	char *default_branch;
	int archived;
	int has_issues;
	int has_pulls;
	int delete_branch;
	int64_t styles_on; /* bits */
	int64_t styles_off;
	enum merge_style merge_style;
	int64_t interval_s;
};
void svc_repo_patch_init(struct svc_repo_patch *p);

struct svc_repo_edit {
	struct svc_op op;
	int64_t project_id;
	struct svc_repo_patch patch;
	struct project project; /* out */
	bool moves_head;
};
struct svc_repo_edit *svc_repo_edit_new(
    struct svc *s, const struct identity *who);
/* A maintainer's; archiving, the default branch, and whatever changes an
 * archived one, an admin's of the repository. */
void svc_repo_edit(struct svc_repo_edit *op, svc_done_fn *done, void *arg);

/* ERR_NOTFOUND when its pull requests, or its issues, are switched off. */
int svc_repo_unit(struct txn *t, int64_t project, bool pulls, struct err *e);

struct svc_topics {
	struct svc_op op;
	int64_t project_id;
	struct topic_list topics; /* clean; of one to add or remove: alone */
	enum {
		TOPICS_SET,
		TOPICS_ADD,
		TOPICS_REMOVE
	} what;
};
/* ERR_NOTFOUND when one to remove is not there. */
void svc_topics(struct svc *s, const struct identity *who,
    const struct svc_topics *ask, svc_done_fn *done, void *arg);

struct svc_watch {
	struct svc_op op;
	int64_t project_id;
	bool on;
	struct watching watch; /* out */
};
void svc_watch(struct svc *s, const struct identity *who, int64_t project,
    bool on, svc_done_fn *done, void *arg);

struct svc_collaborator {
	struct svc_op op;
	int64_t project_id;
	char *login;
	enum role role; /* ROLE_NONE: no longer one */
};
struct svc_collaborator *svc_collaborator_new(
    struct svc *s, const struct identity *who);
void svc_collaborator(
    struct svc_collaborator *op, svc_done_fn *done, void *arg);

#endif
