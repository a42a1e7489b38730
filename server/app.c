#include "server/app.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/httpd/door.h"
#include "lib/httpd/httpd.h"
#include "lib/httpd/tls_door.h"
#include "lib/httpd/tls_keys.h"
#include "lib/io/loop.h"
#include "lib/io/notify.h"
#include "lib/io/sock.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"
#include "server/api/api.h"
#include "server/api/hook_payload.h"
#include "server/auth/password.h"
#include "server/config.h"
#include "server/domain/dial_rule.h"
#include "server/git/git_copy.h"
#include "server/git/git_env.h"
#include "server/git/git_pool.h"
#include "server/git/packs.h"
#include "server/git/repo_use.h"
#include "server/githttp/githttp.h"
#include "server/home.h"
#include "server/http/event_stream.h"
#include "server/http/http_stats.h"
#include "server/http/router.h"
#include "server/jobs/age_sweep.h"
#include "server/jobs/approval_sweep.h"
#include "server/jobs/audit_sweep.h"
#include "server/jobs/care.h"
#include "server/jobs/event_sweep.h"
#include "server/jobs/fill_loop.h"
#include "server/jobs/hook_loop.h"
#include "server/jobs/host_files.h"
#include "server/jobs/lease_sweep.h"
#include "server/jobs/mirror_loop.h"
#include "server/jobs/pack_sweep.h"
#include "server/jobs/upstream_loop.h"
#include "server/service/svc.h"
#include "server/service/svc_attachment.h"
#include "server/service/svc_audit.h"
#include "server/service/svc_auto_merge.h"
#include "server/service/svc_ci.h"
#include "server/service/svc_look.h"
#include "server/service/svc_merge.h"
#include "server/service/svc_mirror.h"
#include "server/service/svc_project.h"
#include "server/service/svc_pull.h"
#include "server/service/svc_purge.h"
#include "server/service/svc_push.h"
#include "server/service/svc_reconcile.h"
#include "server/service/svc_upstream.h"
#include "server/service/svc_use.h"
#include "server/service/svc_work.h"
#include "server/store/db.h"
#include "server/store/projects.h"
#include "server/store/seed.h"
#include "server/store/tokens.h"
#include "server/store/users.h"
#include "server/web/web.h"

enum {
	APP_STOP_STEP_MS = 50,
	APP_STOP_STEPS_MIN = 4,    /* replies get out */
	APP_STOP_STEPS_OPEN = 100, /* who is being answered is */
	APP_STOP_STEPS_MAX = 200
};

struct app {
	int lock; /* one cofferd per home */
	const char *home;
	const struct config *cfg;
	char *public_url;
	struct loop *loop;
	struct db *db;
	struct net *net;
	struct git_env *env;
	struct git_pool *git;
	struct repo_use *use;
	struct pack_sweep *packs;
	struct svc svc;
	struct event_stream *events;
	struct svc_mirror *mirror;
	struct mirror_loop *mirror_loop;
	struct svc_upstream *upstream;
	struct upstream_loop *upstream_loop;
	struct dial_rule *dial;
	struct dial_rule *proxies;
	struct hook_loop *hooks;
	struct fill_loop *fill;
	struct age_sweep *ages;
	struct approval_sweep *approvals;
	struct lease_sweep *leases;
	struct audit_sweep *audit;
	struct host_files *host_files;
	struct event_sweep *event_ages;
	struct svc_push *push;
	struct passwords *passwords;
	struct githttp *githttp;
	struct router *router;
	struct httpd *httpd;
	struct door *door;
	struct tls_door *tls;
	struct timer *stop;
	int stop_steps;
};

static const struct svc_upper app_upper = {
	.mirror_wake = mirror_loop_wake,
	.mirror_forget = mirror_loop_forget,
	.mirror_sync = mirror_loop_sync_now,
	.mirror_cancel = mirror_loop_cancel_wait,
	.care_now = care_now,
	.care_cancel = care_cancel_wait,
	.care_forget = care_forget,
	.hooks_wake = hook_loop_wake,
	.hook_payload = hook_payload_make,
	.reply_tar = githttp_reply_tar,
	.reply_archive = githttp_reply_archive,
	.reply_blob = githttp_reply_blob,
};

