#include "cli/busy.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/remote.h"
#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/io/timer.h"

enum {
	BUSY_FIRST_MS = 500,
	BUSY_EVERY_MS = 120
};

struct busy {
	struct timer *timer;
	const char *what;
	int64_t from;
	unsigned turn;
	bool shown;
};

static void
busy_on_timer(void *arg)
{
	static const char marks[] = "|/-\\";
	struct busy *b = arg;

	(void)fprintf(stderr, "\r\033[K%c %s  %" PRId64 " s",
	    marks[b->turn++ % strlen(marks)], b->what,
	    (clock_mono_ms() - b->from) / 1000);
	(void)fflush(stderr);
	b->shown = true;
	timer_set(b->timer, BUSY_EVERY_MS);
}

struct busy *
busy_begin(struct cli *c, const char *what)
{
	const char *term = getenv("TERM");
	struct err e = ERR_INIT;
	struct loop *loop;
	struct busy *b;

	if (c->g.no_colour || isatty(STDERR_FILENO) != 1 || term == NULL ||
	    strcmp(term, "dumb") == 0 || (loop = remote_loop(c, &e)) == NULL)
		return NULL;
	b = xcalloc(1, sizeof(*b));
	b->what = what;
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
