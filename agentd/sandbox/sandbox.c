#include "agentd/sandbox/sandbox.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agentd/sandbox/netns.h"
#include "agentd/sandbox/sandbox_priv.h"
#include "agentd/sandbox/seq.h"
#include "agentd/sandbox/workspace.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/base/str.h"

static const char *const sandbox_names[] = { "stopped", "starting", "running",
	"stopping", "failed", "paused" };
static const char *const sandbox_modes[] = { "off", "none", "web", "locked",
	"open", NULL };

const char *
sandbox_state_name(enum sandbox_state s)
{
	return sandbox_names[s];
}

void
sandbox_set_state(struct sandbox *b, enum sandbox_state next, const char *why)
{
	static const bool allowed[5][5] = {
		[SANDBOX_STOPPED] = { [SANDBOX_STARTING] = true,
		    [SANDBOX_STOPPING] = true },
		[SANDBOX_STARTING] = { [SANDBOX_RUNNING] = true,
		    [SANDBOX_STOPPED] = true,
		    [SANDBOX_FAILED] = true },
		[SANDBOX_RUNNING] = { [SANDBOX_STOPPING] = true,
		    [SANDBOX_FAILED] = true },
		[SANDBOX_STOPPING] = { [SANDBOX_STOPPED] = true },
		[SANDBOX_FAILED] = { [SANDBOX_STARTING] = true,
		    [SANDBOX_STOPPING] = true },
	};

	if (!allowed[b->state][next])
		die("sandbox %" PRId64 " %s -> %s", b->id,
		    sandbox_names[b->state], sandbox_names[next]);
	log_info("sandbox set-state project=%" PRId64 " from=%s to=%s why=%s",
	    b->id, sandbox_names[b->state], sandbox_names[next], log_val(why));
	b->state = next;
}

struct sandbox *
sandbox_find(const struct sandboxes *m, int64_t id)
{
	return id < 1 ? NULL : map_get_u64(m->map, (uint64_t)id);
}

struct sandbox *
sandbox_get(struct sandboxes *m, int64_t id)
{
	struct sandbox *b = sandbox_find(m, id);

	if (b != NULL)
		return b;
	b = xcalloc(1, sizeof(*b));
	b->m = m;
	b->id = id;
	(void)map_put_u64(m->map, (uint64_t)id, b);
	return b;
}

static void
sandbox_free(struct sandbox *b)
{
	shim_watch_close(b->watch);
	session_release(&b->session);
	free(b);
}

struct sandboxes *
sandboxes_new(const struct sandbox_host *h, struct routerctl *router,
    const struct driver *driver, sandbox_lost_fn *on_lost, void *arg)
{
	struct sandboxes *m = xcalloc(1, sizeof(*m));

	m->h = h;
	m->router = router;
	m->driver = driver != NULL ? driver : driver_find(NULL);
	m->on_lost = on_lost;
	m->arg = arg;
	m->map = map_new();
	m->again = timer_new(h->loop, sandbox_tell_again, m);
	return m;
}

void
sandboxes_free(struct sandboxes *m)
{
	size_t cursor = 0;
	void *b;

	if (m == NULL)
		return;
	while (map_next(m->map, &cursor, NULL, &b))
		sandbox_free(b);
	map_free(m->map);
	timer_free(m->again);
	free(m);
}

enum sandbox_state
sandbox_state(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	if (b == NULL)
		return SANDBOX_STOPPED;
	return b->state == SANDBOX_RUNNING && b->session.paused ? SANDBOX_PAUSED
								: b->state;
}

int64_t
sandbox_generation(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	return b == NULL || b->session.p.id == 0 ? -1 : b->session.p.generation;
}

const char *
sandbox_cause(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	return b == NULL || b->cause == NULL ? "" : b->cause;
}

const char *
sandbox_root(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	return b == NULL ? NULL : b->session.root;
}

const char *
sandbox_runtime(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);
	const char *runtime = b == NULL ? NULL : b->session.p.runtime;

	return runtime == NULL || runtime[0] == '\0' ? NULL : runtime;
}

const char *
sandbox_gpus(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);
	const char *gpus = b == NULL ? NULL : b->session.p.gpus;

	return gpus == NULL || gpus[0] == '\0' ? NULL : gpus;
}

const char *const *
sandbox_shares(const struct sandboxes *m, int64_t id)
{
	static const char *const none[] = { NULL };
	const struct sandbox *b = sandbox_find(m, id);

	return b == NULL || b->session.p.ro == NULL ? none : b->session.p.ro;
}

int
sandbox_set_branch(
    struct sandboxes *m, int64_t id, const char *branch, struct err *e)
{
	struct sandbox *b = sandbox_find(m, id);
	struct sandbox_project p;

	if (b == NULL || b->session.p.id == 0)
		return err_set(
		    e, ERR_NOTFOUND, "project %" PRId64 " has no sandbox", id);
	p = b->session.p;
	p.branch = branch;
	session_set(&b->session, &p);
	if (session_save(m->h, &b->session, e) == -1)
		return -1;
	return b->state == SANDBOX_RUNNING
	    ? session_save_branch(m->h, &b->session, e)
	    : 0;
}