static void
app_on_commit(int64_t last_seq, void *arg)
{
	struct app *a = arg;

	event_stream_on_commit(a->events, last_seq);
	svc_auto_on_commit(&a->svc, last_seq);
	if (a->hooks != NULL)
		hook_loop_on_commit(a->hooks, last_seq);
	if (a->router != NULL)
		router_on_commit(a->router);
}

static int
app_user(struct app *a, const char *login, int64_t *id, struct err *e)
{
	struct user u;

	if (users_by_name(db_reader(a->db), login, &u, e) == -1)
		return err_wrap(
		    e, "%s: run cofferd --init: user %s", a->home, login);
	*id = u.id;
	return 0;
}

static int
app_reset_job(struct txn *t, void *arg, struct err *e)
{
	int64_t n;

	(void)arg;
	if (tokens_salt_old(t, e) == -1)
		return err_wrap(e, "salt the tokens");
	return projects_reset_syncing(t, clock_now_ms(), &n, e);
}

static int
app_lock(struct app *a, struct err *e)
{
	AUTO_FREE char *path = path_join(a->home, "db/lock");

	a->lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (a->lock == -1)
		return err_sys(
		    e, ERR_IO, "%s: run cofferd --init: open db/lock", a->home);
	if (flock(a->lock, LOCK_EX | LOCK_NB) == -1)
		return err_sys(
		    e, ERR_EXISTS, "%s: another cofferd runs there", a->home);
	return 0;
}

static int
app_open_db(struct app *a, struct err *e)
{
	AUTO_FREE char *path = path_join(a->home, "db/coffer.db");

	if (access(path, F_OK) == -1)
		return err_set(e, ERR_NOTFOUND,
		    "%s: there is no database; run cofferd --init", a->home);
	if (db_open(&a->db, path, a->loop, e) == -1 ||
	    app_user(a, SEED_AGENT, &a->svc.agent_id, e) == -1 ||
	    app_user(a, SEED_CI, &a->svc.ci_id, e) == -1 ||
	    app_user(a, SEED_AGENTD, &a->svc.agentd_id, e) == -1 ||
	    db_write_now(a->db, app_reset_job, NULL, e) == -1)
		return -1;
	a->events = event_stream_new(a->loop, a->db);
	db_on_commit(a->db, app_on_commit, a);
	return 0;
}

/* Without the program clones work, each with a computation of its own. */
static void
app_open_packs(struct app *a)
{
	AUTO_FREE char *program = NULL;
	struct err e = ERR_INIT;

	if (packs_program(&program, &e) == -1) {
		log_warn("packs off reason=%s", log_val(e.msg));
		return;
	}
	/* One pack is not all that is kept. */
	gitenv_use_packs(a->env, program, a->cfg->pack_cache / 2);
	a->packs = packsweep_new(&(struct pack_sweep_spec){ .loop = a->loop,
	    .env = a->env,
	    .max = a->cfg->pack_cache,
	    .age_ms = a->cfg->pack_cache_age_ms });
}

static int
app_open_git(struct app *a, struct err *e)
{
	static const char *const worker[] = { "/proc/self/exe", "--git-worker",
		NULL };
	AUTO_FREE char *repos = path_join(a->home, "repos");
	struct git_pool_spec spec = { .loop = a->loop,
		.repos = repos,
		.worker_argv = worker,
		.workers = (unsigned)a->cfg->git_workers };

	a->env = gitenv_new(a->home, a->cfg->allow_file_upstream, e);
	if (a->env == NULL)
		return -1;
	a->use = repo_use_new(a->loop);
	spec.use = a->use;
	app_open_packs(a);
	a->git = gitpool_new(&spec, e);
	return a->git == NULL ? -1 : 0;
}

