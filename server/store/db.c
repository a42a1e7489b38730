#include "server/store/db.h"

#include <sys/eventfd.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <sodium.h>

#include "lib/base/alloc.h"
#include "lib/base/failpoint.h"
#include "lib/base/list.h"
#include "lib/base/log.h"
#include "lib/io/watch.h"
#include "server/store/audit.h"
#include "server/store/audit_priv.h"
#include "server/store/db_priv.h"
#include "server/store/snapshot.h"

enum {
	DB_IDLE_MS = 1000, /* then the log is folded into the database */
	DB_WAL_BYTES = 4 << 20,
	DB_ANSWERS_PER_TURN = DB_GROUP_MAX,
	DB_BACKUPS = 2 /* of before migrations */
};

/* The caller of db_write_now waits for this, under the lock. */
struct db_wait {
	bool done;
	int rc;
	struct err *e;
};

/* A queued job, then its answer; without fn and wait: "a group committed". */
struct db_item {
	TAILQ_ENTRY(db_item) entry;
	db_job_fn *fn;
	db_done_fn *done;
	void *arg;
	struct db_wait *wait;
	bool failed;
	struct err e;
	int64_t commit_seq;
};

TAILQ_HEAD(db_items, db_item);

struct db {
	struct txn reader; /* the loop's */
	struct txn writer; /* the thread's, after db_open */
	int64_t wal_bytes; /* the thread's */
	int64_t seq;       /* the thread's: newest event committed */
	struct watch *watch;
	int wake; /* eventfd: answers wait */
	db_commit_fn *on_commit;
	void *on_commit_arg;
	pthread_t thread;
	bool running;
	/* Under the lock: */
	pthread_mutex_t lock;
	pthread_cond_t work; /* monotonic */
	pthread_cond_t waited;
	struct db_items queue;
	struct db_items answers;
	size_t queued;
	size_t unanswered;
	bool stop;
};

static void
db_wake_loop(struct db *d)
{
	const uint64_t one = 1;

	if (d->wake >= 0 && write(d->wake, &one, sizeof(one)) == -1 &&
	    errno != EAGAIN)
		die("db cannot-wake-loop errno=%d", errno);
}

/* With the lock held. */
static void
db_answer(struct db *d, struct db_item *it)
{
	if (it->wait == NULL) {
		TAILQ_INSERT_TAIL(&d->answers, it, entry);
		return;
	}
	it->wait->done = true;
	it->wait->rc = it->failed ? -1 : 0;
	if (it->failed)
		*it->wait->e = it->e;
	d->unanswered--;
	free(it);
	(void)pthread_cond_broadcast(&d->waited);
}

static int
db_run_in_savepoint(struct db *d, struct db_item *it)
{
	struct txn *t = &d->writer;
	struct err undo = ERR_INIT;
	int64_t seq = t->last_seq;

	if (db_exec(t, "SAVEPOINT job", NULL, NULL, &it->e) == -1)
		return -1;
	audit_as(t, NULL);
	if (it->fn(t, it->arg, &it->e) == 0)
		return db_exec(t, "RELEASE job", NULL, NULL, &it->e);
	t->last_seq = seq;
	if (db_exec(t, "ROLLBACK TO job", NULL, NULL, &undo) == -1 ||
	    db_exec(t, "RELEASE job", NULL, NULL, &undo) == -1)
		err_wrap(&it->e, "cannot undo (%s)", undo.msg);
	return -1;
}

static int64_t
db_mono_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct db_item *
db_take(struct db *d)
{
	struct db_item *it;

	(void)pthread_mutex_lock(&d->lock);
	it = TAILQ_FIRST(&d->queue);
	if (it != NULL) {
		TAILQ_REMOVE(&d->queue, it, entry);
		d->queued--;
	}
	(void)pthread_mutex_unlock(&d->lock);
	return it;
}

/* A disk error may have ended the whole transaction under a job. */
static bool
db_is_lost(const struct db *d)
{
	return sqlite3_get_autocommit(d->writer.sq) != 0;
}