static int
sandbox_not_running(const struct sandboxes *m, int64_t id, struct err *e)
{
	enum sandbox_state is = sandbox_state(m, id);
	const struct sandbox *b = sandbox_find(m, id);
	const char *verb = is == SANDBOX_PAUSED ? "unpause"
	    : is == SANDBOX_STOPPED             ? "start"
						: NULL;

	if (b == NULL || b->session.p.id == 0 || verb == NULL)
		return err_set(e, ERR_NOTFOUND,
		    "the sandbox of project %" PRId64 " is %s, not running", id,
		    sandbox_names[is]);
	return err_set(e, ERR_NOTFOUND,
	    "the sandbox is %s, not running: `coffer %s %.100s`",
	    sandbox_names[is], verb, b->session.p.name);
}

int
sandbox_netns(
    struct sandboxes *m, int64_t id, char out[HOST_NAME_MAX], struct err *e)
{
	if (sandbox_state(m, id) != SANDBOX_RUNNING)
		return sandbox_not_running(m, id, e);
	host_project_netns(m->h, id, out);
	return 0;
}

const char *
sandbox_gitconfig(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	return b == NULL || b->session.p.gitconfig == NULL
	    ? ""
	    : b->session.p.gitconfig;
}

bool
sandbox_is_up(const struct sandboxes *m, int64_t id)
{
	const struct sandbox *b = sandbox_find(m, id);

	return b != NULL && sandbox_session_is_good(b);
}

int
sandbox_drop_token(struct sandboxes *m, int64_t id, struct err *e)
{
	struct sandbox *b = sandbox_find(m, id);
	struct sandbox_project p;

	if (b == NULL || b->session.p.id == 0)
		return 0;
	p = b->session.p;
	p.gitconfig = "";
	session_set(&b->session, &p);
	if (session_save(m->h, &b->session, e) == 0)
		return 0;
	b->cause = "workspace";
	sandbox_settle_cause(b, e);
	return -1;
}

/* A completion with an error that was known before anything began. */
struct sandbox_refusal {
	struct err e;
	sandbox_done_fn *done;
	void *arg;
};

static void
sandbox_on_refusal(void *arg)
{
	struct sandbox_refusal *r = arg;

	r->done(&r->e, r->arg);
	free(r);
}

void
sandbox_refuse(
    struct sandboxes *m, const struct err *e, sandbox_done_fn *done, void *arg)
{
	struct sandbox_refusal *r = xcalloc(1, sizeof(*r));

	r->e = *e;
	r->done = done;
	r->arg = arg;
	loop_defer(m->h->loop, sandbox_on_refusal, r);
}

static int
sandbox_check_mode(const char *mode, struct err *e)
{
	for (size_t i = 0; sandbox_modes[i] != NULL; i++) {
		if (mode != NULL && strcmp(mode, sandbox_modes[i]) == 0)
			return 0;
	}
	return err_set(e, ERR_INVALID,
	    "a network mode is off, none, web, locked or open, not %.40s",
	    mode != NULL ? mode : "nothing");
}

/* May an operation on it begin?  Creates it when it may. */
static struct sandbox *
sandbox_claim(struct sandboxes *m, int64_t id, struct err *e)
{
	struct sandbox *b;

	if (host_project_uid_base(id) == 0) {
		(void)err_set(e, ERR_LIMIT,
		    "project %" PRId64 " cannot have a sandbox: ids end at %d",
		    id, HOST_MAX_PROJECT);
		return NULL;
	}
	b = sandbox_get(m, id);
	if (b->busy) {
		(void)err_set(e, ERR_BUSY,
		    "the sandbox of project %" PRId64 " is %s", id,
		    sandbox_names[b->state]);
		return NULL;
	}
	return b;
}

/* NULL: it is refused, and done will say so. */
static struct sandbox *
sandbox_claim_for(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	struct sandbox *b = NULL;

	if (sandbox_check_mode(p->mode, &e) == 0)
		b = sandbox_claim(m, p->id, &e);
	if (b == NULL)
		sandbox_refuse(m, &e, done, arg);
	return b;
}

void
sandbox_start(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox *b = sandbox_claim_for(m, p, done, arg);
	struct sandbox_project mine = *p;
	bool up;

	if (b == NULL)
		return;
	/* The session that is up keeps its tokens. */
	up = b->state == SANDBOX_RUNNING || sandbox_session_is_good(b);
	if (mine.gitconfig == NULL && up)
		mine.gitconfig = b->session.p.gitconfig;
	if (mine.env == NULL && up)
		mine.env = b->session.p.env;
	/* Another one is made by sandbox_recreate alone. */
	if (b->session.p.id != 0)
		mine.generation = b->session.p.generation;
	session_set(&b->session, &mine);
	if (b->state != SANDBOX_RUNNING)
		b->session.paused = false;
	sandbox_bring_up(b, done, arg);
}

