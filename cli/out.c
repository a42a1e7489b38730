#include "cli/out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/wire/json.h"

enum {
	OUT_COLUMNS_MAX = 12,
	OUT_CELLS_MAX = 1 << 16,
	OUT_CELL_BYTES = 400,
	OUT_MINUTE = 60,
	OUT_HOUR = 60 * 60,
	OUT_DAY = 24 * 60 * 60,
	OUT_PLANE = 0x10000, /* of code points, in UTF-16 a pair of halves */
	OUT_HIGH = 0xd800,
	OUT_LOW = 0xdc00,
	OUT_HALF = 10 /* bits */
};

struct out_cell {
	char *text;
	bool state;
};

struct out_table {
	size_t columns, n, cap;
	struct out_cell *cells;
};

static const char *const out_codes[] = {
	[OUT_PLAIN] = "",
	[OUT_GOOD] = "\033[32m",
	[OUT_WARN] = "\033[33m",
	[OUT_BAD] = "\033[31m",
	[OUT_DIM] = "\033[2m",
	[OUT_BOLD] = "\033[1m",
};

void
out_text(FILE *f, const char *s)
{
	AUTO_STR struct str safe = STR_INIT;

	esc_term(&safe, view_of(s));
	(void)fputs(str_cstr(&safe), f);
}

void
out_bytes(FILE *f, const char *p, size_t n)
{
	AUTO_STR struct str safe = STR_INIT;
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && p[i] != '\n' && p[i] != '\t')
			continue;
		if (i > from && i < n && p[i] == '\n' && p[i - 1] == '\r')
			esc_term(
			    &safe, (struct view){ p + from, i - from - 1 });
		else
			esc_term(&safe, (struct view){ p + from, i - from });
		if (i < n)
			str_addc(&safe, p[i]);
		from = i + 1;
	}
	(void)fwrite(str_cstr(&safe), 1, safe.len, f);
}

bool
out_log(struct view chunk, void *arg)
{
	const struct cli *c = arg;

	if (c->terminal)
		out_bytes(stdout, chunk.p, chunk.len);
	else
		(void)fwrite(chunk.p, 1, chunk.len, stdout);
	return fflush(stdout) == 0;
}

void
out_block(FILE *f, const char *s, const char *indent)
{
	struct view rest = view_of(s), line;

	if (rest.p == NULL)
		return;
	while (rest.len > 0 && rest.p[rest.len - 1] == '\n')
		rest.len--;
	while (view_split(&rest, '\n', &line)) {
		(void)fputs(indent, f);
		out_bytes(f, line.p, line.len);
		(void)fputc('\n', f);
	}
}

void
out_fmt(FILE *f, const char *fmt, ...)
{
	AUTO_STR struct str s = STR_INIT;
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	out_bytes(f, str_cstr(&s), s.len);
}

static void
out_json_escape(struct str *out, uint32_t cp)
{
	if (cp >= OUT_PLANE) {
		cp -= OUT_PLANE;
		str_addf(out, "\\u%04x", OUT_HIGH + (cp >> OUT_HALF));
		cp = OUT_LOW + (cp & ((1U << OUT_HALF) - 1));
	}
	str_addf(out, "\\u%04x", cp);
}

static bool out_json_told;

bool
out_json_was_told(void)
{
	return out_json_told;
}

/* In a document of JSON they can only stand in strings. */
void
out_json_text(struct view text)
{
	AUTO_STR struct str out = STR_INIT;

	for (size_t i = 0, n; i < text.len; i += n) {
		uint32_t cp;

		n = utf8_decode(view_from(text, i), &cp);
		if (n > 0 && cp > ' ' && esc_unseen(cp))
			out_json_escape(&out, cp);
		else
			str_addn(&out, text.p + i, n == 0 ? 1 : n);
		n = n == 0 ? 1 : n;
	}
	out_json_told = true;
	(void)fwrite(str_cstr(&out), 1, out.len, stdout);
}

void
out_json_line(const struct str *text)
{
	out_json_text(str_view(text));
	(void)fputc('\n', stdout);
}

void
out_json(const struct json *j)
{
	AUTO_STR struct str text = STR_INIT;

	if (j != NULL)
		json_print(j, &text);
	else
		str_add(&text, "null");
	out_json_line(&text);
}

const char *
out_ago(const char *rfc3339, char buf[32])
{
	struct err e = ERR_INIT;
	int64_t ms, s;

	if (rfc3339 == NULL || clock_parse(rfc3339, &ms, &e) == -1) {
		(void)snprintf(buf, 32, "-");
		return buf;
	}
	s = (clock_now_ms() - ms) / 1000;
	if (s < 0)
		s = 0;
	if (s < (int64_t)2 * OUT_MINUTE)
		(void)snprintf(buf, 32, "%" PRId64 " s ago", s);
	else if (s < (int64_t)2 * OUT_HOUR)
		(void)snprintf(buf, 32, "%" PRId64 " min ago", s / OUT_MINUTE);
	else if (s < (int64_t)2 * OUT_DAY)
		(void)snprintf(buf, 32, "%" PRId64 " h ago", s / OUT_HOUR);
	else
		(void)snprintf(buf, 32, "%" PRId64 " d ago", s / OUT_DAY);
	return buf;
}

