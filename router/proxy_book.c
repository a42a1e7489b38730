#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "router/proxy_priv.h"
#include "router/upload.h"

enum {
	PROXY_BOOK_MAX = 64 << 20, /* bytes; more is not ours */
	PROXY_BOOK_FULL = 4 << 20, /* then what is out of date goes */
	PROXY_BOOK_MS = 100,
	PROXY_BOOK_LATER_MS = 10 * 1000,
	PROXY_DAY_MS = 24 * 60 * 60 * 1000
};

static void
proxy_book_on_line(struct proxy *p, struct view line, int64_t today)
{
	struct upload_line x;
	struct upload *u;

	if (!upload_line_read(line, &x) || x.day < today) {
		p->book_full = 0;
		return;
	}
	/* Written by a clock that was wrong: it ends with this day. */
	if (x.day > today)
		x.day = today;
	u = map_get_u64(p->kept, x.id);
	if (u == NULL) {
		u = upload_new();
		map_put_u64(p->kept, x.id, u);
	}
	upload_restore(u, &x);
}

static int
proxy_book_read(struct str *out, struct err *e)
{
	char buf[4096];
	struct stat st;

	if (fstat(PROXY_FD_BOOK, &st) == -1)
		return err_sys(e, ERR_IO, "read the uploads of today");
	if (!S_ISREG(st.st_mode) || st.st_size > PROXY_BOOK_MAX)
		return err_set(e, ERR_LIMIT,
		    "the uploads of today are too much to be read");
	for (;;) {
		ssize_t n = pread(
		    PROXY_FD_BOOK, buf, sizeof(buf), (off_t)out->len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read the uploads of today");
		if (n == 0 || out->len > PROXY_BOOK_MAX)
			return 0;
		str_addn(out, buf, (size_t)n);
	}
}

static void
proxy_book_on_time(void *arg)
{
	proxy_book_save(arg);
}

int
proxy_book_open(struct proxy *p, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	int64_t today = clock_now_ms() / PROXY_DAY_MS;
	struct view rest, line;

	p->kept = map_new();
	p->book_full = PROXY_BOOK_FULL;
	p->book = timer_new(p->loop, proxy_book_on_time, p);
	if (proxy_book_read(&text, e) == -1)
		return -1;
	p->book_size = text.len;
	/* What was not written whole must not spoil the next line. */
	if (text.len > 0 && text.p[text.len - 1] != '\n')
		p->book_full = 0;
	rest = str_view(&text);
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		proxy_book_on_line(p, line, today);
	return 0;
}

struct upload *
proxy_book_take(struct proxy *p, uint32_t id)
{
	struct upload *u = map_del_u64(p->kept, id);

	return u != NULL ? u : upload_new();
}

void
proxy_book_due(struct proxy *p)
{
	if (!timer_pending(p->book))
		timer_set(p->book, PROXY_BOOK_MS);
}

static void
proxy_book_write(const struct map *m, bool kept, bool all, struct str *out)
{
	const char *key;
	size_t cursor = 0;
	void *v;

	while (map_next(m, &cursor, &key, &v)) {
		const struct proxy_project *q = v;

		upload_write(kept ? v : q->upload,
		    (uint32_t)strtoul(key, NULL, 10), all, out);
	}
}

void
proxy_book_save(struct proxy *p)
{
	AUTO_STR struct str out = STR_INIT;
	bool all = p->book_size > p->book_full;
	ssize_t n;

	proxy_book_write(p->projects, false, all, &out);
	proxy_book_write(p->kept, true, all, &out);
	if (out.len == 0)
		return;
	if (all && ftruncate(PROXY_FD_BOOK, 0) == 0) {
		p->book_size = 0;
		p->book_full = out.len * 2 > PROXY_BOOK_FULL
		    ? out.len * 2
		    : (size_t)PROXY_BOOK_FULL;
	}
	n = write(PROXY_FD_BOOK, out.p, out.len);
	if (n > 0)
		p->book_size += (size_t)n;
	if (n == (ssize_t)out.len) {
		p->book_broken = false;
		return;
	}
	/* What is counted is in memory, and is written whole later. */
	if (!p->book_broken)
		log_error("proxy uploads-not-kept err=%s",
		    n == -1 ? strerror(errno) : "the disk is full");
	p->book_broken = true;
	p->book_full = 0;
	timer_set(p->book, PROXY_BOOK_LATER_MS);
}
