#include "agentd/watch/audited.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/call.h"
#include "agentd/watch/audit_heads.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/sha256.h"
#include "lib/net/signed.h"
#include "lib/wire/audit_row.h"
#include "lib/wire/json.h"

enum {
	AUDITED_EVERY_MS = 60 * 1000,
	AUDITED_THIN_AT = 1 << 20, /* bytes of the file */
	AUDITED_THIN_MS = 24 * 3600 * 1000
};

struct audited {
	struct audited_spec s;
	struct call *call;
	struct timer *turn;
	int64_t seq;     /* of the last line that this process wrote */
	int64_t thin_at; /* not before, monotonic */
};

/* The line whole or not at all, but for a full disk: then the next one begins
 * on a line of its own. */
static int
audited_append(const char *path, const struct str *line, struct err *e)
{
	AUTO_CLOSE int fd = open(
	    path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
	off_t end = fd != -1 ? lseek(fd, 0, SEEK_END) : 0;
	char last = '\n';

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	if (end > 0 && pread(fd, &last, 1, end - 1) != 1)
		return err_sys(e, ERR_IO, "read %s", path);
	if ((last != '\n' && write(fd, "\n", 1) != 1) ||
	    write(fd, line->p, line->len) != (ssize_t)line->len ||
	    fdatasync(fd) == -1)
		return err_sys(e, ERR_IO, "write %s", path);
	return 0;
}

/* Once a day at most: what stays may be more than that. */
static void
audited_thin(struct audited *a, const char *path)
{
	struct err e = ERR_INIT;
	struct stat st;

	if (clock_mono_ms() < a->thin_at || stat(path, &st) == -1 ||
	    st.st_size < AUDITED_THIN_AT)
		return;
	a->thin_at = clock_mono_ms() + AUDITED_THIN_MS;
	if (auditheads_thin(path, clock_now_ms(), &e) == -1)
		log_warn("audited not-thinned why=%s", log_val(e.msg));
	else
		log_info("audited thinned bytes=%lld", (long long)st.st_size);
}

static int
audited_sign(struct audited *a, int64_t seq, const char *hash, struct err *e)
{
	AUTO_FREE char *path = path_join(a->s.home, "audit.heads");
	AUTO_STR struct str text = STR_INIT;
	AUTO_STR struct str line = STR_INIT;
	char number[24], at[24], sig[SIGNED_HEX];

	(void)snprintf(number, sizeof(number), "%" PRId64, seq);
	(void)snprintf(at, sizeof(at), "%" PRId64, clock_now_ms());
	str_addf(&text, AUDIT_HEAD_FORM, (int)strlen(number), number,
	    AUDIT_HASH_HEX - 1, hash, (int)strlen(at), at);
	if (signed_make(a->s.home, str_view(&text), sig, e) == -1)
		return -1;
	str_addf(&line, "%s %s %s %s\n", number, hash, at, sig);
	if (audited_append(path, &line, e) == -1)
		return -1;
	a->seq = seq;
	audited_thin(a, path);
	return 0;
}

static void
audited_on_head(
    const struct err *fail, int status, const struct json *j, void *arg)
{
	struct audited *a = arg;
	const char *hash = json_str_or(j, "hash", "");
	int64_t seq = json_i64_or(j, "seq", 0);
	struct err e = ERR_INIT;

	(void)status;
	timer_set(a->turn, a->s.every_ms);
	if (fail != NULL) {
		log_warn("audited refused why=%s", log_val(fail->msg));
		return;
	}
	if (seq < a->seq)
		log_error("audited went-back from=%" PRId64 " to=%" PRId64
			  " why=\"the audit log lost rows: coffer audit "
			  "verify\"",
		    a->seq, seq);
	if (seq <= a->seq || !sha256_is_hex(hash))
		return;
	if (audited_sign(a, seq, hash, &e) == -1)
		log_warn("audited not-signed why=%s", log_val(e.msg));
}

static void
audited_on_turn(void *arg)
{
	struct audited *a = arg;

	if (!call_busy(a->call))
		call_start(a->call, "GET", "/api/coffer/v1/audit/head", NULL);
}

struct audited *
audited_new(const struct audited_spec *spec)
{
	struct audited *a = xcalloc(1, sizeof(*a));

	a->s = *spec;
	if (a->s.every_ms == 0)
		a->s.every_ms = AUDITED_EVERY_MS;
	a->call = call_new(spec->loop, spec->api, audited_on_head, a);
	a->turn = timer_new(spec->loop, audited_on_turn, a);
	timer_set(a->turn, 0);
	return a;
}

void
audited_free(struct audited *a)
{
	if (a == NULL)
		return;
	timer_free(a->turn);
	call_free(a->call);
	free(a);
}
