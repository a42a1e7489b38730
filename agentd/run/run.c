#include "agentd/run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agentd/agent/stream.h"
#include "agentd/command/prompt.h"
#include "agentd/run/objcache.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "agentd/sandbox/objects.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	RUN_NOTES_MAX = 3 << 10, /* what agentd adds to a message */
	RUN_COMMENTS_PAGE = 20   /* 64 KiB each, at worst escaped six times */
};

static int
run_read(struct run *r, const struct json *row, struct err *e)
{
	const struct json *project = json_get(row, "project");
	const char *name = "", *command = "", *access = "", *network = "";
	const char *branch = "", *base = "", *state = "queued", *sha = "";
	int have;

	if (json_i64(row, "id", 1, INT64_MAX, &r->id, e) == -1 ||
	    json_i64(project, "id", 1, HOST_MAX_PROJECT, &r->project, e) ==
		-1 ||
	    json_i64(row, "item", 1, INT64_MAX, &r->item, e) == -1 ||
	    json_i64(row, "event", 1, INT64_MAX, &r->event, e) == -1 ||
	    json_bool(row, "is_pull", &r->is_pull, e) == -1 ||
	    json_str(project, "full_name", PROJECT_NAME_MAX - 1, &name, e) ==
		-1 ||
	    json_str(row, "command", RUN_NAME_MAX - 1, &command, e) == -1 ||
	    json_str(row, "access", 15, &access, e) == -1 ||
	    json_str(row, "network", 7, &network, e) == -1 ||
	    json_str(row, "branch", RUN_REF_MAX - 1, &branch, e) == -1 ||
	    json_str(row, "base", RUN_REF_MAX - 1, &base, e) == -1 ||
	    json_str(row, "base_sha", RUN_REF_MAX - 1, &sha, e) == -1 ||
	    json_str(row, "state", 15, &state, e) == -1)
		return err_wrap(e, "run");
	if (r->id == 0 || r->project == 0)
		return err_set(e, ERR_PROTO, "run: no id or project");
	if (run_given_read(r, row, e) == -1)
		return err_wrap(e, "run");
	(void)snprintf(r->full_name, sizeof(r->full_name), "%s", name);
	(void)snprintf(r->command, sizeof(r->command), "%s", command);
	(void)snprintf(r->access, sizeof(r->access), "%s", access);
	(void)snprintf(r->network, sizeof(r->network), "%s", network);
	(void)snprintf(r->branch, sizeof(r->branch), "%s", branch);
	(void)snprintf(r->base, sizeof(r->base), "%s", base);
	(void)snprintf(r->base_sha, sizeof(r->base_sha), "%s", sha);
	have = run_state_find(state);
	if (have == -1)
		return err_set(e, ERR_PROTO, "run: it is %s", state);
	r->have = (enum run_state)have;
	r->want = r->have;
	return 0;
}

struct run *
run_new(const struct run_env *env, const struct json *row, run_done_fn *done,
    void *arg, struct err *e)
{
	struct run *r = xcalloc(1, sizeof(*r));

	r->env = env;
	r->done = done;
	r->arg = arg;
	r->why.max = 1024;
	r->review.max = RUN_REVIEW_MAX;
	r->message.max = AGENT_MESSAGE_MAX + RUN_NOTES_MAX;
	if (run_read(r, row, e) == -1) {
		free(r);
		return NULL;
	}
	(void)snprintf(r->dir, sizeof(r->dir), "%s/runs/%lld", env->host->home,
	    (long long)r->id);
	r->args = xstrdup("");
	r->why_asked = xstrdup("");
	r->actor = xstrdup("");
	run_requests_init(r);
	return r;
}

int64_t
run_id(const struct run *r)
{
	return r->id;
}

int64_t
run_project(const struct run *r)
{
	return r->project;
}

int64_t
run_item(const struct run *r)
{
	return r->item;
}

bool
run_may_write(const struct run *r)
{
	return strcmp(r->access, "read") != 0;
}

void
run_set_order(struct run *r, struct view args, const char *why,
    const char *actor, const struct json *event_data)
{
	AUTO_STR struct str copy = STR_INIT;
	struct err e = ERR_INIT;

	free(r->args);
	free(r->why_asked);
	free(r->actor);
	json_free(r->event_data);
	r->args = view_dup(args);
	r->why_asked = xstrdup(why);
	r->actor = xstrdup(actor);
	r->event_data = NULL;
	if (event_data == NULL)
		return;
	json_print(event_data, &copy);
	r->event_data = json_parse(str_view(&copy), 0, &e);
}

