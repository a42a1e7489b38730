#include "agentd/gateway/gateway.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agentd/gateway/capture.h"
#include "agentd/gateway/confine.h"
#include "agentd/gateway/gateway_priv.h"
#include "agentd/gateway/grants.h"
#include "agentd/gateway/journal.h"
#include "agentd/gateway/price.h"
#include "agentd/gateway/provider.h"
#include "agentd/gateway/record.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/version.h"
#include "lib/httpd/door.h"
#include "lib/httpd/httpd.h"
#include "lib/io/child.h"
#include "lib/io/loop.h"
#include "lib/io/notify.h"
#include "lib/io/timer.h"
#include "lib/net/fetch.h"

enum {
	GATEWAY_ALARM_MS = 1000,
	GATEWAY_TICK_MS = 1000,
	GATEWAY_RETRY_MS = 5 * 1000,
	GATEWAY_GRACE_MS = 10 * 1000,
	GATEWAY_SWEEP_MS = 10 * 60 * 1000,
	GATEWAY_EXPIRED_MS = 24 * 60 * 60 * 1000, /* may still be asked for */
	GATEWAY_CONNS_MAX = 2048,
	GATEWAY_IDLE_S = 120,
	GATEWAY_CONN_MEMORY = 32 << 10
};

/* Folders of the gateway; run/gateway is the router's to pass. */
static const struct {
	const char *name;
	mode_t mode;
	bool router;
} gateway_dirs[] = {
	{ "run/gateway", 02710, true },
	{ "gateway", 0700, false },
	{ "gateway/keys", 0700, false },
	{ "gateway/providers", 0700, false },
	{ "gateway/log", 0700, false },
};

/* Below what is the gateway's own only the gateway makes anything. */
static int
gateway_dir(const char *path, mode_t mode, uid_t uid, gid_t gid, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (mkdir(path, 0700) == -1 && errno != EEXIST)
		return err_sys(e, ERR_IO, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "open %s as a folder", path);
	if ((st.st_uid != uid || st.st_gid != gid) &&
	    fchown(fd, uid, gid) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "chown %s", path);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "chmod %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

int
gateway_enter(const char *home, const struct gateway_config *cfg, struct err *e)
{
	bool root = geteuid() == 0;

	for (size_t i = 0; i < sizeof(gateway_dirs) / sizeof(gateway_dirs[0]);
	     i++) {
		AUTO_FREE char *path = path_join(home, gateway_dirs[i].name);

		if (i == 2 && root &&
		    confine_become(cfg->uid, cfg->gid, e) == -1)
			return -1;
		if (gateway_dir(path, gateway_dirs[i].mode, cfg->uid,
			gateway_dirs[i].router ? cfg->router_gid : cfg->gid,
			e) == -1)
			return -1;
	}
	return chdir("/") == -1 ? err_sys(e, ERR_IO, "chdir /") : 0;
}

int
gateway_sync(const char *path)
{
	struct err e = ERR_INIT;
	char buf[4096];
	ssize_t n;

	/* It ends with the gateway, by the end of its input. */
	if (signal(SIGTERM, SIG_IGN) == SIG_ERR ||
	    signal(SIGINT, SIG_IGN) == SIG_ERR ||
	    confine_filter(false, &e) == -1)
		return 1;
	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0 ||
	    (n == -1 && errno == EINTR)) {
		/* By name: the journal may be a new file. */
		int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd == -1 || fdatasync(fd) == -1)
			log_error("gateway sync path=%s errno=%d",
			    log_val(path), errno);
		if (fd != -1)
			(void)close(fd);
	}
	return 0;
}

static void gateway_on_term(void *arg);

static void
gateway_on_sync_exit(const struct child_exit *x, void *arg)
{
	struct gateway *g = arg;

	/* The filter lets no program be started: who started the gateway
	 * starts it anew. */
	log_error("gateway sync-ended status=%d; the gateway stops", x->status);
	if (g->sync_fd != -1)
		(void)close(g->sync_fd);
	g->sync_fd = -1;
	g->sync_lost = true;
	gateway_on_term(g);
}

