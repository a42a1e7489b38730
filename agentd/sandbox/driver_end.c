#include "agentd/sandbox/driver_end.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "agentd/sandbox/bundle.h"
#include "agentd/sandbox/shim_watch.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

int
driver_end_kill(const char *dir, bool now, struct err *e)
{
	return shim_send(dir, now ? SHIM_KILL : SHIM_STOP, e);
}

int
driver_end_go(const char *dir, struct err *e)
{
	return shim_send(dir, SHIM_GO, e);
}

static void
driver_end_on_exit(const struct shim_exit *x, void *arg)
{
	(void)x;
	seq_resume(NULL, arg);
}

int
driver_end_shim(struct seq *s, const char *dir, struct err *e)
{
	const struct shim_watch_spec spec = {
		.dir = dir,
		.from = UINT64_MAX >> 1,
		.on_exit = driver_end_on_exit,
		.arg = s,
	};

	if (shim_send(dir, SHIM_KILL, e) == -1)
		return SEQ_DONE;
	if (shim_watch_open(seq_loop(s), &spec, e) == NULL)
		return -1;
	return SEQ_WAIT;
}

int
driver_end_files(const char *dir, const char *conf, struct err *e)
{
	const char *const names[] = { "alive", "ctl", "pid", "started", conf };
	AUTO_FREE char *bundle = path_join(dir, "bundle");

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		AUTO_FREE char *path = path_join(dir, names[i]);

		if (unlink(path) == -1 && errno != ENOENT)
			return err_sys(e, ERR_IO, "remove %s", path);
	}
	return bundle_remove(bundle, e);
}
