#include "agentd/sandbox/engine_wire.h"

#include <string.h>
#include <strings.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/num.h"

static size_t
engine_head_end(struct view in)
{
	for (size_t i = 0; i + 4 <= in.len && i < ENGINE_HEAD_MAX; i++) {
		if (memcmp(in.p + i, "\r\n\r\n", 4) == 0)
			return i + 4;
	}
	return 0;
}

static int
engine_head_number(struct view v, int64_t max, int64_t *out)
{
	AUTO_FREE char *z = view_dup(view_trim(v));
	struct err e = ERR_INIT;

	return num_i64(z, 0, max, out, &e);
}

int
engine_head_parse(struct view in, struct engine_head *h, struct err *e)
{
	static const char name[] = "Content-Length:";
	size_t end = engine_head_end(in);
	struct view rest = { .p = in.p, .len = end };
	struct view line;
	int64_t status = 0;

	if (end == 0 && in.len >= ENGINE_HEAD_MAX)
		return err_set(e, ERR_PROTO, "the engine's answer has no end");
	if (end == 0)
		return 0;
	h->len = end;
	h->body = -1;
	(void)view_split(&rest, '\n', &line);
	if (line.len < 12 || !view_starts(line, "HTTP/1.") ||
	    line.p[8] != ' ' ||
	    engine_head_number(
		(struct view){ .p = line.p + 9, .len = 3 }, 999, &status) == -1)
		return err_set(e, ERR_PROTO, "the engine's answer is no HTTP");
	h->status = (int)status;
	while (rest.p != NULL && view_split(&rest, '\n', &line)) {
		size_t n = sizeof(name) - 1;

		if (line.len > n && strncasecmp(line.p, name, n) == 0 &&
		    engine_head_number(
			view_from(line, n), INT64_MAX, &h->body) == -1)
			return err_set(e, ERR_PROTO,
			    "the engine's answer has a bad length");
	}
	return 1;
}

size_t
engine_frames_next(
    struct engine_frames *f, struct view in, int *channel, struct view *out)
{
	size_t n;

	*out = (struct view){ .p = in.p, .len = 0 };
	*channel = 0;
	if (f->left == 0) {
		if (f->have == sizeof(f->head))
			f->have = 0;
		n = sizeof(f->head) - f->have;
		if (n > in.len)
			n = in.len;
		memcpy(f->head + f->have, in.p, n);
		f->have += (unsigned)n;
		if (f->have == sizeof(f->head))
			f->left = (uint32_t)f->head[4] << 24 |
			    (uint32_t)f->head[5] << 16 |
			    (uint32_t)f->head[6] << 8 | (uint32_t)f->head[7];
		return n;
	}
	n = in.len < f->left ? in.len : f->left;
	out->len = n;
	*channel = f->head[0] == 2 ? 2 : 1;
	f->left -= (uint32_t)n;
	return n;
}
