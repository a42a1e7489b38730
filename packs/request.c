#include "packs/request.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"

enum {
	REQUEST_VERSION = 1,
	REQUEST_STEP = 64 << 10
};

static const char request_git[] = "/usr/bin/git";
static const char request_progress[] = "--progress";

/* Variables that do not change a pack. */
static const char *const request_no_matter[] = { "GIT_PROTOCOL=", "GIT_TRACE" };

static bool
request_is_known(const struct request *r)
{
	size_t bytes = 0;
	bool packs = false;

	if (r->argv[0] == NULL || strcmp(r->argv[0], "git") != 0)
		return false;
	for (unsigned i = 0; r->argv[i] != NULL; i++) {
		bytes += strlen(r->argv[i]);
		if (i >= REQUEST_ARGS_MAX || bytes > REQUEST_ARGS_BYTES)
			return false;
		if (strcmp(r->argv[i], "pack-objects") == 0)
			packs = true;
	}
	return packs;
}

static int
request_read_input(struct request *r, struct err *e)
{
	static char buf[REQUEST_STEP];

	while (r->input.len < REQUEST_INPUT_MAX) {
		size_t room = REQUEST_INPUT_MAX - r->input.len;
		ssize_t n = read(
		    STDIN_FILENO, buf, room < sizeof(buf) ? room : sizeof(buf));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, ERR_IO, "read the revisions");
		if (n == 0) {
			r->input_end = true;
			return 0;
		}
		str_addn(&r->input, buf, (size_t)n);
	}
	return 0;
}

int
request_read(char **argv, struct request *r, struct err *e)
{
	*r = (struct request){ .argv = argv + 1,
		.input = STR_INIT_MAX(REQUEST_INPUT_MAX) };
	if (!request_is_known(r))
		return 0;
	for (unsigned i = 0; r->argv[i] != NULL; i++) {
		if (strcmp(r->argv[i], request_progress) == 0)
			r->progress = true;
		if (strcmp(r->argv[i], "--shallow") == 0)
			r->shallow = true;
		if (strncmp(r->argv[i], "--filter", 8) == 0)
			r->filter = true;
	}
	if (request_read_input(r, e) == -1)
		return -1;
	r->shared = r->input_end;
	return 0;
}

void
request_release(struct request *r)
{
	str_release(&r->input);
}

/* Revisions come first, then "--not" and what the other side has. */
bool
request_from_nothing(const struct request *r)
{
	struct view rest = str_view(&r->input), line;
	bool not = false;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		if (line.len > 0 && (not || line.p[0] == '^'))
			return false;
		if (view_is(line, "--not"))
			not = true;
	}
	return r->input_end;
}

static uint64_t
request_time(const struct stat *st)
{
	return (uint64_t)st->st_mtim.tv_sec * 1000000000U +
	    (uint64_t)st->st_mtim.tv_nsec;
}

int
request_here(struct request_place *p, struct err *e)
{
	char **env = environ;
	struct stat st;

	*p = (struct request_place){ .env = NULL };
	/* The same type but for the const. */
	memcpy(&p->env, &env, sizeof(env));
	if (stat(".", &st) == -1)
		return err_sys(e, ERR_IO, "the repository");
	p->dev = (uint64_t)st.st_dev;
	p->ino = (uint64_t)st.st_ino;
	if (stat("packed-refs", &st) == 0) {
		p->tags[0] = (uint64_t)st.st_ino;
		p->tags[1] = request_time(&st);
		p->tags[2] = (uint64_t)st.st_size;
	}
	if (stat("refs/tags", &st) == 0)
		p->tags[3] = request_time(&st);
	return 0;
}

static void
request_mix(crypto_generichash_state *h, const void *p, size_t n)
{
	uint64_t len = n;

	(void)crypto_generichash_update(
	    h, (const unsigned char *)&len, sizeof(len));
	(void)crypto_generichash_update(h, p, n);
}

static bool
request_env_matters(const char *var)
{
	if (strncmp(var, "GIT_", 4) != 0)
		return false;
	for (size_t i = 0;
	     i < sizeof(request_no_matter) / sizeof(request_no_matter[0]); i++)
		if (strncmp(var, request_no_matter[i],
			strlen(request_no_matter[i])) == 0)
			return false;
	return true;
}

void
request_key(const struct request *r, const struct request_place *p,
    char key[ENTRY_KEY_HEX + 1])
{
	const uint64_t version = REQUEST_VERSION;
	unsigned char sum[ENTRY_KEY_HEX / 2];
	crypto_generichash_state h;
	bool tags = false;

	(void)crypto_generichash_init(&h, NULL, 0, sizeof(sum));
	request_mix(&h, &version, sizeof(version));
	request_mix(&h, &p->dev, sizeof(p->dev));
	request_mix(&h, &p->ino, sizeof(p->ino));
	for (unsigned i = 0; r->argv[i] != NULL; i++) {
		if (strcmp(r->argv[i], request_progress) == 0)
			continue;
		if (strcmp(r->argv[i], "--include-tag") == 0)
			tags = true;
		request_mix(&h, r->argv[i], strlen(r->argv[i]));
	}
	request_mix(&h, "", 0);
	if (tags)
		request_mix(&h, p->tags, sizeof(p->tags));
	for (unsigned i = 0; p->env[i] != NULL; i++)
		if (request_env_matters(p->env[i]))
			request_mix(&h, p->env[i], strlen(p->env[i]));
	request_mix(&h, "", 0);
	request_mix(&h, str_cstr(&r->input), r->input.len);
	(void)crypto_generichash_final(&h, sum, sizeof(sum));
	(void)sodium_bin2hex(key, ENTRY_KEY_HEX + 1, sum, sizeof(sum));
}

static int
request_put(int fd, const char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return err_sys(e, ERR_IO, "keep the revisions");
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
request_rewind(struct request *r, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	static char buf[REQUEST_STEP];
	ssize_t n = 0;

	if (r->input.len == 0 && !r->input_end)
		return 0; /* nothing was read */
	fd = memfd_create("revisions", MFD_CLOEXEC);
	if (fd == -1)
		return err_sys(e, ERR_IO, "keep the revisions");
	if (request_put(fd, str_cstr(&r->input), r->input.len, e) == -1)
		return -1;
	while (!r->input_end && (n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (request_put(fd, buf, (size_t)n, e) == -1)
			return -1;
	if (n == -1)
		return err_sys(e, ERR_IO, "read the revisions");
	r->input_end = true;
	if (lseek(fd, 0, SEEK_SET) == -1 || dup2(fd, STDIN_FILENO) == -1)
		return err_sys(e, ERR_IO, "give git the revisions");
	return 0;
}

int
request_exec(const struct request *r, struct err *e)
{
	static char no_search[] = "--window=0";
	char *argv[REQUEST_ARGS_MAX + REQUEST_ARGS_MORE];
	const char *git = request_git;
	unsigned n = 0;

#ifdef COFFER_TEST
	const char *other = getenv("COFFER_PACKS_GIT");

	if (other != NULL)
		git = other;
#endif
	while (n < REQUEST_ARGS_MAX && r->argv[n] != NULL) {
		argv[n] = r->argv[n];
		n++;
	}
	if (r->argv[n] == NULL && r->shallow && request_from_nothing(r)) {
		argv[n++] = no_search;
		argv[n] = NULL;
		(void)execv(git, argv);
	} else {
		(void)execv(git, r->argv);
	}
	return err_sys(e, ERR_IO, "start git");
}
