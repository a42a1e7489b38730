#include "agentd/gateway/key.h"

#include <sys/stat.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/gateway/provider.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/base/num.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"

enum {
	KEY_ARGS_MAX = 16,
	KEY_COMMAND_MS = 20 * 1000,
	KEY_KEPT_MS = 300 * 1000,
	KEY_KEPT_S_MAX = 24 * 3600,
	KEY_EARLY_MS = 10 * 1000, /* asked for again before it is over */
	KEY_FAILED_MS = 5 * 1000  /* an answer for who asks meanwhile */
};

struct key_waiter {
	LIST_ENTRY(key_waiter) entry;
	void (*wake)(void *arg);
	void *arg;
};

struct key {
	struct loop *loop;
	char *file;
	char *command;
	char text[PROVIDER_KEY_MAX + 1];
	struct timespec changed; /* of the file */
	int64_t until;           /* monotonic, of a command's answer */
	int64_t failed_until;
	struct child *child;
	LIST_HEAD(, key_waiter) waiters;
};

struct key *
key_new(const struct key_spec *spec, struct err *e)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct key *k;

	if (spec->credential != NULL &&
	    (dir == NULL || !path_component_ok(spec->credential))) {
		err_set(e, ERR_INVALID, "key_credential: %s",
		    dir == NULL ? "not started by systemd with credentials"
				: "expected the name of a credential");
		return NULL;
	}
	if (spec->command != NULL && spec->command[0] != '/') {
		err_set(e, ERR_INVALID,
		    "key_command: expected the whole path of a program");
		return NULL;
	}
	k = xcalloc(1, sizeof(*k));
	LIST_INIT(&k->waiters);
	k->loop = spec->loop;
	if (spec->command != NULL)
		k->command = xstrdup(spec->command);
	else if (spec->credential != NULL)
		k->file = path_join(dir, spec->credential);
	else
		k->file = xstrdup(spec->file);
	return k;
}

static void
key_forget_all(struct key *k)
{
	struct key_waiter *w, *next;

	LIST_FOREACH_SAFE(w, &k->waiters, entry, next) {
		LIST_REMOVE(w, entry);
		free(w);
	}
}

void
key_free(struct key *k)
{
	if (k == NULL)
		return;
	key_forget_all(k);
	if (k->child != NULL)
		child_forget(k->child);
	explicit_bzero(k->text, sizeof(k->text));
	free(k->file);
	free(k->command);
	free(k);
}

bool
key_is_there(const struct key *k)
{
	return k->command != NULL || access(k->file, R_OK) == 0;
}