void
sandbox_set_mode(struct sandboxes *m, int64_t id, const char *mode,
    sandbox_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	struct sandbox *b = NULL;
	struct sandbox_project p;

	if (sandbox_check_mode(mode, &e) == 0)
		b = sandbox_claim(m, id, &e);
	if (b != NULL && b->state != SANDBOX_RUNNING) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "the sandbox of project %" PRId64 " is %s, not running", id,
		    sandbox_names[b->state]);
		b = NULL;
	}
	if (b == NULL) {
		sandbox_refuse(m, &e, done, arg);
		return;
	}
	p = b->session.p;
	p.mode = mode;
	session_set(&b->session, &p);
	sandbox_bring_up(b, done, arg);
}

int
sandbox_give_env(
    struct sandboxes *m, int64_t id, const char *env, struct err *e)
{
	struct sandbox *b = sandbox_claim(m, id, e);
	struct sandbox_project p;

	if (b == NULL)
		return -1;
	if (b->state != SANDBOX_RUNNING)
		return err_set(e, ERR_NOTFOUND,
		    "the sandbox of project %" PRId64 " is %s, not running", id,
		    sandbox_names[b->state]);
	p = b->session.p;
	p.env = env;
	session_set(&b->session, &p);
	return session_save(m->h, &b->session, e);
}

void
sandbox_stop(struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	struct sandbox *b = sandbox_claim(m, id, &e);

	if (b == NULL)
		sandbox_refuse(m, &e, done, arg);
	else
		sandbox_take_down(b, false, done, arg);
}

void
sandbox_destroy(
    struct sandboxes *m, int64_t id, sandbox_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	struct sandbox *b = sandbox_claim(m, id, &e);

	if (b == NULL)
		sandbox_refuse(m, &e, done, arg);
	else
		sandbox_take_down(b, true, done, arg);
}

/* After a destroy: nothing of it is left to know. */
void
sandbox_forget(struct sandbox *b)
{
	(void)map_del_u64(b->m->map, (uint64_t)b->id);
	sandbox_free(b);
}

void
sandbox_pause(struct sandboxes *m, int64_t id, bool frozen,
    sandbox_done_fn *done, void *arg)
{
	struct err e = ERR_INIT;
	struct sandbox *b = sandbox_claim(m, id, &e);

	if (b != NULL && b->state != SANDBOX_RUNNING) {
		(void)err_set(&e, ERR_NOTFOUND,
		    "the sandbox of project %" PRId64 " is %s, not running", id,
		    sandbox_names[b->state]);
		b = NULL;
	}
	if (b == NULL)
		sandbox_refuse(m, &e, done, arg);
	else
		sandbox_freeze(b, frozen, done, arg);
}

void
sandbox_recreate(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox *b = sandbox_claim_for(m, p, done, arg);

	if (b != NULL)
		sandbox_renew(b, p, done, arg);
}

void
sandbox_judge(struct sandboxes *m, const struct sandbox_project *p,
    sandbox_done_fn *done, void *arg)
{
	struct sandbox *b = sandbox_claim_for(m, p, done, arg);

	if (b != NULL)
		sandbox_weigh(b, p, done, arg);
}

/* Two byobus that start at once can hang each other: hence the wait. */
/* clang-format off */
const char sandbox_attach_script[] =
    "i=0; until [ -e /tmp/.session-is-up ] || [ $i = 100 ]; do "
	"sleep 0.05; i=$((i + 1)); done\n"
    "cd /work; export SHELL=/bin/bash\n"
    "command -v byobu >/dev/null && exec byobu new-session -A -s main\n"
    "command -v tmux >/dev/null && exec tmux new-session -A -s main\n"
    "exec /bin/bash -l";
/* clang-format on */

struct driver_exec *
sandbox_attach(struct sandboxes *m, int64_t id,
    const struct driver_exec_spec *x, int *fd, struct err *e)
{
	static const char *const argv[] = { "/bin/sh", "-c",
		sandbox_attach_script, NULL };
	const struct sandbox *b = sandbox_find(m, id);
	struct driver_exec_spec mine = *x;
	AUTO_FREE char *dir = NULL;
	struct session_spec s;
	struct driver_exec *r;
	char netns[HOST_NAME_MAX];

	if (sandbox_netns(m, id, netns, e) == -1)
		return NULL;
	session_spec_init(m->h, &b->session, &s);
	s.spec.argv = argv;
	if (x->like != NULL) {
		s.spec.argv = x->like->argv;
		if (x->like->n_env > 0) {
			s.spec.env = x->like->env;
			s.spec.n_env = x->like->n_env;
		}
		if (x->like->cwd != NULL)
			s.spec.cwd = x->like->cwd;
	}
	dir = session_dir(m->h, id);
	mine.like = &s.spec;
	mine.dir = dir;
	r = m->driver->exec(m->h, &mine, fd, e);
	session_spec_release(&s);
	/* cppcheck-suppress returnDanglingLifetime ; exec copies the spec */
	return r;
}
