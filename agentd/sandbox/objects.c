#include "agentd/sandbox/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

char *
objects_dir(const struct sandbox_host *h, int64_t id)
{
	return xasprintf("%s/sandboxes/%" PRId64 "/objects", h->home, id);
}

int
objects_make(const struct sandbox_host *h, int64_t id, struct err *e)
{
	AUTO_FREE char *above = xasprintf("%s/sandboxes/%" PRId64, h->home, id);
	AUTO_FREE char *dir = objects_dir(h, id);
	AUTO_CLOSE int fd = -1;
	uid_t uid = host_project_uid_base(id);

	if (uid == 0)
		return err_set(
		    e, ERR_LIMIT, "project ids end at %d", HOST_MAX_PROJECT);
	uid += HOST_AGENT_UID;
	if (path_mkdirs(above, 0711, e) == -1)
		return -1;
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "make %s", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	if (fd == -1 || fchown(fd, uid, uid) == -1)
		return err_sys(e, ERR_IO, "own %s", dir);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}
