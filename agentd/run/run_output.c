#include <stdio.h>
#include <string.h>

#include "agentd/command/output.h"
#include "agentd/run/run_priv.h"
#include "agentd/run/workdir.h"
#include "lib/base/auto.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

static const char run_no_commit[] = "0000000000000000000000000000000000000000";

/* The file, or the last block of the answer; then rest is what is before it. */
static bool
run_output_find(struct run *r, const char *leaf, struct str *text,
    struct view *rest, bool *own)
{
	struct err e = ERR_INIT;
	struct view json;

	if (workdir_out(r->env->host, r->project, r->id, leaf, OUTPUT_MAX, text,
		&e) == -1)
		(void)snprintf(
		    r->unfit, sizeof(r->unfit), "%s: %.200s", leaf, e.msg);
	*own = text->len > 0;
	*rest = str_view(&r->message);
	if (*own || r->unfit[0] != '\0')
		return *own;
	if (!output_block(str_view(&r->message), &json, rest))
		return false;
	str_addv(text, json);
	return true;
}

static void
run_output_message(struct run *r, struct view text)
{
	AUTO_STR struct str kept = STR_INIT;

	str_addv(&kept, view_trim(text));
	str_reset(&r->message);
	str_addv(&r->message, str_view(&kept));
}

/* A review that cannot be read is told, and the answer stays as it is. */
static void
run_output_review(struct run *r)
{
	AUTO_STR struct str text = STR_INIT_MAX(OUTPUT_MAX);
	AUTO_STR struct str summary = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest;
	size_t left = 0;
	bool own;

	if (run_output_find(r, "review.json", &text, &rest, &own) &&
	    output_review(str_view(&text), &summary, &r->review, &left, &e) ==
		-1)
		(void)snprintf(r->unfit, sizeof(r->unfit), "%.200s", e.msg);
	if (r->unfit[0] != '\0') {
		str_reset(&r->review);
		str_addf(&r->message,
		    "%s(Its comments on lines could not be read: %s.)",
		    r->message.len > 0 ? "\n\n" : "", r->unfit);
		r->unfit[0] = '\0';
		return;
	}
	if (text.len == 0)
		return;
	if (view_trim(rest).len == 0)
		rest = str_view(&summary);
	if (view_trim(rest).len == 0 && r->review.len > 2)
		rest = view_of("What it found stands at the lines.");
	run_output_message(r, rest);
	if (left > 0)
		str_addf(&r->message,
		    "\n\n(%zu more comments on lines are left out.)", left);
}

static void
run_output_value(struct run *r, const char *schema)
{
	AUTO_STR struct str text = STR_INIT_MAX(OUTPUT_MAX);
	AUTO_STR struct str value = STR_INIT_MAX(OUTPUT_VALUE_MAX + 1);
	struct err e = ERR_INIT;
	struct view rest;
	bool own;

	if (!run_output_find(r, "result.json", &text, &rest, &own)) {
		if (r->unfit[0] == '\0')
			(void)snprintf(r->unfit, sizeof(r->unfit),
			    "there is no JSON in it");
		return;
	}
	if (output_value(str_view(&text), schema, &value, &e) == -1) {
		(void)snprintf(r->unfit, sizeof(r->unfit), "%.200s", e.msg);
		return;
	}
	rest = utf8_cut(view_trim(rest), AGENT_MESSAGE_MAX - OUTPUT_VALUE_MAX);
	run_output_message(r, rest);
	str_addf(&r->message, "%s```json\n%s\n```\n",
	    r->message.len > 0 ? "\n\n" : "", str_cstr(&value));
}

void
run_output_read(struct run *r)
{
	const struct command *c = run_command(r);

	r->unfit[0] = '\0';
	str_reset(&r->review);
	if (c == NULL || !r->agent_ended || r->unreadable)
		return;
	if (c->output == COMMAND_REVIEW)
		run_output_review(r);
	else if (c->output == COMMAND_STRUCTURED)
		run_output_value(r, c->schema);
}

void
run_output_report(const struct run *r, struct jw *w)
{
	if (r->review.len == 0 || strcmp(r->end, "done") != 0)
		return;
	jw_object(w, "review");
	jw_str(w, "commit", r->seen[0] != '\0' ? r->seen : run_no_commit);
	jw_raw(w, "comments", str_view(&r->review));
	jw_end(w);
}
