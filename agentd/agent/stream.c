#include "agentd/agent/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	AGENT_COUNT_MAX = 1 << 30, /* of one number that a CLI tells */
	AGENT_DOLLARS_MAX = 1000
};

struct agent_asked {
	char id[AGENT_WORD_MAX], tool[AGENT_WORD_MAX];
};

struct agent_stream {
	const struct agent *agent;
	bool write;
	struct agent_bounds bounds;
	bool beyond;
	agent_event_fn *on_event;
	void *arg;
	struct str line;
	bool skip;                  /* the rest of a line that is too long */
	char piece[AGENT_WORD_MAX]; /* the id of the text that goes on */
	struct agent_asked asked[AGENT_ASKED_MAX];
	size_t n_asked;
	struct agent_report report;
};

struct agent_stream *
agent_stream_new(
    const struct agent *a, bool write, agent_event_fn *on_event, void *arg)
{
	struct agent_stream *s = xcalloc(1, sizeof(*s));

	s->agent = a;
	s->write = write;
	s->on_event = on_event;
	s->arg = arg;
	s->line = STR_INIT_MAX(AGENT_LINE_MAX);
	s->report.text = STR_INIT_MAX(AGENT_MESSAGE_MAX);
	return s;
}

void
agent_stream_free(struct agent_stream *s)
{
	if (s == NULL)
		return;
	str_release(&s->line);
	str_release(&s->report.text);
	free(s);
}

const struct agent_report *
agent_stream_report(const struct agent_stream *s)
{
	return &s->report;
}

/* ---- events ---- */

static void
agent_stream_word(char out[AGENT_WORD_MAX], const char *s)
{
	struct view v = utf8_cut(view_of(s), AGENT_WORD_MAX - 1);

	(void)snprintf(
	    out, AGENT_WORD_MAX, "%.*s", (int)v.len, v.len > 0 ? v.p : "");
}

static void
agent_stream_sum(int64_t *sum, int64_t n)
{
	if (n > 0 && n <= AGENT_COUNT_MAX && *sum <= INT64_MAX - n)
		*sum += n;
}

static void
agent_report_add(struct agent_report *r, const struct agent_usage *u)
{
	agent_stream_sum(&r->usage.input, u->input);
	agent_stream_sum(&r->usage.output, u->output);
	agent_stream_sum(&r->usage.cache_read, u->cache_read);
	agent_stream_sum(&r->usage.cache_write, u->cache_write);
	agent_stream_sum(&r->usage.turns, u->turns);
	if (u->cost < 0)
		return;
	r->costed = true;
	agent_stream_sum(&r->usage.cost, u->cost);
}

static void
agent_report_answer(struct agent_report *r, const char *text)
{
	if (text == NULL)
		return;
	str_reset(&r->text);
	str_addv(&r->text, utf8_cut(view_of(text), AGENT_MESSAGE_MAX));
}

static void
agent_report_fail(struct agent_report *r, enum agent_fault f, const char *text)
{
	struct view v = utf8_cut(view_of(text), sizeof(r->why) - 1);

	if (r->fault != AGENT_FAULT_NONE)
		return;
	r->fault = f;
	(void)snprintf(
	    r->why, sizeof(r->why), "%.*s", (int)v.len, v.len > 0 ? v.p : "");
}

static void
agent_report_take(struct agent_report *r, const struct agent_event *ev)
{
	switch (ev->kind) {
	case AGENT_EVENT_VERSION:
		agent_stream_word(r->version, ev->name);
		break;
	case AGENT_EVENT_SESSION:
		agent_stream_word(r->session, ev->name);
		agent_stream_word(r->model, ev->text);
		break;
	case AGENT_EVENT_TEXT:
		agent_report_answer(r, ev->text);
		break;
	case AGENT_EVENT_TOOL:
		r->tools++;
		break;
	case AGENT_EVENT_DENIED:
		r->denied++;
		break;
	case AGENT_EVENT_USAGE:
		agent_report_add(r, &ev->usage);
		break;
	case AGENT_EVENT_ERROR:
		agent_report_fail(r, ev->fault, ev->text);
		break;
	case AGENT_EVENT_END:
		r->ended = true;
		agent_report_answer(r, ev->text);
		break;
	case AGENT_EVENT_RETRY:
	case AGENT_EVENTS:
		break;
	}
}

static void
agent_stream_tell(struct agent_stream *s, const struct agent_event *ev)
{
	agent_report_take(&s->report, ev);
	if (s->on_event != NULL)
		s->on_event(ev, s->arg);
}

