#include "agentd/record/record.h"

#include <stdlib.h>
#include <string.h>

#include "agentd/agent/stream.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	RECORD_LOG_MAX = (32 << 20) + 4096,
	RECORD_SMALL = 1 << 20,
	RECORD_JSON_MAX = 512 << 10,
	RECORD_CHAIN_MAX = 40 << 20,
	RECORD_ROOM = 2048 /* for the longest line of agentd */
};

const struct record_name record_names[RECORD_PARTS] = {
	[RECORD_OUT] = { "out.log", "agent/out.log", RECORD_LOG_MAX },
	[RECORD_ERR] = { "err.log", "agent/err.log", RECORD_LOG_MAX },
	[RECORD_PREPARE] = { "prepare.log", "prepare/out.log", RECORD_SMALL },
	[RECORD_FINISH] = { "finish.log", "finish/err.log", RECORD_SMALL },
	[RECORD_PATCH] = { "patch.diff", "finish/out.log", 16 << 20 },
	[RECORD_EVENTS] = { "events.jsonl", "events.jsonl", 9 << 20 },
	[RECORD_RESOURCES] = { "resources.jsonl", "resources.jsonl",
	    RECORD_SMALL },
	[RECORD_PROMPT] = { "prompt.md", "task/prompt.md", 4 << 20 },
	[RECORD_TASK] = { "task.json", "task/task.json", RECORD_SMALL },
	[RECORD_POLICY] = { "policy.json", "policy.json", RECORD_SMALL },
	[RECORD_AGENT] = { "agent.json", "agent.json", RECORD_SMALL },
	[RECORD_RESULT] = { "result.json", "result.json", RECORD_SMALL },
	[RECORD_MD] = { "report.md", NULL, 128 << 10 },
	[RECORD_HTML] = { "report.html", NULL, 4 << 20 },
	[RECORD_MANIFEST] = { "manifest.json", NULL, RECORD_SMALL },
};

void
record_init(struct record *r)
{
	*r = (struct record){
		.use = { .memory_peak = -1,
		    .cpu_ms = -1,
		    .pids_peak = -1,
		    .ooms = -1 },
	};
	for (size_t i = 0; i < RECORD_PARTS; i++)
		r->part[i].text = STR_INIT_MAX(record_names[i].max);
	r->steps = STR_INIT_MAX(RECORD_STEPS_MAX);
	r->facts = STR_INIT_MAX(RECORD_FACTS_MAX);
}

void
record_release(struct record *r)
{
	for (size_t i = 0; i < RECORD_PARTS; i++)
		str_release(&r->part[i].text);
	str_release(&r->steps);
	str_release(&r->facts);
	json_free(r->j_facts);
	json_free(r->j_result);
	json_free(r->j_agent);
}

static size_t
record_mask(const struct record *r, struct str *text)
{
	return text->len == 0 ? 0 : mask_text(&r->mask, text->p, text->len);
}

static struct json *
record_json(const struct str *text)
{
	struct err e = ERR_INIT;
	struct json *j = json_parse(str_view(text), RECORD_JSON_MAX, &e);

	if (json_is_object(j))
		return j;
	json_free(j);
	return NULL;
}

/* A line without a closing brace was cut off by a crash. */
static bool
record_line(struct view *rest, int64_t *at, struct view *out)
{
	static const char begin[] = "{\"at_ms\":";

	while (rest->len > 0 && view_split(rest, '\n', out)) {
		size_t n = sizeof(begin) - 1;
		int64_t ms = 0;

		if (!view_starts(*out, begin) || !view_ends(*out, "}"))
			continue;
		while (n < out->len && out->p[n] >= '0' && out->p[n] <= '9' &&
		    ms < INT64_MAX / 10 - 1)
			ms = ms * 10 + (out->p[n++] - '0');
		*at = ms;
		return true;
	}
	return false;
}

static void
record_link(struct record *r, struct view line, struct str *out)
{
	const size_t from = out->len;

	if (agent_event_is_cut(line))
		r->part[RECORD_EVENTS].cut = true;
	line.len--;
	str_addv(out, line);
	str_addf(out, ",\"prev\":\"%s\"}", r->head);
	sha256_hex(
	    (struct view){ .p = str_cstr(out) + from, .len = out->len - from },
	    r->head);
	str_addc(out, '\n');
	r->events++;
}

/* What agentd did and what the agent's stream said, by their time. */
void
record_chain(struct record *r)
{
	struct record_part *p = &r->part[RECORD_EVENTS];
	struct str out = STR_INIT_MAX(RECORD_CHAIN_MAX);
	struct view a = str_view(&r->steps), b = str_view(&p->text);
	struct view step = { .len = 0 }, line = { .len = 0 };
	int64_t at = 0, when = 0;
	bool has = record_line(&a, &at, &step);
	bool had = record_line(&b, &when, &line);

	memset(r->head, '0', SHA256_HEX - 1);
	while ((has || had) && str_ok(&out)) {
		if (has && (!had || at <= when)) {
			record_link(r, step, &out);
			has = record_line(&a, &at, &step);
		} else {
			record_link(r, line, &out);
			had = record_line(&b, &when, &line);
		}
	}
	p->cut |= out.full;
	str_release(&p->text);
	p->text = out;
	p->there = true;
}

