/* A patch in pieces, whose size the first byte says, is what it is as a whole;
 * the checks of names and of git's own files on what is in it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/scan.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct stream {
	struct check *k; /* NULL: only counts */
	uint64_t sum;
	size_t lines;
};

static void
stream_on_file(void *arg)
{
	struct stream *s = arg;

	s->sum = s->sum * 31 + 7;
}

static void
stream_on_commit(const char *id, void *arg)
{
	struct stream *s = arg;

	s->sum = s->sum * 31 + (unsigned char)id[0];
}

static void
stream_on_line(const struct scan_line *l, void *arg)
{
	const struct scan_change c = {
		.status = 'A', .new_mode = 0100644, .path = l->path
	};
	struct stream *s = arg;

	s->lines++;
	s->sum = s->sum * 31 + l->line + (unsigned char)l->kind;
	for (size_t i = 0; i < l->text.len; i++)
		s->sum = s->sum * 31 + (unsigned char)l->text.p[i];
	if (s->k == NULL)
		return;
	check_change(s->k, &c);
	check_tree(s->k, l->path, 0120000);
	check_line(s->k, l);
	check_commit_line(s->k, "1111111111111111111111111111111111111111", l);
}

static int
stream_run(struct view text, size_t step, struct check *k, struct stream *s)
{
	struct scan_patcher *p = scan_patcher_new(
	    stream_on_file, stream_on_line, s);
	struct view rest = text;
	struct err e = ERR_INIT;
	int rc = 0;

	*s = (struct stream){ .k = k };
	scan_patcher_commits(p, stream_on_commit);
	while (rc == 0 && rest.len > 0) {
		struct view piece = { rest.p,
			rest.len < step ? rest.len : step };

		rc = scan_patcher_feed(p, piece, &e);
		rest = view_from(rest, piece.len);
	}
	if (rc == 0)
		rc = scan_patcher_end(p, &e);
	scan_patcher_free(p);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view text = { (const char *)data + 1, size - 1 };
	struct findings f = { .list = NULL };
	struct check *k;
	struct stream whole, pieces;
	int a, b;

	if (size < 2)
		return 0;
	k = check_new(&f);
	a = stream_run(text, text.len, k, &whole);
	b = stream_run(text, (size_t)data[0] + 1, NULL, &pieces);
	if (a != b || (a == 0 && whole.sum != pieces.sum))
		abort();
	check_end(k);
	if (f.n > FINDING_MAX + 1)
		abort();
	check_free(k);
	findings_release(&f);
	return 0;
}