static struct json *
run_copy(const struct json *j)
{
	AUTO_STR struct str copy = STR_INIT;
	struct err e = ERR_INIT;

	if (j == NULL)
		return NULL;
	json_print(j, &copy);
	return json_parse(str_view(&copy), STR_MAX_DEFAULT, &e);
}

static int
run_prompt_write(struct run *r, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(PROMPT_MAX);
	AUTO_FREE char *path = path_join(r->dir, "task/prompt.md");
	char nonce[2 * PROMPT_NONCE_BYTES + 1];
	const struct prompt_input in = {
		.command = run_command(r),
		.args = view_of(r->args),
		.why = r->why_asked,
		.actor = r->actor,
		.project = r->full_name,
		.item = r->item,
		.is_pull = r->is_pull,
		.branch = r->branch,
		.base = r->base,
		.issue = r->issue,
		.comments = r->comments,
		.event_data = r->event_data,
		.orders = r->orders,
		.attached = r->attached,
		.nonce = nonce,
	};

	if (in.command == NULL)
		return err_set(
		    e, ERR_NOTFOUND, "no command is called /%s", r->command);
	rnd_hex(nonce, PROMPT_NONCE_BYTES);
	prompt_write(&in, &text);
	if (!str_ok(&text))
		return err_set(
		    e, ERR_LIMIT, "the prompt is over %d bytes", PROMPT_MAX);
	return path_write_atomic(path, text.p, text.len, 0644, e);
}

/* Everything is here: write it down and start the first container. */
static void
run_loaded(struct run *r)
{
	struct err e = ERR_INIT;

	if (run_files_write(r, &e) == -1 || run_command_write(r, &e) == -1 ||
	    run_prompt_write(r, &e) == -1 ||
	    workdir_make(r->env->host, r->project, r->id, &e) == -1 ||
	    objects_make(r->env->host, r->project, &e) == -1) {
		run_end(r, "failed", "%s", e.msg);
		return;
	}
	run_keep_open(r, false);
	run_phase_start(r, RUN_PREPARE);
}

void
run_arrived(struct run *r, const struct err *fail)
{
	if (fail != NULL)
		run_end(r, "failed", "%s", fail->msg);
	if (--r->waiting == 0 && !r->over)
		run_attach(r, run_loaded);
}

static const char run_token_letters[] = "abcdefghijklmnopqrstuvwxyz"
					"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789-_.";

static void
run_on_token(struct run *r, const struct err *fail, const struct json *j)
{
	const char *token = json_str_or(j, "token", "");
	struct err e = ERR_INIT;

	/* It becomes a line of a file: nothing but the letters it is made of.
	 */
	if (fail == NULL &&
	    (token[0] == '\0' || strlen(token) >= RUN_TOKEN_MAX ||
		token[strspn(token, run_token_letters)] != '\0')) {
		(void)err_set(&e, ERR_PROTO, "cofferd gave no usable token");
		fail = &e;
	}
	(void)snprintf(r->token, sizeof(r->token), "%s", token);
	if (fail == NULL && run_given_env(r, json_get(j, "env"), &e) == -1)
		fail = &e;
	run_arrived(r, fail);
}

static void
run_on_issue(struct run *r, const struct err *fail, const struct json *j)
{
	r->issue = fail == NULL ? run_copy(j) : NULL;
	run_arrived(r, fail);
}

static void
run_on_last_comments(
    struct run *r, const struct err *fail, const struct json *j)
{
	r->comments = fail == NULL ? run_copy(j) : NULL;
	if (fail != NULL)
		log_warn("run comments run=%lld why=%s", (long long)r->id,
		    log_val(fail->msg));
	run_arrived(r, NULL);
}

/* All of them were too much for one reply: the last page, then. */
static void
run_ask_last_comments(struct run *r)
{
	int64_t n = json_i64_or(r->issue, "comments", 1);
	AUTO_FREE char *path = xasprintf(
	    "/api/v1/repos/%s/issues/%lld/comments?limit=%d&page=%lld",
	    r->full_name, (long long)r->item, RUN_COMMENTS_PAGE,
	    (long long)(n < 1
		    ? 1
		    : (n + RUN_COMMENTS_PAGE - 1) / RUN_COMMENTS_PAGE));

	run_ask(r, RUN_Q_COMMENTS, "GET", path, NULL, run_on_last_comments);
}

