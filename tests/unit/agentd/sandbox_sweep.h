/*
 * sandbox_sweep: removes from the host what a failed sandbox test left behind
 * in its own temporary home: shims, mounts, namespaces.
 */
#ifndef TESTS_UNIT_AGENTD_SANDBOX_SWEEP_H
#define TESTS_UNIT_AGENTD_SANDBOX_SWEEP_H

#include <dirent.h>
#include <ftw.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/shim_watch.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

/* A shim that a failed test left running. */
static inline int
sweep_end_shim(
    const char *path, const struct stat *st, int kind, struct FTW *at)
{
	AUTO_FREE char *dir = xstrndup(path, (size_t)at->base - 1);
	struct err e = ERR_INIT;

	(void)st;
	(void)kind;
	if (strcmp(path + at->base, "ctl") != 0 ||
	    shim_send(dir, SHIM_KILL, &e) == -1)
		return 0;
	for (int i = 0; i < 1000 && shim_alive(dir); i++)
		(void)usleep(10000);
	return 0;
}

/* What a failed test left: shims, mounts, namespaces. */
static inline void
sweep_home(const char *home, const char *inst)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *mine = xasprintf(" %s/", home);
	AUTO_FREE char *ns = xasprintf("coffer-%s-", inst);
	struct err e = ERR_INIT;
	const struct dirent *ent;
	const char *p;
	DIR *d = opendir("/run/netns");

	(void)nftw(home, sweep_end_shim, 16, FTW_PHYS | FTW_MOUNT);
	(void)path_read("/proc/self/mountinfo", 16 << 20, &text, &e);
	for (p = str_cstr(&text); (p = strstr(p, mine)) != NULL; p++) {
		AUTO_FREE char *at = xstrndup(p + 1, strcspn(p + 1, " "));

		(void)umount2(at, MNT_DETACH);
	}
	while (d != NULL && (ent = readdir(d)) != NULL) {
		AUTO_FREE char *at = path_join("/run/netns", ent->d_name);

		if (strncmp(ent->d_name, ns, strlen(ns)) != 0)
			continue;
		(void)umount2(at, MNT_DETACH);
		(void)unlink(at);
	}
	if (d != NULL)
		(void)closedir(d);
}

#endif
