#include "lib/io/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/log.h"

void
notify_ready(void)
{
	static const char text[] = "READY=1";
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = path == NULL ? 0 : strlen(path);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	AUTO_CLOSE int fd = -1;

	if (n == 0)
		return;
	if (n >= sizeof(a.sun_path) || (path[0] != '/' && path[0] != '@')) {
		log_warn("notify bad-socket path=%s", log_val(path));
		return;
	}
	memcpy(a.sun_path, path, n);
	if (path[0] == '@')
		a.sun_path[0] = '\0'; /* of the abstract namespace */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1 ||
	    sendto(fd, text, sizeof(text) - 1, MSG_NOSIGNAL,
		(const struct sockaddr *)&a, len) == -1)
		log_warn(
		    "notify not-told path=%s errno=%d", log_val(path), errno);
}
