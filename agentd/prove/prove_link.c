/* prove_link: the two ends of the probe. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "agentd/prove/prove.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/path.h"

enum {
	PROVE_LINK_MS = 20 * 1000,
	PROVE_PROBE_MAX = 8 << 20
};

static int
prove_wait(struct prove *p, short what, struct err *e)
{
	struct pollfd fd = { .fd = p->probe, .events = what };

	if (poll(&fd, 1, PROVE_LINK_MS) == 1)
		return 0;
	return err_set(e, ERR_TIMEOUT, "the probe does not answer");
}

static int
prove_write(struct prove *p, const char *at, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t k = write(p->probe, at, n);

		if (k == -1 && errno == EAGAIN) {
			if (prove_wait(p, POLLOUT, e) == -1)
				return -1;
			continue;
		}
		if (k == -1)
			return err_sys(e, ERR_IO, "write to the probe");
		at += k;
		n -= (size_t)k;
	}
	return 0;
}

/* One line; p->in keeps what comes after it. */
static const char *
prove_read(struct prove *p, struct err *e)
{
	char buf[4096];
	char *nl;

	for (;;) {
		ssize_t k;

		nl = p->in.len > 0 ? memchr(p->in.p, '\n', p->in.len) : NULL;
		if (nl != NULL) {
			*nl = '\0';
			return p->in.p;
		}
		if (p->in.len >= PROVE_LINE_MAX) {
			(void)err_set(e, ERR_LIMIT, "the probe says too much");
			return NULL;
		}
		k = read(p->probe, buf, sizeof(buf));
		if (k == -1 && errno == EAGAIN) {
			if (prove_wait(p, POLLIN, e) == -1)
				return NULL;
			continue;
		}
		if (k <= 0) {
			(void)err_set(e, ERR_IO, "the probe has ended");
			return NULL;
		}
		str_addn(&p->in, buf, (size_t)k);
	}
}

const char *
prove_ask(struct prove *p, const struct str *line, struct err *e)
{
	const char *answer = NULL;

	if (p->probe == -1) {
		(void)err_set(e, ERR_IO, "the probe has ended");
		return NULL;
	}
	str_reset(&p->in);
	if (prove_write(p, str_cstr(line), line->len, e) == 0 &&
	    prove_write(p, "\n", 1, e) == 0)
		answer = prove_read(p, e);
	if (answer == NULL)
		p->probe = -1; /* a late answer would be taken for another's */
	return answer;
}

int
prove_start_probe(struct prove *p, const char *program, struct err *e)
{
	AUTO_STR struct str bytes = STR_INIT;
	AUTO_STR struct str head = STR_INIT;
	AUTO_STR struct str want = STR_INIT;
	const char *hello;

	if (path_read(program, PROVE_PROBE_MAX, &bytes, e) == -1)
		return -1;
	str_addf(&head, "%zu %s\n", bytes.len, p->token);
	str_addf(&want, "probe %s", p->token);
	if (prove_write(p, str_cstr(&head), head.len, e) == -1 ||
	    prove_write(p, bytes.p, bytes.len, e) == -1)
		return -1;
	hello = prove_read(p, e);
	if (hello == NULL)
		return err_wrap(e, "the probe cannot run in the sandbox");
	if (strcmp(hello, str_cstr(&want)) != 0)
		return err_set(
		    e, ERR_PROTO, "what runs in the sandbox is not the probe");
	return 0;
}

void
prove_count(const char *answer, struct prove_count *c)
{
	const char *at = strchr(answer, ' ');

	*c = (struct prove_count){ .all = 0 };
	while (at != NULL) {
		const char *word = at + 1;
		const char *end = strchr(word, ' ');
		size_t n = end != NULL ? (size_t)(end - word) : strlen(word);
		const char *is = memrchr(word, '=', n);
		size_t k = is != NULL ? n - (size_t)(is + 1 - word) : 0;

		c->all += n > 0;
		/* Of an errno all are capitals and digits. */
		if (is != NULL && k > 0 && is[1] >= 'a' && is[1] <= 'z' &&
		    !(k == 6 && memcmp(is + 1, "silent", 6) == 0) &&
		    c->good++ == 0) {
			n = n < sizeof(c->first) ? n : sizeof(c->first) - 1;
			memcpy(c->first, word, n);
		}
		at = end;
	}
}
