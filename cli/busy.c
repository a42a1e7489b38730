#include "cli/busy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"

enum {
	BUSY_FIRST_MS = 500,
	BUSY_EVERY_MS = 120,
	BUSY_COLUMNS = 80,
	BUSY_LINE_MAX = 256,
	BUSY_BAR = 10,
	BUSY_ALL = 100
};

struct busy {
	struct timer *timer;
	const char *what;
	busy_fn *fn;
	const void *arg;
	int64_t from;
	unsigned turn;
	bool shown;
};

void
busy_bar(int64_t at, int64_t end, char far[BUSY_FAR_MAX])
{
	char bar[BUSY_BAR + 1] = "";
	int64_t percent;

	far[0] = '\0';
	if (end <= 0 || at < 0)
		return;
	percent = at >= end ? BUSY_ALL
			    : (int64_t)((double)at / (double)end * BUSY_ALL);
	for (int i = 0; i < BUSY_BAR; i++)
		bar[i] = i < percent / (BUSY_ALL / BUSY_BAR) ? '#' : '.';
	(void)snprintf(far, BUSY_FAR_MAX, "[%s] %" PRId64 "%%", bar, percent);
}

/* A line that is broken could not be taken away. */
static int
busy_columns(void)
{
	struct winsize ws = { .ws_col = 0 };

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 1
	    ? ws.ws_col - 1
	    : BUSY_COLUMNS - 1;
}

static void
busy_on_timer(void *arg)
{
	static const char marks[] = "|/-\\";
	struct busy *b = arg;
	char far[BUSY_FAR_MAX] = "", line[BUSY_LINE_MAX];

	if (b->fn != NULL)
		b->fn(b->arg, far);
	(void)snprintf(line, sizeof(line), "%c %s  %s%s%" PRId64 " s",
	    marks[b->turn++ % strlen(marks)], b->what, far,
	    far[0] == '\0' ? "" : "  ", (clock_mono_ms() - b->from) / 1000);
	(void)fprintf(stderr, "\r\033[K%.*s", busy_columns(), line);
	(void)fflush(stderr);
	b->shown = true;
	timer_set(b->timer, BUSY_EVERY_MS);
}

struct busy *
busy_begin(struct cli *c, const char *what, busy_fn *fn, const void *arg)
{
	const char *term = getenv("TERM"), *plain = getenv("NO_COLOR");
	struct err e = ERR_INIT;
	struct loop *loop;
	struct busy *b;

	if (c->g.no_colour || (plain != NULL && plain[0] != '\0') ||
	    isatty(STDERR_FILENO) != 1 || term == NULL ||
	    strcmp(term, "dumb") == 0 || (loop = remote_loop(c, &e)) == NULL)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->what = what;
	b->fn = fn;
	b->arg = arg;
	b->from = clock_mono_ms();
	b->timer = timer_new(loop, busy_on_timer, b);
	timer_set(b->timer, BUSY_FIRST_MS);
	return b;
}

void
busy_end(struct busy *b)
{
	if (b == NULL)
		return;
	timer_free(b->timer);
	if (b->shown) {
		(void)fprintf(stderr, "\r\033[K");
		(void)fflush(stderr);
	}
	free(b);
}
