#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/out.h"
#include "lib/wire/json.h"

void
findings_print(const struct cli *c, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *row = &f->list[i];
		const char *name = row->allowed
		    ? "allowed"
		    : finding_severity_name(row->severity);

		out_paint(c, stdout, out_state_colour(name), name);
		(void)printf("%*s%s  ", (int)(8 - strlen(name)), "", row->id);
		out_text(stdout, row->file);
		if (row->line != 0)
			(void)printf(":%u", row->line);
		(void)printf("%s", row->file[0] != '\0' ? ": " : "");
		out_text(stdout, row->message);
		(void)printf("\n");
	}
}

void
findings_json(struct jw *w, const char *key, const struct findings *f)
{
	jw_array(w, key);
	for (size_t i = 0; i < f->n; i++) {
		jw_object(w, NULL);
		jw_str(w, "id", f->list[i].id);
		jw_str(
		    w, "severity", finding_severity_name(f->list[i].severity));
		jw_bool(w, "allowed", f->list[i].allowed);
		jw_str(w, "file", f->list[i].file);
		jw_i64(w, "line", f->list[i].line);
		jw_str(w, "message", f->list[i].message);
		jw_end(w);
	}
	jw_end(w);
}
