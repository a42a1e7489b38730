/*
 * Tiny JSON GETs over 32 kept connections: lib/httpd against a bare epoll
 * loop with a canned answer; and libmicrohttpd alone, with a fixed answer and
 * its own epoll thread, as a second peer: the one ratio is our own share, what
 * the other has beyond it is the library's.  Servers on cpu 0, client on cpu 1,
 * rounds interleaved; the figure is the median of the ratios of each round.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/httpd/httpd.h"
#include "lib/io/sock.h"
#include "lib/wire/json.h"

enum {
	CONNS = 32,
	ROUNDS = 21,
	ROUND_MS = 300,
	WARM_MS = 50,
	BUF = 4096
};

static const char request_text[] = "GET /api/v1/tiny HTTP/1.1\r\n"
				   "Host: 127.0.0.1\r\n"
				   "Accept: application/json\r\n\r\n";
#define BODY "{\"id\":7,\"name\":\"tiny\",\"open\":true}\n"
static const char body_text[] = BODY;
static const char canned[] = "HTTP/1.1 200 OK\r\n"
			     "Date: Sat, 31 Jan 2026 09:05:00 GMT\r\n"
			     "Content-Type: application/json\r\n"
			     "Content-Length: 35\r\n\r\n" BODY;

static void
bench_pin(unsigned cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1)
		(void)fprintf(stderr, "http_tiny: not pinned to cpu %u\n", cpu);
}

static void
ours_on_request(struct request *q, void *arg)
{
	struct str out = STR_INIT;
	struct jw w;

	(void)arg;
	jw_init(&w, &out);
	jw_object(&w, NULL);
	jw_i64(&w, "id", 7);
	jw_str(&w, "name", "tiny");
	jw_bool(&w, "open", true);
	jw_end(&w);
	str_addc(&out, '\n');
	request_reply_str(q, 200, "application/json", &out);
}

static void
ours_run(int fd)
{
	struct err e = ERR_INIT;
	struct httpd_spec spec = { .loop = loop_new(&e),
		.listen_fd = fd,
		.on_request = ours_on_request };

	if (spec.loop == NULL || httpd_new(&spec, &e) == NULL)
		die("%s", e.msg);
	(void)loop_run(spec.loop, &e);
}

static enum MHD_Result
mhd_on_call(void *cls, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *data, size_t *n,
    void **state)
{
	static int seen;
	enum MHD_Result ok;

	(void)url, (void)method, (void)version, (void)data, (void)n;
	if (*state == NULL) {
		*state = &seen;
		return MHD_YES;
	}
	ok = MHD_queue_response(c, MHD_HTTP_OK, cls);
	return ok;
}

static void
mhd_run(int fd)
{
	static char body[] = BODY;
	struct MHD_Response *answer = MHD_create_response_from_buffer(
	    sizeof(body) - 1, body, MHD_RESPMEM_PERSISTENT);

	(void)MHD_add_response_header(
	    answer, "Content-Type", "application/json");
	if (MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL,
		mhd_on_call, answer, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_END) == NULL)
		die("http_tiny: libmicrohttpd did not start");
	for (;;)
		(void)pause();
}

static void
bare_serve(int ep, int fd)
{
	char buf[BUF];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		(void)send(fd, canned, sizeof(canned) - 1, MSG_NOSIGNAL);
	} else if (n == 0 || errno != EAGAIN) {
		(void)epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL);
		(void)close(fd);
	}
}

static void
bare_run(int listen_fd)
{
	struct epoll_event evs[128];
	struct epoll_event ev = { .events = EPOLLIN, .data.fd = listen_fd };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int one = 1;

	(void)epoll_ctl(ep, EPOLL_CTL_ADD, listen_fd, &ev);
	for (;;) {
		int n = epoll_wait(ep, evs, 128, -1);

		for (int i = 0; i < n; i++) {
			int fd = evs[i].data.fd;

			if (fd != listen_fd) {
				bare_serve(ep, fd);
				continue;
			}
			fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
			if (fd == -1)
				continue;
			(void)setsockopt(
			    fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			ev.data.fd = fd;
			(void)epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
		}
	}
}

/* A server in a process of its own; its address comes back. */
static pid_t
bench_start(void (*run)(int fd), struct sock_addr *a)
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
		bench_pin(0);
		run(fd);
		_exit(1);
	}
	(void)close(fd);
	return pid;
}

struct figure {
	double rate; /* requests per second */
	double cpu;  /* of the server, microseconds per request */
	double count;
};

struct conn {
	int fd;
	size_t got;
	char in[BUF + 1];
};

struct client {
	pid_t pid; /* the server */
	int ep;
	struct conn conns[CONNS];
};

static void
client_ask(struct conn *c)
{
	c->got = 0;
	if (send(c->fd, request_text, sizeof(request_text) - 1, MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(request_text) - 1))
		die("http_tiny: send failed errno=%d", errno);
}

static void
client_open(struct client *c, const struct sock_addr *a)
{
	int one = 1;

	c->ep = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < CONNS; i++) {
		struct conn *k = &c->conns[i];
		struct epoll_event ev = { .events = EPOLLIN, .data.ptr = k };

		k->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(k->fd,
			(const struct sockaddr *)(const void *)&a->ss,
			a->len) == -1)
			die("http_tiny: connect failed errno=%d", errno);
		(void)setsockopt(
		    k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		(void)epoll_ctl(c->ep, EPOLL_CTL_ADD, k->fd, &ev);
	}
}

/*
 * Is the answer complete?  Every one is read as a client would: status line,
 * each header, the length, and then compared with what it should be.
 */