static int
db_run_group(struct db *d, struct db_items *group, struct err *e)
{
	struct txn *t = &d->writer;
	struct db_item *it;
	int64_t until = db_mono_ms() + DB_GROUP_MS;

	for (size_t n = 0; n < DB_GROUP_MAX; n++) {
		if (n > 0 && db_mono_ms() >= until)
			break;
		it = db_take(d);
		if (it == NULL)
			break;
		TAILQ_INSERT_TAIL(group, it, entry);
		it->e = ERR_INIT;
		it->failed = db_run_in_savepoint(d, it) == -1;
		if (db_is_lost(d))
			return err_set(e, it->failed ? it->e.code : ERR_IO,
			    "database: the transaction was lost: %.150s",
			    it->failed ? it->e.msg : "no reason given");
	}
	if (audit_seal(t, e) == -1)
		return -1;
	FAIL_POINT(db_before_commit);
	if (db_exec(t, "COMMIT", NULL, NULL, e) == -1)
		return -1;
	FAIL_POINT(db_after_commit);
	return 0;
}

/* Also takes one job when none began: somebody must hear of the failure. */
static void
db_fail_group(struct db *d, struct db_items *group, const struct err *e)
{
	struct err ignored = ERR_INIT;
	struct db_item *it;

	if (!db_is_lost(d))
		(void)db_exec(&d->writer, "ROLLBACK", NULL, NULL, &ignored);
	d->writer.last_seq = d->seq;
	if (TAILQ_EMPTY(group)) {
		it = db_take(d);
		if (it != NULL)
			TAILQ_INSERT_TAIL(group, it, entry);
	}
	TAILQ_FOREACH(it, group, entry)
	{
		if (!it->failed)
			it->e = *e;
		it->failed = true;
	}
}

static void
db_commit_group(struct db *d)
{
	struct db_items group = TAILQ_HEAD_INITIALIZER(group);
	struct db_item *it, *mark = NULL;
	struct err e = ERR_INIT;

	if (db_exec(&d->writer, "BEGIN IMMEDIATE", NULL, NULL, &e) == -1 ||
	    db_run_group(d, &group, &e) == -1) {
		db_fail_group(d, &group, &e);
	} else {
		d->seq = d->writer.last_seq;
		mark = xcalloc(1, sizeof(*mark));
		mark->commit_seq = d->seq;
	}
	(void)pthread_mutex_lock(&d->lock);
	while ((it = TAILQ_FIRST(&group)) != NULL) {
		TAILQ_REMOVE(&group, it, entry);
		db_answer(d, it);
	}
	if (mark != NULL)
		TAILQ_INSERT_TAIL(&d->answers, mark, entry);
	(void)pthread_mutex_unlock(&d->lock);
	db_wake_loop(d);
}

/* Passive: it waits for nobody, and what it could not fold it tries again. */
static void
db_checkpoint(struct db *d)
{
	int frames = 0, folded = 0;

	(void)sqlite3_wal_checkpoint_v2(
	    d->writer.sq, NULL, SQLITE_CHECKPOINT_PASSIVE, &frames, &folded);
	d->wal_bytes = 0;
}

static int
db_on_wal(void *arg, sqlite3 *sq, const char *name, int pages)
{
	struct db *d = arg;

	(void)sq;
	(void)name;
	d->wal_bytes = (int64_t)pages * 4096;
	return SQLITE_OK;
}

/* Waits for work; false: stop.  *idle: nothing came for DB_IDLE_MS. */
static bool
db_await(struct db *d, bool *idle)
{
	struct timespec until;
	bool go;

	*idle = false;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DB_IDLE_MS / 1000;
	(void)pthread_mutex_lock(&d->lock);
	while (TAILQ_EMPTY(&d->queue) && !d->stop && !*idle) {
		if (d->wal_bytes == 0)
			(void)pthread_cond_wait(&d->work, &d->lock);
		else
			*idle = pthread_cond_timedwait(
				    &d->work, &d->lock, &until) == ETIMEDOUT;
	}
	go = !d->stop || !TAILQ_EMPTY(&d->queue);
	(void)pthread_mutex_unlock(&d->lock);
	return go;
}

