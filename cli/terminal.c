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

static void
terminal_put(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EAGAIN) {
			struct pollfd room = { .fd = fd, .events = POLLOUT };

			(void)poll(&room, 1, -1);
			continue;
		}
		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

static void
terminal_pass(struct terminal *t, int fd, struct view in)
{
	AUTO_STR struct str out = STR_INIT;

	if (!t->filtered) {
		terminal_put(fd, in.p, in.len);
		return;
	}
	termfilter_feed(&t->filter, in, &out);
	terminal_put(fd, str_cstr(&out), out.len);
}

void
terminal_write(struct terminal *t, struct view in)
{
	terminal_pass(t, STDOUT_FILENO, in);
}

void
terminal_write_err(struct terminal *t, struct view in)
{
	terminal_pass(t, STDERR_FILENO, in);
}

void
terminal_restore(struct terminal *t)
{
	if (!t->raw)
		return;
	if (t->filter.alternate)
		terminal_put(STDOUT_FILENO, "\033[?1049l", 8);
	terminal_put(STDOUT_FILENO, terminal_reset, sizeof(terminal_reset) - 1);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &t->saved);
	t->raw = false;
}
