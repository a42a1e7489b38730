#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agentd/agent/stream.h"
#include "agentd/command/output.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/log.h"
#include "lib/base/mask.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	RUN_TAIL_MAX = 1500,
	RUN_DISK_LOW = 4 << 20,
	RUN_SPENT_MS = 10 * 1000,  /* what a report waits for the gateway */
	RUN_REVOKE_MS = 60 * 1000, /* and the end of the run */
	RUN_RESULT_MAX = 512 << 10,
	RUN_EXIT_LATER = 75 /* EX_TEMPFAIL, of a `command` */
};

/* Other names in a result.json are not ours. */
static const char *const run_ends[] = { "done", "failed", "cancelled",
	"timed_out", "budget" };

static void
run_message_read(struct run *r)
{
	AUTO_STR struct str raw = STR_INIT_MAX(AGENT_MESSAGE_MAX);
	const struct agent_report *report = run_agent_report(r);
	struct err e = ERR_INIT;

	str_reset(&r->message);
	if (!r->agent_ended)
		return;
	if (workdir_out(r->env->host, r->project, r->id, "message.md",
		AGENT_MESSAGE_MAX, &raw, &e) == -1) {
		r->unreadable = true;
		str_addf(&r->message, "(The agent's answer cannot be read: %s)",
		    e.msg);
		return;
	}
	if (raw.len == 0 && report != NULL)
		str_addv(&raw, str_view(&report->text));
	output_clean(&r->message, view_trim(str_view(&raw)));
}

static int
run_tail_read(const struct run *r, const char *leaf, char *buf, size_t max,
    struct view *out)
{
	AUTO_FREE char *path = path_join(r->dir, leaf);
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	ssize_t n;

	if (fd == -1 || fstat(fd, &st) == -1)
		return -1;
	n = pread(fd, buf, max,
	    st.st_size > (off_t)max ? st.st_size - (off_t)max : 0);
	if (n <= 0)
		return -1;
	*out = view_trim((struct view){ .p = buf, .len = (size_t)n });
	return 0;
}

/* NULL: nothing in particular. */
static const char *
run_tail_leaf(const struct run *r)
{
	const struct agent_report *report = run_agent_report(r);

	if (report != NULL && r->agent_ended && !report->ended)
		return "agent/err.log";
	return r->phase == RUN_PREPARE ? "prepare/out.log"
	    : r->phase == RUN_FINISH   ? "finish/err.log"
				       : NULL;
}

/*
 * The end of a phase's output says more than its status, and so does what a
 * CLI without a result says beside its stream.  Indented, so that nothing in
 * it ends the block.
 */
static void
run_add_tail(struct run *r)
{
	const char *leaf = run_tail_leaf(r);
	char buf[RUN_TAIL_MAX];
	struct view v, line;

	if (leaf == NULL || strcmp(r->end, "failed") != 0 ||
	    run_tail_read(r, leaf, buf, sizeof(buf), &v) == -1)
		return;
	str_addf(&r->message, "%sThe end of its output:\n\n",
	    r->message.len > 0 ? "\n\n" : "");
	while (view_split(&v, '\n', &line)) {
		str_add(&r->message, "    ");
		output_clean(&r->message, line);
		str_addc(&r->message, '\n');
	}
}

static void
run_add_usage(struct run *r)
{
	const struct agent_report *report = run_agent_report(r);

	if (report == NULL || report->lines == 0)
		return;
	str_add(&r->message, r->message.len > 0 ? "\n\n" : "");
	agent_report_line(report, &r->message);
	str_addc(&r->message, '\n');
}

static void
run_on_cleaned(const struct err *e, void *arg)
{
	struct run *r = arg;
	AUTO_FREE char *token = path_join(r->dir, "token");

	if (e != NULL)
		log_warn("run clean run=%lld why=%s", (long long)r->id,
		    log_val(e->msg));
	if (--r->cleaning > 0)
		return;
	run_record_clean(r);
	run_given_forget(r);
	/* The last: it marks a run that is not cleaned away yet. */
	(void)unlink(token);
	r->done(r, r->arg);
}

static void
run_on_revoked(struct run *r)
{
	run_on_cleaned(NULL, r);
}

/* The record stays: exit.json of each phase, result.json. */
void
run_clean(struct run *r)
{
	char id[HOST_NAME_MAX], dir[RUN_PATH_MAX];

	if (r->holding) {
		r->after_hold = run_clean;
		return;
	}
	run_live_close(r);
	r->cleaning = RUN_PHASES + 2;
	run_model_end(r, RUN_REVOKE_MS, run_on_revoked);
	for (int p = 0; p < RUN_PHASES; p++) {
		host_run_id(r->env->host, r->id, run_phase_names[p], id);
		run_phase_dir(r, (enum run_phase)p, dir);
		r->env->driver->destroy(
		    r->env->host, id, dir, run_on_cleaned, r);
	}
	workdir_remove(r->env->host, r->project, r->id, run_on_cleaned, r);
}

static run_reply_fn run_on_reported;