static void *
db_thread(void *arg)
{
	struct db *d = arg;
	bool idle = false;

	while (db_await(d, &idle)) {
		if (!idle)
			db_commit_group(d);
		if (idle || d->wal_bytes > DB_WAL_BYTES)
			db_checkpoint(d);
	}
	return NULL;
}

static void
db_call_answer(struct db *d, struct db_item *it)
{
	if (it->fn != NULL) {
		if (it->done != NULL)
			it->done(it->failed ? &it->e : NULL, it->arg);
	} else if (d->on_commit != NULL) {
		d->on_commit(it->commit_seq, d->on_commit_arg);
	}
	free(it);
}

static struct db_item *
db_next_answer(struct db *d)
{
	struct db_item *it;

	(void)pthread_mutex_lock(&d->lock);
	it = TAILQ_FIRST(&d->answers);
	if (it != NULL) {
		TAILQ_REMOVE(&d->answers, it, entry);
		if (it->fn != NULL)
			d->unanswered--;
	}
	(void)pthread_mutex_unlock(&d->lock);
	return it;
}

static void
db_on_wake(int fd, int what, void *arg)
{
	struct db *d = arg;
	struct db_item *it;
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof(n));
	for (int i = 0; i < DB_ANSWERS_PER_TURN; i++) {
		it = db_next_answer(d);
		if (it == NULL)
			return;
		db_call_answer(d, it);
	}
	db_wake_loop(d);
}

static void
db_init_locks(struct db *d)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&d->lock, NULL);
	(void)pthread_cond_init(&d->work, &attr);
	(void)pthread_cond_init(&d->waited, NULL);
	(void)pthread_condattr_destroy(&attr);
	TAILQ_INIT(&d->queue);
	TAILQ_INIT(&d->answers);
}

/* SQLite gives its -wal and -shm files the mode of this one. */
static int
db_make_file(const char *path, struct err *e)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd == -1)
		return err_sys(e, ERR_IO, "open %s", path);
	(void)close(fd);
	return 0;
}

/* A migration is never undone: what it begins with is kept. */
static int
db_keep_old(struct db *d, const char *path, struct err *e)
{
	int64_t version = 0;

	if (db_number(&d->writer, "PRAGMA user_version", NULL, &version, e) ==
	    -1)
		return -1;
	if (version < 1 || version >= DB_SCHEMA_VERSION)
		return 0;
	return snapshot_before(path, version, DB_BACKUPS, e);
}

static int
db_open_handles(struct db *d, const char *path, struct err *e)
{
	if (db_make_file(path, e) == -1 ||
	    txn_open(&d->writer, path, e) == -1 ||
	    db_keep_old(d, path, e) == -1 ||
	    schema_migrate(&d->writer, DB_SCHEMA_VERSION, e) == -1 ||
	    audit_watch(&d->writer, e) == -1 ||
	    txn_open(&d->reader, path, e) == -1 ||
	    db_number(&d->writer, "SELECT max(seq) FROM event", NULL, &d->seq,
		e) == -1)
		return err_wrap(e, "%s", path);
	d->writer.last_seq = d->seq;
	(void)sqlite3_wal_hook(d->writer.sq, db_on_wal, d);
	txn_limit(&d->reader, DB_READ_MS);
	return 0;
}

static int
db_start(struct db *d, struct loop *l, struct err *e)
{
	int rc;

	if (l != NULL) {
		d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (d->wake == -1)
			return err_sys(e, ERR_IO, "eventfd");
		d->watch = watch_new(l, d->wake, db_on_wake, d);
		watch_set(d->watch, WATCH_READ);
	}
	rc = pthread_create(&d->thread, NULL, db_thread, d);
	if (rc != 0) {
		errno = rc;
		return err_sys(e, ERR_IO, "start the database writer");
	}
	d->running = true;
	return 0;
}

