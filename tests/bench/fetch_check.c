/*
 * fetch_check BOX BASE HEAD: the checks of `coffer fetch` over base..head of a
 * bare repository, which they write into as into a quarantine.  A finding a
 * line on stdout: "SEVERITY ID FILE LINE MESSAGE", separated by tabs; on
 * stderr "MS OURS_KB GIT_KB PATCH_BYTES": time, and the most memory that this
 * program held and that one of its git children held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "cli/cli.h"
#include "cli/fetch/fetch.h"
#include "cli/program.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"

int
main(int argc, char **argv)
{
	static const struct fetch_args args = { .apply = "unstaged" };
	struct cli c = { .g = { .no_colour = true } };
	struct fetch_job j = { .c = &c, .args = &args };
	struct rusage ours, git;
	struct err e = ERR_INIT;
	int64_t began;

	if (argc != 4 || strlen(argv[2]) != SCAN_ID ||
	    strlen(argv[3]) != SCAN_ID) {
		(void)fprintf(stderr, "usage: fetch_check BOX BASE HEAD\n");
		return 2;
	}
	if (cli_init(&c, &e) == -1 || (j.git = program_find("git", &e)) == NULL)
		return cli_fail(&c, &e, "fetch_check");
	if ((j.box = j.top = realpath(argv[1], NULL)) == NULL)
		return 2;
	memcpy(j.base, argv[2], sizeof(j.base));
	memcpy(j.head, argv[3], sizeof(j.head));
	memcpy(j.from, j.base, sizeof(j.from));
	memcpy(j.to, j.head, sizeof(j.to));
	began = clock_mono_ms();
	if (fetch_describe(&j, &e) == -1)
		return cli_fail(&c, &e, "fetch_check");
	(void)getrusage(RUSAGE_SELF, &ours);
	(void)getrusage(RUSAGE_CHILDREN, &git);
	for (size_t i = 0; i < j.findings.n; i++)
		(void)printf("%s\t%s\t%s\t%u\t%s\n",
		    finding_severity_name(j.findings.list[i].severity),
		    j.findings.list[i].id, j.findings.list[i].file,
		    j.findings.list[i].line, j.findings.list[i].message);
	(void)fprintf(stderr, "%lld %ld %ld %zu\n",
	    (long long)(clock_mono_ms() - began), ours.ru_maxrss, git.ru_maxrss,
	    j.patch.len);
	fetch_patch_unmap(&j);
	findings_release(&j.findings);
	str_release(&j.raw);
	str_release(&j.patch_less);
	free(j.git);
	free(j.box);
	cli_release(&c);
	return 0;
}
