#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "server/backup/backup.h"
#include "server/home.h"

enum {
	BACKUPMAIN_FAILED = 1,
	BACKUPMAIN_USAGE = 2,
	BACKUPMAIN_FOUND = 3
};

static int
backupmain_run(const char *job, const char *home, struct err *e)
{
	if (strcmp(job, "restore") == 0)
		return backup_restore(home, e);
	if (home_check_whole(home, e) == -1)
		return -1;
	if (strcmp(job, "check") == 0)
		return backup_check(home, e);
	if (isatty(STDOUT_FILENO) == 1)
		return err_set(
		    e, ERR_INVALID, "a backup goes into a file, not here");
	return backup_write(home, strcmp(job, "backup-secrets") == 0, e);
}

int
backup_main(const char *job, const char *home)
{
	static const char *const jobs[] = { "backup", "backup-secrets",
		"restore", "check" };
	struct err e = ERR_INIT;
	bool known = false;
	int rc;

	for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		known = known || strcmp(job, jobs[i]) == 0;
	if (!known) {
		(void)fprintf(stderr, "cofferd: %s: no such job\n", job);
		return BACKUPMAIN_USAGE;
	}
	log_init("cofferd", LOG_LEVEL_WARN);
	rc = backupmain_run(job, home, &e);
	if (rc == -1)
		(void)fprintf(stderr, "cofferd: %s: %s\n", job, e.msg);
	return rc == -1 ? BACKUPMAIN_FAILED : rc == 1 ? BACKUPMAIN_FOUND : 0;
}
