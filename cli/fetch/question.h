/*
 * question: a question to the person at the terminal.  Only an answer that
 * begins with y is a yes; ^C and the end of the input are no answer, and what
 * asks goes back and cleans up.
 */
#ifndef CLI_FETCH_QUESTION_H
#define CLI_FETCH_QUESTION_H

enum question {
	QUESTION_NO, /* also where nobody can be asked */
	QUESTION_YES,
	QUESTION_BREAK
};

/* On standard error; read from standard input if that is a terminal. */
enum question question_ask(const char *question);

#endif
