/*
 * Memory of a process that streams through lib/httpd: 500 MB up to a consumer
 * that takes 200 MB/s, then 1 GB down to a client that reads 200 MB/s.  The
 * figure is the growth of the server's VmHWM.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"

enum {
	UP_MB = 500,
	DOWN_MB = 1024,
	MB = 1 << 20,
	TURN_MS = 5,
	TURN_BYTES = MB,
	PIECE = 64 << 10
};

struct slow {
	struct loop *loop;
	struct timer *turn;
	struct request *waiting;
	size_t budget; /* bytes the consumer takes until the next turn */
	uint64_t taken;
	uint64_t sent;
};

static void
slow_on_turn(void *arg)
{
	struct slow *s = arg;
	struct request *q = s->waiting;

	s->budget = TURN_BYTES;
	s->waiting = NULL;
	timer_set(s->turn, TURN_MS);
	if (q != NULL)
		request_resume(q);
}

static size_t
slow_on_data(struct request *q, const void *p, size_t n, void *arg)
{
	struct slow *s = arg;

	(void)p;
	if (n > s->budget) {
		n = s->budget;
		s->waiting = q;
	}
	s->budget -= n;
	s->taken += n;
	return n;
}

static void
slow_on_end(struct request *q, void *arg)
{
	const struct slow *s = arg;
	struct str out = STR_INIT;

	str_addf(&out, "%llu\n", (unsigned long long)s->taken);
	request_reply_str(q, 200, "text/plain", &out);
}

static long
slow_read(struct request *q, void *p, size_t max, void *arg)
{
	struct slow *s = arg;
	uint64_t left = (uint64_t)DOWN_MB * MB - s->sent;

	(void)q;
	if (left == 0)
		return BODY_END;
	if (max > left)
		max = (size_t)left;
	memset(p, 'd', max);
	s->sent += max;
	return (long)max;
}

static const struct body_sink slow_sink = { slow_on_data, slow_on_end };
static const struct body_source slow_source = { slow_read };

static void
slow_on_request(struct request *q, void *arg)
{
	if (strcmp(request_path(q), "/up") == 0)
		request_stream(q, &slow_sink, arg);
	else if (strcmp(request_path(q), "/down") == 0)
		request_reply_stream(q, 200, "text/plain", &slow_source, arg);
	else
		request_reply(q, 200, "text/plain", "warm\n", 5);
}

static void
slow_run(int fd)
{
	struct err e = ERR_INIT;
	struct slow s = { .loop = loop_new(&e) };
	struct httpd_spec spec = { .loop = s.loop,
		.listen_fd = fd,
		.on_request = slow_on_request,
		.arg = &s };

	if (s.loop == NULL || httpd_new(&spec, &e) == NULL)
		die("%s", e.msg);
	s.turn = timer_new(s.loop, slow_on_turn, &s);
	slow_on_turn(&s);
	(void)loop_run(s.loop, &e);
}

static pid_t
bench_start(struct sock_addr *a)
{
	struct err e = ERR_INIT;
	pid_t pid;
	int fd;

	if (sock_parse("127.0.0.1:0", a, &e) == -1 ||
	    sock_listen(a, 0, &fd, &e) == -1)
		die("%s", e.msg);
	a->len = sizeof(a->ss);
	(void)getsockname(fd, (struct sockaddr *)(void *)&a->ss, &a->len);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		slow_run(fd);
		_exit(1);
	}
	(void)close(fd);
	return pid;
}

/* VmHWM of a process in kB. */
static long
bench_hwm(pid_t pid)
{
	char path[64], line[256];
	long kb = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		die("http_stream: no %s", path);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			kb = strtol(line + 6, NULL, 10);
	(void)fclose(f);
	return kb;
}

static int
bench_dial(const struct sock_addr *a)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (const struct sockaddr *)(const void *)&a->ss,
		a->len) == -1)
		die("http_stream: connect errno=%d", errno);
	return fd;
}

static void
bench_send(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w <= 0)
			die("http_stream: send errno=%d", errno);
		p += w;
		n -= (size_t)w;
	}
}

/* The reply to a short exchange, until the server closes. */
static void
bench_expect(int fd, const char *want)
{
	char buf[4096];
	size_t n = 0;
	ssize_t r;

	while ((r = recv(fd, buf + n, sizeof(buf) - 1 - n, 0)) > 0)
		n += (size_t)r;
	buf[n] = '\0';
	if (strstr(buf, want) == NULL)
		die("http_stream: no \"%s\" in %s", want, log_val(buf));
	(void)close(fd);
}

static void
bench_warm(const struct sock_addr *a)
{
	static const char ask[] = "GET / HTTP/1.1\r\nHost: a\r\n"
				  "Connection: close\r\n\r\n";
	int fd = bench_dial(a);

	bench_send(fd, ask, sizeof(ask) - 1);
	bench_expect(fd, "warm");
}

static void
bench_up(const struct sock_addr *a)
{
	static char piece[PIECE];
	char text[128];
	int fd = bench_dial(a);

	(void)snprintf(text, sizeof(text),
	    "POST /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
	    "Content-Length: %lld\r\n\r\n",
	    (long long)UP_MB * MB);
	bench_send(fd, text, strlen(text));
	for (int i = 0; i < UP_MB * (MB / PIECE); i++)
		bench_send(fd, piece, sizeof(piece));
	(void)snprintf(text, sizeof(text), "%lld\n", (long long)UP_MB * MB);
	bench_expect(fd, text);
}

static void
bench_down(const struct sock_addr *a)
{
	static const char ask[] = "GET /down HTTP/1.0\r\n\r\n";
	const struct timespec nap = { .tv_nsec = TURN_MS * 1000000L };
	static char piece[PIECE];
	int fd = bench_dial(a);
	uint64_t got = 0;
	size_t turn = 0;
	ssize_t n;

	bench_send(fd, ask, sizeof(ask) - 1);
	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0) {
		got += (uint64_t)n;
		turn += (size_t)n;
		if (turn >= TURN_BYTES) {
			turn = 0;
			(void)nanosleep(&nap, NULL);
		}
	}
	if (n < 0 || got < (uint64_t)DOWN_MB * MB)
		die("http_stream: the reply ended after %llu bytes",
		    (unsigned long long)got);
	(void)close(fd);
}

int
main(void)
{
	struct sock_addr a;
	long before, after;
	double growth;
	pid_t pid;

	log_init("http_stream", LOG_LEVEL_WARN);
	pid = bench_start(&a);
	bench_warm(&a);
	before = bench_hwm(pid);
	bench_up(&a);
	bench_down(&a);
	after = bench_hwm(pid);
	growth = (double)(after - before) / 1024;
	(void)printf("http_stream_hwm\tMB\t%.2f\t%d\tMB streamed\t%.5f\t"
		     "<= 8 MB\t%s\n",
	    growth, UP_MB + DOWN_MB, growth / (UP_MB + DOWN_MB),
	    before > 0 && growth <= 8 ? "yes" : "no");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return EXIT_SUCCESS;
}