int
db_open(struct db **out, const char *path, struct loop *l, struct err *e)
{
	struct db *d;

	if (sodium_init() == -1)
		return err_set(e, ERR_INTERNAL, "libsodium does not start");
	d = xcalloc(1, sizeof(*d));
	d->wake = -1;
	db_init_locks(d);
	if (db_open_handles(d, path, e) == -1 || db_start(d, l, e) == -1) {
		db_close(d);
		return -1;
	}
	*out = d;
	return 0;
}

static void
db_stop_thread(struct db *d)
{
	if (!d->running)
		return;
	(void)pthread_mutex_lock(&d->lock);
	d->stop = true;
	(void)pthread_cond_signal(&d->work);
	(void)pthread_mutex_unlock(&d->lock);
	(void)pthread_join(d->thread, NULL);
	d->running = false;
}

void
db_close(struct db *d)
{
	struct db_item *it;

	if (d == NULL)
		return;
	db_stop_thread(d);
	while ((it = db_next_answer(d)) != NULL)
		db_call_answer(d, it);
	watch_free(d->watch);
	if (d->wake >= 0)
		(void)close(d->wake);
	txn_close(&d->reader);
	if (d->writer.sq != NULL)
		(void)sqlite3_wal_checkpoint_v2(
		    d->writer.sq, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	txn_close(&d->writer);
	audit_unwatch(&d->writer);
	(void)pthread_cond_destroy(&d->work);
	(void)pthread_cond_destroy(&d->waited);
	(void)pthread_mutex_destroy(&d->lock);
	free(d);
}

struct txn *
db_reader(struct db *d)
{
	return &d->reader;
}

void
db_set_read_limit(struct db *d, int ms)
{
	txn_limit(&d->reader, ms);
}

void
db_on_commit(struct db *d, db_commit_fn *fn, void *arg)
{
	d->on_commit = fn;
	d->on_commit_arg = arg;
}

/* With the lock held.  False: it is full, and `it` was answered. */
static bool
db_enqueue(struct db *d, struct db_item *it)
{
	d->unanswered++;
	if (d->queued >= DB_QUEUE_MAX || d->stop) {
		it->failed = true;
		(void)err_set(&it->e, ERR_BUSY,
		    "database: %zu writes are waiting: try again", d->queued);
		db_answer(d, it);
		return false;
	}
	TAILQ_INSERT_TAIL(&d->queue, it, entry);
	d->queued++;
	(void)pthread_cond_signal(&d->work);
	return true;
}

void
db_write(struct db *d, db_job_fn *job, db_done_fn *done, void *arg)
{
	struct db_item *it = xcalloc(1, sizeof(*it));
	bool queued;

	if (d->watch == NULL)
		die("db write-without-loop");
	it->fn = job;
	it->done = done;
	it->arg = arg;
	(void)pthread_mutex_lock(&d->lock);
	queued = db_enqueue(d, it);
	(void)pthread_mutex_unlock(&d->lock);
	if (!queued)
		db_wake_loop(d);
}

int
db_write_now(struct db *d, db_job_fn *job, void *arg, struct err *e)
{
	struct db_wait wait = { .e = e };
	struct db_item *it = xcalloc(1, sizeof(*it));

	it->fn = job;
	it->arg = arg;
	it->wait = &wait;
	(void)pthread_mutex_lock(&d->lock);
	(void)db_enqueue(d, it);
	while (!wait.done)
		(void)pthread_cond_wait(&d->waited, &d->lock);
	(void)pthread_mutex_unlock(&d->lock);
	return wait.rc;
}

size_t
db_queued(struct db *d)
{
	size_t n;

	(void)pthread_mutex_lock(&d->lock);
	n = d->unanswered;
	(void)pthread_mutex_unlock(&d->lock);
	return n;
}
