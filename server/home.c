#include "server/home.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/path.h"
#include "lib/base/rnd.h"
#include "lib/base/str.h"
#include "lib/base/view.h"
#include "lib/httpd/tls_keys.h"
#include "server/config.h"
#include "server/store/db.h"
#include "server/store/seed.h"

enum {
	HOME_FDS = 65536
};

/* Whose a part of the home is, when root makes it. */
enum home_owner {
	HOME_ROOT, /* of whoever runs --init */
	HOME_SERVER,
	HOME_FRONT /* server uid, router gid */
};

static const struct home_part {
	const char *name;
	enum home_owner owner;
	mode_t mode;
} home_parts[] = {
	{ "db", HOME_SERVER, 0700 },
	{ "git", HOME_SERVER, 0700 },
	{ "repos", HOME_SERVER, 0700 },
	{ "attachments", HOME_SERVER, 0700 },
	{ "logs", HOME_SERVER, 0700 },
	{ "logs/runs", HOME_SERVER, 0700 },
	{ "logs/jobs", HOME_SERVER, 0700 },
	{ "secrets", HOME_ROOT, 0711 },
	{ "secrets/upstream", HOME_SERVER, 0700 },
	{ "secrets/runs", HOME_SERVER, 0700 },
	{ "log", HOME_ROOT, 0711 },
	{ "run", HOME_ROOT, 0755 },
	{ "run/front", HOME_FRONT, 02710 },
	{ "sandboxes", HOME_ROOT, 0711 },
	{ "runs", HOME_ROOT, 0711 },
	{ "jobs", HOME_ROOT, 0711 },
};

struct home_init {
	const char *home;
	FILE *out;
	bool root;
	uid_t uid; /* the server's */
	gid_t gid;
	gid_t router_gid;
};

char *
home_path(const char *given)
{
	AUTO_FREE char *cwd = NULL;
	const char *user;

	if (given == NULL)
		given = getenv("COFFER_HOME");
	if (given != NULL && given[0] == '/')
		return xstrdup(given);
	if (given != NULL && given[0] != '\0') {
		cwd = getcwd(NULL, 0);
		return path_join(cwd != NULL ? cwd : "/", given);
	}
	user = getenv("HOME");
	if (geteuid() == 0 || user == NULL || user[0] != '/')
		return xstrdup("/var/lib/coffer");
	return path_join(user, ".local/share/coffer");
}

int
home_check_whole(const char *home, struct err *e)
{
	AUTO_FREE char *path = path_join(home, HOME_RESTORING);

	return access(path, F_OK) == -1
	    ? 0
	    : err_set(e, ERR_INVALID,
		  "%s: a restore of a backup was cut off here, or goes on: "
		  "remove this home and restore again",
		  home);
}