static void
app_fill_svc(struct app *a)
{
	static const char *const worker[] = { "/proc/self/exe",
		"--password-worker", NULL };

	a->passwords = passwords_new(a->loop, worker, clock_mono_ms);
	a->svc.passwords = a->passwords;
	a->svc.upper = &app_upper;
	a->svc.loop = a->loop;
	a->svc.db = a->db;
	a->svc.git = a->git;
	a->svc.env = a->env;
	a->svc.use = a->use;
	a->svc.copies = gitcopies_new(
	    a->loop, a->env, a->git, a->use, a->cfg->min_free);
	a->svc.events = a->events;
	a->svc.now = clock_now_ms;
	a->svc.started_at = clock_now_ms();
	a->svc.home = a->home;
	a->svc.public_url = a->public_url;
	a->svc.own_url = a->cfg->public_url;
	a->svc.min_free = a->cfg->min_free;
	a->svc.http = http_stats_new();
	a->svc.allow_file_upstream = a->cfg->allow_file_upstream;
	a->svc.sync_interval_ms = a->cfg->sync_interval_ms;
	a->svc.pulls = svc_pulls_new(&a->svc);
	a->svc.looks = svc_looks_new(&a->svc);
	a->svc.uses = svc_uses_new();
	a->svc.works = svc_works_new(&a->svc);
	a->svc.ci = svc_ci_new(&a->svc);
	a->svc.autos = svc_auto_new(&a->svc);
	a->svc.purge = svc_purge_new(&a->svc);
}

static int
app_open_files(struct app *a, struct err *e)
{
	const struct svc_files_spec spec = { .svc = &a->svc,
		.max = a->cfg->attachment_max,
		.types = a->cfg->attachment_types,
		.min_free = a->cfg->min_free };

	a->svc.files = svc_files_new(&spec, e);
	return a->svc.files == NULL ? -1 : 0;
}

static int
app_open_mirror(struct app *a, struct err *e)
{
	const struct svc_mirror_spec ms = { .loop = a->loop,
		.db = a->db,
		.pool = a->git,
		.env = a->env,
		.net = a->net,
		.svc = &a->svc,
		.limits = { .ca_file = a->cfg->upstream_ca,
		    .ssh_agent = a->cfg->ssh_agent,
		    .max_bytes = a->cfg->mirror_max,
		    .min_free = a->cfg->min_free,
		    .stall_ms = a->cfg->upstream_stall_ms },
		.fetches = (unsigned)a->cfg->sync_fetches };
	const struct svc_push_spec ps = {
		.loop = a->loop, .db = a->db, .pool = a->git, .svc = &a->svc
	};

	a->mirror = svc_mirror_new(&ms);
	a->mirror_loop = mirror_loop_new(
	    &(struct mirror_loop_spec){ .loop = a->loop,
		.db = a->db,
		.mirror = a->mirror,
		.at_once = (unsigned)a->cfg->sync_at_once,
		.per_host = (unsigned)a->cfg->sync_per_host });
	a->svc.mirror = a->mirror_loop;
	a->push = svc_push_new(&ps);
	a->svc.push = a->push;
	a->svc.care = care_new(&(struct care_spec){ .svc = &a->svc,
	    .quiet_ms = a->cfg->care_quiet_ms,
	    .check_ms = a->cfg->care_check_ms });
	return svc_project_start(&a->svc, e);
}

static void
app_open_upstream(struct app *a)
{
	a->upstream = svc_upstream_new(
	    &(struct svc_upstream_spec){ .svc = &a->svc,
		.net = a->net,
		.forges = a->cfg->github_api,
		.ca_file = a->cfg->upstream_ca });
	a->upstream_loop = upstream_loop_new(
	    &(struct upstream_loop_spec){ .loop = a->loop,
		.db = a->db,
		.upstream = a->upstream,
		.home = a->home,
		.interval_ms = a->cfg->github_interval_ms });
}

static int
app_open_hooks(struct app *a, struct err *e)
{
	a->dial = dial_rule_new(a->cfg->webhook_allow, e);
	if (a->dial == NULL)
		return -1;
	a->fill = fill_loop_new(&a->svc);
	a->hooks = hook_loop_new(&(struct hook_loop_spec){ .svc = &a->svc,
	    .net = a->net,
	    .dial = a->dial,
	    .payload = hook_payload_make,
	    .retry_ms = a->cfg->webhook_retry_ms });
	a->svc.hooks = a->hooks;
	return 0;
}

