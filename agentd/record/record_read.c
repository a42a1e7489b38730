/* record_read: what the patch and the samples of a run come to. */
#include <string.h>

#include "agentd/record/record.h"
#include "lib/base/err.h"
#include "lib/wire/json.h"

enum {
	RECORD_SAMPLE_MAX = 512,
	RECORD_COUNT_MAX = 1 << 30
};

/* "coffer-patch BASE TREE COMMIT" in front of it, each an id or "-". */
static const char record_patch_word[] = "coffer-patch ";

static bool
record_id(struct view v, char out[RECORD_SHA + 1])
{
	out[0] = '\0';
	if (view_is(v, "-"))
		return true;
	if (v.len != RECORD_SHA)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (memchr("0123456789abcdef", v.p[i], 16) == NULL)
			return false;
	memcpy(out, v.p, RECORD_SHA);
	out[RECORD_SHA] = '\0';
	return true;
}

static bool
record_patch_head(struct record_patch *p, struct view line)
{
	struct view word;

	if (!view_starts(line, record_patch_word))
		return false;
	line = view_from(line, sizeof(record_patch_word) - 1);
	return view_split(&line, ' ', &word) && record_id(word, p->base) &&
	    view_split(&line, ' ', &word) && record_id(word, p->tree) &&
	    view_split(&line, ' ', &word) && record_id(word, p->commit) &&
	    p->base[0] != '\0' && p->tree[0] != '\0';
}

/* Lines of one side in "@@ -A,B +C,D @@", which begins at `sign`. */
static uint64_t
record_hunk(struct view line, char sign)
{
	const char *at = memchr(line.p, sign, line.len);
	struct view v;
	uint64_t n = 0;
	bool comma = false;

	if (at == NULL)
		return 0;
	v = view_from(line, (size_t)(at - line.p) + 1);
	for (; v.len > 0 && *v.p != ' '; v = view_from(v, 1)) {
		if (*v.p == ',' && !comma)
			comma = true;
		else if (*v.p < '0' || *v.p > '9' || n > RECORD_COUNT_MAX)
			return 0;
		else if (comma)
			n = n * 10 + (uint64_t)(*v.p - '0');
	}
	return comma ? n : 1;
}

static void
record_count(struct record_patch *p, struct view v)
{
	uint64_t gone = 0, come = 0; /* lines left of a hunk */
	struct view line;

	while (v.len > 0 && view_split(&v, '\n', &line)) {
		const char c = line.len > 0 ? line.p[0] : ' ';

		if (gone == 0 && come == 0) {
			if (view_starts(line, "diff --git "))
				p->files++;
			if (!view_starts(line, "@@ -"))
				continue;
			gone = record_hunk(line, '-');
			come = record_hunk(line, '+');
		} else if (c == '+') {
			p->added++;
			come -= come > 0;
		} else if (c == '-') {
			p->deleted++;
			gone -= gone > 0;
		} else if (c != '\\') {
			come -= come > 0;
			gone -= gone > 0;
		}
	}
}

/* What the last phase printed; without the line in front it is no patch. */
void
record_read_patch(struct record *r)
{
	struct record_part *p = &r->part[RECORD_PATCH];
	struct view rest = str_view(&p->text), line = { .len = 0 };

	r->patch.is = p->text.len > 0 && view_split(&rest, '\n', &line) &&
	    record_patch_head(&r->patch, line);
	if (!r->patch.is) {
		r->patch = (struct record_patch){ .files = 0 };
		p->there = false;
		str_reset(&p->text);
		return;
	}
	str_drop(&p->text, line.len < p->text.len ? line.len + 1 : p->text.len);
	record_count(&r->patch, str_view(&p->text));
}

static void
record_peak(int64_t *peak, int64_t n)
{
	if (n > *peak)
		*peak = n;
}

void
record_read_use(struct record *r)
{
	struct view rest = str_view(&r->part[RECORD_RESOURCES].text), line;
	struct record_use *u = &r->use;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		struct err e = ERR_INIT;
		struct json *j = line.len == 0 || line.len > RECORD_SAMPLE_MAX
		    ? NULL
		    : json_parse(line, RECORD_SAMPLE_MAX, &e);

		if (j == NULL)
			continue;
		u->samples++;
		record_peak(&u->memory_peak, json_i64_or(j, "memory", -1));
		record_peak(&u->pids_peak, json_i64_or(j, "pids", -1));
		record_peak(&u->ooms, json_i64_or(j, "ooms", -1));
		record_peak(&u->cpu_ms, json_i64_or(j, "cpu_ms", -1));
		json_free(j);
	}
}
