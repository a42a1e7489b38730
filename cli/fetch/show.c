#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/out.h"
#include "findings/rule.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/wire/json.h"

enum {
	SHOW_ALL = 60, /* findings on the screen; the record has all */
	SHOW_RULE = 10 /* of one rule */
};

/* The findings of one weight are shown together, allowed ones last. */
enum show_group {
	SHOW_BLOCK,
	SHOW_ASK,
	SHOW_NOTE,
	SHOW_ALLOWED,
	SHOW_GROUPS
};

static const char *const show_names[] = {
	[SHOW_BLOCK] = "block",
	[SHOW_ASK] = "ask",
	[SHOW_NOTE] = "note",
	[SHOW_ALLOWED] = "allowed",
};

static const enum out_colour show_colours[] = {
	[SHOW_BLOCK] = OUT_BAD,
	[SHOW_ASK] = OUT_WARN,
	[SHOW_NOTE] = OUT_DIM,
	[SHOW_ALLOWED] = OUT_DIM,
};

static enum show_group
show_group_of(const struct finding *row)
{
	static const enum show_group groups[] = {
		[FINDING_NOTE] = SHOW_NOTE,
		[FINDING_ASK] = SHOW_ASK,
		[FINDING_BLOCK] = SHOW_BLOCK,
	};

	return row->allowed ? SHOW_ALLOWED : groups[row->severity];
}

static size_t
show_count(const struct findings *f, enum show_group g)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		if (show_group_of(&f->list[i]) == g)
			n++;
	return n;
}

static void
show_summary(const struct cli *c, const struct findings *f)
{
	const struct findings_seen *s = &f->seen;
	const char *comma = ": ";

	if (s->files > 0) {
		(void)printf("%llu file%s, +%llu -%llu lines",
		    (unsigned long long)s->files, s->files == 1 ? "" : "s",
		    (unsigned long long)s->added,
		    (unsigned long long)s->removed);
		if (s->commits > 0)
			(void)printf(", %llu commit%s",
			    (unsigned long long)s->commits,
			    s->commits == 1 ? "" : "s");
	} else {
		(void)printf("%zu findings", f->n);
	}
	for (int g = 0; g < SHOW_GROUPS; g++) {
		size_t n = show_count(f, (enum show_group)g);

		if (n == 0)
			continue;
		(void)printf("%s%zu ", comma, n);
		out_paint(c, stdout, show_colours[g], show_names[g]);
		comma = ", ";
	}
	(void)printf("%s\n", f->n == 0 ? ": no finding" : "");
}

static void
show_one(const struct cli *c, const struct finding *row)
{
	(void)printf("    ");
	if (row->file[0] != '\0') {
		AUTO_FREE char *path = finding_path_shown(row->file);

		out_text(stdout, path);
		if (row->line != 0)
			(void)printf(":%u", row->line);
		if (row->column != 0)
			(void)printf(":%u", row->column);
		(void)printf(": ");
	}
	out_text(stdout, row->message);
	(void)printf("\n");
	if (row->evidence[0] == '\0')
		return;
	out_paint(c, stdout, OUT_DIM, "      | ");
	out_text(stdout, row->evidence);
	(void)printf("\n");
}

/* All of a rule in a group, from the first of them on. */
static size_t
show_rule(const struct cli *c, const struct findings *f, enum show_group g,
    size_t first, size_t left)
{
	const char *id = f->list[first].id;
	const struct finding_rule *rule = finding_rule_get(id);
	size_t shown = 0;

	out_paint(c, stdout, show_colours[g], show_names[g]);
	(void)printf("%*s%s", (int)(8 - strlen(show_names[g])), "", id);
	if (rule != NULL)
		(void)printf(": %s", rule->title);
	(void)printf("\n");
	for (size_t i = first; i < f->n; i++) {
		if (show_group_of(&f->list[i]) != g ||
		    strcmp(f->list[i].id, id) != 0)
			continue;
		if (shown == SHOW_RULE || shown == left)
			break;
		show_one(c, &f->list[i]);
		shown++;
	}
	if (rule != NULL && g != SHOW_ALLOWED)
		(void)printf("    -> %s\n", rule->todo);
	return shown;
}

static bool
show_is_first(const struct findings *f, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (show_group_of(&f->list[k]) == show_group_of(&f->list[i]) &&
		    strcmp(f->list[k].id, f->list[i].id) == 0)
			return false;
	return true;
}

void
findings_print(const struct cli *c, const struct findings *f)
{
	size_t shown = 0;

	show_summary(c, f);
	for (int g = 0; g < SHOW_GROUPS; g++)
		for (size_t i = 0; i < f->n && shown < SHOW_ALL; i++)
			if ((int)show_group_of(&f->list[i]) == g &&
			    show_is_first(f, i))
				shown += show_rule(c, f, (enum show_group)g, i,
				    SHOW_ALL - shown);
	if (shown < f->n)
		(void)printf("... and %zu more: --json\n", f->n - shown);
}

void
findings_json(
    struct jw *w, const char *key, const struct findings *f, size_t max)
{
	size_t left = 0;

	jw_object(w, "seen");
	jw_u64(w, "files", f->seen.files);
	jw_u64(w, "added", f->seen.added);
	jw_u64(w, "removed", f->seen.removed);
	jw_u64(w, "commits", f->seen.commits);
	jw_end(w);
	jw_array(w, key);
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *row = &f->list[i];

		if (w->out->len > max) {
			left++;
			continue;
		}
		jw_object(w, NULL);
		jw_str(w, "id", row->id);
		jw_str(w, "severity", finding_severity_name(row->severity));
		jw_bool(w, "allowed", row->allowed);
		jw_str(w, "file", row->file);
		jw_i64(w, "line", row->line);
		jw_i64(w, "column", row->column);
		jw_str(w, "message", row->message);
		jw_str(w, "evidence", row->evidence);
		if (row->sha256[0] != '\0')
			jw_str(w, "sha256", row->sha256);
		jw_end(w);
	}
	jw_end(w);
	if (left > 0) {
		AUTO_FREE char *more = xasprintf("%s_not_listed", key);

		jw_u64(w, more, left);
	}
}
