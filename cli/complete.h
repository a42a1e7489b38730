/*
 * complete: what may stand where the cursor of a shell is, from the table of
 * commands.  The shells' own scripts (cmd_completion.c) only ask and show.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

struct command;
struct str;

enum complete_kind {
	COMPLETE_WORDS,   /* what was written to out */
	COMPLETE_FILES,   /* the shell's files */
	COMPLETE_DIRS,    /* its folders */
	COMPLETE_PROJECTS /* names of projects; out is empty */
};

/*
 * words[0..n): what stands behind `coffer`, the last one begun and perhaps
 * empty.  Writes "WORD<TAB>WHAT IT IS<LF>" for each that begins so.
 */
enum complete_kind complete_words(struct str *out,
    const struct command *const *tables, char *const *words, int n);

#endif