static void
agent_stream_beyond(
    struct agent_stream *s, enum agent_fault f, const char *text)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_ERROR,
		.fault = f,
		.text = text,
		.name = agent_fault_name(f) };

	s->beyond = true;
	agent_stream_tell(s, &ev);
}

/* After its result there is nothing left to save. */
static void
agent_stream_count(struct agent_stream *s)
{
	const struct agent_report *r = &s->report;

	if (r->ended || s->beyond)
		return;
	if (s->bounds.turns > 0 && r->usage.turns > s->bounds.turns)
		agent_stream_beyond(
		    s, AGENT_FAULT_TURNS, "over the turns of its command");
	else if (s->bounds.budget > 0 && r->usage.cost > s->bounds.budget)
		agent_stream_beyond(
		    s, AGENT_FAULT_BUDGET, "over the budget of its command");
}

void
agent_stream_say(struct agent_stream *s, const struct agent_event *ev)
{
	agent_stream_tell(s, ev);
	if (ev->kind == AGENT_EVENT_USAGE)
		agent_stream_count(s);
}

void
agent_stream_bound(struct agent_stream *s, const struct agent_bounds *b)
{
	s->bounds = *b;
}

bool
agent_stream_is_beyond(const struct agent_stream *s)
{
	return s->beyond;
}

void
agent_stream_text(struct agent_stream *s, const char *text)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_TEXT,
		.text = text };

	if (text != NULL && text[0] != '\0')
		agent_stream_say(s, &ev);
}

void
agent_stream_piece(struct agent_stream *s, const char *id, const char *text)
{
	const bool more = id[0] != '\0' &&
	    strncmp(id, s->piece, AGENT_WORD_MAX - 1) == 0;
	const struct agent_event ev = {
		.kind = AGENT_EVENT_TEXT, .text = text, .more = more
	};
	struct str *whole = &s->report.text;

	if (text == NULL)
		return;
	if (!more) {
		agent_stream_say(s, &ev);
		agent_stream_word(s->piece, id);
		return;
	}
	/* What is there already is not copied: pieces are many. */
	str_addv(
	    whole, utf8_cut(view_of(text), AGENT_MESSAGE_MAX - whole->len));
	if (s->on_event != NULL)
		s->on_event(&ev, s->arg);
}

void
agent_stream_error(struct agent_stream *s, enum agent_fault f, const char *text)
{
	const struct agent_event ev = { .kind = AGENT_EVENT_ERROR,
		.fault = f,
		.text = text,
		.name = agent_fault_name(f) };

	agent_stream_say(s, &ev);
}

static bool
agent_stream_allows(const struct agent_stream *s, const char *tool)
{
	const unsigned kinds = agent_tools(s->write, &s->bounds);
	const struct agent_tool *t = s->agent->tools;

	for (; t != NULL && t->name != NULL; t++) {
		if (strcmp(t->name, tool) == 0)
			return (t->kinds & kinds) != 0;
	}
	return false;
}

void
agent_stream_has(struct agent_stream *s, const char *tool)
{
	if (!agent_stream_allows(s, tool))
		agent_stream_beyond(s, AGENT_FAULT_TOOLS, tool);
}

void
agent_stream_call(
    struct agent_stream *s, const char *tool, const char *text, bool done)
{
	const struct agent_event ev = {
		.kind = AGENT_EVENT_TOOL, .name = tool, .text = text, .ok = done
	};

	agent_stream_say(s, &ev);
	if (done)
		agent_stream_has(s, tool);
}

/* Too many at once: the oldest is forgotten. */
void
agent_stream_ask(
    struct agent_stream *s, const char *id, const char *tool, const char *text)
{
	struct agent_asked *a = &s->asked[s->n_asked++ % AGENT_ASKED_MAX];

	agent_stream_word(a->id, id);
	agent_stream_word(a->tool, tool);
	agent_stream_call(s, tool, text, false);
}

void
agent_stream_answered(struct agent_stream *s, const char *id)
{
	for (size_t i = 0; i < AGENT_ASKED_MAX; i++) {
		struct agent_asked *a = &s->asked[i];

		if (a->id[0] != '\0' && strcmp(a->id, id) == 0) {
			agent_stream_has(s, a->tool);
			a->id[0] = '\0';
			return;
		}
	}
}

const char *
agent_stream_pick(const struct json *j, const char *const *keys)
{
	const char *s = NULL;

	for (; s == NULL && *keys != NULL; keys++)
		s = json_str_or(j, *keys, NULL);
	return s;
}

