#include "server/domain/mirror_fail.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/num.h"

static const struct mirror_fail_row {
	const char *name;
	enum mirror_policy policy;
	bool host;
	const char *advice;
} mirror_fail_rows[MIRROR_FAIL_MAX] = {
	[MIRROR_FAIL_NONE] = { "", MIRROR_BACK_OFF, false, "" },
	[MIRROR_FAIL_AUTH] = { "auth", MIRROR_PAUSE, false,
	    "set a token or key that may read it (coffer credential)" },
	[MIRROR_FAIL_NOT_FOUND] = { "not-found", MIRROR_PAUSE, false,
	    "it is gone or this token may not see it: check the URL and the "
	    "token, then sync" },
	[MIRROR_FAIL_GONE] = { "gone", MIRROR_BACK_OFF, true,
	    "it is tried again by itself" },
	[MIRROR_FAIL_SLOW] = { "slow", MIRROR_BACK_OFF, true,
	    "it is tried again by itself" },
	[MIRROR_FAIL_RATE] = { "rate-limited", MIRROR_WAIT, true,
	    "it is asked again when the time is over" },
	[MIRROR_FAIL_REDIRECT] = { "redirect", MIRROR_PAUSE, false,
	    "redirects are not followed: if the new place is right, make the "
	    "project with that URL" },
	[MIRROR_FAIL_TLS] = { "tls", MIRROR_BACK_OFF, true,
	    "check its certificate, or name its authority in upstream_ca" },
	[MIRROR_FAIL_HOST_KEY] = { "host-key", MIRROR_PAUSE, false,
	    "compare the host's key with its operator, then set it as "
	    "known_hosts with the upstream key" },
	[MIRROR_FAIL_SHALLOW] = { "shallow", MIRROR_PAUSE, false,
	    "mirror a complete clone" },
	[MIRROR_FAIL_PROTOCOL] = { "protocol", MIRROR_BACK_OFF, false,
	    "it is tried again by itself" },
	[MIRROR_FAIL_CONTENT] = { "content", MIRROR_BACK_OFF, false,
	    "run git fsck in the upstream repository" },
	[MIRROR_FAIL_LYING] = { "lying", MIRROR_BACK_OFF, false,
	    "check what stands between this server and upstream" },
	[MIRROR_FAIL_LIMIT] = { "limit", MIRROR_BACK_OFF, false,
	    "make it smaller, or raise mirror_max in [server]" },
	[MIRROR_FAIL_DISK] = { "disk", MIRROR_BACK_OFF, false,
	    "free space under HOME/repos" },
	[MIRROR_FAIL_CONFIG] = { "config", MIRROR_PAUSE, false,
	    "give that path to cofferd's user, make a user of that uid, or "
	    "change [server] or the URL" },
	[MIRROR_FAIL_INTERNAL] = { "internal", MIRROR_BACK_OFF, false,
	    "see cofferd's log" },
};

static const struct mirror_fail_row *
mirror_fail_row(enum mirror_fail f)
{
	return &mirror_fail_rows[f < MIRROR_FAIL_MAX ? f
						     : MIRROR_FAIL_INTERNAL];
}

const char *
mirror_fail_name(enum mirror_fail f)
{
	return mirror_fail_row(f)->name;
}

enum mirror_policy
mirror_fail_policy(enum mirror_fail f)
{
	return mirror_fail_row(f)->policy;
}

bool
mirror_fail_is_host(enum mirror_fail f)
{
	return mirror_fail_row(f)->host;
}

const char *
mirror_fail_advice(enum mirror_fail f)
{
	return mirror_fail_row(f)->advice;
}

