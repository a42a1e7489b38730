/*
 * pull_words: what people say of lines of a pull request's diff: threads behind
 * their lines, those whose line is gone, the form of a line, what a comment
 * suggests.
 */
#ifndef SERVER_WEB_PULL_WORDS_H
#define SERVER_WEB_PULL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "server/domain/review_comment.h"
#include "server/web/marks.h"
#include "server/web/web.h"

struct diff_at;
struct pull;

struct pull_words {
	const struct project *p;
	const struct pull *pull;
	struct review_comment_list list;
	char **texts;       /* of each what is taken apart: its body without
			     * what it suggests */
	struct marks marks; /* of each */
	const char *alone;  /* the one file that is shown, NULL: all */
	const char *at;     /* the line that a form is asked for: "R12" */
	int64_t whole;      /* that word is shown however long it is, 0: none */
	size_t left;        /* bytes of words that the page has room for */
	size_t unsaid;      /* words that it had none for */
	/* Of whoever reads the page, once it is begun. */
	bool may_say, may_write, suggest;
	int64_t begun; /* his review that is not sent, 0: none */
};

/* Rows, then their marks; go comes once, later, whatever failed.  What is
 * given lives as long as *out. */
void pull_words_load(struct call *c, const struct project *p,
    const struct pull *pull, struct pull_words *out, marks_go_fn *go,
    void *arg);
void pull_words_release(struct pull_words *x);

/* After web_begin. */
void pull_words_begin(struct web *w, struct pull_words *x);
/* For struct diff_view, arg is a struct pull_words. */
bool pull_words_has(const struct diff_at *at, void *arg);
void pull_words_line(struct web *w, const struct diff_at *at, void *arg);
/* pull_words_form.c: the form of a line. */
void pull_words_form(
    struct web *w, struct pull_words *x, const struct diff_at *at);
/* Those whose line is not there any more, with what it was. */
void pull_words_outdated(struct web *w, struct pull_words *x);

#endif