static void
run_on_comments(struct run *r, const struct err *fail, const struct json *j)
{
	if (fail != NULL && fail->code == ERR_LIMIT) {
		run_ask_last_comments(r);
		return;
	}
	r->comments = fail == NULL ? run_copy(j) : NULL;
	run_arrived(r, fail);
}

static void
run_on_tip(struct run *r, const struct err *fail, const struct json *j)
{
	const struct json *commit = json_get(j, "commit");

	(void)snprintf(r->tip, sizeof(r->tip), "%s",
	    fail == NULL ? json_str_or(commit, "id", "") : "");
	run_arrived(
	    r, fail != NULL && fail->code != ERR_NOTFOUND ? fail : NULL);
}

static void
run_on_command(struct run *r, const struct err *fail, const struct json *j)
{
	(void)j;
	run_arrived(r, fail);
}

static void
run_on_policy(struct run *r, const struct err *fail, const struct json *j)
{
	(void)j;
	run_arrived(r, fail);
}

/* Not known: what is said of lines stands in the comment. */
static void
run_on_pull(struct run *r, const struct err *fail, const struct json *j)
{
	(void)snprintf(r->seen, sizeof(r->seen), "%s",
	    fail == NULL ? json_str_or(json_get(j, "head"), "sha", "") : "");
	run_arrived(r, NULL);
}

static void
run_ask_pull(struct run *r)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/v1/repos/%s/pulls/%lld", r->full_name, (long long)r->item);

	r->waiting++;
	run_ask(r, RUN_Q_PULL, "GET", path, NULL, run_on_pull);
}

/* Not known is fine: the clone asks itself, then. */
static void
run_on_base(struct run *r, const struct err *fail, const struct json *j)
{
	const struct json *commit = json_get(j, "commit");

	(void)snprintf(r->base_tip, sizeof(r->base_tip), "%s",
	    fail == NULL ? json_str_or(commit, "id", "") : "");
	run_arrived(r, NULL);
}

/* Without them the tree takes longer: no reason to fail. */
static void
run_on_objects(const struct err *e, void *arg)
{
	const struct run *r = arg;

	if (e != NULL)
		log_warn("run objects run=%lld why=%s", (long long)r->id,
		    log_val(e->msg));
	run_arrived(arg, NULL);
}

static void
run_on_sandbox(const struct err *e, void *arg)
{
	struct run *r = arg;

	if (e != NULL || r->env->caches == NULL)
		run_arrived(r, e);
	else
		objcaches_when_ready(
		    r->env->caches, r->project, run_on_objects, r);
}

static void
run_load(struct run *r)
{
	AUTO_FREE char *token = xasprintf(
	    "/api/coffer/v1/runs/%lld/token", (long long)r->id);
	AUTO_FREE char *issue = xasprintf(
	    "/api/v1/repos/%s/issues/%lld", r->full_name, (long long)r->item);
	AUTO_FREE char *comments = xasprintf("%s/comments", issue);

	r->waiting = r->item == 0 ? 5 : 7;
	r->asking_orders = true;
	run_set_state(r, RUN_PREPARING);
	run_orders_ask(r);
	if (run_model_ask(r))
		r->waiting++;
	projects_when_running(r->env->projects, r->project, run_on_sandbox, r);
	run_ask(r, RUN_Q_TOKEN, "POST", token, "{}", run_on_token);
	if (r->item != 0) {
		run_ask(r, RUN_Q_ISSUE, "GET", issue, NULL, run_on_issue);
		run_ask(
		    r, RUN_Q_COMMENTS, "GET", comments, NULL, run_on_comments);
	}
	run_ask_tip(r, RUN_Q_BASE, run_on_base);
	run_command_ask(r, run_on_command);
	if (r->env->policy != NULL) {
		r->waiting++;
		run_policy_ask(r, run_on_policy);
	}
	if (r->is_pull)
		run_ask_pull(r);
	if (r->branch[0] == '\0')
		return;
	r->waiting++;
	run_ask_tip(r, RUN_Q_BRANCH, run_on_tip);
}