static bool
client_check(const char *in, size_t n)
{
	const char *line, *end, *head = memmem(in, n, "\r\n\r\n", 4);
	size_t length = 0;

	if (head == NULL)
		return false;
	if (strncmp(in, "HTTP/1.1 200 ", 13) != 0)
		die("http_tiny: wrong status in %s", log_val(in));
	for (line = strchr(in, '\n') + 1; line < head; line = end + 2) {
		const char *colon = strchr(line, ':');

		end = strchr(line, '\r');
		if (colon == NULL || colon > end)
			die("http_tiny: bad header in %s", log_val(in));
		if (colon - line == 14 &&
		    strncasecmp(line, "Content-Length", 14) == 0)
			length = strtoul(colon + 1, NULL, 10);
	}
	if (length != sizeof(body_text) - 1)
		die("http_tiny: wrong length in %s", log_val(in));
	head += 4;
	if (n - (size_t)(head - in) < length)
		return false;
	if (n - (size_t)(head - in) > length ||
	    memcmp(head, body_text, length) != 0)
		die("http_tiny: wrong body in %s", log_val(in));
	return true;
}

/* Reads what is there, or waits for it; true when the answer is complete. */
static bool
client_take(struct conn *c, int flags)
{
	ssize_t n = recv(c->fd, c->in + c->got, BUF - c->got, flags);

	if (n <= 0)
		die("http_tiny: the server closed, errno=%d", errno);
	c->got += (size_t)n;
	c->in[c->got] = '\0';
	return client_check(c->in, c->got);
}

static void
client_run(struct client *c, int64_t ms, struct figure *f)
{
	struct epoll_event evs[CONNS];
	int64_t start = clock_mono_ms(), now = start;
	long count = 0;

	while (now - start < ms) {
		int n = epoll_wait(c->ep, evs, CONNS, 1000);

		if (n == 0)
			die("http_tiny: the server hangs");
		for (int i = 0; i < n; i++) {
			if (!client_take(evs[i].data.ptr, MSG_DONTWAIT))
				continue;
			count++;
			client_ask(evs[i].data.ptr);
		}
		now = clock_mono_ms();
	}
	f->count = (double)count;
	f->rate = f->count * 1000 / (double)(now - start);
}

/* Processor time of the server so far, microseconds. */
static double
client_server_cpu(const struct client *c)
{
	struct timespec ts = { .tv_sec = 0 };
	clockid_t id;

	if (clock_getcpuclockid(c->pid, &id) == 0)
		(void)clock_gettime(id, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static struct figure
client_round(struct client *c)
{
	struct figure f;
	double cpu;

	for (int i = 0; i < CONNS; i++)
		client_ask(&c->conns[i]);
	client_run(c, WARM_MS, &f);
	cpu = client_server_cpu(c);
	client_run(c, ROUND_MS, &f);
	f.cpu = (client_server_cpu(c) - cpu) / f.count;
	/* The next round starts from rest. */
	for (int i = 0; i < CONNS; i++)
		while (!client_take(&c->conns[i], 0))
			continue;
	return f;
}

static int
bench_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
bench_median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), bench_order);
	return v[ROUNDS / 2];
}

static void
bench_row(
    const char *name, const char *peer, double *a, double *b, double *ratio)
{
	double r = bench_median(ratio);

	(void)printf("%s\treq/s\t%.2f\t%.2f\t%s\t%.3f\t"
		     ">= 0.85\t%s\n",
	    name, bench_median(a), bench_median(b), peer, r,
	    r >= 0.85 ? "yes" : "no");
}

int
main(void)
{
	static struct client ours, bare, mhd;
	struct sock_addr ours_addr, bare_addr, mhd_addr;
	double a[ROUNDS], b[ROUNDS], ratio[ROUNDS];
	double m[ROUNDS], m_ratio[ROUNDS];
	double a_cpu[ROUNDS], b_cpu[ROUNDS];

	log_init("http_tiny", LOG_LEVEL_WARN);
	ours.pid = bench_start(ours_run, &ours_addr);
	bare.pid = bench_start(bare_run, &bare_addr);
	mhd.pid = bench_start(mhd_run, &mhd_addr);
	bench_pin(1);
	client_open(&mhd, &mhd_addr);
	client_open(&ours, &ours_addr);
	client_open(&bare, &bare_addr);
	for (int i = 0; i < ROUNDS; i++) {
		struct figure x = client_round(&ours), y = client_round(&bare),
			      z = client_round(&mhd);

		a[i] = x.rate;
		b[i] = y.rate;
		ratio[i] = x.rate / y.rate;
		m[i] = z.rate;
		m_ratio[i] = x.rate / z.rate;
		a_cpu[i] = x.cpu;
		b_cpu[i] = y.cpu;
	}
	(void)fprintf(stderr,
	    "http_tiny: server time per request: ours %.2f us, bare epoll "
	    "%.2f us\n",
	    bench_median(a_cpu), bench_median(b_cpu));
	bench_row("http_tiny", "bare epoll", a, b, ratio);
	bench_row("http_tiny_mhd", "libmicrohttpd", a, m, m_ratio);
	(void)kill(ours.pid, SIGKILL);
	(void)kill(bare.pid, SIGKILL);
	(void)kill(mhd.pid, SIGKILL);
	(void)waitpid(mhd.pid, NULL, 0);
	(void)waitpid(ours.pid, NULL, 0);
	(void)waitpid(bare.pid, NULL, 0);
	return EXIT_SUCCESS;
}