/* In order: the first that is found decides. */
static const struct mirror_fail_mark {
	const char *text;
	enum mirror_fail kind;
} mirror_fail_marks[] = {
	{ "No space left on device", MIRROR_FAIL_DISK },
	{ "Out of diskspace", MIRROR_FAIL_DISK }, /* of a pack or its index */
	{ "Disk quota exceeded", MIRROR_FAIL_DISK },
	{ "File too large", MIRROR_FAIL_LIMIT },
	{ "died of signal 25", MIRROR_FAIL_LIMIT },
	{ "ut of memory", MIRROR_FAIL_LIMIT },
	{ "shallow roots are not allowed", MIRROR_FAIL_SHALLOW },
	{ "shallow update not allowed", MIRROR_FAIL_SHALLOW },
	{ "source repository is shallow", MIRROR_FAIL_SHALLOW },
	{ "Host key verification failed", MIRROR_FAIL_HOST_KEY },
	{ "REMOTE HOST IDENTIFICATION HAS CHANGED", MIRROR_FAIL_HOST_KEY },
	{ "No user exists for uid", MIRROR_FAIL_CONFIG },
	{ "transport 'file' not allowed", MIRROR_FAIL_CONFIG },
	{ "dubious ownership", MIRROR_FAIL_CONFIG },
	{ "returned error: 401", MIRROR_FAIL_AUTH },
	{ "returned error: 403", MIRROR_FAIL_AUTH },
	{ "returned error: 404", MIRROR_FAIL_NOT_FOUND },
	{ "returned error: 410", MIRROR_FAIL_NOT_FOUND },
	{ "returned error: 429", MIRROR_FAIL_RATE },
	{ "returned error: 3", MIRROR_FAIL_REDIRECT },
	{ "unable to update url base from redirection", MIRROR_FAIL_REDIRECT },
	{ "returned error: 5", MIRROR_FAIL_GONE },
	{ "Authentication failed", MIRROR_FAIL_AUTH },
	{ "could not read Username", MIRROR_FAIL_AUTH },
	{ "could not read Password", MIRROR_FAIL_AUTH },
	{ "Permission denied (", MIRROR_FAIL_AUTH },
	{ "not exported", MIRROR_FAIL_NOT_FOUND },
	{ "ccess denied", MIRROR_FAIL_AUTH },
	{ "Load key ", MIRROR_FAIL_AUTH },
	{ "certificate", MIRROR_FAIL_TLS },
	{ "SSL", MIRROR_FAIL_TLS },
	{ "gnutls_handshake", MIRROR_FAIL_TLS },
	{ "TLS", MIRROR_FAIL_TLS },
	{ "Operation too slow", MIRROR_FAIL_SLOW },
	{ "timed out", MIRROR_FAIL_GONE },
	{ "Could not resolve host", MIRROR_FAIL_GONE },
	{ "Could not resolve hostname", MIRROR_FAIL_GONE },
	{ "unable to look up", MIRROR_FAIL_GONE },
	{ "Connection refused", MIRROR_FAIL_GONE },
	{ "Failed to connect", MIRROR_FAIL_GONE },
	{ "unable to connect", MIRROR_FAIL_GONE },
	{ "No route to host", MIRROR_FAIL_GONE },
	{ "Network is unreachable", MIRROR_FAIL_GONE },
	{ "epository not found", MIRROR_FAIL_NOT_FOUND },
	{ "does not appear to be a git repository", MIRROR_FAIL_NOT_FOUND },
	{ "not found", MIRROR_FAIL_NOT_FOUND },
	{ "did not send all necessary objects", MIRROR_FAIL_CONTENT },
	{ "fsck error", MIRROR_FAIL_CONTENT },
	{ "error in object", MIRROR_FAIL_CONTENT },
	{ "unresolved delta", MIRROR_FAIL_CONTENT },
	{ "inflate returned", MIRROR_FAIL_CONTENT },
	{ "pack is corrupted", MIRROR_FAIL_CONTENT },
	{ "not our ref", MIRROR_FAIL_LYING },
	{ "mismatched algorithms", MIRROR_FAIL_PROTOCOL },
	{ "cannot lock ref", MIRROR_FAIL_INTERNAL },
};

/* The line of text around at, without git's prefix. */
static struct view
mirror_fail_line(const char *text, const char *at)
{
	struct view v;

	while (at > text && at[-1] != '\n')
		at--;
	v = (struct view){ .p = at, .len = strcspn(at, "\n") };
	if (view_starts(v, "fatal: ") || view_starts(v, "error: "))
		v = view_from(v, 7);
	return view_trim(v);
}

enum mirror_fail
mirror_fail_of_text(const char *text, struct view *line)
{
	const char *at = strstr(text, "fatal: ");

	for (size_t i = 0;
	     i < sizeof(mirror_fail_marks) / sizeof(mirror_fail_marks[0]);
	     i++) {
		const char *found = strstr(text, mirror_fail_marks[i].text);

		if (found == NULL)
			continue;
		*line = mirror_fail_line(text, found);
		return mirror_fail_marks[i].kind;
	}
	*line = mirror_fail_line(text, at != NULL ? at : text);
	return MIRROR_FAIL_PROTOCOL;
}

static bool
mirror_fail_seconds(const char *text, uint64_t *out)
{
	struct err ignored = ERR_INIT;

	return text != NULL && num_u64(text, 0, UINT32_MAX, out, &ignored) == 0;
}

/* When upstream wants to be asked again; 0: it does not say. */
static int64_t
mirror_fail_until(const struct mirror_reply *r, int64_t now)
{
	uint64_t n;
	int64_t at = 0;

	if (mirror_fail_seconds(r->retry_after, &n))
		at = now + (int64_t)n * 1000;
	else if (mirror_fail_seconds(r->remaining, &n) && n == 0 &&
	    mirror_fail_seconds(r->reset, &n))
		at = (int64_t)n * 1000;
	if (at == 0)
		return 0;
	if (at < now + 1000)
		at = now + 1000;
	if (at > now + MIRROR_FAIL_WAIT_MAX_MS)
		at = now + MIRROR_FAIL_WAIT_MAX_MS;
	return at;
}

enum mirror_fail
mirror_fail_of_reply(const struct mirror_reply *r, int64_t now, int64_t *until)
{
	*until = mirror_fail_until(r, now);
	if (r->status == 429 || (r->status == 403 && *until != 0)) {
		if (*until == 0)
			*until = now + MIRROR_FAIL_WAIT_MS;
		return MIRROR_FAIL_RATE;
	}
	if (r->status == 503 && *until != 0)
		return MIRROR_FAIL_RATE;
	*until = 0;
	if (r->status / 100 == 2)
		return MIRROR_FAIL_NONE;
	if (r->status / 100 == 3)
		return MIRROR_FAIL_REDIRECT;
	if (r->status == 401 || r->status == 403 || r->status == 407)
		return MIRROR_FAIL_AUTH;
	if (r->status == 404 || r->status == 410)
		return MIRROR_FAIL_NOT_FOUND;
	if (r->status / 100 == 5)
		return MIRROR_FAIL_GONE;
	return MIRROR_FAIL_PROTOCOL;
}
