#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	RUN_TAIL_MAX = 1500
};

/* Text of an agent as text: whole code points, no control characters. */
static void
run_add_clean(struct str *out, struct view v)
{
	while (v.len > 0) {
		uint32_t cp;
		size_t n = utf8_decode(v, &cp);

		if (n == 0) {
			str_add(out, "\xef\xbf\xbd");
			n = 1;
		} else if (cp >= 0x20 && (cp < 0x7f || cp > 0x9f)) {
			str_addn(out, v.p, n);
		} else if (cp == '\n' || cp == '\t') {
			str_addc(out, (char)cp);
		}
		v = view_from(v, n);
	}
}

static void
run_message_read(struct run *r)
{
	AUTO_STR struct str raw = STR_INIT_MAX(AGENT_MESSAGE_MAX);
	struct err e = ERR_INIT;

	str_reset(&r->message);
	if (!r->agent_ended)
		return;
	if (workdir_message(r->env->host, r->project, r->id, AGENT_MESSAGE_MAX,
		&raw, &e) == -1) {
		str_addf(&r->message, "(The agent's answer cannot be read: %s)",
		    e.msg);
		return;
	}
	run_add_clean(&r->message, view_trim(str_view(&raw)));
}

/* The end of a phase's output says more than its status. */
static void
run_add_tail(struct run *r)
{
	AUTO_STR struct str log = STR_INIT;
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *path = NULL;
	struct err e = ERR_INIT;
	struct view v;

	if (r->phase == RUN_AGENT || strcmp(r->end, "failed") != 0)
		return;
	dir = path_join(r->dir, run_phase_names[r->phase]);
	path = path_join(dir, "out.log");
	if (path_read(path, STR_MAX_DEFAULT, &log, &e) == -1)
		return;
	v = view_trim(str_view(&log));
	if (v.len > RUN_TAIL_MAX)
		v = view_from(v, v.len - RUN_TAIL_MAX);
	if (v.len == 0)
		return;
	str_add(&r->message, "\n\n```\n");
	run_add_clean(&r->message, v);
	str_add(&r->message, "\n```\n");
}

static void
run_on_cleaned(const struct err *e, void *arg)
{
	struct run *r = arg;

	if (e != NULL)
		log_warn("run clean run=%lld why=%s", (long long)r->id,
		    log_val(e->msg));
	if (--r->cleaning == 0)
		r->done(r, r->arg);
}

/* The record stays: task, out.log and exit.json of each phase, result.json. */
static void
run_clean(struct run *r)
{
	AUTO_FREE char *token = path_join(r->dir, "token");
	char id[HOST_NAME_MAX], dir[RUN_PATH_MAX];

	(void)unlink(token);
	r->cleaning = RUN_PHASES + 1;
	for (int p = 0; p < RUN_PHASES; p++) {
		host_run_id(r->env->host, r->id, run_phase_names[p], id);
		run_phase_dir(r, (enum run_phase)p, dir);
		r->env->driver->destroy(
		    r->env->host, id, dir, run_on_cleaned, r);
	}
	workdir_remove(r->env->host, r->project, r->id, run_on_cleaned, r);
}

static void
run_on_reported(struct run *r, const struct err *fail, const struct json *j)
{
	(void)j;
	if (fail != NULL)
		log_error("run finish-refused run=%lld why=%s",
		    (long long)r->id, log_val(fail->msg));
	log_info("run end run=%lld state=%s why=%s", (long long)r->id, r->end,
	    log_val(str_cstr(&r->why)));
	run_clean(r);
}

static void
run_report(struct run *r)
{
	AUTO_STR struct str body = STR_INIT;
	AUTO_FREE char *path = xasprintf(
	    "/api/coffer/v1/runs/%lld/finish", (long long)r->id);
	AUTO_FREE char *file = path_join(r->dir, "result.json");
	struct err e = ERR_INIT;
	struct jw w;

	jw_init(&w, &body);
	jw_object(&w, NULL);
	jw_str(&w, "state", r->end);
	jw_str(&w, "why", str_cstr(&r->why));
	jw_view(&w, "message", str_view(&r->message));
	if (r->agent_ended && r->exit.exit_code >= 0)
		jw_i64(&w, "exit_code", r->exit.exit_code);
	else
		jw_null(&w, "exit_code");
	jw_end(&w);
	if (path_write_atomic(file, body.p, body.len, 0600, &e) == -1)
		log_error("run record run=%lld why=%s", (long long)r->id,
		    log_val(e.msg));
	run_ask(
	    r, RUN_Q_FINISH, "POST", path, str_cstr(&body), run_on_reported);
}

void
run_end(struct run *r, const char *state, const char *fmt, ...)
{
	va_list ap;

	/* The first reason is the cause; what follows from it is not. */
	if (r->over)
		return;
	r->over = true;
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

static void
run_verdict(struct run *r, const char *tip)
{
	const struct project *p = projects_find(r->env->projects, r->project);
	const struct agent *a = p == NULL ? NULL : agent_find(p->agent);
	const struct agent_result result = {
		.exit_code = r->exit.exit_code,
		.message = str_view(&r->message),
		.pushed = tip[0] != '\0' && strcmp(tip, r->tip) != 0,
		.can_push = r->branch[0] != '\0',
	};

	if (!r->over) {
		r->over = true;
		if (r->exit.signal != 0) {
			r->end = "failed";
			str_addf(&r->why, "the agent was killed by signal %d",
			    r->exit.signal);
		} else {
			r->end = a != NULL && a->judge(&result, &r->why)
			    ? "done"
			    : "failed";
		}
	}
	run_add_tail(r);
	run_report(r);
}

static void
run_on_tip_after(struct run *r, const struct err *fail, const struct json *j)
{
	const struct json *commit = json_get(j, "commit");

	run_verdict(r, fail == NULL ? json_str_or(commit, "id", "") : "");
}

void
run_judge(struct run *r)
{
	AUTO_FREE char *path = NULL;

	run_message_read(r);
	if (r->branch[0] == '\0') {
		run_verdict(r, "");
		return;
	}
	path = xasprintf(
	    "/api/v1/repos/%s/branches/%s", r->full_name, r->branch);
	run_ask(r, RUN_Q_BRANCH, "GET", path, NULL, run_on_tip_after);
}