enum out_colour
out_state_colour(const char *state)
{
	static const struct {
		const char *word;
		enum out_colour colour;
	} words[] = {
		{ "ok", OUT_GOOD },
		{ "up", OUT_GOOD },
		{ "open", OUT_GOOD },
		{ "running", OUT_GOOD },
		{ "done", OUT_GOOD },
		{ "passed", OUT_GOOD },
		{ "success", OUT_GOOD },
		{ "merged", OUT_GOOD },
		{ "met", OUT_GOOD },
		{ "APPROVED", OUT_GOOD },
		{ "proven", OUT_GOOD },
		{ "FAILED", OUT_BAD },
		{ "untestable", OUT_WARN },
		{ "outdated", OUT_WARN },
		{ "stale", OUT_BAD },
		{ "waiting", OUT_WARN },
		{ "failed", OUT_BAD },
		{ "failure", OUT_BAD },
		{ "error", OUT_BAD },
		{ "setup_failed", OUT_BAD },
		{ "timed_out", OUT_BAD },
		{ "budget", OUT_BAD },
		{ "out_of_memory", OUT_BAD },
		{ "infrastructure_error", OUT_BAD },
		{ "down", OUT_BAD },
		{ "unmet", OUT_BAD },
		{ "block", OUT_BAD },
		{ "REQUEST_CHANGES", OUT_BAD },
		{ "queued", OUT_WARN },
		{ "pending", OUT_WARN },
		{ "preparing", OUT_WARN },
		{ "finishing", OUT_WARN },
		{ "starting", OUT_WARN },
		{ "syncing", OUT_WARN },
		{ "paused", OUT_WARN },
		{ "deleting", OUT_WARN },
		{ "cancelled", OUT_WARN },
		{ "ask", OUT_WARN },
		{ "new", OUT_DIM },
		{ "closed", OUT_DIM },
		{ "stopped", OUT_DIM },
		{ "absent", OUT_DIM },
		{ "superseded", OUT_DIM },
		{ "note", OUT_DIM },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(state, words[i].word) == 0)
			return words[i].colour;
	return OUT_PLAIN;
}

void
out_paint(const struct cli *c, FILE *f, enum out_colour col, const char *s)
{
	bool on = c->colour && col != OUT_PLAIN;

	if (on)
		(void)fputs(out_codes[col], f);
	out_text(f, s);
	if (on)
		(void)fputs("\033[0m", f);
}

struct out_table *
out_table_new(size_t columns)
{
	struct out_table *t = xcalloc(1, sizeof(*t));

	t->columns = columns > OUT_COLUMNS_MAX ? OUT_COLUMNS_MAX : columns;
	return t;
}

static void
out_cell_add(struct out_table *t, const char *s, bool state)
{
	AUTO_STR struct str safe = STR_INIT;
	struct view v = view_of(s == NULL || s[0] == '\0' ? "-" : s);

	if (t->n == OUT_CELLS_MAX)
		return;
	if (t->n == t->cap) {
		t->cap = t->cap == 0 ? 64 : 2 * t->cap;
		t->cells = xrealloc(t->cells, t->cap * sizeof(*t->cells));
	}
	esc_term(&safe, utf8_cut(v, OUT_CELL_BYTES));
	t->cells[t->n++] = (struct out_cell){ str_steal(&safe), state };
}

void
out_cell(struct out_table *t, const char *s)
{
	out_cell_add(t, s, false);
}

void
out_cell_state(struct out_table *t, const char *s)
{
	out_cell_add(t, s, true);
}

void
out_cellf(struct out_table *t, const char *fmt, ...)
{
	AUTO_STR struct str s = STR_INIT_MAX(4096);
	va_list ap;

	va_start(ap, fmt);
	str_vaddf(&s, fmt, ap);
	va_end(ap);
	out_cell_add(t, str_cstr(&s), false);
}

static int
out_width(const char *s)
{
	int n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xc0) != 0x80)
			n++;
	return n;
}

void
out_table_print(struct out_table *t, const struct cli *c)
{
	int width[OUT_COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		int w = out_width(t->cells[i].text);

		if (w > width[i % t->columns])
			width[i % t->columns] = w;
	}
	for (size_t i = 0; i < t->n; i++) {
		const struct out_cell *cell = &t->cells[i];
		bool last = i % t->columns == t->columns - 1;
		enum out_colour col = i < t->columns ? OUT_DIM
		    : cell->state ? out_state_colour(cell->text)
				  : OUT_PLAIN;
		int pad = last
		    ? 0
		    : width[i % t->columns] - out_width(cell->text) + 2;

		out_paint(c, stdout, col, cell->text);
		(void)printf("%*s%s", pad, "", last ? "\n" : "");
	}
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}
