#include "server/git/pack_check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* zlib then takes const input. */
#define ZLIB_CONST
#include <zlib.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/path.h"
#include "lib/base/view.h"
#include "server/git/sha1.h"

enum {
	PACKCHECK_STEP = 256 << 10,
	PACKCHECK_BAD_MAX = 20, /* lines; more say no more */
	PACKCHECK_OUT = 64 << 10,
	PACKCHECK_NICE = 10,
	/* gitformat-pack(5), an index of version 2: a head of 8 bytes, 256 sums
	 * of 4, then the ids. */
	PACKCHECK_IDS_AT = 8 + 256 * 4,
	PACKCHECK_LOW = 2 << 13 | 7 /* ioprio_set(2): best effort, last */
};

struct packcheck {
	const char *repo;
	struct str *out;
	unsigned bad;
	unsigned char *buf; /* PACKCHECK_STEP */
	struct str alone;   /* indexes without their pack, each with its NUL */
};

static void
packcheck_say(struct packcheck *k, const char *rel, const char *why)
{
	if (k->bad++ < PACKCHECK_BAD_MAX)
		str_addf(k->out, "%s: %s\n", rel, why);
}

/* What the disk has; a cached page would hide it. */
static int
packcheck_open(struct packcheck *k, const char *rel, off_t *size)
{
	AUTO_FREE char *path = path_join(k->repo, rel);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd == -1) {
		/* A repack or a prune took it: not ours to miss. */
		if (errno != ENOENT)
			packcheck_say(k, rel, strerror(errno));
		return -1;
	}
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)) {
		packcheck_say(k, rel, "not a file");
		(void)close(fd);
		return -1;
	}
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*size = st.st_size;
	return fd;
}

/* The next bytes, `want` of them at most; -1 after saying why. */
static ssize_t
packcheck_read(struct packcheck *k, int fd, const char *rel, size_t want)
{
	ssize_t n;

	if (want > PACKCHECK_STEP)
		want = PACKCHECK_STEP;
	do
		n = read(fd, k->buf, want);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		packcheck_say(k, rel, strerror(errno));
	else if (n == 0)
		packcheck_say(k, rel, "it ends too early");
	return n > 0 ? n : -1;
}

/* A file whose last 20 bytes are the SHA-1 of those before; they are copied
 * to sum. */
static int
packcheck_sum(
    struct packcheck *k, const char *rel, unsigned char sum[SHA1_BYTES])
{
	unsigned char got[SHA1_BYTES];
	struct sha1 s;
	off_t left = 0;
	AUTO_CLOSE int fd = packcheck_open(k, rel, &left);

	if (fd == -1)
		return -1;
	if (left < SHA1_BYTES) {
		packcheck_say(k, rel, "it is too short");
		return -1;
	}
	sha1_init(&s);
	left -= SHA1_BYTES;
	while (left > 0) {
		ssize_t n = packcheck_read(k, fd, rel, (size_t)left);

		if (n == -1)
			return -1;
		sha1_add(&s, k->buf, (size_t)n);
		left -= n;
	}
	if (pread(fd, sum, SHA1_BYTES, lseek(fd, 0, SEEK_CUR)) != SHA1_BYTES) {
		packcheck_say(k, rel, "it ends too early");
		return -1;
	}
	sha1_end(&s, got);
	if (memcmp(got, sum, SHA1_BYTES) == 0)
		return 0;
	packcheck_say(k, rel, "its checksum is wrong");
	return -1;
}

/*
 * The index names the pack's checksum: they belong together.  git removes a
 * pack before its index, so a repack that was killed leaves one alone.
 */
static void
packcheck_index(struct packcheck *k, const char *idx)
{
	AUTO_FREE char *pack = xasprintf(
	    "%.*s.pack", (int)strlen(idx) - 4, idx);
	AUTO_FREE char *path = path_join(k->repo, idx);
	unsigned char sum[SHA1_BYTES], of[SHA1_BYTES], ignored[SHA1_BYTES];
	AUTO_CLOSE int fd = -1;
	off_t size;

	if (packcheck_sum(k, idx, ignored) == -1)
		return;
	if (packcheck_sum(k, pack, sum) == -1) {
		AUTO_FREE char *full = path_join(k->repo, pack);

		if (access(full, F_OK) == -1 && access(path, F_OK) == 0)
			str_addn(&k->alone, idx, strlen(idx) + 1);
		return;
	}
	fd = packcheck_open(k, idx, &size);
	if (fd == -1 || size < (off_t)2 * SHA1_BYTES)
		return;
	if (pread(fd, of, SHA1_BYTES, size - (off_t)2 * SHA1_BYTES) !=
		SHA1_BYTES ||
	    memcmp(of, sum, SHA1_BYTES) != 0)
		packcheck_say(k, idx, "it belongs to another pack");
}

