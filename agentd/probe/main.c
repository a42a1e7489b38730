/* coffer-probe TOKEN: sent into a sandbox by coffer-prove, never by hand. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/probe/probe.h"

static const struct probe_verb probe_verbs[] = {
	{ "tcp", probe_tcp },
	{ "udp", probe_udp },
	{ "ask", probe_ask },
	{ "icmp", probe_icmp },
	{ "unix", probe_unix },
	{ "sock", probe_sock },
	{ "call", probe_call },
	{ "write", probe_write },
};

void
probe_tell(const char *word, int err, const char *good)
{
	const char *name = err == 0 ? good : strerrorname_np(err);

	(void)printf(" %s=%s", word, name != NULL ? name : "error");
}

static void
probe_run(char *line)
{
	static char *words[PROBE_WORDS];
	char *save = NULL;
	int n = 0;

	for (char *w = strtok_r(line, " \n", &save);
	     w != NULL && n < PROBE_WORDS; w = strtok_r(NULL, " \n", &save))
		words[n++] = w;
	if (n == 0)
		return;
	(void)printf("%s", words[0]);
	for (size_t i = 0; i < sizeof(probe_verbs) / sizeof(probe_verbs[0]);
	     i++) {
		if (strcmp(words[0], probe_verbs[i].name) == 0)
			probe_verbs[i].fn(n - 1, words + 1);
	}
	(void)printf("\n");
	(void)fflush(stdout);
}

int
main(int argc, char **argv)
{
	static char line[PROBE_LINE];

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc != 2) {
		(void)fprintf(stderr, "usage: coffer-probe TOKEN (internal)\n");
		return 2;
	}
	/* Its attempts are for an agent's user alone. */
	if (geteuid() == 0)
		return 2;
	(void)unlink(argv[0]);
	(void)printf("probe %s\n", argv[1]);
	(void)fflush(stdout);
	while (fgets(line, sizeof(line), stdin) != NULL)
		probe_run(line);
	return 0;
}
