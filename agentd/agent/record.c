#include <string.h>

#include "agentd/agent/stream.h"
#include "lib/base/esc.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

static const char *const agent_event_names[AGENT_EVENTS] = {
	[AGENT_EVENT_VERSION] = "version",
	[AGENT_EVENT_SESSION] = "session",
	[AGENT_EVENT_TEXT] = "text",
	[AGENT_EVENT_TOOL] = "tool",
	[AGENT_EVENT_DENIED] = "denied",
	[AGENT_EVENT_RETRY] = "retry",
	[AGENT_EVENT_USAGE] = "usage",
	[AGENT_EVENT_ERROR] = "error",
	[AGENT_EVENT_END] = "end",
};

static void
agent_record_text(struct jw *w, const char *key, const char *text)
{
	if (text != NULL)
		jw_view(w, key, utf8_cut(view_of(text), AGENT_EVENT_TEXT_MAX));
}

static void
agent_record_usage(struct jw *w, const struct agent_usage *u, bool costed)
{
	jw_object(w, "usage");
	jw_i64(w, "input", u->input);
	jw_i64(w, "output", u->output);
	jw_i64(w, "cache_read", u->cache_read);
	jw_i64(w, "cache_write", u->cache_write);
	jw_i64(w, "turns", u->turns);
	if (costed)
		jw_i64(w, "cost_micros", u->cost);
	jw_end(w);
}

void
agent_event_write(
    const struct agent_event *ev, int64_t at_ms, uint64_t n, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_i64(&w, "at_ms", at_ms);
	jw_u64(&w, "n", n);
	jw_str(&w, "kind", agent_event_names[ev->kind]);
	agent_record_text(&w, "name", ev->name);
	agent_record_text(&w, "text", ev->text);
	if (ev->kind == AGENT_EVENT_TOOL)
		jw_bool(&w, "done", ev->ok);
	if (ev->kind == AGENT_EVENT_USAGE)
		agent_record_usage(&w, &ev->usage, ev->usage.cost >= 0);
	jw_end(&w);
	str_addc(out, '\n');
}

/* As no text in a line can have it: its quotes are escaped there. */
static const char agent_record_cut[] = "\"kind\":\"cut\"";

void
agent_event_cut(int64_t at_ms, struct str *out)
{
	str_addf(out,
	    "{\"at_ms\":%lld,\"source\":\"agentd\",%s,"
	    "\"text\":\"what came behind this is not kept\"}\n",
	    (long long)at_ms, agent_record_cut);
}

bool
agent_event_is_cut(struct view line)
{
	return line.len > 0 &&
	    memmem(line.p, line.len, agent_record_cut,
		sizeof(agent_record_cut) - 1) != NULL;
}

/* Lines stay lines; what would move a terminal's cursor does not. */
static void
agent_record_lines(struct str *out, const char *text)
{
	struct view rest = view_of(text), line;
	bool first = true;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (!first)
			str_addc(out, '\n');
		esc_term(out, line);
		first = false;
	}
}

static void
agent_record_named(
    struct str *out, const char *what, const char *name, const char *text)
{
	str_add(out, what);
	if (name != NULL) {
		str_addc(out, ' ');
		esc_term(out, utf8_cut(view_of(name), AGENT_WORD_MAX));
	}
	if (text != NULL && text[0] != '\0') {
		str_add(out, ": ");
		esc_term(out, utf8_cut(view_of(text), AGENT_EVENT_TEXT_MAX));
	}
	str_addc(out, '\n');
}

void
agent_event_show(const struct agent_event *ev, bool *open, struct str *out)
{
	static const char *const names[AGENT_EVENTS] = {
		[AGENT_EVENT_VERSION] = "[version]",
		[AGENT_EVENT_SESSION] = "[session]",
		[AGENT_EVENT_DENIED] = "[denied]",
		[AGENT_EVENT_RETRY] = "[again]",
		[AGENT_EVENT_ERROR] = "[error]",
	};
	const bool goes_on = ev->kind == AGENT_EVENT_TEXT && ev->more;

	if (ev->kind == AGENT_EVENT_USAGE)
		return;
	if (*open && !goes_on)
		str_addc(out, '\n');
	*open = false;
	switch (ev->kind) {
	case AGENT_EVENT_TEXT:
		agent_record_lines(out, ev->text);
		*open = true;
		break;
	case AGENT_EVENT_TOOL:
		agent_record_named(
		    out, ev->ok ? ">" : "> (not done)", ev->name, ev->text);
		break;
	case AGENT_EVENT_END:
		str_add(out, "[end]\n");
		break;
	case AGENT_EVENT_SESSION:
		/* Its id is of no use to people; its model is. */
		agent_record_named(out, names[ev->kind], NULL, ev->text);
		break;
	case AGENT_EVENT_VERSION:
	case AGENT_EVENT_DENIED:
	case AGENT_EVENT_RETRY:
	case AGENT_EVENT_ERROR:
		agent_record_named(out, names[ev->kind], ev->name, ev->text);
		break;
	case AGENT_EVENT_USAGE:
	case AGENT_EVENTS:
		break;
	}
}

void
agent_report_write(
    const struct agent_report *r, const char *agent, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "agent", agent);
	jw_str(&w, "version", r->version);
	jw_str(&w, "session", r->session);
	jw_str(&w, "model", r->model);
	jw_bool(&w, "ended", r->ended);
	jw_str(&w, "fault", agent_fault_name(r->fault));
	jw_str(&w, "why", r->why);
	jw_u64(&w, "lines", r->lines);
	jw_u64(&w, "not_understood", r->other);
	jw_u64(&w, "too_long", r->over);
	jw_u64(&w, "tools", r->tools);
	jw_u64(&w, "denied", r->denied);
	agent_record_usage(&w, &r->usage, r->costed);
	jw_end(&w);
	str_addc(out, '\n');
}

void
agent_report_line(const struct agent_report *r, struct str *out)
{
	const struct agent_usage *u = &r->usage;

	if (u->turns > 0)
		str_addf(out, "%lld turns, ", (long long)u->turns);
	str_addf(out, "%lld tokens in, %lld out",
	    (long long)(u->input + u->cache_read + u->cache_write),
	    (long long)u->output);
	if (r->costed)
		str_addf(out, ", $%lld.%06lld", (long long)(u->cost / 1000000),
		    (long long)(u->cost % 1000000));
}

void
agent_report_why(const struct agent_report *r, struct str *out)
{
	str_add(out, agent_fault_text(r->fault));
	if (r->why[0] != '\0')
		str_addf(out, ": %s", r->why);
}
