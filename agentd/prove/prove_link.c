/* prove_link: the ends of the probe, and of the one that is ours. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
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
prove_wait(struct prove_link *l, short what, struct err *e)
{
	struct pollfd fd = { .fd = l->fd, .events = what };

	if (poll(&fd, 1, PROVE_LINK_MS) == 1)
		return 0;
	return err_set(e, ERR_TIMEOUT, "the probe does not answer");
}

static int
prove_write(struct prove_link *l, const char *at, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t k = write(l->fd, at, n);

		if (k == -1 && errno == EAGAIN) {
			if (prove_wait(l, POLLOUT, e) == -1)
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

/* One line; l->in keeps what comes after it. */
static const char *
prove_read(struct prove_link *l, struct err *e)
{
	char buf[4096];
	char *nl;

	for (;;) {
		ssize_t k;

		nl = l->in.len > 0 ? memchr(l->in.p, '\n', l->in.len) : NULL;
		if (nl != NULL) {
			*nl = '\0';
			return l->in.p;
		}
		if (l->in.len >= PROVE_LINE_MAX) {
			(void)err_set(e, ERR_LIMIT, "the probe says too much");
			return NULL;
		}
		k = read(l->fd, buf, sizeof(buf));
		if (k == -1 && errno == EAGAIN) {
			if (prove_wait(l, POLLIN, e) == -1)
				return NULL;
			continue;
		}
		if (k <= 0) {
			(void)err_set(e, ERR_IO, "the probe has ended");
			return NULL;
		}
		str_addn(&l->in, buf, (size_t)k);
	}
}

/* A late answer would be taken for another's. */
static void
prove_lose(struct prove_link *l)
{
	l->fd = -1;
}

static const char *
prove_answer(struct prove_link *l, struct err *e)
{
	const char *answer = l->fd == -1 ? NULL : prove_read(l, e);

	if (answer == NULL)
		prove_lose(l);
	return answer;
}

static int
prove_send(struct prove_link *l, const struct str *line, struct err *e)
{
	if (l->fd == -1)
		return err_set(e, ERR_IO, "the probe has ended");
	str_reset(&l->in);
	if (prove_write(l, str_cstr(line), line->len, e) == 0 &&
	    prove_write(l, "\n", 1, e) == 0)
		return 0;
	prove_lose(l);
	return -1;
}

/* Without the sandbox's filter it says nothing about calls. */
static bool
prove_twin_may(const struct prove *p, const struct str *line)
{
	return p->beside.filter != BESIDE_FILTER_UNKNOWN ||
	    (strncmp(str_cstr(line), "call", 4) != 0 &&
		strncmp(str_cstr(line), "sock", 4) != 0);
}

/* What is said inside cannot look like the beginning of the twin's. */
static void
prove_add_inside(struct str *both, const char *answer)
{
	const size_t from = both->len;

	str_add(both, answer);
	for (size_t i = from; i < both->len; i++) {
		if (both->p[i] == '|')
			both->p[i] = '!';
	}
}

/* Both try at the same time. */
const char *
prove_ask(struct prove *p, const struct str *line, struct err *e)
{
	const bool twin = p->twin.fd >= 0 && prove_twin_may(p, line);
	struct err bad = ERR_INIT;
	const char *answer;

	if (prove_send(&p->probe, line, e) == -1 ||
	    (twin && prove_send(&p->twin, line, e) == -1))
		return NULL;
	str_reset(&p->both);
	answer = prove_answer(&p->probe, e);
	if (answer != NULL)
		prove_add_inside(&p->both, answer);
	if (!twin) {
		p->asked_alone = true;
	} else {
		const char *second = prove_answer(&p->twin, &bad);

		if (second == NULL && answer != NULL) {
			(void)err_set(e, ERR_IO, "our own probe: %s", bad.msg);
			return NULL;
		}
		if (second != NULL)
			str_addf(&p->both, " | %s", second);
	}
	return answer != NULL ? str_cstr(&p->both) : NULL;
}

const char *
prove_twins(const char *answer)
{
	const char *at = strstr(answer, " | ");

	return at != NULL ? at + 3 : NULL;
}

void
prove_start_twin(struct prove *p, const char *program)
{
	AUTO_STR struct str want = STR_INIT;
	struct err e = ERR_INIT;
	const char *hello;

	p->beside = (struct beside){ .pid = p->pid,
		.proc = p->proc,
		.program = program,
		.arg = p->token,
		.child = -1,
		.fd = -1 };
	str_addf(&want, "probe %s", p->token);
	if (beside_start(&p->beside, &e) == 0) {
		p->twin.fd = p->beside.fd;
		hello = prove_read(&p->twin, &e);
		if (hello != NULL && strcmp(hello, str_cstr(&want)) == 0)
			return;
		if (hello != NULL)
			(void)err_set(&e, ERR_IO, "%s", hello);
	}
	prove_stop_twin(p);
	(void)snprintf(p->alone, sizeof(p->alone), "%s", e.msg);
}

void
prove_stop_twin(struct prove *p)
{
	p->twin.fd = -1;
	beside_stop(&p->beside);
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
	if (prove_write(&p->probe, str_cstr(&head), head.len, e) == -1 ||
	    prove_write(&p->probe, bytes.p, bytes.len, e) == -1)
		return -1;
	hello = prove_read(&p->probe, e);
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

		/* What follows is the twin's: its verb is no part. */
		if (n == 1 && *word == '|') {
			at = end != NULL ? strchr(end + 1, ' ') : NULL;
			continue;
		}
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
