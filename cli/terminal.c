#include "cli/terminal.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	TERMINAL_COLS = 80,
	TERMINAL_ROWS = 24
};

/* After a program that did not clean up: mouse, paste, cursor. */
static const char terminal_reset
    [] = "\033[?1000l\033[?1002l\033[?1003l\033[?1006l\033[?2004l\033[?25h"
	 "\033[m";

void
terminal_init(struct terminal *t)
{
	memset(t, 0, sizeof(*t));
	t->filtered = isatty(STDOUT_FILENO) == 1;
}

bool
terminal_is_both(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

int
terminal_set_raw(struct terminal *t, struct err *e)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &t->saved) == -1)
		return err_sys(e, ERR_IO, "terminal");
	raw = t->saved;
	cfmakeraw(&raw);
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) == -1)
		return err_sys(e, ERR_IO, "terminal");
	t->raw = true;
	return 0;
}

void
terminal_size(uint16_t *cols, uint16_t *rows)
{
	struct winsize ws = { .ws_col = 0 };

	*cols = TERMINAL_COLS;
	*rows = TERMINAL_ROWS;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1 || ws.ws_col == 0 ||
	    ws.ws_row == 0)
		return;
	*cols = ws.ws_col;
	*rows = ws.ws_row;
}

static bool
terminal_put(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(STDOUT_FILENO, p, n);

		if (w == -1 && errno == EAGAIN) {
			struct pollfd room = { .fd = STDOUT_FILENO,
				.events = POLLOUT };

			(void)poll(&room, 1, -1);
			continue;
		}
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

bool
terminal_write(struct terminal *t, struct view in)
{
	AUTO_STR struct str out = STR_INIT;

	if (!t->filtered)
		return terminal_put(in.p, in.len);
	termfilter_feed(&t->filter, in, &out);
	return terminal_put(str_cstr(&out), out.len);
}

void
terminal_restore(struct terminal *t)
{
	if (!t->raw)
		return;
	if (t->filter.alternate)
		(void)terminal_put("\033[?1049l", 8);
	(void)terminal_put(terminal_reset, sizeof(terminal_reset) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->saved);
	t->raw = false;
}
