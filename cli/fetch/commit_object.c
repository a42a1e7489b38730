#include "cli/fetch/commit_object.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

static bool
commit_object_id(struct view v, char id[SCAN_ID + 1])
{
	if (v.len != SCAN_ID)
		return false;
	memcpy(id, v.p, SCAN_ID);
	id[SCAN_ID] = '\0';
	return strspn(id, "0123456789abcdef") == SCAN_ID;
}

/* "+0130" as minutes. */
static bool
commit_object_zone(struct view v, int *minutes)
{
	int n = 0;

	if (v.len != 5 || (v.p[0] != '+' && v.p[0] != '-'))
		return false;
	for (size_t i = 1; i < 5; i++) {
		if (v.p[i] < '0' || v.p[i] > '9')
			return false;
		n = 10 * n + (v.p[i] - '0');
	}
	n = n / 100 * 60 + n % 100;
	*minutes = v.p[0] == '-' ? -n : n;
	return true;
}

/* "NAME <MAIL> SECONDS ZONE"; what is malformed has no date. */
static void
commit_object_person(struct view v, struct check_person *p)
{
	const char *close = v.len == 0 ? NULL : memrchr(v.p, '>', v.len);
	const char *open = close == NULL
	    ? NULL
	    : memchr(v.p, '<', (size_t)(close - v.p));
	struct view when, seconds;
	AUTO_FREE char *number = NULL;
	struct err ignored = ERR_INIT;
	uint64_t n = 0;

	*p = (struct check_person){ .name = v };
	if (open == NULL)
		return;
	p->name = view_trim((struct view){ v.p, (size_t)(open - v.p) });
	p->mail = (struct view){ open + 1, (size_t)(close - open - 1) };
	when = view_trim(view_from(v, (size_t)(close + 1 - v.p)));
	if (when.len == 0 || !view_split(&when, ' ', &seconds))
		return;
	number = view_dup(seconds);
	if (num_u64(number, 0, INT64_MAX / 1000, &n, &ignored) == -1 ||
	    !commit_object_zone(when, &p->offset))
		return;
	p->when = (int64_t)n;
}

int
commit_object_read(
    struct view text, const char *id, struct commit_object *out, struct err *e)
{
	struct view rest = text, line;
	bool tree = false, author = false, committer = false;

	*out = (struct commit_object){ .c = { .parents = 0 } };
	(void)snprintf(out->c.id, sizeof(out->c.id), "%s", id);
	while (rest.len > 0 && view_split(&rest, '\n', &line) && line.len > 0) {
		if (view_starts(line, "tree ") && !tree) {
			tree = commit_object_id(view_from(line, 5), out->tree);
		} else if (view_starts(line, "parent ")) {
			if (out->c.parents == COMMIT_PARENTS_MAX)
				return err_set(e, ERR_LIMIT,
				    "commit %.12s has too many parents", id);
			if (!commit_object_id(view_from(line, 7),
				out->parents[out->c.parents++]))
				break;
		} else if (view_starts(line, "author ") && !author) {
			author = true;
			commit_object_person(
			    view_from(line, 7), &out->c.author);
		} else if (view_starts(line, "committer ") && !committer) {
			committer = true;
			commit_object_person(
			    view_from(line, 10), &out->c.committer);
		} else if (view_starts(line, "gpgsig")) {
			out->c.is_signed = true;
		}
	}
	out->c.message = rest;
	if (!tree || !author || !committer ||
	    (out->c.parents > 0 && out->parents[out->c.parents - 1][0] == '\0'))
		return err_set(e, ERR_PROTO, "commit %.12s is malformed", id);
	return 0;
}
