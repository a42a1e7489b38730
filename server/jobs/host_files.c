#include "server/jobs/host_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/map.h"
#include "lib/base/path.h"
#include "lib/base/str.h"
#include "lib/io/timer.h"
#include "lib/net/sha256.h"
#include "lib/wire/json.h"
#include "server/service/svc.h"
#include "server/service/svc_audit.h"
#include "server/store/audit.h"

enum {
	HOSTFILES_EVERY_MS = 60 * 1000,
	HOSTFILES_MAX = 1 << 20, /* bytes of one; of a larger one the first */
	HOSTFILES_NAMES = 500    /* of one folder */
};

#define HOSTFILES_WORD "host-file"

static const char *const hostfiles_folders[] = { "policy", "prompts",
	"prompts/commands", "egress", NULL };

struct host_files {
	struct svc *svc;
	struct timer *timer;
	struct map *known; /* name -> what the log says: SHA-256 */
	struct map *seen;  /* name -> "": of this look */
	struct audit_list log;
	bool loaded;
};

static void
hostfiles_note(struct host_files *h, const char *verb, const char *name,
    const char *sha, size_t bytes)
{
	static const struct identity nobody = { .kind = IDENTITY_NONE };
	AUTO_FREE char *what = xasprintf(HOSTFILES_WORD ".%s", verb);
	AUTO_STR struct str text = STR_INIT;
	struct jw w;

	jw_init(&w, &text);
	jw_object(&w, NULL);
	if (sha != NULL) {
		jw_str(&w, "sha256", sha);
		jw_u64(&w, "bytes", bytes);
	}
	jw_end(&w);
	svc_audit_note(h->svc, &nobody,
	    &(struct svc_audit_note){
		.what = what, .subject = name, .details = str_cstr(&text) });
	log_info("audit host-file name=%s is=%s", log_val(name), verb);
}

static void
hostfiles_look_at(struct host_files *h, int dir, const char *name)
{
	AUTO_STR struct str text = STR_INIT;
	AUTO_FREE char *was = NULL;
	AUTO_CLOSE int fd = -1;
	char sha[SHA256_HEX];
	struct err e = ERR_INIT;
	struct stat st;
	char *at;
	ssize_t n;

	fd = path_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0, &e);
	if (fd == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return;
	at = str_room(&text, HOSTFILES_MAX);
	n = at == NULL ? -1 : pread(fd, at, HOSTFILES_MAX, 0);
	if (n == -1)
		/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
		return;
	sha256_hex((struct view){ at, (size_t)n }, sha);
	free(map_put(h->seen, name, xstrdup("")));
	was = map_put(h->known, name, xstrdup(sha));
	if (was == NULL || strcmp(was, sha) != 0)
		hostfiles_note(h, was == NULL ? "created" : "changed", name,
		    sha, (size_t)st.st_size);
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
}

static void
hostfiles_look_in(struct host_files *h, int home, const char *folder)
{
	struct err e = ERR_INIT;
	const struct dirent *ent;
	unsigned n = 0;
	DIR *d;
	int fd = path_open_beneath(home, folder, O_RDONLY | O_DIRECTORY, 0, &e);

	if (fd == -1)
		return;
	d = fdopendir(fd);
	if (d == NULL) {
		(void)close(fd);
		return;
	}
	while ((ent = readdir(d)) != NULL && n < HOSTFILES_NAMES) {
		AUTO_FREE char *name = path_join(folder, ent->d_name);

		if (!path_component_ok(ent->d_name))
			continue;
		hostfiles_look_at(h, home, name);
		n++;
	}
	(void)closedir(d);
}

static void
hostfiles_tell_gone(struct host_files *h)
{
	size_t cursor = 0;
	const char *name;
	void *sha;

	while (map_next(h->known, &cursor, &name, &sha)) {
		AUTO_FREE char *gone = NULL;

		if (map_get(h->seen, name) != NULL)
			continue;
		gone = xstrdup(name);
		hostfiles_note(h, "deleted", gone, NULL, 0);
		free(map_del(h->known, gone));
	}
}

static void
hostfiles_map_free(struct map *m)
{
	size_t cursor = 0;
	const char *name;
	void *v;

	while (m != NULL && map_next(m, &cursor, &name, &v))
		free(v);
	map_free(m);
}

static void
hostfiles_look(struct host_files *h)
{
	AUTO_CLOSE int home = open(
	    h->svc->home, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (home == -1)
		return;
	h->seen = map_new();
	hostfiles_look_at(h, home, "coffer.conf");
	for (size_t i = 0; hostfiles_folders[i] != NULL; i++)
		hostfiles_look_in(h, home, hostfiles_folders[i]);
	hostfiles_tell_gone(h);
	hostfiles_map_free(h->seen);
	h->seen = NULL;
	/* cppcheck-suppress resourceLeak ; AUTO_CLOSE */
}

/* Of the writer, as it may be long: it reads each row that there ever was. */
static int
hostfiles_load(struct txn *t, void *arg, struct err *e)
{
	struct host_files *h = arg;

	return audit_newest_of(t, HOSTFILES_WORD, &h->log, e);
}

/* What the log says that there is. */
static void
hostfiles_loaded(const struct err *fail, void *arg)
{
	struct host_files *h = arg;

	timer_set(h->timer, HOSTFILES_EVERY_MS);
	if (fail != NULL) {
		log_warn("audit host-files reason=%s", log_val(fail->msg));
		return;
	}
	for (size_t i = 0; i < h->log.n; i++) {
		const struct audit_row *r = &h->log.at[i];
		struct err ignored = ERR_INIT;
		struct json *j = json_parse(view_of(r->new_), 0, &ignored);
		const char *sha = json_str_or(j, "sha256", "");

		if (sha[0] != '\0')
			free(map_put(h->known, r->subject, xstrdup(sha)));
		json_free(j);
	}
	audit_list_release(&h->log);
	h->loaded = true;
	hostfiles_look(h);
}

static void
hostfiles_turn(void *arg)
{
	struct host_files *h = arg;

	svc_audit_backups(h->svc);
	if (!h->loaded) {
		db_write(h->svc->db, hostfiles_load, hostfiles_loaded, h);
		return;
	}
	timer_set(h->timer, HOSTFILES_EVERY_MS);
	hostfiles_look(h);
}

struct host_files *
hostfiles_new(struct svc *s)
{
	struct host_files *h = xcalloc(1, sizeof(*h));

	h->svc = s;
	h->known = map_new();
	h->timer = timer_new(s->loop, hostfiles_turn, h);
	hostfiles_turn(h);
	return h;
}

void
hostfiles_free(struct host_files *h)
{
	if (h == NULL)
		return;
	timer_free(h->timer);
	hostfiles_map_free(h->known);
	free(h);
}
