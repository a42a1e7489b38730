#include "agentd/watch/netproc.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/host.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

enum {
	NETPROC_SLICE_MS = 2,
	NETPROC_SLICES = 10,
	NETPROC_TABLE_MAX = 1 << 20,
	NETPROC_STAT_MAX = 1024,
	NETPROC_FIELDS = 10, /* up to the inode */
	NETPROC_ADDR_HEX = 8,
	NETPROC_DEPTH = 3
};

struct netproc_ask {
	int64_t project;
	uint16_t port;
	uint32_t to; /* as in_addr has it; 0: none */
	ino_t netns; /* 0: there is none */
	uint64_t inode;
	char name[NETPROC_NAME_MAX];
};

struct netproc {
	const struct sandbox_host *h;
	struct netproc_ask asks[NETPROC_MAX];
	size_t n;
	struct {
		pid_t pid;
		ino_t netns;
	} pids[NETPROC_PIDS_MAX]; /* those in a namespace that was asked of */
	size_t n_pids;
	int64_t deadline; /* of the slice */
	int slices;
	enum {
		NETPROC_PIDS,
		NETPROC_TABLES,
		NETPROC_FDS,
		NETPROC_END
	} stage;
	DIR *dir;  /* that the stage is in, or NULL */
	size_t at; /* process that it is at */
};

/* The next word of a line. */
static struct view
netproc_word(struct view *line)
{
	struct view w;
	size_t n = 0;

	*line = view_trim(*line);
	while (n < line->len && line->p[n] != ' ')
		n++;
	w = (struct view){ .p = line->p, .len = n };
	*line = view_from(*line, n);
	return w;
}

static uint64_t
netproc_number(struct view w, int base)
{
	char text[24];

	if (w.len == 0 || w.len >= sizeof(text))
		return 0;
	memcpy(text, w.p, w.len);
	text[w.len] = '\0';
	return strtoull(text, NULL, base);
}

/* "...ADDRESS:PORT", in hex; of a mapped address the last word counts. */
static bool
netproc_is_end(struct view word, uint16_t port, uint32_t addr)
{
	const char *colon = word.len == 0 ? NULL
					  : memrchr(word.p, ':', word.len);
	size_t at;

	if (colon == NULL)
		return false;
	at = (size_t)(colon - word.p);
	if (port != 0)
		return netproc_number(view_from(word, at + 1), 16) == port;
	if (at < NETPROC_ADDR_HEX)
		return false;
	word = (struct view){ .p = colon - NETPROC_ADDR_HEX,
		.len = NETPROC_ADDR_HEX };
	return netproc_number(word, 16) == addr;
}

uint64_t
netproc_inode(struct view table, uint16_t port, uint32_t to)
{
	struct view line;

	(void)view_split(&table, '\n', &line);
	while (view_split(&table, '\n', &line)) {
		struct view word;

		(void)netproc_word(&line);
		word = netproc_word(&line);
		if (port != 0 && !netproc_is_end(word, port, 0))
			continue;
		word = netproc_word(&line);
		if (port == 0 && !netproc_is_end(word, 0, to))
			continue;
		for (int i = 3; i < NETPROC_FIELDS; i++)
			word = netproc_word(&line);
		/* One that waits for its end belongs to nobody: 0. */
		if (netproc_number(word, 10) != 0)
			return netproc_number(word, 10);
	}
	return 0;
}

struct netproc *
netproc_new(const struct sandbox_host *h)
{
	struct netproc *p = xcalloc(1, sizeof(*p));

	p->h = h;
	return p;
}

static void
netproc_close(struct netproc *p)
{
	if (p->dir != NULL)
		(void)closedir(p->dir);
	p->dir = NULL;
}

void
netproc_free(struct netproc *p)
{
	if (p == NULL)
		return;
	netproc_close(p);
	free(p);
}

void
netproc_add(
    struct netproc *p, int64_t project, uint16_t port, const char *address)
{
	struct in_addr to;
	char netns[HOST_NAME_MAX], path[HOST_NAME_MAX + 16];
	struct netproc_ask *a = &p->asks[p->n];
	struct stat st;