const char *
agent_stream_about(const struct json *input)
{
	static const char *const keys[] = { "command", "cmd", "file_path",
		"filePath", "path", "pattern", "query", "url", NULL };

	return agent_stream_pick(input, keys);
}

int64_t
agent_micros(double dollars)
{
	return dollars >= 0 && dollars <= AGENT_DOLLARS_MAX
	    ? (int64_t)(dollars * 1e6 + 0.5)
	    : -1;
}

/* ---- lines ---- */

/*
 * What the script says that starts it: "coffer-agent version 2.1.329", or
 * "coffer-agent refused ...".  The first line alone: later ones are not its.
 */
static bool
agent_stream_version(struct agent_stream *s, struct view line)
{
	const struct view head = VIEW_LIT("coffer-agent version ");
	AUTO_FREE char *text = NULL;
	struct agent_event ev = { .kind = AGENT_EVENT_VERSION };

	if (s->report.lines > 1 || !view_starts(line, "coffer-agent "))
		return false;
	text = view_dup(utf8_cut(line, 200));
	ev.name = text + head.len;
	if (view_starts(line, head.p))
		agent_stream_say(s, &ev);
	else
		agent_stream_error(s, AGENT_FAULT_VERSION, text);
	return true;
}

/* Past the string that begins at i, or at the end of the line. */
static size_t
agent_stream_string(struct view line, size_t i)
{
	for (i++; i < line.len; i++) {
		const char *q = memchr(line.p + i, '"', line.len - i);
		size_t slashes = 0;

		if (q == NULL)
			return line.len;
		for (const char *b = q; b[-1] == '\\'; b--)
			slashes++;
		i = (size_t)(q - line.p);
		if (slashes % 2 == 0)
			return i + 1;
	}
	return line.len;
}

/*
 * The text of the member `type` of the object itself, without a tree: most
 * bytes are of lines that nobody reads.  Empty: there is none.
 */
static struct view
agent_stream_type(struct view line)
{
	const struct view none = { .p = "" };
	bool named = false; /* the last string was "type" */
	bool value = false; /* and a colon came */
	unsigned depth = 0;

	for (size_t i = 0; i < line.len;) {
		const char c = line.p[i];
		struct view s;
		size_t end;

		if (c != '"') {
			depth += c == '{' || c == '[';
			depth -= depth > 0 && (c == '}' || c == ']');
			value = c == ':' ? named : value && c == ' ';
			named = named && c == ' ';
			i++;
			continue;
		}
		end = agent_stream_string(line, i);
		s = (struct view){ .p = line.p + i + 1, .len = end - i - 1 };
		s.len -= s.len > 0;
		if (value)
			return s;
		named = depth == 1 && view_is(s, "type");
		i = end;
	}
	return none;
}

static void
agent_stream_line(struct agent_stream *s, struct view line)
{
	const struct agent_reader *row = s->agent->rows;
	struct json *j = NULL;
	struct view type;
	struct err e = ERR_INIT;

	line = view_trim(line);
	if (line.len == 0)
		return;
	s->report.lines++;
	if (agent_stream_version(s, line))
		return;
	if (line.p[0] != '{') {
		s->report.other++;
		return;
	}
	type = agent_stream_type(line);
	while (row->type != NULL && !view_is(type, row->type))
		row++;
	if (row->type == NULL)
		return;
	j = json_parse(line, AGENT_LINE_MAX, &e);
	if (j != NULL)
		row->read(s, j);
	else
		s->report.other++;
	json_free(j);
}

/* Most lines are whole within what came: those are not copied. */
void
agent_stream_feed(struct agent_stream *s, struct view bytes)
{
	while (bytes.len > 0) {
		const char *nl = memchr(bytes.p, '\n', bytes.len);
		size_t n = nl == NULL ? bytes.len : (size_t)(nl - bytes.p);
		struct view part = { .p = bytes.p, .len = n };

		bytes = view_from(bytes, nl == NULL ? n : n + 1);
		if (!s->skip && n > AGENT_LINE_MAX - s->line.len) {
			s->skip = true;
			s->report.over++;
			str_reset(&s->line);
		}
		if (!s->skip && (nl == NULL || s->line.len > 0)) {
			str_addv(&s->line, part);
			part = str_view(&s->line);
		}
		if (nl == NULL)
			return;
		if (!s->skip)
			agent_stream_line(s, part);
		s->skip = false;
		str_reset(&s->line);
	}
}

void
agent_stream_end(struct agent_stream *s)
{
	if (!s->skip)
		agent_stream_line(s, str_view(&s->line));
	s->skip = false;
	str_reset(&s->line);
}