int64_t
key_written_at(const struct key *k)
{
	struct stat st;

	return k->file == NULL || stat(k->file, &st) == -1
	    ? 0
	    : (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

/* One line of printable ASCII: it becomes a header. */
static int
key_set(struct key *k, struct view text, struct err *e)
{
	text = view_trim(text);
	if (text.len == 0 || text.len > PROVIDER_KEY_MAX)
		return err_set(e, ERR_INVALID,
		    "the key is empty or over %d bytes", PROVIDER_KEY_MAX);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return err_set(e, ERR_INVALID,
			    "the key is not one word of plain characters");
	memcpy(k->text, text.p, text.len);
	k->text[text.len] = '\0';
	return 0;
}

static int
key_read_file(struct key *k, struct err *e)
{
	AUTO_STR struct str text = STR_INIT;
	struct stat st;
	int rc;

	if (stat(k->file, &st) == -1)
		return err_sys(e, ERR_NOTFOUND,
		    "no key; give it one: coffer-gateway --set-key");
	if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return err_set(e, ERR_DENIED,
		    "%s: others than its owner can read it; chmod 600",
		    k->file);
	if (k->text[0] != '\0' && st.st_mtim.tv_sec == k->changed.tv_sec &&
	    st.st_mtim.tv_nsec == k->changed.tv_nsec)
		return 0;
	k->text[0] = '\0';
	if (path_read(k->file, PROVIDER_KEY_MAX + 1, &text, e) == -1)
		return -1;
	rc = key_set(k, str_view(&text), e);
	if (text.p != NULL)
		explicit_bzero(text.p, text.len);
	k->changed = st.st_mtim;
	return rc;
}

static int
key_take_answer(struct key *k, const struct child_exit *x, struct err *e)
{
	struct view rest = { x->out, x->outlen }, line, more = { "", 0 };
	int64_t kept = KEY_KEPT_MS;
	uint64_t seconds;

	/* What it says on stderr may have the key in it. */
	if (x->timed_out || x->status != 0)
		return err_set(e, ERR_IO, "key_command: failed%s",
		    x->timed_out ? ", out of time" : "");
	if (!view_split(&rest, '\n', &line) || key_set(k, line, e) == -1)
		return err_set(e, ERR_INVALID, "key_command: printed no key");
	if (rest.len > 0)
		(void)view_split(&rest, '\n', &more);
	more = view_trim(more);
	if (more.len > 0) {
		AUTO_FREE char *text = view_dup(more);

		if (num_u64(text, 1, KEY_KEPT_S_MAX, &seconds, e) == -1)
			return err_wrap(e, "key_command: line 2");
		kept = (int64_t)seconds * 1000;
	}
	k->until = clock_mono_ms() + kept -
	    (kept > (int64_t)2 * KEY_EARLY_MS ? KEY_EARLY_MS : kept / 2);
	return 0;
}

static void
key_on_exit(const struct child_exit *x, void *arg)
{
	struct key *k = arg;
	struct err e = ERR_INIT;
	struct key_waiter *w;

	k->child = NULL;
	if (key_take_answer(k, x, &e) == -1) {
		k->text[0] = '\0';
		k->failed_until = clock_mono_ms() + KEY_FAILED_MS;
		log_warn("gateway key err=%s", log_val(e.msg));
	}
	while ((w = LIST_FIRST(&k->waiters)) != NULL) {
		LIST_REMOVE(w, entry);
		w->wake(w->arg);
		free(w);
	}
}

static int
key_ask(struct key *k, struct err *e)
{
	static const char *const envp[] = { "PATH=/usr/local/bin:/usr/bin:/bin",
		"LC_ALL=C", NULL };
	AUTO_FREE char *words = xstrdup(k->command);
	const char *argv[KEY_ARGS_MAX + 1];
	struct child_spec spec = { .argv = argv,
		.envp = envp,
		.in = CHILD_NULL,
		.out = CHILD_COLLECT,
		.err = CHILD_NULL,
		.max_output = PROVIDER_KEY_MAX + 64,
		.limit_ms = KEY_COMMAND_MS,
		.on_exit = key_on_exit,
		.arg = k };
	size_t n = 0;

	for (char *p = words; *p != '\0' && n < KEY_ARGS_MAX;) {
		p += strspn(p, " ");
		if (*p == '\0')
			break;
		argv[n++] = p;
		p += strcspn(p, " ");
		if (*p != '\0')
			*p++ = '\0';
	}
	argv[n] = NULL;
	return child_start(k->loop, &spec, &k->child, e);
}

static int
key_get_by_command(struct key *k, const char **out, void (*wake)(void *arg),
    void *arg, struct err *e)
{
	int64_t now = clock_mono_ms();
	struct key_waiter *w;

	if (k->text[0] != '\0' && now < k->until) {
		*out = k->text;
		return 1;
	}
	if (now < k->failed_until)
		return err_set(e, ERR_IO, "key_command: failed");
	if (k->child == NULL && key_ask(k, e) == -1)
		return -1;
	w = xcalloc(1, sizeof(*w));
	w->wake = wake;
	w->arg = arg;
	LIST_INSERT_HEAD(&k->waiters, w, entry);
	return 0;
}

int
key_get(struct key *k, const char **out, void (*wake)(void *arg), void *arg,
    struct err *e)
{
	if (k->command != NULL)
		return key_get_by_command(k, out, wake, arg, e);
	if (key_read_file(k, e) == -1)
		return -1;
	*out = k->text;
	return 1;
}

void
key_forget(struct key *k, const void *arg)
{
	struct key_waiter *w, *next;

	LIST_FOREACH_SAFE(w, &k->waiters, entry, next) {
		if (w->arg != arg)
			continue;
		LIST_REMOVE(w, entry);
		free(w);
	}
}

void
key_refused(struct key *k)
{
	k->until = 0;
}