/* One folder: made when absent, never through a link. */
static int
home_dir(const struct home_init *h, const char *path, uid_t uid, gid_t gid,
    mode_t mode, struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (mkdir(path, mode & 0777) == 0)
		fprintf(h->out, "made %s\n", path);
	else if (errno != EEXIST)
		return err_sys(e, ERR_IO, "make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd == -1 || fstat(fd, &st) == -1)
		return err_sys(e, ERR_IO, "open %s as a folder", path);
	if (h->root && (st.st_uid != uid || st.st_gid != gid) &&
	    fchown(fd, uid, gid) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "chown %s", path);
	if ((st.st_mode & 07777) != mode && fchmod(fd, mode) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "chmod %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
home_init_dirs(const struct home_init *h, struct err *e)
{
	for (size_t i = 0; i < sizeof(home_parts) / sizeof(home_parts[0]);
	     i++) {
		const struct home_part *p = &home_parts[i];
		AUTO_FREE char *path = path_join(h->home, p->name);
		uid_t uid = p->owner == HOME_ROOT ? geteuid() : h->uid;
		gid_t gid = p->owner == HOME_ROOT ? getegid()
		    : p->owner == HOME_FRONT      ? h->router_gid
						  : h->gid;

		if (home_dir(h, path, uid, gid, p->mode, e) == -1)
			return -1;
	}
	return 0;
}

/* A file that is only written when it is absent. */
static int
home_file(const struct home_init *h, const char *name, const char *text,
    mode_t mode, struct err *e)
{
	AUTO_FREE char *path = path_join(h->home, name);
	struct stat st;

	if (lstat(path, &st) == 0)
		return 0;
	if (path_write_atomic(path, text, strlen(text), mode, e) == -1)
		return -1;
	fprintf(h->out, "wrote %s\n", path);
	return 0;
}

/* Where cofferd says which address it has: it may not make files in run/. */
static int
home_init_addr(const struct home_init *h, struct err *e)
{
	AUTO_FREE char *path = path_join(h->home, "run/cofferd.addr");
	AUTO_CLOSE int fd = -1;

	fd = open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd == -1)
		return err_sys(e, ERR_IO, "make %s", path);
	if (h->root && fchown(fd, h->uid, h->gid) == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return err_sys(e, ERR_IO, "chown %s", path);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
	return 0;
}

static int
home_secret_read(
    const struct home_init *h, const char *name, char *out, struct err *e)
{
	AUTO_FREE char *path = path_join(h->home, name);
	AUTO_STR struct str text = STR_INIT;
	struct view v;

	out[0] = '\0';
	if (path_read(path, 256, &text, e) == -1) {
		if (e->code != ERR_NOTFOUND)
			return -1;
		*e = ERR_INIT;
		return 0;
	}
	v = view_trim(str_view(&text));
	if (v.len != TOKEN_SECRET_HEX)
		return err_set(e, ERR_INVALID,
		    "%s: not a token; remove the file to get a new one", path);
	memcpy(out, v.p, v.len);
	out[v.len] = '\0';
	return 0;
}

static int
home_seed(const char *path, struct seed_secrets *s, struct err *e)
{
	struct db *d = NULL;
	int rc;

	if (db_open(&d, path, NULL, e) == -1)
		return -1;
	rc = store_init_home(d, s, clock_now_ms(), e);
	db_close(d);
	return rc;
}

/* The database belongs to the server, so it is made with the server's ids. */
static int
home_init_db(const struct home_init *h, struct seed_secrets *s, struct err *e)
{
	AUTO_FREE char *path = path_join(h->home, "db/coffer.db");
	int rc;

	if (!h->root)
		return home_seed(path, s, e);
	if (setegid(h->gid) == -1 || seteuid(h->uid) == -1)
		return err_sys(e, ERR_IO, "become uid %u", h->uid);
	rc = home_seed(path, s, e);
	if (seteuid(0) == -1 || setegid(0) == -1)
		return err_sys(e, ERR_IO, "become root again");
	return rc;
}

static int
home_init_secrets(const struct home_init *h, struct err *e)
{
	static const char *const names[] = { "secrets/admin.token",
		"secrets/agentd.token", "secrets/runner.token" };
	struct seed_secrets s = { .admin = "" };
	char *const at[] = { s.admin, s.agentd, s.runner };
	int rc = 0;

	for (int i = 0; i < 3; i++)
		if (home_secret_read(h, names[i], at[i], e) == -1)
			return -1;
	if (home_init_db(h, &s, e) == -1)
		return err_wrap(e, "database");
	for (int i = 0; i < 3 && rc == 0; i++) {
		char line[TOKEN_SECRET_HEX + 2];

		snprintf(line, sizeof(line), "%s\n", at[i]);
		rc = home_file(h, names[i], line, 0600, e);
		explicit_bzero(line, sizeof(line));
	}
	explicit_bzero(&s, sizeof(s));
	return rc;
}

static int
home_init_files(const struct home_init *h, struct err *e)
{
	AUTO_STR struct str conf = STR_INIT;
	char digits[5], instance[8];

	config_template(&conf);
	rnd_hex(digits, 2);
	snprintf(instance, sizeof(instance), "%s\n", digits);
	if (home_file(h, "coffer.conf", str_cstr(&conf), 0644, e) == -1 ||
	    home_file(h, "instance", instance, 0644, e) == -1 ||
	    home_init_addr(h, e) == -1)
		return -1;
	return 0;
}

/* Who the server is: whoever has the home already, unless that is root. */
/*
 * The server's uid is the owner of HOME/db.  HOME itself is root's: whoever
 * owned it could exchange the folders in which root works.
 */
static int
home_server(const char *home, struct stat *st)
{
	AUTO_FREE char *db = path_join(home, "db");

	return lstat(db, st);
}

static void
home_init_ids(struct home_init *h, const struct config *cfg)
{
	struct stat st;

	h->root = geteuid() == 0;
	h->router_gid = (gid_t)cfg->router_gid;
	if (!h->root) {
		h->uid = geteuid();
		h->gid = getegid();
		h->router_gid = h->gid;
	} else if ((home_server(h->home, &st) == 0 && st.st_uid != 0) ||
	    (lstat(h->home, &st) == 0 && st.st_uid != 0)) {
		h->uid = st.st_uid;
		h->gid = st.st_gid;
	} else {
		h->uid = config_server_uid(&h->gid);
	}
}

int
home_init(const char *home, FILE *out, struct err *e)
{
	struct home_init h = { .home = home, .out = out };
	struct config cfg;
	int rc;

	if (config_load(home, &cfg, e) == -1) {
		config_release(&cfg);
		return -1;
	}
	config_router_ids(&cfg);
	home_init_ids(&h, &cfg);
	config_release(&cfg);
	if (path_mkdirs(home, 0711, e) == -1)
		return -1;
	rc = home_dir(&h, home, geteuid(), getegid(), 0711, e);
	if (rc == 0)
		rc = home_init_dirs(&h, e);
	if (rc == 0)
		rc = home_init_files(&h, e);
	if (rc == 0)
		rc = home_init_secrets(&h, e);
	if (rc == 0)
		fprintf(out, "%s is ready\n", home);
	return rc;
}

/* A thousand readers of events are a thousand descriptors. */
static void
home_raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) == -1)
		return;
	r.rlim_cur = r.rlim_max < HOME_FDS ? r.rlim_max : HOME_FDS;
	if (setrlimit(RLIMIT_NOFILE, &r) == -1)
		log_warn("home rlimit reason=%s", strerror(errno));
}

