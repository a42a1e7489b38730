#include "server/domain/ci_word.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "server/domain/checks.h"

struct ci_word_read {
	struct view line;
	size_t at;
};

void
ci_word_release(struct ci_word *w)
{
	free(w->test);
	free(w->setup);
	free(w->branch);
	*w = (struct ci_word){ .test = NULL };
}

static int
ci_word_quoted(
    struct ci_word_read *r, char quote, struct str *out, struct err *e)
{
	size_t from = r->at;

	for (r->at++; r->at < r->line.len; r->at++) {
		char c = r->line.p[r->at];

		if (c == quote) {
			r->at++;
			return 0;
		}
		if (c == '\\' && quote == '"' && r->at + 1 < r->line.len &&
		    strchr("\"\\", r->line.p[r->at + 1]) != NULL)
			c = r->line.p[++r->at];
		str_addc(out, c);
	}
	return err_set(e, ERR_INVALID,
	    "the quote at column %zu is not closed in its line", from + 1);
}

/* 1: *out is the next word; 0: there is none. */
static int
ci_word_next(struct ci_word_read *r, char **out, struct err *e)
{
	AUTO_STR struct str text = STR_INIT_MAX(CHECK_COMMAND_MAX + 1);
	const struct view v = r->line;

	while (r->at < v.len && strchr(" \t\r", v.p[r->at]) != NULL)
		r->at++;
	if (r->at == v.len)
		return 0;
	while (r->at < v.len && strchr(" \t\r", v.p[r->at]) == NULL) {
		char c = v.p[r->at];

		if (c == '"' || c == '\'') {
			if (ci_word_quoted(r, c, &text, e) == -1)
				return -1;
			continue;
		}
		if (c == '\\' && r->at + 1 < v.len)
			c = v.p[++r->at];
		str_addc(&text, c);
		r->at++;
	}
	if (!str_ok(&text) || text.len > CHECK_COMMAND_MAX)
		return err_set(e, ERR_INVALID, "a word is over %d bytes",
		    CHECK_COMMAND_MAX);
	*out = str_steal(&text);
	return 1;
}

static int
ci_word_setup(struct ci_word_read *r, struct ci_word *w, struct err *e)
{
	int rc;

	if (w->setup != NULL)
		return err_set(e, ERR_INVALID, "`--setup` is there twice");
	rc = ci_word_next(r, &w->setup, e);
	if (rc == 0 || (rc == 1 && w->setup[0] == '\0'))
		return err_set(
		    e, ERR_INVALID, "`--setup` wants a command behind it");
	return rc == 1 ? 0 : -1;
}

static int
ci_word_take(
    struct ci_word_read *r, struct ci_word *w, char **word, struct err *e)
{
	if (strcmp(*word, "--setup") == 0)
		return ci_word_setup(r, w, e);
	if (strcmp(*word, "--required") == 0) {
		w->required = true;
		return 0;
	}
	if (strncmp(*word, "--", 2) == 0)
		return err_set(e, ERR_INVALID,
		    "`%.40s` is no option; there are `--setup` and "
		    "`--required`",
		    *word);
	if (w->test == NULL)
		w->test = STEAL(*word);
	else if (w->branch == NULL)
		w->branch = STEAL(*word);
	else
		return err_set(e, ERR_INVALID,
		    "`%.40s` is too much: put the command in quotes", *word);
	return 0;
}

int
ci_word_parse(struct view args, struct ci_word *out, struct err *e)
{
	struct ci_word_read r = { .at = 0 };
	int rc;

	*out = (struct ci_word){ .test = NULL };
	if (!view_split(&args, '\n', &r.line))
		r.line = (struct view){ .p = "" };
	if (!utf8_valid(r.line) || memchr(r.line.p, '\0', r.line.len) != NULL)
		return err_set(e, ERR_INVALID, "the line is not text");
	for (;;) {
		AUTO_FREE char *word = NULL;

		rc = ci_word_next(&r, &word, e);
		if (rc == 1)
			rc = ci_word_take(&r, out, &word, e) == -1 ? -1 : 1;
		if (rc != 1)
			break;
	}
	if (rc == 0 &&
	    (out->test == NULL || view_trim(view_of(out->test)).len == 0))
		rc = err_set(e, ERR_INVALID,
		    "a command is missing: `/test-pr \"make check\"`");
	if (rc == -1)
		ci_word_release(out);
	return rc;
}
