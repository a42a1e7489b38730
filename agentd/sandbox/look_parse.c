#include <string.h>

#include "agentd/sandbox/look.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

enum {
	LOOK_FIELDS = 6
};

static int
look_number(struct view v, int64_t *out, struct err *e)
{
	AUTO_FREE char *z = view_dup(v);

	return num_i64(z, 0, INT32_MAX, out, e);
}

/* Printable, cut where it is too long. */
static void
look_text(struct view v, char out[LOOK_TEXT])
{
	size_t n = v.len < LOOK_TEXT - 1 ? v.len : LOOK_TEXT - 1;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)v.p[i];

		out[i] = c < 0x20 || c > 0x7e ? '?' : (char)c;
	}
	out[n] = '\0';
}

/* clone UNCOMMITTED UNPUSHED STASHES BRANCH PATH, between tabs. */
static int
look_clone(struct view line, struct look *out, struct err *e)
{
	struct view f[LOOK_FIELDS] = { { .p = NULL } };
	struct look_clone *c = &out->clones[out->n];
	size_t n = 0;

	while (n < LOOK_FIELDS - 1 && view_split(&line, '\t', &f[n]))
		n++;
	if (n < LOOK_FIELDS - 1 || line.p == NULL)
		return err_set(e, ERR_PROTO, "a clone's line is cut short");
	f[n] = line;
	if (out->n == LOOK_CLONES) {
		out->more = true;
		return 0;
	}
	if (look_number(f[1], &c->uncommitted, e) == -1 ||
	    look_number(f[2], &c->unpushed, e) == -1 ||
	    look_number(f[3], &c->stashes, e) == -1)
		return err_wrap(e, "a clone's line");
	look_text(f[4], c->branch);
	look_text(f[5], c->path);
	out->n++;
	return 0;
}

int
look_parse(struct view text, struct look *out, struct err *e)
{
	struct view line;
	bool ended = false;

	*out = (struct look){ .n = 0 };
	while (!ended && text.p != NULL && view_split(&text, '\n', &line)) {
		if (view_starts(line, "clone\t")) {
			if (look_clone(line, out, e) == -1)
				return -1;
		} else if (view_starts(line, "files\t")) {
			line.p += 6;
			line.len -= 6;
			if (look_number(line, &out->files, e) == -1)
				return err_wrap(e, "files");
		} else if (view_is(line, "end")) {
			ended = true;
		} else {
			return err_set(
			    e, ERR_PROTO, "a line that is not known");
		}
	}
	return ended
	    ? 0
	    : err_set(e, ERR_PROTO, "what was seen in it is cut short");
}