static bool
packcheck_has_sum(struct view name)
{
	return view_ends(name, ".bitmap") || view_ends(name, ".rev") ||
	    view_ends(name, ".mtimes") || view_ends(name, ".graph") ||
	    view_is(name, "commit-graph") || view_is(name, "multi-pack-index");
}

static void
packcheck_folder(struct packcheck *k, const char *folder)
{
	AUTO_FREE char *path = path_join(k->repo, folder);
	unsigned char sum[SHA1_BYTES];
	DIR *d = opendir(path);
	struct dirent *x;

	if (d == NULL) {
		if (errno != ENOENT)
			packcheck_say(k, folder, strerror(errno));
		return;
	}
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL) {
		AUTO_FREE char *rel = path_join(folder, x->d_name);
		struct view name = view_of(x->d_name);

		if (x->d_name[0] == '.')
			continue;
		if (view_ends(name, ".idx") && view_starts(name, "pack-"))
			packcheck_index(k, rel);
		else if (packcheck_has_sum(name))
			(void)packcheck_sum(k, rel, sum);
	}
	(void)closedir(d);
}

static void
packcheck_hex(const unsigned char sum[SHA1_BYTES], char out[41])
{
	for (unsigned i = 0; i < SHA1_BYTES; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", sum[i]);
}

/* Inflates a loose object into its SHA-1; false when it is no zlib stream. */
static bool
packcheck_inflate(struct packcheck *k, int fd, const char *rel, off_t left,
    unsigned char sum[SHA1_BYTES])
{
	static unsigned char plain[PACKCHECK_STEP];
	z_stream z = { .next_in = NULL };
	int rc = Z_OK;
	struct sha1 s;

	sha1_init(&s);
	if (inflateInit(&z) != Z_OK)
		return false;
	while (rc == Z_OK && left > 0) {
		ssize_t n = packcheck_read(k, fd, rel, (size_t)left);

		if (n == -1)
			break;
		left -= n;
		z.next_in = k->buf;
		z.avail_in = (uInt)n;
		do {
			z.next_out = plain;
			z.avail_out = sizeof(plain);
			rc = inflate(&z, Z_NO_FLUSH);
			sha1_add(&s, plain, sizeof(plain) - z.avail_out);
		} while (rc == Z_OK && z.avail_out == 0);
		if (rc == Z_BUF_ERROR)
			rc = Z_OK;
	}
	(void)inflateEnd(&z);
	sha1_end(&s, sum);
	return rc == Z_STREAM_END;
}

static void
packcheck_loose(struct packcheck *k, const char *fan, const char *name)
{
	AUTO_FREE char *rel = xasprintf("objects/%s/%s", fan, name);
	AUTO_FREE char *want = xasprintf("%s%s", fan, name);
	unsigned char sum[SHA1_BYTES];
	char got[2 * SHA1_BYTES + 1];
	off_t size;
	AUTO_CLOSE int fd = packcheck_open(k, rel, &size);

	if (fd == -1)
		return;
	if (!packcheck_inflate(k, fd, rel, size, sum)) {
		packcheck_say(k, rel, "the object cannot be inflated");
		return;
	}
	packcheck_hex(sum, got);
	if (strcmp(got, want) != 0)
		packcheck_say(k, rel, "the object is not what its name says");
}

static void
packcheck_fan(struct packcheck *k, const char *fan)
{
	static const char hex[] = "0123456789abcdef";
	AUTO_FREE char *rel = path_join("objects", fan);
	AUTO_FREE char *path = path_join(k->repo, rel);
	DIR *d = opendir(path);
	struct dirent *x;

	if (d == NULL) {
		if (errno != ENOENT)
			packcheck_say(k, rel, strerror(errno));
		return;
	}
	/* cppcheck-suppress readdirCalled */
	while ((x = readdir(d)) != NULL)
		if (strlen(x->d_name) == 38 && strspn(x->d_name, hex) == 38)
			packcheck_loose(k, fan, x->d_name);
	(void)closedir(d);
}

/* A ref whose object is not there: a pack or a loose object was lost. */
static void
packcheck_refs(struct packcheck *k, git_repository *repo, git_odb *odb)
{
	git_reference_iterator *it = NULL;
	git_reference *ref = NULL;
	int rc = git_reference_iterator_new(&it, repo);

	while (rc == 0 && (rc = git_reference_next(&ref, it)) == 0) {
		const git_oid *id = git_reference_target(ref);

		if (id != NULL && !git_odb_exists(odb, id))
			packcheck_say(k, git_reference_name(ref),
			    "the object that it names is missing");
		git_reference_free(ref);
	}
	if (rc != GIT_ITEROVER) {
		const git_error *g = git_error_last();

		packcheck_say(k, "refs",
		    g != NULL && g->message != NULL ? g->message
						    : "cannot be read");
	}
	git_reference_iterator_free(it);
}

/* Are all objects of this index in the repository, in whatever file?  One that
 * cannot be read was told by its checksum, or went meanwhile. */
static bool
packcheck_has_all(struct packcheck *k, const char *idx, git_odb *odb)
{
	off_t size = 0, at = PACKCHECK_IDS_AT;
	AUTO_CLOSE int fd = packcheck_open(k, idx, &size);
	unsigned char count[4];
	uint32_t left;

	if (fd == -1 ||
	    pread(fd, count, sizeof(count), PACKCHECK_IDS_AT - 4) !=
		(ssize_t)sizeof(count))
		return true;
	left = (uint32_t)count[0] << 24 | (uint32_t)count[1] << 16 |
	    (uint32_t)count[2] << 8 | count[3];
	while (left > 0) {
		uint32_t n = PACKCHECK_STEP / SHA1_BYTES;

		if (n > left)
			n = left;
		if (pread(fd, k->buf, (size_t)n * SHA1_BYTES, at) !=
		    (ssize_t)n * SHA1_BYTES)
			return true;
		for (uint32_t i = 0; i < n; i++) {
			git_oid id;

			(void)git_oid_fromraw(
			    &id, k->buf + (size_t)i * SHA1_BYTES);
			if (!git_odb_exists(odb, &id))
				return false;
		}
		at += (off_t)n * SHA1_BYTES;
		left -= n;
	}
	return true;
}

/* A pack that is gone is a loss when an object of it is nowhere else. */
static void
packcheck_alone(struct packcheck *k, git_odb *odb)
{
	const char *idx = str_cstr(&k->alone), *end = idx + k->alone.len;

	for (; idx < end; idx += strlen(idx) + 1) {
		AUTO_FREE char *pack = xasprintf(
		    "%.*s.pack", (int)strlen(idx) - 4, idx);

		if (!packcheck_has_all(k, idx, odb))
			packcheck_say(k, pack, "it is missing");
	}
}

static int
packcheck_git(struct packcheck *k)
{
	git_repository *repo = NULL;
	git_odb *odb = NULL;
	int rc = git_repository_open_ext(&repo, k->repo,
	    GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_BARE, NULL);

	if (rc == 0)
		rc = git_repository_odb(&odb, repo);
	if (rc == 0) {
		packcheck_alone(k, odb);
		packcheck_refs(k, repo, odb);
	}
	git_odb_free(odb);
	git_repository_free(repo);
	return rc;
}

int
packcheck_run(const char *repo, struct str *out)
{
	struct packcheck k = { .repo = repo, .out = out };
	AUTO_FREE unsigned char *buf = xmalloc(PACKCHECK_STEP);

	k.buf = buf;
	if (access(repo, R_OK | X_OK) == -1) {
		str_addf(out, "%s: %s\n", repo, strerror(errno));
		return PACK_CHECK_FAILED;
	}
	packcheck_folder(&k, "objects/pack");
	packcheck_folder(&k, "objects/info");
	packcheck_folder(&k, "objects/info/commit-graphs");
	for (unsigned i = 0; i < 256; i++) {
		char fan[3];

		(void)snprintf(fan, sizeof(fan), "%02x", i);
		packcheck_fan(&k, fan);
	}
	if (packcheck_git(&k) != 0) {
		const git_error *g = git_error_last();

		packcheck_say(&k, "repository",
		    g != NULL && g->message != NULL ? g->message
						    : "cannot be opened");
	}
	str_release(&k.alone);
	return k.bad == 0 ? PACK_CHECK_OK : PACK_CHECK_BAD;
}

int
packcheck_main(const char *repo)
{
	static const git_config_level_t levels[] = { GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_GLOBAL, GIT_CONFIG_LEVEL_XDG,
		GIT_CONFIG_LEVEL_PROGRAMDATA };
	AUTO_STR struct str out = STR_INIT_MAX(PACKCHECK_OUT);
	const struct rlimit none = { .rlim_cur = 0, .rlim_max = 0 };
	int rc;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpriority(PRIO_PROCESS, 0, PACKCHECK_NICE);
	(void)syscall(SYS_ioprio_set, 1, 0, PACKCHECK_LOW);
	(void)setrlimit(RLIMIT_CORE, &none);
	if (git_libgit2_init() < 0)
		return PACK_CHECK_FAILED;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		(void)git_libgit2_opts(
		    GIT_OPT_SET_SEARCH_PATH, (int)levels[i], "");
	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	rc = packcheck_run(repo, &out);
	(void)fputs(str_cstr(&out), stdout);
	(void)git_libgit2_shutdown();
	return rc;
}