static void
run_on_shipped(void *arg)
{
	struct run *r = arg;

	logship_free(r->ship);
	r->ship = NULL;
	run_judge(r);
}

static void
run_ship_open(struct run *r)
{
	AUTO_FREE char *file = path_join(r->dir, run_log_leaf(r));
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%lld/log", (long long)r->id);
	AUTO_STR struct str secrets = STR_INIT;
	struct logship_spec spec = {
		.loop = r->env->host->loop,
		.api = r->env->api,
		.file = file,
		.path = path,
		.on_done = run_on_shipped,
		.arg = r,
	};

	run_record_secrets(r, &secrets);
	spec.secrets = str_cstr(&secrets);
	r->ship = logship_new(&spec);
	if (secrets.p != NULL)
		explicit_bzero(secrets.p, secrets.len);
}

static void
run_enter(struct run *r, enum run_phase phase)
{
	if (phase == RUN_AGENT)
		run_ship_open(r);
	run_phase_start(r, phase);
}

/* agentd was started again in the middle of this run. */
static void
run_on_resume_ready(const struct err *fail, void *arg)
{
	struct run *r = arg;
	const bool agent = run_has(r, "go") || run_has(r, "finish");
	/* In the last phase the agent's own end is read again, too. */
	enum run_phase phase = agent ? RUN_AGENT : RUN_PREPARE;

	if (r->over)
		return;
	if (fail != NULL) {
		run_end(r, "failed", "%s", fail->msg);
		return;
	}
	run_command_read(r);
	log_info("run resume run=%lld phase=%s", (long long)r->id,
	    run_phase_names[phase]);
	run_keep_open(r, run_has(r, "go"));
	run_enter(r, phase);
}

void
run_begin(struct run *r)
{
	struct err e = ERR_INIT;

	log_info("run begin run=%lld project=%s item=%lld event=%lld "
		 "command=%s access=%s",
	    (long long)r->id, r->full_name, (long long)r->item,
	    (long long)r->event, r->command, r->access);
	r->begun = true;
	r->loading = true;
	if (path_mkdirs(r->dir, 0711, &e) == -1) {
		run_end(r, "failed", "%s", e.msg);
		return;
	}
	run_step(r, run_has(r, "prepare") ? "resume" : "begin", r->command,
	    "item %lld of %s", (long long)r->item, r->full_name);
	if (run_has(r, "result.json") && run_report_again(r))
		return;
	if (!r->cancelled &&
	    run_file_get(
		r, "cancelled", r->cancel_why, sizeof(r->cancel_why), &e) == 0)
		r->cancelled = true;
	if (run_has(r, "prepare") && run_files_read(r, &e) == 0)
		projects_when_running(
		    r->env->projects, r->project, run_on_resume_ready, r);
	else if (r->cancelled)
		run_end(r, "cancelled", "%s", r->cancel_why);
	else
		run_load(r);
}

void
run_sweep(struct run *r)
{
	log_info("run sweep run=%lld", (long long)r->id);
	r->begun = true;
	r->over = true;
	run_step(r, "swept", NULL, "it was over for cofferd");
	run_record_make(r, run_clean);
}

/* The tree is whole, but what it should have borrowed from is not. */
static bool
run_prepare_is_apart(const struct run *r, const struct shim_exit *x)
{
	return r->phase == RUN_PREPARE && x->exit_code == RUN_PREPARE_APART;
}

/* What it did before that is not taken. */
static void
run_foreign(struct run *r)
{
	AUTO_STR struct str why = STR_INIT;

	agent_report_why(run_agent_report(r), &why);
	run_end(r, "failed", "%s", str_cstr(&why));
}

static bool
run_phase_failed(struct run *r, const struct shim_exit *x)
{
	const char *name = run_phase_names[r->phase];

	if (r->phase == RUN_AGENT && r->foreign) {
		run_foreign(r);
		return true;
	}
	r->lost = r->lost || x->lost || x->stopped;
	if (r->cancelled && r->phase != RUN_FINISH)
		run_end(r, "cancelled", "%s", r->cancel_why);
	else if (x->lost)
		run_end(r, "failed",
		    "%s: the sandbox was lost (a crash or a reboot)", name);
	else if (x->error[0] != '\0')
		run_end(r, "failed", "%s: %s", name, x->error);
	else if (x->stopped)
		run_end(r, "failed", "%s: stopped with the service", name);
	else if (x->timed_out)
		run_end(r, "timed_out", "%s: out of time", name);
	else if (x->oom)
		run_end(r, "failed", "%s: out of memory", name);
	else if (r->phase != RUN_AGENT && x->exit_code != 0 &&
	    !run_prepare_is_apart(r, x))
		run_end(r, "failed", "%s failed with status %d", name,
		    x->exit_code);
	else
		return false;
	return true;
}