	if (p->n == NETPROC_MAX)
		return;
	p->n++;
	a->project = project;
	a->port = port;
	if (inet_pton(AF_INET, address, &to) == 1)
		a->to = to.s_addr;
	if ((port == 0 && a->to == 0) || project < 1 ||
	    project > HOST_MAX_PROJECT)
		return;
	host_project_netns(p->h, project, netns);
	(void)snprintf(path, sizeof(path), "/run/netns/%s", netns);
	if (stat(path, &st) == 0)
		a->netns = st.st_ino;
}

const char *
netproc_name(const struct netproc *p, size_t i)
{
	return i < p->n ? p->asks[i].name : "";
}

static bool
netproc_late(const struct netproc *p)
{
	return clock_mono_ms() >= p->deadline;
}

static bool
netproc_is_asked(const struct netproc *p, ino_t netns)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->asks[i].netns == netns)
			return true;
	return false;
}

/* The next entry of the stage's folder; NULL at its end, or when it is late. */
static const struct dirent *
netproc_entry(struct netproc *p)
{
	const struct dirent *ent;

	if (p->dir == NULL || netproc_late(p))
		return NULL;
	/* cppcheck-suppress readdirCalled ; the stream is our own */
	ent = readdir(p->dir);
	if (ent == NULL)
		netproc_close(p);
	return ent;
}

static void
netproc_next(struct netproc *p)
{
	netproc_close(p);
	p->stage++;
	p->at = 0;
}

static void
netproc_find_pids(struct netproc *p)
{
	const struct dirent *ent;

	if (p->dir == NULL)
		p->dir = opendir("/proc");
	while (
	    p->n_pids < NETPROC_PIDS_MAX && (ent = netproc_entry(p)) != NULL) {
		struct err e = ERR_INIT;
		struct stat st;
		char path[32];
		int64_t pid;

		if (!isdigit((unsigned char)ent->d_name[0]) ||
		    num_i64(ent->d_name, 1, INT32_MAX, &pid, &e) == -1)
			continue;
		(void)snprintf(
		    path, sizeof(path), "/proc/%" PRId64 "/ns/net", pid);
		if (stat(path, &st) == -1 || !netproc_is_asked(p, st.st_ino))
			continue;
		p->pids[p->n_pids].pid = (pid_t)pid;
		p->pids[p->n_pids++].netns = st.st_ino;
	}
	if (p->dir == NULL || p->n_pids == NETPROC_PIDS_MAX)
		netproc_next(p);
}

static void
netproc_ask_table(struct netproc_ask *a, const struct str *table)
{
	if (a->port != 0)
		a->inode = netproc_inode(str_view(table), a->port, 0);
	if (a->inode == 0 && a->to != 0)
		a->inode = netproc_inode(str_view(table), 0, a->to);
}

/* A namespace's tables, by any process in it. */
static void
netproc_find_inodes(struct netproc *p, pid_t pid, ino_t netns)
{
	static const char *const tables[] = { "tcp", "udp", "tcp6", "udp6" };

	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++) {
		AUTO_STR struct str text = STR_INIT;
		struct err e = ERR_INIT;
		char path[40];

		(void)snprintf(
		    path, sizeof(path), "/proc/%d/net/%s", pid, tables[t]);
		if (path_read(path, NETPROC_TABLE_MAX, &text, &e) == -1)
			continue;
		for (size_t i = 0; i < p->n; i++)
			if (p->asks[i].netns == netns && p->asks[i].inode == 0)
				netproc_ask_table(&p->asks[i], &text);
	}
}

pid_t
netproc_stat_read(struct view text, char name[NETPROC_COMM_MAX + 1])
{
	const char *open = text.len == 0 ? NULL : memchr(text.p, '(', text.len);
	const char *close = text.len == 0 ? NULL
					  : memrchr(text.p, ')', text.len);
	struct view rest;
	size_t n = 0;

	name[0] = '\0';
	if (open == NULL || close == NULL || close < open)
		return 0;
	rest = view_from(text, (size_t)(close + 1 - text.p));
	(void)netproc_word(&rest); /* its state */
	rest = netproc_word(&rest);
	if (rest.len == 0)
		return 0;
	for (const char *p = open + 1; p < close && n < NETPROC_COMM_MAX; p++)
		name[n++] = *p < ' ' || *p > '~' || *p == '<' ? '?' : *p;
	name[n] = '\0';
	return (pid_t)netproc_number(rest, 10);
}