/* A listening socket; its real address in *bound. */
static int
app_listen(const char *at, int *fd, struct sock_addr *bound, struct err *e)
{
	struct sock_addr want;

	if (sock_parse(at, &want, e) == -1 ||
	    sock_listen(&want, 0, fd, e) == -1)
		return err_wrap(e, "listen on %s", at);
	bound->len = sizeof(bound->ss);
	if (getsockname(*fd, (struct sockaddr *)&bound->ss, &bound->len) == -1)
		return err_sys(e, ERR_IO, "getsockname");
	return 0;
}

/* run/ may be root's: then the file is there already and only written into,
 * which for a line this short is one write. */
static int
app_write_addr(struct app *a, const char *text, struct err *e)
{
	AUTO_FREE char *path = path_join(a->home, "run/cofferd.addr");
	AUTO_FREE char *line = xasprintf("%s\n", text);
	AUTO_CLOSE int fd = -1;
	size_t n = strlen(line);

	if (path_write_atomic(path, line, n, 0644, e) == 0)
		return 0;
	*e = ERR_INIT;
	fd = open(path, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || write(fd, line, n) != (ssize_t)n)
		return err_sys(e, ERR_IO, "write %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static void
app_fallback(struct request *q, const struct identity *who, void *arg)
{
	struct app *a = arg;

	githttp_request(a->githttp, q, who);
}

static int
app_open_http(struct app *a, int fd, struct err *e)
{
	AUTO_FREE char *front = path_join(a->home, "run/front/cofferd.sock");
	struct config ids = { .router_uid = a->cfg->router_uid,
		.router_gid = a->cfg->router_gid };
	const struct router_spec rs = { .loop = a->loop,
		.db = a->db,
		.passwords = a->passwords,
		.rate = a->cfg->rate,
		.proxies = a->proxies,
		.tables = api_tables,
		.pages = web_tables,
		.stats = a->svc.http,
		.access = a->cfg->access,
		.app = &a->svc,
		.public_url = a->public_url,
		.cookie = web_cookie(a->public_url),
		.sign_in = web_sign_in_first,
		.now = clock_now_ms,
		.handles = githttp_handles,
		.fallback = app_fallback,
		.arg = a };
	const struct githttp_spec gs = { .loop = a->loop,
		.db = a->db,
		.pool = a->git,
		.env = a->env,
		.push = a->push,
		.use = a->use,
		.max_packs = (unsigned)a->cfg->max_packs,
		.user_packs = (unsigned)a->cfg->packs_per_user,
		.project_packs = (unsigned)a->cfg->packs_per_project,
		.wait_ms = a->cfg->pack_wait_ms,
		.wall_ms = a->cfg->pack_wall_ms,
		.idle_ms = a->cfg->pack_idle_ms,
		.max_push = a->cfg->push_max,
		.max_objects = a->cfg->push_objects,
		.max_object = a->cfg->push_object,
		.max_memory = a->cfg->push_memory };
	struct httpd_spec hs = { .loop = a->loop,
		.listen_fd = fd,
		.on_request = router_on_request };
	struct door_spec ds = { .loop = a->loop, .path = front };

	a->githttp = githttp_new(&gs);
	a->svc.githttp = a->githttp;
	a->router = router_new(&rs);
	hs.arg = a->router;
	a->httpd = httpd_new(&hs, e);
	if (a->httpd == NULL)
		return -1;
	config_router_ids(&ids);
	ds.httpd = a->httpd;
	ds.router_uid = (uid_t)ids.router_uid;
	a->door = door_new(&ds, e);
	return a->door == NULL ? -1 : 0;
}

static int
app_open_tls(struct app *a, struct err *e)
{
	struct tls_door_spec ts = { .loop = a->loop, .httpd = a->httpd };
	char text[SOCK_TEXT_MAX];
	struct sock_addr bound;

	if (a->cfg->listen_tls == NULL)
		return 0;
	ts.keys = config_tls(a->cfg, e);
	if (ts.keys == NULL)
		return -1;
	if (app_listen(a->cfg->listen_tls, &ts.listen_fd, &bound, e) == -1) {
		tls_keys_free(ts.keys);
		return -1;
	}
	a->tls = tls_door_new(&ts);
	a->svc.tls = a->tls;
	log_info("server listen tls=%s", log_val(sock_text(&bound, text)));
	return 0;
}

static int
app_open(struct app *a, struct err *e)
{
	char text[SOCK_TEXT_MAX];
	struct sock_addr bound;
	int fd = -1;

	a->loop = loop_new(e);
	if (a->loop == NULL || app_lock(a, e) == -1 ||
	    app_listen(a->cfg->listen, &fd, &bound, e) == -1)
		return -1;
	sock_text(&bound, text);
	a->public_url = a->cfg->public_url != NULL
	    ? xstrdup(a->cfg->public_url)
	    : xasprintf("http://%s", text);
	a->proxies = dial_rule_new(a->cfg->trusted_proxies, e);
	a->net = net_new(a->loop, "cofferd/" APP_VERSION, e);
	if (a->proxies == NULL || a->net == NULL || app_open_db(a, e) == -1 ||
	    app_open_git(a, e) == -1) {
		close(fd);
		return -1;
	}
	app_fill_svc(a);
	if (app_open_files(a, e) == -1 || app_open_mirror(a, e) == -1) {
		close(fd);
		return -1;
	}
	app_open_upstream(a);
	if (app_open_hooks(a, e) == -1) {
		close(fd);
		return -1;
	}
	if (app_open_http(a, fd, e) == -1 || app_open_tls(a, e) == -1 ||
	    app_write_addr(a, text, e) == -1)
		return -1;
	log_info("server listen address=%s home=%s", log_val(text),
	    log_val(a->home));
	return 0;
}

struct app *
app_new(const char *home, struct config *cfg, struct err *e)
{
	struct app *a = xcalloc(1, sizeof(*a));

	a->lock = -1;
	a->home = home;
	a->cfg = cfg;
	if (app_open(a, e) == 0)
		return a;
	app_free(a);
	return NULL;
}

static void
app_note_restored(struct app *a)
{
	AUTO_FREE char *path = path_join(a->home, HOME_RESTORED);

	svc_audit_restored(&a->svc, path);
}

/* Refs and rows are one truth again: now the world may be asked. */
static void
app_on_reconciled(uint32_t moved, uint32_t failed, void *arg)
{
	struct app *a = arg;
	struct err e = ERR_INIT;

	a->svc.reconciled = true;
	log_info("server reconciled moved=%u failed=%u", moved, failed);
	app_note_restored(a);
	if (mirror_loop_start(a->mirror_loop, &e) == -1)
		log_error("mirror start reason=%s", log_val(e.msg));
	e = ERR_INIT;
	if (care_start(a->svc.care, &e) == -1)
		log_error("care start reason=%s", log_val(e.msg));
	upstream_loop_start(a->upstream_loop);
	hook_loop_start(a->hooks);
	fill_loop_start(a->fill);
	a->ages = age_sweep_new(&(struct age_sweep_spec){ .svc = &a->svc,
	    .logs_ms = a->cfg->keep_logs_ms,
	    .records_ms = a->cfg->keep_records_ms });
	a->approvals = approval_sweep_new(&a->svc);
	a->leases = lease_sweep_new(&a->svc);
	a->host_files = hostfiles_new(&a->svc);
	a->audit = audit_sweep_new(&a->svc, a->cfg->audit_keep_ms);
	if (a->cfg->keep_events_ms > 0)
		a->event_ages = event_sweep_new(
		    &a->svc, a->cfg->keep_events_ms);
	svc_files_start(a->svc.files);
	svc_pulls_start(&a->svc);
	svc_auto_start(&a->svc);
	svc_purge_soon(a->svc.purge);
}

static void
app_on_merges(const struct err *fail, void *arg)
{
	struct app *a = arg;
	const struct svc_reconcile_spec spec = {
		.loop = a->loop, .db = a->db, .pool = a->git, .svc = &a->svc
	};

	if (fail != NULL)
		log_error("merge recover reason=%s", log_val(fail->msg));
	svc_reconcile_start(&spec, app_on_reconciled, a);
}

static void
app_on_stop_step(void *arg)
{
	struct app *a = arg;

	bool open = http_stats_open(a->svc.http) > 0 &&
	    a->stop_steps < APP_STOP_STEPS_OPEN;

	a->stop_steps++;
	if (a->stop_steps >= APP_STOP_STEPS_MIN && !open &&
	    (db_queued(a->db) == 0 || a->stop_steps > APP_STOP_STEPS_MAX)) {
		loop_stop(a->loop);
		return;
	}
	timer_set(a->stop, APP_STOP_STEP_MS);
}

static void
app_on_signal(void *arg)
{
	struct app *a = arg;

	if (a->stop != NULL)
		return;
	log_info("server stop");
	httpd_quiesce(a->httpd);
	door_stop(a->door);
	tls_door_stop(a->tls);
	event_stream_stop(a->events);
	mirror_loop_stop(a->mirror_loop);
	hook_loop_stop(a->hooks);
	fill_loop_stop(a->fill);
	age_sweep_free(STEAL(a->ages));
	approval_sweep_free(STEAL(a->approvals));
	lease_sweep_free(STEAL(a->leases));
	svc_ci_stop(a->svc.ci);
	svc_auto_stop(a->svc.autos);
	svc_purge_stop(a->svc.purge);
	svc_works_stop(a->svc.works);
	a->stop = timer_new(a->loop, app_on_stop_step, a);
	timer_set(a->stop, APP_STOP_STEP_MS);
}

/* The certificate is what may change while it runs; what cannot be used
 * changes nothing. */
static void
app_on_hup(void *arg)
{
	struct app *a = arg;
	struct err e = ERR_INIT;
	struct tls_keys *keys;

	if (a->tls == NULL || a->stop != NULL) {
		log_info("server reload nothing");
		return;
	}
	keys = config_tls(a->cfg, &e);
	if (keys == NULL) {
		log_error("server reload reason=%s", log_val(e.msg));
		return;
	}
	tls_door_use(a->tls, keys);
	log_info("server reload certificate=%s", log_val(a->cfg->tls_cert));
}

int
app_run(struct app *a, struct err *e)
{
	if (loop_on_signal(a->loop, SIGTERM, app_on_signal, a, e) == -1 ||
	    loop_on_signal(a->loop, SIGINT, app_on_signal, a, e) == -1 ||
	    loop_on_signal(a->loop, SIGHUP, app_on_hup, a, e) == -1)
		return -1;
	svc_ci_start(a->svc.ci);
	svc_merge_recover(&a->svc, app_on_merges, a);
	notify_ready();
	return loop_run(a->loop, e);
}

void
app_free(struct app *a)
{
	door_free(a->door);
	tls_door_free(a->tls);
	githttp_free(a->githttp);
	if (a->httpd != NULL)
		httpd_free(a->httpd);
	passwords_free(a->passwords);
	http_stats_free(a->svc.http);
	router_free(a->router);
	a->router = NULL; /* the last commits still come */
	upstream_loop_free(a->upstream_loop);
	svc_upstream_free(a->upstream);
	mirror_loop_free(a->mirror_loop);
	svc_mirror_free(a->mirror);
	svc_push_free(a->push);
	care_free(a->svc.care);
	gitcopies_free(a->svc.copies);
	if (a->git != NULL)
		gitpool_free(a->git);
	db_close(a->db);
	svc_files_free(a->svc.files);
	svc_ci_free(a->svc.ci);
	svc_pulls_free(a->svc.pulls);
	svc_looks_free(a->svc.looks);
	svc_uses_free(a->svc.uses);
	svc_works_free(a->svc.works);
	svc_auto_free(a->svc.autos);
	svc_purge_free(a->svc.purge);
	event_stream_free(a->events);
	repo_use_free(a->use);
	hook_loop_free(a->hooks);
	fill_loop_free(a->fill);
	age_sweep_free(a->ages);
	approval_sweep_free(a->approvals);
	lease_sweep_free(a->leases);
	audit_sweep_free(a->audit);
	hostfiles_free(a->host_files);
	event_sweep_free(a->event_ages);
	dial_rule_free(a->dial);
	dial_rule_free(a->proxies);
	packsweep_free(a->packs);
	gitenv_free(a->env);
	if (a->net != NULL)
		net_free(a->net);
	timer_free(a->stop);
	if (a->loop != NULL)
		loop_free(a->loop);
	if (a->lock != -1)
		close(a->lock);
	free(a->public_url);
	free(a);
}