static void
run_after_agent(struct run *r)
{
	run_set_state(r, RUN_FINISHING);
	if (run_may_write(r) && r->exit.started_at != 0 &&
	    !run_agent_is_foreign(r))
		run_phase_start(r, RUN_FINISH);
	else
		logship_finish(r->ship);
}

void
run_on_phase_exit(struct run *r, const struct shim_exit *x)
{
	bool failed;

	log_info("run phase-end run=%lld phase=%s status=%d signal=%d "
		 "timed_out=%d oom=%d",
	    (long long)r->id, run_phase_names[r->phase], x->exit_code,
	    x->signal, x->timed_out, x->oom);
	run_step(r, "phase-end", run_phase_names[r->phase],
	    "status %d signal %d%s%s", x->exit_code, x->signal,
	    x->timed_out ? ", out of time" : "",
	    x->oom ? ", out of memory" : "");
	if (r->phase == RUN_AGENT) {
		run_record_unwatch(r);
		r->exit = *x;
		r->agent_ended = true;
		run_agent_end(r);
		(void)run_phase_failed(r, x);
		run_after_agent(r);
		return;
	}
	if (r->phase == RUN_PREPARE && x->lost && !r->prepared_twice &&
	    !r->cancelled) {
		r->prepared_twice = true;
		run_phase_again(r);
		return;
	}
	/* Of a tree that is thrown away only the patch is lost. */
	failed = (r->phase != RUN_FINISH || r->branch[0] != '\0') &&
	    run_phase_failed(r, x);
	if (run_prepare_is_apart(r, x) && r->env->caches != NULL)
		objcaches_renew(r->env->caches, r->project);
	if (failed && r->phase == RUN_PREPARE)
		run_hold_stop(r);
	if (r->phase == RUN_FINISH)
		logship_finish(r->ship);
	else if (!failed)
		run_enter(r, RUN_AGENT);
}

/* It has to outlive this process: the event that says it will not come again.
 */
static void
run_cancel_keep(const struct run *r)
{
	AUTO_STR struct str why = STR_INIT;
	struct err e = ERR_INIT;

	str_add(&why, r->cancel_why);
	if (path_mkdirs(r->dir, 0711, &e) == -1 ||
	    run_file_put(r, "cancelled", 0600, &why, &e) == -1)
		log_error("run cancel run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
}

void
run_cancel(struct run *r, const char *why)
{
	if (r->cancelled || r->over)
		return;
	r->cancelled = true;
	(void)snprintf(r->cancel_why, sizeof(r->cancel_why), "%s", why);
	run_cancel_keep(r);
	run_step(r, "cancel", NULL, "%s", why);
	if (!r->begun)
		return;
	if (r->loading)
		run_end(r, "cancelled", "%s", r->cancel_why);
	else
		run_phase_stop(r);
}

void
run_free(struct run *r)
{
	if (r == NULL)
		return;
	run_requests_release(r);
	run_attach_free(r);
	json_free(r->attached);
	projects_forget(r->env->projects, r);
	if (r->env->caches != NULL)
		objcaches_forget(r->env->caches, r);
	shim_watch_close(r->watch);
	logship_free(r->ship);
	run_agent_close(r);
	run_model_release(r);
	run_record_close(r);
	explicit_bzero(r->token, sizeof(r->token));
	if (r->given.p != NULL)
		explicit_bzero(r->given.p, r->given.len);
	str_release(&r->given);
	json_free(r->issue);
	json_free(r->comments);
	json_free(r->event_data);
	json_free(r->orders);
	free(r->args);
	free(r->why_asked);
	free(r->actor);
	command_release(&r->resolved);
	free(r->own_policy);
	str_release(&r->why);
	str_release(&r->message);
	str_release(&r->review);
	str_release(&r->result);
	free(r);
}
