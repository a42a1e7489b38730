#include "cli/fetch/question.h"

#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
	QUESTION_STEP = 256
};

static void
question_on_signal(int sig)
{
	(void)sig;
}

/* ^C arrives in the wait alone: not before it, nor after. */
static bool
question_wait(const sigset_t *open)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };

	return ppoll(&p, 1, NULL, open) == 1 && (p.revents & POLLIN) != 0;
}

/* The first byte of a line, all of which is taken; 0: it is empty, -1. */
static int
question_line(const sigset_t *open)
{
	char piece[QUESTION_STEP];
	int first = 0;
	ssize_t n;

	do {
		if (!question_wait(open) ||
		    (n = read(STDIN_FILENO, piece, sizeof(piece))) <= 0)
			return -1;
		if (first == 0 && piece[0] != '\n')
			first = piece[0];
	} while (piece[n - 1] != '\n');
	return first;
}

enum question
question_ask(const char *question)
{
	struct sigaction quiet = { .sa_handler = question_on_signal }, old;
	sigset_t held, open;
	int c;

	if (isatty(STDIN_FILENO) != 1)
		return QUESTION_NO;
	(void)fflush(stdout);
	(void)sigemptyset(&quiet.sa_mask);
	(void)sigemptyset(&held);
	(void)sigaddset(&held, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &held, &open);
	(void)sigaction(SIGINT, &quiet, &old);
	/* What was typed before it was seen answers nothing. */
	(void)tcflush(STDIN_FILENO, TCIFLUSH);
	/* Who sees it may press ^C. */
	(void)fprintf(stderr, "%s [y/N] ", question);
	(void)fflush(stderr);
	c = question_line(&open);
	(void)sigaction(SIGINT, &old, NULL);
	(void)sigprocmask(SIG_SETMASK, &open, NULL);
	if (c == -1)
		(void)fprintf(stderr, "\n");
	return c == -1             ? QUESTION_BREAK
	    : c == 'y' || c == 'Y' ? QUESTION_YES
				   : QUESTION_NO;
}