/* A run must not stay unfinished because of what its report says. */
static void
run_report_plain(struct run *r)
{
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%lld/finish", (long long)r->id);

	r->refused = true;
	run_ask(r, RUN_Q_FINISH, "POST", path,
	    "{\"state\":\"failed\",\"why\":\"its report was refused; see "
	    "agentd's log\",\"message\":\"\"}",
	    run_on_reported);
}

static void
run_on_reported(struct run *r, const struct err *fail, const struct json *j)
{
	(void)j;
	if (fail != NULL)
		log_error("run finish-refused run=%lld why=%s",
		    (long long)r->id, log_val(fail->msg));
	if (fail != NULL && fail->code != ERR_NOTFOUND && !r->refused) {
		run_report_plain(r);
		return;
	}
	log_info("run end run=%lld state=%s why=%s", (long long)r->id, r->end,
	    log_val(str_cstr(&r->why)));
	run_clean(r);
}

/* The tokens are dead by then; they are nobody's business all the same. */
static void
run_mask(const struct run *r, struct str *text)
{
	struct mask m = { .n = 0 };
	struct spec_pair pairs[RUN_GIVEN_PAIRS];
	AUTO_FREE char *given = NULL;
	size_t n;

	mask_add(&m, view_of(r->token));
	mask_add(&m, view_of(r->models.token));
	n = run_given_pairs(r, &given, pairs);
	for (size_t i = 0; i < n; i++)
		mask_add(&m, view_of(pairs[i].value));
	if (text->len > 0)
		(void)mask_text(&m, text->p, text->len);
}

void
run_report_send(struct run *r)
{
	AUTO_FREE char *path = NULL;

	if (!r->reporting || r->reported)
		return;
	r->reported = true;
	run_record_tell(r, &r->result);
	path = xasprintf("/api/coffer/v1/runs/%lld/finish", (long long)r->id);
	run_ask(r, RUN_Q_FINISH, "POST", path, str_cstr(&r->result),
	    run_on_reported);
}

/* `done` comes from `finishing` only; every other end from anywhere. */
static void
run_report_start(struct run *r)
{
	r->reporting = true;
	if (strcmp(r->end, "done") != 0 || r->have >= r->want)
		run_report_send(r);
}

/* What it failed of may be over soon: cofferd may try again. */
static bool
run_is_passing(const struct run *r)
{
	const struct agent_report *report = run_agent_report(r);
	enum agent_fault fault = report == NULL || !r->agent_ended
	    ? AGENT_FAULT_NONE
	    : report->fault;

	if (strcmp(r->end, "failed") != 0 || r->foreign || r->spent.out)
		return false;
	return r->lost || fault == AGENT_FAULT_RATE ||
	    fault == AGENT_FAULT_OVERLOAD || fault == AGENT_FAULT_NETWORK ||
	    (report == NULL && r->agent_ended &&
		r->exit.exit_code == RUN_EXIT_LATER);
}

/* What the gateway says, which no agent can change. */
static void
run_add_spent(struct run *r)
{
	const struct model_spent *m = &r->spent;
	const struct agent_report *report = run_agent_report(r);

	/* The CLI keeps to the budget of its command by itself. */
	if (strcmp(r->end, "failed") == 0 && r->agent_ended && report != NULL &&
	    report->fault == AGENT_FAULT_BUDGET)
		r->end = "budget";
	if (m->out &&
	    (strcmp(r->end, "failed") == 0 || strcmp(r->end, "budget") == 0)) {
		r->end = "budget";
		str_reset(&r->why);
		str_addf(&r->why,
		    "the models may take no more: $%.2f of $%.2f are "
		    "spent by this run",
		    (double)m->spent / 1e6, (double)m->limit / 1e6);
	}
	if (m->known && m->spent > 0)
		str_addf(&r->message, "%sThe models took $%.4f.\n",
		    r->message.len > 0 ? "\n\n" : "", (double)m->spent / 1e6);
}

static void
run_result_record(const struct run *r, struct jw *w)
{
	const struct model_spent *m = &r->spent;

	if (!m->known)
		return;
	jw_object(w, "record");
	jw_object(w, "models");
	jw_i64(w, "spent_micros", m->spent);
	jw_i64(w, "limit_micros", m->limit);
	jw_bool(w, "out", m->out);
	jw_end(w);
	jw_end(w);
}

