/* One changed file fed to the checks, and what they say of it. */
#ifndef TESTS_UNIT_FINDINGS_FEED_H
#define TESTS_UNIT_FINDINGS_FEED_H

#include <string.h>

#include "findings/check.h"
#include "lib/base/str.h"

/* Lines begin with + or -, as in a patch; a line that is neither is text of
 * nobody.  The ids found, each between blanks, are put into out. */
static inline void
feed_lines(struct check *k, const char *path, char status, const char *lines)
{
	const struct scan_change c = { .old_mode = status == 'A' ? 0 : 0100644,
		.new_mode = status == 'D' ? 0 : 0100644,
		.status = status,
		.path = path };
	AUTO_STR struct str whole = STR_INIT;
	struct view rest = view_of(lines), line;
	uint32_t old = 0, new = 0;
	struct check_content b = { .size = 0 };

	while (view_split(&rest, '\n', &line))
		if (line.len > 0 && line.p[0] == '+') {
			str_addv(&whole, view_from(line, 1));
			str_addc(&whole, '\n');
		}
	b.size = whole.len;
	b.head = b.tail = str_view(&whole);
	check_change(k, &c);
	(void)check_file(k, &c, &b);
	rest = view_of(lines);
	while (view_split(&rest, '\n', &line)) {
		struct scan_line l = { .path = path };

		if (line.len == 0)
			continue;
		l.kind = line.p[0];
		l.line = l.kind == '+' ? ++new : ++old;
		l.text = view_from(line, 1);
		check_line(k, &l);
	}
	check_file_end(k);
}

static inline void
feed_ids(const struct findings *f, struct str *out)
{
	str_reset(out);
	str_add(out, " ");
	for (size_t i = 0; i < f->n; i++)
		str_addf(out, "%s ", f->list[i].id);
}

/* Is the id among what is found in a file with these lines? */
static inline bool
feed_has(const char *path, const char *lines, const char *id)
{
	AUTO_STR struct str ids = STR_INIT, want = STR_INIT;
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);

	feed_lines(k, path, 'M', lines);
	check_end(k);
	check_free(k);
	feed_ids(&f, &ids);
	str_addf(&want, " %s ", id);
	findings_release(&f);
	return strstr(str_cstr(&ids), str_cstr(&want)) != NULL;
}

/* Nothing that a person has to look at? */
static inline bool
feed_is_quiet(const char *path, const char *lines)
{
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);
	bool quiet;

	feed_lines(k, path, 'M', lines);
	check_end(k);
	check_free(k);
	quiet = findings_worst(&f) == FINDING_NOTE;
	findings_release(&f);
	return quiet;
}

/* A file whose two sides are read as a whole. */
static inline bool
feed_both(const char *path, const char *was, const char *is, const char *id)
{
	const struct scan_change c = { .old_mode = *was == '\0' ? 0 : 0100644,
		.new_mode = 0100644,
		.status = *was == '\0' ? 'A' : 'M',
		.path = path };
	AUTO_STR struct str ids = STR_INIT, want = STR_INIT;
	struct findings f = { .list = NULL };
	struct check *k = check_new(&f);

	if (check_wants_both(&c))
		check_both(k, &c, view_of(was), view_of(is));
	check_free(k);
	feed_ids(&f, &ids);
	str_addf(&want, " %s ", id);
	findings_release(&f);
	return strstr(str_cstr(&ids), str_cstr(&want)) != NULL;
}

#endif
