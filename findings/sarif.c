#include "findings/sarif.h"

#include <string.h>

#include "findings/rule.h"
#include "lib/base/auto.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/version.h"
#include "lib/wire/json.h"

static const char
    sarif_schema[] = "https://json.schemastore.org/sarif-2.1.0.json";

static const char *const sarif_levels[] = {
	[FINDING_NOTE] = "note",
	[FINDING_ASK] = "warning",
	[FINDING_BLOCK] = "error",
};

static void
sarif_text(struct jw *w, const char *key, const char *text)
{
	AUTO_STR struct str shown = STR_INIT;

	esc_term(&shown, view_of(text));
	jw_object(w, key);
	jw_str(w, "text", str_cstr(&shown));
	jw_end(w);
}

static void
sarif_rules(struct jw *w)
{
	size_t n;
	const struct finding_rule *rules = finding_rules(&n);

	jw_array(w, "rules");
	for (size_t i = 0; i < n; i++) {
		jw_object(w, NULL);
		jw_str(w, "id", rules[i].id);
		sarif_text(w, "shortDescription", rules[i].title);
		sarif_text(w, "help", rules[i].todo);
		jw_object(w, "defaultConfiguration");
		jw_str(w, "level", sarif_levels[rules[i].severity]);
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static void
sarif_driver(struct jw *w)
{
	jw_object(w, "tool");
	jw_object(w, "driver");
	jw_str(w, "name", "coffer fetch");
	jw_str(w, "version", VERSION);
	sarif_rules(w);
	jw_end(w);
	jw_end(w);
}

static void
sarif_place(struct jw *w, const struct finding *row)
{
	AUTO_STR struct str uri = STR_INIT;
	AUTO_FREE char *path = finding_path_shown(row->file);

	esc_url_path(&uri, view_of(path));
	jw_array(w, "locations");
	jw_object(w, NULL);
	jw_object(w, "physicalLocation");
	jw_object(w, "artifactLocation");
	jw_str(w, "uri", str_cstr(&uri));
	jw_str(w, "uriBaseId", "SRCROOT");
	jw_end(w);
	if (row->line != 0) {
		jw_object(w, "region");
		jw_i64(w, "startLine", row->line);
		if (row->column != 0)
			jw_i64(w, "startColumn", row->column);
		if (row->evidence[0] != '\0')
			sarif_text(w, "snippet", row->evidence);
		jw_end(w);
	}
	jw_end(w);
	jw_end(w);
	jw_end(w);
}

static void
sarif_result(struct jw *w, const struct sarif_spec *spec, size_t index,
    const struct finding *row)
{
	jw_object(w, NULL);
	jw_str(w, "ruleId", row->id);
	if (finding_rule_get(row->id) != NULL)
		jw_u64(w, "ruleIndex", index);
	jw_str(w, "level", sarif_levels[row->severity]);
	sarif_text(w, "message", row->message);
	if (row->file[0] != '\0')
		sarif_place(w, row);
	if (row->sha256[0] != '\0') {
		jw_object(w, "partialFingerprints");
		jw_str(w, "lineSha256/v1", row->sha256);
		jw_end(w);
	}
	if (row->allowed) {
		jw_array(w, "suppressions");
		jw_object(w, NULL);
		jw_str(w, "kind", "external");
		if (spec->reason != NULL)
			jw_str(w, "justification", spec->reason);
		jw_end(w);
		jw_end(w);
	}
	jw_end(w);
}

static size_t
sarif_index(const char *id)
{
	size_t n, i = 0;
	const struct finding_rule *rules = finding_rules(&n);

	while (i < n && strcmp(rules[i].id, id) != 0)
		i++;
	return i;
}

static void
sarif_run(struct jw *w, const struct sarif_spec *spec, const struct findings *f)
{
	sarif_driver(w);
	jw_str(w, "columnKind", "unicodeCodePoints");
	jw_array(w, "invocations");
	jw_object(w, NULL);
	jw_bool(w, "executionSuccessful", true);
	jw_end(w);
	jw_end(w);
	if (spec->url != NULL) {
		jw_array(w, "versionControlProvenance");
		jw_object(w, NULL);
		jw_str(w, "repositoryUri", spec->url);
		jw_str(w, "revisionId", spec->head);
		jw_end(w);
		jw_end(w);
	}
	jw_object(w, "properties");
	jw_str(w, "base", spec->base);
	jw_str(w, "head", spec->head);
	jw_u64(w, "dropped", f->dropped);
	jw_end(w);
	jw_array(w, "results");
	for (size_t i = 0; i < f->n; i++)
		sarif_result(w, spec, sarif_index(f->list[i].id), &f->list[i]);
	jw_end(w);
}

void
sarif_write(
    const struct sarif_spec *spec, const struct findings *f, struct str *out)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_str(&w, "$schema", sarif_schema);
	jw_str(&w, "version", "2.1.0");
	jw_array(&w, "runs");
	jw_object(&w, NULL);
	sarif_run(&w, spec, f);
	jw_end(&w);
	jw_end(&w);
	jw_end(&w);
}
