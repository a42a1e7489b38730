/* policy_place: the rules of an installation, and where sandboxes see them. */
#ifndef AGENTD_POLICY_POLICY_PLACE_H
#define AGENTD_POLICY_POLICY_PLACE_H

struct err;
struct str;

/* Where sandboxes see the folder. */
#define POLICY_TARGET "/run/coffer/policy"

enum {
	POLICY_FILES_MAX = 32
};

/*
 * Reads the shipped rules and HOME/policy/NAME.policy behind them, by name, and
 * makes HOME/policy.run with `rules`, all of them, `hook`, a copy of the
 * program, and `bash`, the same as a shell that asks first.  *dir is that
 * folder; free(3).  The error names file and line.
 */
int policy_place(const char *home, const char *shipped, const char *hook,
    char **dir, struct err *e);
/* Another text when one of the files that it reads may have become another. */
void policy_place_mark(const char *home, const char *shipped, struct str *out);

#endif