static void
run_report_write(struct run *r)
{
	struct err e = ERR_INIT;
	struct jw w;

	run_add_spent(r);
	run_keep_close(r);
	run_mask(r, &r->message);
	run_mask(r, &r->review);
	run_mask(r, &r->why);
	jw_init(&w, &r->result);
	jw_object(&w, NULL);
	jw_str(&w, "state", r->end);
	jw_str(&w, "why", str_cstr(&r->why));
	jw_view(&w, "message", str_view(&r->message));
	jw_bool(&w, "passing", run_is_passing(r));
	run_output_report(r, &w);
	if (r->agent_ended && r->exit.exit_code >= 0)
		jw_i64(&w, "exit_code", r->exit.exit_code);
	else
		jw_null(&w, "exit_code");
	run_result_record(r, &w);
	jw_end(&w);
	run_step(r, "verdict", r->end, "%s", str_cstr(&r->why));
	if (run_file_put(r, "result.json", 0600, &r->result, &e) == -1)
		log_error("run record run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
	run_record_make(r, run_report_start);
}

static void
run_report(struct run *r)
{
	run_record_mask(r);
	run_model_end(r, RUN_SPENT_MS, run_report_write);
}

bool
run_report_again(struct run *r)
{
	AUTO_FREE char *path = path_join(r->dir, "result.json");
	struct err e = ERR_INIT;
	struct json *j = NULL;
	const char *state;

	str_reset(&r->result);
	if (path_read(path, RUN_RESULT_MAX, &r->result, &e) == 0)
		j = json_parse(str_view(&r->result), RUN_RESULT_MAX, &e);
	state = json_str_or(j, "state", "");
	for (size_t i = 0; i < sizeof(run_ends) / sizeof(run_ends[0]); i++) {
		if (strcmp(run_ends[i], state) == 0)
			r->end = run_ends[i];
	}
	if (r->end != NULL) {
		str_add(&r->why, json_str_or(j, "why", ""));
		r->over = true;
		if (strcmp(r->end, "done") == 0)
			run_set_state(r, RUN_FINISHING);
		run_record_make(r, run_report_start);
	} else {
		str_reset(&r->result);
		log_warn("run record run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
	}
	json_free(j);
	return r->end != NULL;
}

void
run_end(struct run *r, const char *state, const char *fmt, ...)
{
	va_list ap;

	/* The first reason is the cause; what follows from it is not. */
	if (r->over)
		return;
	r->over = true;
	if (r->loading)
		projects_forget(r->env->projects, r);
	/* What fails because it was told to end did not fail. */
	if (r->cancelled && strcmp(state, "failed") == 0 && !r->agent_ended) {
		r->end = "cancelled";
		str_add(&r->why, r->cancel_why);
		run_report(r);
		return;
	}
	r->end = state;
	va_start(ap, fmt);
	str_vaddf(&r->why, fmt, ap);
	va_end(ap);
	/* The agent ended: its work is still saved, then judged and told. */
	if (r->agent_ended)
		return;
	run_message_read(r);
	run_add_tail(r);
	run_report(r);
}

/* With nothing left, what failed most likely failed by that. */
static bool
run_disk_is_full(const struct run *r)
{
	AUTO_FREE char *ws = workspace_mount(r->env->host, r->project);
	struct statvfs st;

	return workspace_is_mounted(r->env->host, r->project) &&
	    statvfs(ws, &st) == 0 &&
	    (st.f_bavail * st.f_frsize < RUN_DISK_LOW || st.f_favail == 0);
}

static void
run_verdict(struct run *r, const char *tip)
{
	const struct agent *a = run_given_agent(r);
	const struct agent_result result = {
		.exit_code = r->exit.exit_code,
		.message = r->unreadable ? (struct view){ .p = "" }
					 : str_view(&r->message),
		/* A branch made at its base is no work. */
		.pushed = tip[0] != '\0' && strcmp(tip, r->tip) != 0 &&
		    strcmp(tip, r->base_sha) != 0,
		.can_push = r->branch[0] != '\0',
		.report = run_agent_report(r),
	};

	if (!r->over) {
		r->over = true;
		if (r->exit.exit_code != 0 && run_disk_is_full(r)) {
			r->end = "failed";
			str_add(&r->why, "agent: /work is full");
		} else if (r->exit.signal != 0) {
			r->end = "failed";
			str_addf(&r->why, "the agent was killed by signal %d",
			    r->exit.signal);
		} else {
			r->end = a != NULL && a->judge(&result, &r->why)
			    ? "done"
			    : "failed";
		}
		if (strcmp(r->end, "done") == 0 && r->unfit[0] != '\0') {
			r->end = "failed";
			str_addf(&r->why,
			    "its answer is not in the form of /%s: %s",
			    r->command, r->unfit);
		}
	}
	run_add_usage(r);
	run_add_tail(r);
	run_report(r);
}

static void
run_on_tip_after(struct run *r, const struct err *fail, const struct json *j)
{
	const struct json *commit = json_get(j, "commit");

	run_verdict(r, fail == NULL ? json_str_or(commit, "id", "") : "");
}

/* A branch is named by whoever pushed it: it is escaped for the URL. */
void
run_ask_tip(struct run *r, enum run_query which, run_reply_fn *done)
{
	AUTO_STR struct str path = STR_INIT;

	str_addf(&path, "/api/v1/repos/%s/branches/", r->full_name);
	esc_url_path(&path, view_of(which == RUN_Q_BASE ? r->base : r->branch));
	run_ask(r, which, "GET", str_cstr(&path), NULL, done);
}

void
run_judge(struct run *r)
{
	run_message_read(r);
	run_output_read(r);
	if (r->branch[0] == '\0')
		run_verdict(r, "");
	else
		run_ask_tip(r, RUN_Q_BRANCH, run_on_tip_after);
}