static pid_t
netproc_stat(pid_t pid, char name[NETPROC_COMM_MAX + 1])
{
	AUTO_STR struct str text = STR_INIT;
	struct err e = ERR_INIT;
	char path[32];

	name[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (path_read(path, NETPROC_STAT_MAX, &text, &e) == -1)
		return 0;
	return netproc_stat_read(str_view(&text), name);
}

/* Up to three names, as long as the parent is in the sandbox, too. */
static void
netproc_tell(const struct netproc *p, struct netproc_ask *a, pid_t pid)
{
	size_t at = 0;

	for (int depth = 0; depth < NETPROC_DEPTH; depth++) {
		char name[NETPROC_COMM_MAX + 1];
		pid_t parent = netproc_stat(pid, name);
		size_t i = 0;

		if (name[0] == '\0')
			return;
		at += (size_t)snprintf(a->name + at, sizeof(a->name) - at,
		    "%s%s", at == 0 ? "" : " < ", name);
		while (i < p->n_pids &&
		    (p->pids[i].pid != parent || p->pids[i].netns != a->netns))
			i++;
		if (i == p->n_pids)
			return;
		pid = parent;
	}
}

static void
netproc_match(struct netproc *p, pid_t pid, ino_t netns, uint64_t inode)
{
	for (size_t i = 0; i < p->n; i++) {
		struct netproc_ask *a = &p->asks[i];

		if (a->netns == netns && a->inode == inode &&
		    a->name[0] == '\0')
			netproc_tell(p, a, pid);
	}
}

/* Each namespace once, by the first process that is in it. */
static void
netproc_find_all(struct netproc *p)
{
	for (; p->at < p->n_pids && !netproc_late(p); p->at++) {
		size_t k = 0;

		while (p->pids[k].netns != p->pids[p->at].netns)
			k++;
		if (k == p->at)
			netproc_find_inodes(
			    p, p->pids[k].pid, p->pids[k].netns);
	}
	if (p->at == p->n_pids)
		netproc_next(p);
}

static void
netproc_scan_fds(struct netproc *p, pid_t pid, ino_t netns)
{
	const struct dirent *ent;
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	if (p->dir == NULL)
		p->dir = opendir(path);
	while ((ent = netproc_entry(p)) != NULL) {
		char text[64];
		ssize_t n = readlinkat(
		    dirfd(p->dir), ent->d_name, text, sizeof(text) - 1);
		struct view v;

		text[n < 0 ? 0 : n] = '\0';
		v = view_of(text);
		if (!view_starts(v, "socket:["))
			continue;
		v = view_from(v, strlen("socket:["));
		v.len = strcspn(v.p, "]");
		netproc_match(p, pid, netns, netproc_number(v, 10));
	}
}

static void
netproc_scan_all(struct netproc *p)
{
	while (p->at < p->n_pids && !netproc_late(p)) {
		netproc_scan_fds(p, p->pids[p->at].pid, p->pids[p->at].netns);
		if (p->dir == NULL)
			p->at++;
	}
	if (p->at == p->n_pids)
		netproc_next(p);
}

static bool
netproc_has_asks(const struct netproc *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->asks[i].netns != 0)
			return true;
	return false;
}

bool
netproc_step(struct netproc *p)
{
	static void (*const stages[])(struct netproc *) = { netproc_find_pids,
		netproc_find_all, netproc_scan_all };

	if (p->slices++ == NETPROC_SLICES || !netproc_has_asks(p))
		return false;
	p->deadline = clock_mono_ms() + NETPROC_SLICE_MS;
	while (p->stage != NETPROC_END && !netproc_late(p))
		stages[p->stage](p);
	return p->stage != NETPROC_END;
}