static int
gateway_start_sync(struct gateway *g, const char *journal, struct err *e)
{
	const char *const argv[] = { "/proc/self/exe", "--sync", journal,
		NULL };
	const char *const envp[] = { "LC_ALL=C", NULL };
	const struct child_spec spec = { .argv = argv,
		.envp = envp,
		.in = CHILD_PIPE,
		.out = CHILD_NULL,
		.err = CHILD_FD,
		.err_fd = STDERR_FILENO,
		.on_exit = gateway_on_sync_exit,
		.arg = g };
	struct child *c;

	if (child_start(g->loop, &spec, &c, e) == -1)
		return -1;
	g->sync_fd = child_take_in(c);
	return 0;
}

void
gateway_journal_moved(struct gateway *g)
{
	/* Full is fine: the child is behind, and will see this line too. */
	if (g->sync_fd != -1 && write(g->sync_fd, "", 1) == -1 &&
	    errno != EAGAIN)
		log_error("gateway sync errno=%d", errno);
	if (journal_is_due(g->journal) && !timer_pending(g->tick))
		timer_set(g->tick, GATEWAY_TICK_MS);
}

void
gateway_alarm(
    struct gateway *g, const char *what, uint64_t project, const char *detail)
{
	int64_t now = clock_mono_ms();

	if (now < g->alarm_until) {
		g->alarms++;
		return;
	}
	log_warn("gateway refuse what=%s project=%llu detail=%s more=%u", what,
	    (unsigned long long)project, log_val(detail), g->alarms);
	g->alarms = 0;
	g->alarm_until = now + GATEWAY_ALARM_MS;
}

static int
gateway_on_line(struct view line, void *arg, struct err *e)
{
	struct gateway *g = arg;
	int rc = ledger_replay(g->ledger, line, e);

	if (rc == 1)
		rc = grants_replay(g->grants, line, e);
	return rc == 1 ? err_set(e, ERR_PROTO,
			     "a line of a kind that this program does not "
			     "know")
		       : rc;
}

static void
gateway_snapshot(struct str *out, void *arg)
{
	struct gateway *g = arg;
	int64_t now = clock_now_ms();

	/* At the start: what was under way when it was killed. */
	if (g->journal == NULL) {
		unsigned n = ledger_replay_end(g->ledger);

		if (n > 0)
			log_warn("gateway unsettled exchanges=%u; they count "
				 "as they were reserved",
			    n);
	}
	ledger_snapshot(g->ledger, out, now);
	grants_snapshot(g->grants, out, now);
}

