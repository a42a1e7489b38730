#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fetch/excerpt.h"
#include "cli/fetch/fetch.h"
#include "cli/fetch/review_files.h"
#include "cli/program.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/mask.h"
#include "lib/base/str.h"

enum {
	/* Each part has room of its own: none pushes another one out. */
	EVIDENCE_ASKS_MAX = 48 << 10, /* findings that a person looks at */
	EVIDENCE_NOTES_MAX = 16 << 10,
	EVIDENCE_LOG_MAX = 32 << 10, /* of the commits */
	EVIDENCE_TEXT = 300          /* of a finding's path and message */
};

static void
evidence_text(struct str *out, const char *text)
{
	size_t n = strnlen(text, EVIDENCE_TEXT);

	for (size_t i = 0; i < n; i++)
		str_addc(out, text[i] == '\n' ? ' ' : text[i]);
	if (text[n] != '\0')
		str_add(out, " ...");
}

static void
evidence_finding(const struct finding *f, struct str *out)
{
	str_addf(out, "  %s %s%s ", finding_severity_name(f->severity), f->id,
	    f->allowed ? " (let pass by the user)" : "");
	evidence_text(out, f->file);
	if (f->line != 0)
		str_addf(out, ":%u", f->line);
	str_add(out, ": ");
	evidence_text(out, f->message);
	str_addc(out, '\n');
}

/* A flood of notes hides nothing that a person has to look at. */
static void
evidence_findings(struct fetch_job *j, struct str *out)
{
	enum {
		ASKS,
		NOTES
	};
	static const struct excerpt_kind kinds[EXCERPT_KINDS] = {
		[ASKS] = { "findings to look at", EVIDENCE_ASKS_MAX },
		[NOTES] = { "notes", EVIDENCE_NOTES_MAX }
	};
	struct excerpt x;

	str_add(out, "What the checks found:\n");
	if (j->findings.n == 0)
		str_add(out, "  nothing\n");
	excerpt_init(&x, kinds);
	for (size_t i = 0; i < j->findings.n; i++) {
		const struct finding *f = &j->findings.list[i];

		evidence_finding(f, &x.text);
		excerpt_row(&x, f->severity == FINDING_NOTE ? NOTES : ASKS);
	}
	excerpt_end(&x, out);
	j->info.notes_unlisted = x.left[NOTES];
	if (x.left[ASKS] > 0) {
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw all that the checks found: %zu findings "
		    "are left out",
		    x.left[ASKS]);
		j->info.findings_cut = true;
	}
	excerpt_release(&x);
}

static void
evidence_commits(struct fetch_job *j, struct str *out)
{
	AUTO_FREE char *range = xasprintf("%s..%s", j->base, j->head);
	const char *const argv[] = { "log", "--no-color", "--no-decorate",
		"--no-mailmap", "--no-show-signature", "--no-notes",
		"--encoding=UTF-8", "--date=iso-strict",
		"--max-count=1000", /* never less than fits */
		"--format=commit %h by %an <%ae> at %ad%n%w(0,4,4)%B",
		"--end-of-options", range, NULL };
	const struct fetch_git g = {
		.place = FETCH_BOX, .argv = argv, .max_output = EVIDENCE_LOG_MAX
	};
	struct program_result r = PROGRAM_RESULT_INIT;
	struct err ignored = ERR_INIT;

	str_addf(out, "The commits of %s:\n", j->branch);
	if (fetch_git_run(j, &g, &r, &ignored) == -1 || r.code != 0)
		r.truncated = true;
	str_addv(out, str_view(&r.out));
	/* They come along with a branch or a merge. */
	if (r.truncated) {
		str_add(out, "\n  (there is more that is not shown)\n");
		finding_add(&j->findings, "not-reviewed", "", 0,
		    "no reviewer saw all messages of the commits");
		j->info.messages_cut = true;
	}
	str_addc(out, '\n');
	program_result_release(&r);
}

void
review_evidence(struct fetch_job *j, struct str *out)
{
	const struct mask no_words = { .n = 0 };

	review_runs(j, out);
	evidence_commits(j, out);
	evidence_findings(j, out);
	if (out->len > 0)
		(void)mask_text(&no_words, out->p, out->len);
}
