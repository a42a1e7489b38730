#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/str.h"
#include "router/guard_priv.h"

enum {
	GUARD_CLOCK_STEP_MS = 1000, /* less is not written down */
	GUARD_CLOCK_TEXT = 64,
	GUARD_BOOT_TEXT = 36 /* a UUID */
};

/* Of another start of the host nothing counts: its monotonic clock did not
 * begin with ours. */
static int
guard_boot_id(char out[GUARD_BOOT_TEXT + 1], struct err *e)
{
	AUTO_CLOSE int fd = open(
	    "/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd == -1 ||
	    read(fd, out, GUARD_BOOT_TEXT) != (ssize_t)GUARD_BOOT_TEXT)
		return err_sys(e, ERR_IO, "read the host's boot id");
	out[GUARD_BOOT_TEXT] = '\0';
	return 0;
}

/* "BOOT_ID MILLISECONDS\n"; what is neither is as if it were not there. */
static bool
guard_read_clock(int fd, const char *boot, int64_t *ms)
{
	char text[GUARD_BOOT_TEXT + GUARD_CLOCK_TEXT];
	struct err ignored = ERR_INIT;
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	uint64_t v;

	if (n <= GUARD_BOOT_TEXT + 1 || text[n - 1] != '\n' ||
	    memcmp(text, boot, GUARD_BOOT_TEXT) != 0)
		return false;
	text[n - 1] = '\0';
	if (num_u64(text + GUARD_BOOT_TEXT + 1, 0, INT64_MAX / 2, &v,
		&ignored) == -1)
		return false;
	*ms = (int64_t)v;
	return true;
}

static int
guard_begin_clock(struct guard *g, struct err *e)
{
	char boot[GUARD_BOOT_TEXT + 1], line[GUARD_BOOT_TEXT + 2];

	g->clock_kept = INT64_MIN;
	g->clock = open(
	    g->cfg->clock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (g->clock == -1)
		return err_sys(e, ERR_IO, "open");
	if (guard_boot_id(boot, e) == -1)
		return -1;
	if (guard_read_clock(g->clock, boot, &g->clock_kept)) {
		clock_keep_ahead(g->clock_kept);
		return 0;
	}
	/* Its number is written when there is one to be kept. */
	(void)snprintf(line, sizeof(line), "%s ", boot);
	if (ftruncate(g->clock, 0) == -1 ||
	    pwrite(g->clock, line, strlen(line), 0) != (ssize_t)strlen(line))
		return err_sys(e, ERR_IO, "write");
	return 0;
}

void
guard_open_clock(struct guard *g)
{
	struct err e = ERR_INIT;

	/* A full disk is no reason to have no router. */
	if (guard_begin_clock(g, &e) == -1)
		log_warn("guard clock-not-kept path=%s err=%s",
		    log_val(g->cfg->clock), log_val(e.msg));
}

void
guard_keep_clock(struct guard *g)
{
	int64_t ahead = clock_ahead_ms();
	char text[GUARD_CLOCK_TEXT];
	int n;

	if (g->clock == -1 ||
	    (g->clock_kept != INT64_MIN &&
		ahead < g->clock_kept + GUARD_CLOCK_STEP_MS))
		return;
	/* It only grows, so that no digit of an older number stays behind. */
	n = snprintf(text, sizeof(text), "%lld\n", (long long)ahead);
	if (pwrite(g->clock, text, (size_t)n, GUARD_BOOT_TEXT + 1) != n) {
		if (!g->clock_broken)
			log_warn("guard clock-not-kept err=write");
		g->clock_broken = true;
		return;
	}
	g->clock_kept = ahead;
	g->clock_broken = false;
}

void
guard_drop_clock(struct guard *g)
{
	if (g->clock != -1 && ftruncate(g->clock, 0) == -1)
		log_warn("guard clock-not-dropped");
}