static void
record_manifest_files(const struct record *r, struct jw *w)
{
	jw_array(w, "files");
	for (size_t i = 0; i < RECORD_MANIFEST; i++) {
		const struct record_part *p = &r->part[i];

		if (!p->there)
			continue;
		jw_object(w, NULL);
		jw_str(w, "name", record_names[i].name);
		jw_u64(w, "bytes", p->text.len);
		jw_str(w, "sha256", p->sha);
		jw_u64(w, "masked", p->masked);
		jw_bool(w, "cut", p->cut);
		jw_end(w);
	}
	jw_end(w);
}

static void
record_manifest_sums(const struct record *r, struct jw *w)
{
	jw_object(w, "events");
	jw_u64(w, "count", r->events);
	jw_str(w, "head", r->head);
	jw_end(w);
	if (r->patch.is) {
		jw_object(w, "patch");
		jw_str(w, "base", r->patch.base);
		jw_str(w, "tree", r->patch.tree);
		jw_str(w, "commit",
		    r->patch.commit[0] != '\0' ? r->patch.commit : NULL);
		jw_u64(w, "files", r->patch.files);
		jw_u64(w, "added", r->patch.added);
		jw_u64(w, "deleted", r->patch.deleted);
		jw_end(w);
	}
	jw_object(w, "resources");
	jw_u64(w, "samples", r->use.samples);
	jw_i64(w, "memory_peak", r->use.memory_peak);
	jw_i64(w, "cpu_ms", r->use.cpu_ms);
	jw_i64(w, "pids_peak", r->use.pids_peak);
	jw_end(w);
}

static void
record_manifest(struct record *r)
{
	const struct json *code = json_get(r->j_result, "exit_code");
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &r->part[RECORD_MANIFEST].text);
	jw_object(&w, NULL);
	jw_i64(&w, "format", 1);
	jw_i64(&w, "made_ms", r->now);
	if (r->j_facts != NULL) {
		json_print(r->j_facts, &text);
		jw_raw(&w, "facts", str_view(&text));
	} else {
		jw_null(&w, "facts");
	}
	/* No verdict: it was over before there was one. */
	jw_str(&w, "state", json_str_or(r->j_result, "state", "unknown"));
	jw_str(&w, "why",
	    json_str_or(r->j_result, "why",
		"cofferd ended it while agentd was away; no verdict was made"));
	if (code != NULL && !json_is_null(code))
		jw_i64(
		    &w, "exit_code", json_i64_or(r->j_result, "exit_code", -1));
	else
		jw_null(&w, "exit_code");
	jw_str(&w, "prompt_sha256",
	    r->prompt_sha[0] != '\0' ? r->prompt_sha : NULL);
	if (r->j_agent != NULL) {
		str_reset(&text);
		json_print(r->j_agent, &text);
		jw_raw(&w, "agent", str_view(&text));
	}
	record_manifest_sums(r, &w);
	record_manifest_files(r, &w);
	jw_end(&w);
	str_addc(&r->part[RECORD_MANIFEST].text, '\n');
}

void
record_make(struct record *r)
{
	struct record_part *prompt = &r->part[RECORD_PROMPT];

	if (prompt->there)
		sha256_hex(str_view(&prompt->text), r->prompt_sha);
	record_read_patch(r);
	for (size_t i = 0; i < RECORD_FOUND; i++)
		r->part[i].masked = record_mask(r, &r->part[i].text);
	/* A line that found no room any more is not there. */
	if (r->part[RECORD_RESOURCES].text.len > RECORD_STEPS_MAX - RECORD_ROOM)
		r->part[RECORD_RESOURCES].cut = true;
	if (r->steps.len > RECORD_STEPS_MAX - RECORD_ROOM)
		r->part[RECORD_EVENTS].cut = true;
	(void)record_mask(r, &r->steps);
	(void)record_mask(r, &r->facts);
	record_read_use(r);
	record_chain(r);
	r->j_facts = record_json(&r->facts);
	r->j_result = record_json(&r->part[RECORD_RESULT].text);
	r->j_agent = record_json(&r->part[RECORD_AGENT].text);
	for (size_t i = 0; i < RECORD_FOUND; i++)
		sha256_hex(str_view(&r->part[i].text), r->part[i].sha);
	record_report(r, false, &r->part[RECORD_MD].text);
	record_report(r, true, &r->part[RECORD_HTML].text);
	for (size_t i = RECORD_MD; i < RECORD_MANIFEST; i++) {
		r->part[i].there = true;
		r->part[i].cut = r->part[i].text.full;
		sha256_hex(str_view(&r->part[i].text), r->part[i].sha);
	}
	record_manifest(r);
	r->part[RECORD_MANIFEST].there = true;
	sha256_hex(str_view(&r->part[RECORD_MANIFEST].text),
	    r->part[RECORD_MANIFEST].sha);
}
