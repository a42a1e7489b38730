#include "cli/reviewer/guide.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/reviewer/reviewer.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

enum {
	GUIDE_LINE = 4096
};

bool
guide_is_possible(void)
{
	return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

/* A line of the terminal without its blanks; NULL: it is closed. */
static char *
guide_line(void)
{
	char line[GUIDE_LINE];
	char *out;

	(void)fflush(stderr);
	if (fgets(line, sizeof(line), stdin) == NULL)
		return NULL;
	out = view_dup(view_trim(view_of(line)));
	explicit_bzero(line, sizeof(line));
	return out;
}

static int
guide_ask(const char *what, const char *def, char **out, struct err *e)
{
	if (def != NULL)
		(void)fprintf(stderr, "%s [%s]: ", what, def);
	else
		(void)fprintf(stderr, "%s: ", what);
	if ((*out = guide_line()) == NULL)
		return err_set(e, ERR_INVALID, "the input ended");
	if ((*out)[0] == '\0' && def != NULL) {
		free(*out);
		*out = xstrdup(def);
	}
	return 0;
}

static int
guide_provider(const struct provider **out, struct err *e)
{
	AUTO_FREE char *answer = NULL;
	const struct provider *p;
	struct err ignored = ERR_INIT;
	uint64_t n = 0;

	for (unsigned i = 0; (p = provider_at(i)) != NULL; i++)
		(void)fprintf(
		    stderr, "%2u  %-17s %s\n", i + 1, p->name, p->help);
	if (guide_ask("Provider, by number or name", NULL, &answer, e) == -1)
		return -1;
	*out = num_u64(answer, 1, 100, &n, &ignored) == 0
	    ? provider_at((unsigned)n - 1)
	    : provider_find(answer);
	return *out != NULL
	    ? 0
	    : err_set(e, ERR_INVALID, "there is no such provider");
}

/* Signals are off meanwhile, so that the echo comes back: ^C is in the text. */
static int
guide_key(const struct provider *p, char **out, struct err *e)
{
	struct termios old, quiet;
	bool hidden = tcgetattr(STDIN_FILENO, &old) == 0;

	if (hidden) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	(void)fprintf(stderr, "API key%s (it is not shown): ",
	    p->keyless ? ", empty for none" : "");
	*out = guide_line();
	if (hidden)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &old);
	(void)fprintf(stderr, "\n");
	return *out != NULL ? 0 : err_set(e, ERR_INVALID, "the input ended");
}

int
guide_reviewer(struct reviewer *r, struct err *e)
{
	const struct provider *p = NULL;

	if (guide_provider(&p, e) == -1)
		return -1;
	r->provider = xstrdup(p->name);
	if (guide_ask("Address", p->url, &r->url, e) == -1 ||
	    guide_ask("Model", NULL, &r->model, e) == -1)
		return -1;
	return guide_key(p, &r->key, e);
}