/* What a newer program keeps in a home of an older one. */
static int
home_add_parts(const char *home, const struct stat *server, struct err *e)
{
	const struct home_init h = { .home = home,
		.out = stderr,
		.root = true,
		.uid = server->st_uid,
		.gid = server->st_gid };
	struct stat st;

	for (size_t i = 0; i < sizeof(home_parts) / sizeof(home_parts[0]);
	     i++) {
		const struct home_part *p = &home_parts[i];
		AUTO_FREE char *path = path_join(home, p->name);

		/* Root makes nothing below what is not its own. */
		if (p->owner != HOME_SERVER || strchr(p->name, '/') != NULL ||
		    lstat(path, &st) == 0)
			continue;
		if (home_dir(&h, path, h.uid, h.gid, p->mode, e) == -1)
			return -1;
	}
	return 0;
}

static void
home_see_as(uid_t uid, gid_t gid)
{
	if (setegid(gid) == -1 || seteuid(uid) == -1)
		log_warn("home see-as uid=%u reason=%s", uid, strerror(errno));
}

int
home_check_files(const char *home, const struct config *cfg, struct err *e)
{
	struct tls_keys *keys;
	struct stat st;
	bool root = geteuid() == 0 && home_server(home, &st) == 0;

	if (cfg->listen_tls == NULL)
		return 0;
	log_init("cofferd", cfg->level);
	if (root && setgroups(0, NULL) == 0)
		home_see_as(st.st_uid, st.st_gid);
	keys = config_tls(cfg, e);
	if (root && (seteuid(0) == -1 || setegid(0) == -1))
		die("home: cannot be root again");
	tls_keys_free(keys);
	return keys == NULL ? -1 : 0;
}

int
home_enter(const char *home, struct err *e)
{
	struct stat st;
	struct stat top;

	if (stat(home, &top) == -1 || home_server(home, &st) == -1)
		return err_sys(e, ERR_NOTFOUND,
		    "%s: cannot be used; make it with cofferd --init", home);
	if (geteuid() == 0) {
		if (st.st_uid == 0)
			return err_set(e, ERR_DENIED,
			    "%s/db belongs to root, and cofferd does not run "
			    "as root; run cofferd --init",
			    home);
		if (top.st_uid != 0)
			return err_set(e, ERR_DENIED,
			    "%s belongs to uid %u, which could exchange what "
			    "root uses there; run cofferd --init",
			    home, top.st_uid);
		if (home_add_parts(home, &st, e) == -1)
			return -1;
		if (setgroups(0, NULL) == -1 ||
		    setresgid(st.st_gid, st.st_gid, st.st_gid) == -1 ||
		    setresuid(st.st_uid, st.st_uid, st.st_uid) == -1)
			return err_sys(e, ERR_IO, "become uid %u", st.st_uid);
	} else if (geteuid() != st.st_uid) {
		return err_set(e, ERR_DENIED,
		    "%s/db belongs to uid %u; start cofferd as that user or "
		    "root",
		    home, st.st_uid);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return err_sys(e, ERR_IO, "set no_new_privs");
	home_raise_limit();
	umask(022);
	if (chdir("/") == -1)
		return err_sys(e, ERR_IO, "chdir /");
	return 0;
}
