#include "cli/svcstate.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	SVCSTATE_FILE_MAX = 64 << 10,
	SVCSTATE_STAT_MAX = 4096,
	SVCSTATE_START_FIELD = 20, /* of what follows the name, from 1 */
	SVCSTATE_POLL_US = 50 * 1000,
	SVCSTATE_LOCK_TRIES = 5
};

int
svcstate_write(
    const char *home, const struct svcstate *s, size_t n, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "run/services.json");
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_array(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		jw_object(&w, NULL);
		jw_str(&w, "name", s[i].name);
		jw_str(&w, "state", s[i].state);
		jw_i64(&w, "pid", s[i].pid);
		jw_u64(&w, "start", s[i].start);
		jw_i64(&w, "restarts", s[i].restarts);
		jw_end(&w);
	}
	jw_end(&w);
	str_addc(&text, '\n');
	return path_write_atomic(path, str_cstr(&text), text.len, 0644, e);
}

size_t
svcstate_read(const char *home, struct svcstate s[SVCSTATE_MAX])
{
	AUTO_FREE char *path = path_join(home, "run/services.json");
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct json *j = NULL;
	size_t n = 0;

	if (path_read(path, SVCSTATE_FILE_MAX, &text, &e) == -1 ||
	    (j = json_parse(str_view(&text), 0, &e)) == NULL)
		return 0;
	for (const struct json *p = json_first(j);
	     p != NULL && n < SVCSTATE_MAX; p = json_next(p)) {
		int64_t pid = 0, start = 0;

		if (json_i64(p, "pid", 0, INT32_MAX, &pid, &e) == -1 ||
		    json_i64(p, "start", 0, INT64_MAX, &start, &e) == -1)
			break;
		s[n] = (struct svcstate){
			.pid = (pid_t)pid,
			.start = (uint64_t)start,
			.restarts = json_i64_or(p, "restarts", 0),
		};
		(void)snprintf(s[n].name, sizeof(s[n].name), "%s",
		    json_str_or(p, "name", "?"));
		(void)snprintf(s[n].state, sizeof(s[n].state), "%s",
		    json_str_or(p, "state", "?"));
		n++;
	}
	json_free(j);
	return n;
}

/* proc(5): field 22 is the start time; the name may hold anything but its
 * last ')'. */
uint64_t
svcstate_start_of(pid_t pid)
{
	AUTO_FREE char *path = xasprintf("/proc/%d/stat", (int)pid);
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, field = VIEW_LIT("");
	AUTO_FREE char *word = NULL;
	const char *end;
	uint64_t start = 0;

	if (pid <= 0 || path_read(path, SVCSTATE_STAT_MAX, &text, &e) == -1)
		return 0;
	end = strrchr(str_cstr(&text), ')');
	if (end == NULL || end[1] != ' ')
		return 0;
	if (end[2] == 'Z') /* reaped by nobody yet, but gone */
		return 0;
	rest = view_of(end + 2);
	for (int i = 0; i < SVCSTATE_START_FIELD; i++)
		if (!view_split(&rest, ' ', &field))
			return 0;
	word = view_dup(field);
	return num_u64(word, 0, UINT64_MAX, &start, &e) == 0 ? start : 0;
}

bool
svcstate_alive(const struct svcstate *s)
{
	return s->pid > 1 && s->start != 0 &&
	    svcstate_start_of(s->pid) == s->start;
}

void
svcstate_reap(const char *home, int64_t grace_ms)
{
	struct svcstate s[SVCSTATE_MAX];
	size_t n = svcstate_read(home, s);
	int64_t end = clock_mono_ms() + grace_ms;
	bool any = true;

	for (size_t i = n; i-- > 0;)
		if (svcstate_alive(&s[i]))
			(void)kill(s[i].pid, SIGTERM);
	while (any && clock_mono_ms() < end) {
		any = false;
		for (size_t i = 0; i < n; i++)
			any |= svcstate_alive(&s[i]);
		if (any)
			(void)usleep(SVCSTATE_POLL_US);
	}
	for (size_t i = 0; i < n; i++)
		if (svcstate_alive(&s[i]))
			(void)kill(s[i].pid, SIGKILL);
}

int
svcstate_lock(const char *home, int *out, struct err *e)
{
	AUTO_FREE char *path = path_join(home, "run/coffer.pid");
	AUTO_CLOSE int fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	char text[32];
	int n;

	*out = -1;
	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	/* svcstate_holder() of another takes it for an instant. */
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; i++) {
		if (errno != EWOULDBLOCK)
			return err_sys(e, ERR_IO, "lock %s", path);
		if (i == SVCSTATE_LOCK_TRIES)
			return 1;
		(void)usleep(SVCSTATE_POLL_US);
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, text, (size_t)n, 0) != (ssize_t)n)
		return err_sys(e, ERR_IO, "write %s", path);
	*out = STEAL_FD(fd);
	return 0;
}

pid_t
svcstate_holder(const char *home)
{
	AUTO_FREE char *path = path_join(home, "run/coffer.pid");
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct err e = ERR_INIT;
	char text[32] = "";
	int64_t pid = 0;
	ssize_t n;

	if (fd == -1)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0; /* nobody; the lock goes with the descriptor */
	n = pread(fd, text, sizeof(text) - 1, 0);
	if (n <= 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return num_i64(text, 2, INT32_MAX, &pid, &e) == 0 ? (pid_t)pid : 0;
}
