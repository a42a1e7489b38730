/* api: what the handlers of every resource share, and their route tables. */
#ifndef SERVER_API_API_H
#define SERVER_API_API_H

#include "server/domain/items.h"
#include "server/domain/perm.h"
#include "server/http/call.h"
#include "server/http/route.h"
#include "server/service/svc.h"

struct err;
struct git_result;
struct json;

/* All of them; ends with NULL. */
extern const struct route *const api_tables[];

extern const struct route api_swagger_routes[];
extern const struct route api_meta_routes[];
extern const struct route api_users_routes[];
extern const struct route api_admin_routes[];
extern const struct route api_tokens_routes[];
extern const struct route api_orgs_routes[];
extern const struct route api_repos_routes[];
extern const struct route api_collaborators_routes[];
extern const struct route api_topics_routes[];
extern const struct route api_migrate_routes[];
extern const struct route api_forks_routes[];
extern const struct route api_git_routes[];
extern const struct route api_refs_routes[];
extern const struct route api_commits_routes[];
extern const struct route api_tags_routes[];
extern const struct route api_compare_routes[];
extern const struct route api_contents_routes[];
extern const struct route api_files_routes[];
extern const struct route api_issues_routes[];
extern const struct route api_labels_routes[];
extern const struct route api_milestones_routes[];
extern const struct route api_assignees_routes[];
extern const struct route api_timeline_routes[];
extern const struct route api_comments_routes[];
extern const struct route api_reactions_routes[];
extern const struct route api_attachments_routes[];
extern const struct route api_notifications_routes[];
extern const struct route api_search_routes[];
extern const struct route api_pulls_routes[];
extern const struct route api_pull_git_routes[];
extern const struct route api_pull_find_routes[];
extern const struct route api_reviews_routes[];
extern const struct route api_review_comments_routes[];
extern const struct route api_merge_routes[];
extern const struct route api_findings_routes[];
extern const struct route api_protections_routes[];
extern const struct route api_statuses_routes[];
extern const struct route api_projects_routes[];
extern const struct route api_sandbox_routes[];
extern const struct route api_prove_routes[];
extern const struct route api_network_routes[];
extern const struct route api_network_log_routes[];
extern const struct route api_approvals_routes[];
extern const struct route api_kept_routes[];
extern const struct route api_hooks_routes[];
extern const struct route api_deliveries_routes[];
extern const struct route api_upstream_routes[];
extern const struct route api_events_routes[];
extern const struct route api_audit_routes[];
extern const struct route api_health_routes[];
extern const struct route api_runs_routes[];
extern const struct route api_asks_routes[];
extern const struct route api_lease_routes[];
extern const struct route api_orders_routes[];
extern const struct route api_records_routes[];
extern const struct route api_checks_routes[];
extern const struct route api_ci_routes[];
extern const struct route api_runners_routes[];
extern const struct route api_tickets_routes[];
extern const struct route api_fetches_routes[];

struct svc *api_svc(const struct call *c);
struct txn *api_reader(const struct call *c);

/* Nobody is called so: true after a redirect to the name that who was called
 * so has now. */
bool api_moved(struct call *c, const char *login);

/* The project of the first two arguments, or -1 after the reply.  The caller
 * releases it. */
int api_project(struct call *c, enum perm_verb verb, struct project *out);
/* Its id alone, 0 after the reply. */
int64_t api_project_id(struct call *c, enum perm_verb verb);

/* The member "project" of a body, an id or OWNER/NAME: its id, or 0 after the
 * reply. */
int64_t api_project_body(
    struct call *c, const struct json *j, enum perm_verb verb);
/* The same of the query, for reading; *out stays when absent. */
int api_project_query(struct call *c, int64_t *out);

/* A text member: a copy, or NULL when absent.  -1 after a 422. */
int api_text(struct call *c, const struct json *j, const char *key, size_t max,
    char **out);
/* Must be there and not empty. */
int api_need(struct call *c, const struct json *j, const char *key, size_t max,
    char **out);
int api_bool(struct call *c, const struct json *j, const char *key, bool *out);
int api_i64(struct call *c, const struct json *j, const char *key, int64_t min,
    int64_t max, int64_t *out);
/* A word of an enum by its parse function; *out stays when absent. */
int api_word(struct call *c, const struct json *j, const char *key,
    int (*parse)(const char *s), int *out);

/* An RFC 3339 time; "" is 0.  *set and *out stay when it is absent. */
int api_time(struct call *c, const struct json *j, const char *key, bool *set,
    int64_t *out);
/* What issues and pull requests share, into a zeroed *f that the caller
 * releases on success; and its assignees alone. */
int api_item_fields(
    struct call *c, const struct json *j, struct item_fields *f);
int api_item_assignees(
    struct call *c, const struct json *j, struct item_fields *f);

/* A reply with one issue of the project that the path names. */
void api_issues_reply(struct call *c, int status, const struct issue *i);

/* The member "reviewers": names, owned, into SVC_REVIEWERS_MAX places. */
int api_reviewers(
    struct call *c, const struct json *j, char **logins, size_t *n);

/* fn with the body again once nothing of the project's sandbox would be lost;
 * else 409 with what would.  verb is what fn needs. */
void api_unless_lost(struct call *c, int64_t project, enum perm_verb verb,
    const struct json *body, call_json_fn *fn);

/* For a done callback: true after it replied with the failure.  The handler
 * held the call; the callback releases it. */
bool api_failed(struct call *c, const struct err *fail);
/* A done callback that answers 204. */
void api_done_empty(const struct err *fail, void *op, void *arg);
/* A secret that is shown once: {key: secret, "expires_at": ...}, the latter
 * left out when expires_at is 0. */
void api_reply_secret(struct call *c, int status, const char *key,
    const char *secret, int64_t expires_at);
/* A body of at most max bytes of log with Content-Range: first byte's offset,
 * or -1 after the reply. */
int64_t api_log_range(struct call *c, struct view *body);

#endif