static int
gateway_add_prices(struct gateway *g, const char *path, bool must,
    char sha[SHA256_HEX], struct err *e)
{
	AUTO_STR struct str text = STR_INIT;

	sha[0] = '\0';
	if (path_read(path, PRICE_FILE_MAX, &text, e) == -1) {
		if (must || e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	sha256_hex(str_view(&text), sha);
	return prices_parse(g->prices, path, str_view(&text), e);
}

/* The home's rows come first, so that they win over equal ones. */
static int
gateway_load_prices(struct gateway *g, struct err *e)
{
	AUTO_FREE char *own = path_join(g->home, "gateway/prices");
	AUTO_FREE char *shipped = NULL;
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	g->prices = prices_new();
	if (gateway_add_prices(g, own, false, g->prices_own, e) == -1)
		return -1;
	if (g->cfg->prices != NULL)
		return gateway_add_prices(
		    g, g->cfg->prices, true, g->prices_shipped, e);
	self[n > 0 ? n : 0] = '\0';
	shipped = xasprintf("%.*s/../share/coffer/models/prices",
	    (int)(strrchr(self, '/') == NULL ? 0 : strrchr(self, '/') - self),
	    self);
	return gateway_add_prices(g, shipped, true, g->prices_shipped, e);
}

/* Providers and prices. */
static int
gateway_load_files(struct gateway *g, struct err *e)
{
	AUTO_FREE char *dir = path_join(g->home, "gateway");
	const struct providers_spec ps = {
		.loop = g->loop, .dir = dir, .commands = g->cfg->key_commands
	};

	if (gateway_load_prices(g, e) == -1)
		return -1;
	g->providers = providers_new(&ps, e);
	return g->providers == NULL ? -1 : 0;
}

static int
gateway_load(struct gateway *g, struct err *e)
{
	g->ledger = ledger_new(&g->cfg->limits);
	g->grants = grants_new();
	return gateway_load_files(g, e);
}

static int
gateway_open_files(struct gateway *g, const char *journal, struct err *e)
{
	AUTO_FREE char *record = path_join(
	    g->home, "gateway/log/exchanges.jsonl");
	AUTO_FREE char *content = path_join(g->home, "gateway/content");
	const struct journal_spec js = { .path = journal,
		.replay = gateway_on_line,
		.snapshot = gateway_snapshot,
		.arg = g };

	g->journal = journal_open(&js, e);
	if (g->journal == NULL)
		return -1;
	ledger_set_journal(g->ledger, g->journal);
	grants_set_journal(g->grants, g->journal);
	g->record = record_open(record, e);
	if (g->record == NULL)
		return -1;
	if (!g->cfg->capture)
		return 0;
	log_info("gateway capture runs=%u: what is said is kept",
	    (unsigned)g->cfg->capture_runs);
	g->capture = capture_open(content, (unsigned)g->cfg->capture_runs, e);
	return g->capture == NULL ? -1 : 0;
}

static int
gateway_listen(struct gateway *g, struct err *e)
{
	AUTO_FREE char *door = path_join(g->home, "run/gateway/gateway.sock");
	AUTO_FREE char *control = path_join(
	    g->home, "run/gateway/control.sock");
	const struct httpd_spec hs = { .loop = g->loop,
		.listen_fd = -1,
		.conn_memory = GATEWAY_CONN_MEMORY,
		.max_conns = GATEWAY_CONNS_MAX,
		.idle_s = GATEWAY_IDLE_S,
		.server_name = "coffer-gateway",
		.on_request = exchange_on_request,
		.arg = g };
	struct door_spec ds = {
		.loop = g->loop, .path = door, .router_uid = g->cfg->router_uid
	};

	g->net = net_new(g->loop, "coffer-gateway/" VERSION, e);
	if (g->net == NULL)
		return -1;
	g->httpd = httpd_new(&hs, e);
	if (g->httpd == NULL)
		return -1;
	ds.httpd = g->httpd;
	g->control = control_new(g, control, e);
	if (g->control == NULL)
		return -1;
	g->door = door_new(&ds, e);
	return g->door == NULL ? -1 : 0;
}

static void
gateway_on_tick(void *arg)
{
	struct gateway *g = arg;
	struct err e = ERR_INIT;

	if (g->stopping) {
		exchanges_cut_all(g);
		loop_stop(g->loop);
		return;
	}
	if (journal_renew(g->journal, &e) == -1) {
		log_error("gateway journal err=%s", log_val(e.msg));
		timer_set(g->tick, GATEWAY_RETRY_MS);
	}
}

void
gateway_forget(struct gateway *g, const struct ledger_who *who)
{
	struct ledger_state s;

	if (who->run == 0)
		return;
	ledger_look(g->ledger, LEDGER_RUN, who, clock_now_ms(), &s);
	if (s.reserved == 0)
		ledger_forget_run(g->ledger, who->run);
}

static void
gateway_on_expired(const struct ledger_who *who, void *arg)
{
	struct gateway *g = arg;

	exchanges_cut(g, who->run, who->project);
	gateway_forget(g, who);
}

/* Who asked for a token may have gone without an end of it. */
static void
gateway_on_sweep(void *arg)
{
	struct gateway *g = arg;

	grants_expire(g->grants, clock_now_ms() - GATEWAY_EXPIRED_MS,
	    gateway_on_expired, g);
	gateway_journal_moved(g);
	timer_set(g->sweep, GATEWAY_SWEEP_MS);
}

int
gateway_reload(struct gateway *g, struct err *e)
{
	struct gateway fresh = { .cfg = g->cfg, .home = g->home };
	struct providers *providers = g->providers;
	struct prices *prices = g->prices;

	fresh.loop = g->loop;
	if (gateway_load_files(&fresh, e) == -1) {
		providers_free(fresh.providers);
		prices_free(fresh.prices);
		return -1;
	}
	g->providers = fresh.providers;
	g->prices = fresh.prices;
	memcpy(g->prices_own, fresh.prices_own, sizeof(g->prices_own));
	memcpy(
	    g->prices_shipped, fresh.prices_shipped, sizeof(g->prices_shipped));
	/* Exchanges hold what they use. */
	providers_free(providers);
	prices_free(prices);
	log_info("gateway reload");
	return 0;
}

static void
gateway_on_hup(void *arg)
{
	struct err e = ERR_INIT;

	if (gateway_reload(arg, &e) == -1)
		log_error("gateway reload err=%s", log_val(e.msg));
}

/* What is under way may end by itself. */
static void
gateway_on_term(void *arg)
{
	struct gateway *g = arg;

	if (g->stopping || g->n_exchanges == 0) {
		loop_stop(g->loop);
		return;
	}
	log_info("gateway stop exchanges=%u", g->n_exchanges);
	g->stopping = true;
	door_stop(g->door);
	timer_set(g->tick, GATEWAY_GRACE_MS);
}

static void
gateway_release(struct gateway *g)
{
	control_stop(g->control);
	door_free(g->door);
	/* Ends every exchange, which settles at what was seen. */
	httpd_free(g->httpd);
	if (g->loop != NULL)
		loop_drain(g->loop);
	net_free(g->net);
	control_free(g->control);
	providers_free(g->providers);
	record_close(g->record);
	capture_close(g->capture);
	ledger_free(g->ledger);
	grants_free(g->grants);
	journal_close(g->journal);
	prices_free(g->prices);
	timer_free(g->tick);
	timer_free(g->sweep);
	if (g->sync_fd != -1)
		(void)close(g->sync_fd);
	loop_free(g->loop);
}

static int
gateway_start(struct gateway *g, struct err *e)
{
	AUTO_FREE char *journal = path_join(g->home, "gateway/journal");

	g->loop = loop_new(e);
	if (g->loop == NULL || gateway_start_sync(g, journal, e) == -1 ||
	    confine_filter(g->cfg->key_commands, e) == -1)
		return -1;
	g->tick = timer_new(g->loop, gateway_on_tick, g);
	g->sweep = timer_new(g->loop, gateway_on_sweep, g);
	timer_set(g->sweep, GATEWAY_SWEEP_MS);
	if (gateway_load(g, e) == -1 ||
	    gateway_open_files(g, journal, e) == -1 ||
	    gateway_listen(g, e) == -1 ||
	    loop_on_signal(g->loop, SIGHUP, gateway_on_hup, g, e) == -1 ||
	    loop_on_signal(g->loop, SIGTERM, gateway_on_term, g, e) == -1 ||
	    loop_on_signal(g->loop, SIGINT, gateway_on_term, g, e) == -1)
		return -1;
	return 0;
}

int
gateway_serve(const char *home, const struct gateway_config *cfg, struct err *e)
{
	struct gateway g = { .cfg = cfg, .home = home, .sync_fd = -1 };
	int rc;

	LIST_INIT(&g.exchanges);
	rc = gateway_start(&g, e);
	if (rc == 0) {
		log_info("gateway ready tokens=%zu", grants_count(g.grants));
		notify_ready();
		rc = loop_run(g.loop, e);
	}
	if (rc == 0 && g.sync_lost)
		rc = err_set(e, ERR_IO, "nothing puts the journal on the disk");
	gateway_release(&g);
	return rc;
}

int
gateway_check(const char *home, const struct gateway_config *cfg, struct err *e)
{
	struct gateway g = { .cfg = cfg, .home = home, .sync_fd = -1 };
	int rc = gateway_load(&g, e);

	gateway_release(&g);
	return rc;
}

int
gateway_set_key(const char *home, const char *name, struct err *e)
{
	AUTO_FREE char *path = xasprintf("%s/gateway/keys/%s", home, name);
	char text[PROVIDER_KEY_MAX + 2];
	size_t len = 0;
	ssize_t n;
	int rc;

	if (!path_component_ok(name))
		return err_set(
		    e, ERR_INVALID, "%.40s: no provider's name", name);
	while (len < sizeof(text) &&
	    (n = read(STDIN_FILENO, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		len--;
	if (len == 0 || len > PROVIDER_KEY_MAX)
		return err_set(e, ERR_INVALID,
		    "the key comes on standard input, at most %d bytes",
		    PROVIDER_KEY_MAX);
	rc = path_write_atomic(path, text, len, 0600, e);
	explicit_bzero(text, sizeof(text));
	return rc;
}
