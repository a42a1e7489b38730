/*
 * confirm: a question to the person at the terminal.  Only an answer that
 * begins with y is a yes; ^C and the end of the input are no answer, and what
 * asks goes back and cleans up.
 */
#ifndef CLI_FETCH_CONFIRM_H
#define CLI_FETCH_CONFIRM_H

enum confirm {
	CONFIRM_NO, /* also where nobody can be asked */
	CONFIRM_YES,
	CONFIRM_BREAK
};

/* On standard error; read from standard input if that is a terminal. */
enum confirm confirm_ask(const char *question);

#endif
