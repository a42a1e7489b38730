#include "agentd/gateway/record.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/wire/json.h"

enum {
	RECORD_FILE_MAX = 64 << 20
};

struct record {
	char *path;
	int fd;
	uint64_t size;
	bool failed; /* told once */
};

static int
record_open_file(struct record *r, struct err *e)
{
	struct stat st;

	r->fd = open(r->path,
	    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (r->fd == -1 || fstat(r->fd, &st) == -1)
		return err_sys(e, ERR_IO, "open %s", r->path);
	r->size = (uint64_t)st.st_size;
	return 0;
}

struct record *
record_open(const char *path, struct err *e)
{
	struct record *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	if (record_open_file(r, e) == 0)
		return r;
	record_close(r);
	return NULL;
}

void
record_close(struct record *r)
{
	if (r == NULL)
		return;
	if (r->fd != -1)
		(void)close(r->fd);
	free(r->path);
	free(r);
}

static void
record_turn(struct record *r)
{
	AUTO_FREE char *old = xasprintf("%s.1", r->path);
	struct err e = ERR_INIT;

	(void)close(r->fd);
	r->fd = -1;
	if (rename(r->path, old) == -1)
		log_warn("gateway record-turn errno=%d", errno);
	if (record_open_file(r, &e) == -1)
		log_error("gateway record err=%s", log_val(e.msg));
}

static void
record_tokens(struct jw *w, const struct record_line *l)
{
	jw_object(w, "tokens");
	jw_i64(w, "input", l->tokens.input);
	jw_i64(w, "cache_write", l->tokens.cache_write);
	jw_i64(w, "cache_write_1h", l->tokens.cache_long);
	jw_i64(w, "cache_read", l->tokens.cache_read);
	jw_i64(w, "output", l->tokens.output);
	jw_end(w);
	jw_bool(w, "estimated", l->estimated);
	jw_i64(w, "reserved_micros", l->reserved);
	jw_i64(w, "cost_micros", l->cost);
}

static void
record_write(struct str *out, const struct record_line *l)
{
	struct jw w;

	jw_init(&w, out);
	jw_object(&w, NULL);
	jw_time(&w, "at", l->at);
	jw_u64(&w, "exchange", l->exchange);
	jw_u64(&w, "run", l->who.run);
	jw_u64(&w, "project", l->who.project);
	jw_u64(&w, "item", l->who.item);
	jw_str(&w, "provider", l->provider);
	jw_str(&w, "path", l->path);
	jw_str(&w, "model", l->model);
	jw_str(&w, "served", l->served);
	jw_bool(&w, "stream", l->stream);
	jw_str(&w, "result", l->result);
	jw_i64(&w, "status", l->status);
	jw_i64(&w, "upstream", l->upstream);
	record_tokens(&w, l);
	jw_u64(&w, "bytes_up", l->bytes_up);
	jw_u64(&w, "bytes_down", l->bytes_down);
	jw_i64(&w, "own_ms", l->own_ms);
	jw_i64(&w, "first_ms", l->first_ms);
	jw_i64(&w, "all_ms", l->all_ms);
	jw_end(&w);
	str_addc(out, '\n');
}

void
record_add(struct record *r, const struct record_line *line)
{
	AUTO_STR struct str text = STR_INIT;

	if (r->fd == -1)
		return;
	record_write(&text, line);
	if (r->size + text.len > RECORD_FILE_MAX)
		record_turn(r);
	if (write(r->fd, text.p, text.len) == (ssize_t)text.len) {
		r->size += text.len;
		r->failed = false;
	} else if (!r->failed) {
		r->failed = true;
		log_error("gateway record-lost errno=%d", errno);
	}
}
