#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/git/worker_priv.h"

/* What a walk over the files of a bare repository finds; times in ms. */
struct worker_survey {
	int64_t size;
	int64_t packs, pack_bytes, big_bytes;
	int64_t loose, loose_at;
	int64_t loose_refs;
	int64_t written_at, graph_at, cruft_at;
	int64_t half;
	bool bitmap;
};

static int64_t
worker_mtime_ms(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 +
	    st->st_mtim.tv_nsec / 1000000;
}

static void
worker_later(int64_t *at, int64_t ms)
{
	if (ms > *at)
		*at = ms;
}

static void
worker_earlier(int64_t *at, int64_t ms)
{
	if (*at == 0 || ms < *at)
		*at = ms;
}

static void
worker_survey_pack(struct worker_survey *s, const char *path, struct view name,
    const struct stat *st)
{
	int64_t at = worker_mtime_ms(st);

	if (view_ends(name, ".bitmap"))
		s->bitmap = true;
	if (view_ends(name, ".pack") && view_starts(name, "pack-")) {
		AUTO_FREE char *cruft = xasprintf(
		    "%.*s.mtimes", (int)strlen(path) - 5, path);

		if (access(cruft, F_OK) == 0) {
			worker_earlier(&s->cruft_at, at);
			return;
		}
		s->packs++;
		s->pack_bytes += st->st_size;
		if (st->st_size > s->big_bytes)
			s->big_bytes = st->st_size;
		worker_later(&s->written_at, at);
	}
}

/* rel is below the repository. */
static void
worker_survey_file(struct worker_survey *s, const char *path, const char *rel,
    const struct stat *st)
{
	struct view v = view_of(rel);

	s->size += st->st_size;
	if (view_starts(v, "objects/") &&
	    (strstr(rel, "/tmp_") != NULL || strstr(rel, "/.tmp-") != NULL)) {
		s->half++;
		return;
	}
	/* Of a git that was killed just before the start. */
	if (view_ends(v, ".lock") || view_is(v, "packed-refs.new")) {
		if (st->st_mtime < time(NULL) - WORKER_LOCK_AGE_S)
			s->half++;
		return;
	}
	if (view_starts(v, "refs/")) {
		s->loose_refs++;
	} else if (view_starts(v, "objects/pack/")) {
		worker_survey_pack(
		    s, path, view_from(v, sizeof("objects/pack/") - 1), st);
	} else if (strcmp(rel, "objects/info/commit-graph") == 0 ||
	    (view_starts(v, "objects/info/commit-graphs/") &&
		view_ends(v, ".graph"))) {
		worker_later(&s->graph_at, worker_mtime_ms(st));
	} else if (view_starts(v, "objects/") && v.len == 8 + 3 + 38) {
		s->loose++;
		worker_earlier(&s->loose_at, worker_mtime_ms(st));
		worker_later(&s->written_at, worker_mtime_ms(st));
	}
}

static int
worker_survey_walk(const char *repo, struct worker_survey *s, struct err *e)
{
	AUTO_FREE char *root = xstrdup(repo);
	char *roots[] = { root, NULL };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	size_t skip = strlen(repo) + 1;
	FTSENT *f;

	if (fts == NULL)
		return err_sys(e, ERR_IO, "%s", repo);
	while ((f = fts_read(fts)) != NULL)
		if (f->fts_info == FTS_F && f->fts_pathlen > skip)
			worker_survey_file(
			    s, f->fts_path, f->fts_path + skip, f->fts_statp);
	(void)fts_close(fts);
	return 0;
}

static int
worker_op_survey(struct worker_call *c, struct err *e)
{
	struct worker_survey s = { .size = 0 };
	const char *repo;

	if (worker_arg(c, "path", &repo, e) == -1 ||
	    worker_survey_walk(repo, &s, e) == -1)
		return -1;
	jw_i64(c->w, "size", s.size);
	jw_i64(c->w, "packs", s.packs);
	jw_i64(c->w, "pack_bytes", s.pack_bytes);
	jw_i64(c->w, "big_bytes", s.big_bytes);
	jw_i64(c->w, "loose", s.loose);
	jw_i64(c->w, "loose_at", s.loose_at);
	jw_i64(c->w, "loose_refs", s.loose_refs);
	jw_i64(c->w, "written_at", s.written_at);
	jw_i64(c->w, "graph_at", s.graph_at);
	jw_i64(c->w, "cruft_at", s.cruft_at);
	jw_i64(c->w, "half", s.half);
	jw_bool(c->w, "bitmap", s.bitmap);
	return 0;
}

const struct worker_op worker_ops_care[] = {
	{ "survey", worker_op_survey },
	{ NULL, NULL },
};
