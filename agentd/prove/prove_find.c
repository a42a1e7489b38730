/* prove_find: the probe's process, looked for by what no other one has. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/view.h"

enum {
	PROVE_PROC_MAX = 1 << 20
};

static int
prove_read_at(int dir, const char *name, struct str *out)
{
	AUTO_CLOSE int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	char buf[4096];
	ssize_t n;

	if (fd == -1)
		return -1;
	while (
	    out->len < PROVE_PROC_MAX && (n = read(fd, buf, sizeof(buf))) > 0)
		str_addn(out, buf, (size_t)n);
	return 0;
}

int
prove_proc(
    const struct prove *p, const char *name, struct str *out, struct err *e)
{
	if (prove_read_at(p->proc, name, out) == -1)
		return err_sys(e, ERR_IO, "/proc/%d/%s", (int)p->pid, name);
	return 0;
}

/* Two lines of headings, then one for each interface. */
bool
prove_has_lo_alone(const struct prove *p)
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	struct view rest, line;
	unsigned n = 0;

	if (prove_proc(p, "net/dev", &text, &e) == -1)
		return false;
	rest = str_view(&text);
	while (view_split(&rest, '\n', &line)) {
		line = view_trim(line);
		n += line.len > 0;
		if (n > 2 && line.len > 0 && !view_starts(line, "lo:"))
			return false;
	}
	return n == 3;
}

int
prove_root(const struct prove *p, struct err *e)
{
	int fd = openat(p->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, ERR_IO, "the root of the sandbox");
	return fd;
}

/* Its last argument is the token, and it is not where we are. */
static bool
prove_is_probe(const struct prove *p, int dir)
{
	AUTO_STR struct str line = STR_INIT;
	const size_t n = strlen(p->token);
	char own[64] = "", other[64] = "";

	if (prove_read_at(dir, "cmdline", &line) == -1 || line.len <= n + 1 ||
	    memcmp(line.p + line.len - n - 1, p->token, n) != 0)
		return false;
	return readlinkat(dir, "ns/pid", other, sizeof(other) - 1) > 0 &&
	    readlink("/proc/self/ns/pid", own, sizeof(own) - 1) > 0 &&
	    strcmp(own, other) != 0;
}

int
prove_find(struct prove *p, struct err *e)
{
	DIR *d = opendir("/proc");
	struct dirent *f;
	unsigned n = 0;

	while (d != NULL && (f = readdir(d)) != NULL) {
		struct err none = ERR_INIT;
		int64_t pid;
		int dir;

		if (num_i64(f->d_name, 1, INT32_MAX, &pid, &none) == -1)
			continue;
		dir = openat(
		    dirfd(d), f->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir == -1)
			continue;
		if (!prove_is_probe(p, dir)) {
			(void)close(dir);
			continue;
		}
		if (n++ > 0)
			(void)close(p->proc);
		p->proc = dir;
		p->pid = (pid_t)pid;
	}
	if (d != NULL)
		(void)closedir(d);
	if (n == 1)
		return 0;
	return err_set(e, ERR_NOTFOUND,
	    "%u processes look like the probe: something in the sandbox "
	    "meddles, or has ended it",
	    n);
}
