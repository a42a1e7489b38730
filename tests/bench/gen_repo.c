/*
 * gen_repo: a repository for benchmarks as a stream for `git fast-import` on
 * standard output; the same options give the same repository.
 *   gen_repo [--seed N] [--commits N] [--files N] [--text BYTES] [--tags N]
 * main and next with the merges of short topic branches, one maint branch for
 * each 10,000 commits, tags of which three in four are annotated.  A commit
 * edits one to four files of one or two folders; --text is how much new text
 * that is, about 0.6 of which is left when it is packed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/opt.h"
#include "lib/base/str.h"

enum {
	GEN_FOLDER = 12, /* files of one folder */
	GEN_FOLDERS = 9, /* folders of one folder */
	GEN_FILE_MAX = 12 << 10,
	GEN_LINE_MAX = 96,
	GEN_EDITS_MAX = 4,
	GEN_TOPIC_MAX = 12,
	GEN_TOUCHED_MAX = GEN_TOPIC_MAX * GEN_EDITS_MAX,
	GEN_MAINT_EACH = 10000,
	GEN_SEASON = 800, /* commits */
	GEN_SEASON_FOLDERS = 4,
	GEN_EPOCH = 1200000000,
	GEN_STEP_S = 3600
};

struct gen {
	uint64_t seed, commits, files, text, tags; /* options */
	uint64_t rnd;
	struct str *file;
	uint64_t mark, count, tag;
	uint64_t main, topic; /* marks of the tips; topic 0: none */
	uint64_t topic_left;
	uint64_t touched[GEN_TOUCHED_MAX]; /* on the topic branch */
	uint64_t blob[GEN_TOUCHED_MAX];
	unsigned n_touched;
};

/* splitmix64 */
static uint64_t
gen_next(struct gen *g)
{
	uint64_t z = g->rnd += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint64_t
gen_below(struct gen *g, uint64_t n)
{
	return gen_next(g) % n;
}

/* One line: names that nobody has used before among words that all use. */
static void
gen_line(struct gen *g, struct str *out)
{
	static const char *const words[] = { "static", "return", "struct",
		"const", "size_t", "if", "while", "for", "buffer", "length",
		"error", "object", "index", "NULL", "char", "break" };
	static const char digit[] = "abcdefghijklmnopqrstuvwxyz012345";
	size_t end = out->len + 24 + gen_below(g, GEN_LINE_MAX - 40);

	str_addc(out, '\t');
	while (out->len < end) {
		uint64_t r = gen_next(g);

		if (r % 5 < 2) {
			str_add(out, words[(r >> 8) % 16]);
		} else {
			for (int i = 0; i < 7; i++)
				str_addc(out, digit[(r >> (10 + 5 * i)) % 32]);
		}
		str_addc(out, "  (),;=."[(r >> 56) % 8]);
	}
	str_addc(out, '\n');
}

static void
gen_text(struct gen *g, struct str *out, uint64_t bytes)
{
	size_t end = out->len + bytes;

	while (out->len < end)
		gen_line(g, out);
}

/* The start of the first line at or after `at`. */
static size_t
gen_line_at(const struct str *s, size_t at)
{
	while (at < s->len && at > 0 && s->p[at - 1] != '\n')
		at++;
	return at;
}

/* New text somewhere in the file; it takes the place of older lines when the
 * file is large. */
static void
gen_edit(struct gen *g, uint64_t file, uint64_t bytes)
{
	struct str *old = &g->file[file];
	struct str new = STR_INIT;
	size_t at = gen_line_at(old, gen_below(g, old->len + 1));
	size_t cut = old->len > GEN_FILE_MAX ? bytes : 0;
	size_t to = gen_line_at(old, at + cut > old->len ? old->len : at + cut);

	str_addn(&new, old->p, at);
	gen_text(g, &new, bytes);
	str_addn(&new, old->p + to, old->len - to);
	str_release(old);
	*old = new;
}

static void
gen_path(uint64_t file)
{
	uint64_t folder = file / GEN_FOLDER;

	(void)printf("src/area%02u/part%u/unit%04u.c",
	    (unsigned)(folder / GEN_FOLDERS), (unsigned)(folder % GEN_FOLDERS),
	    (unsigned)file);
}

static uint64_t
gen_blob(struct gen *g, uint64_t file)
{
	const struct str *s = &g->file[file];

	(void)printf("blob\nmark :%llu\ndata %zu\n",
	    (unsigned long long)++g->mark, s->len);
	(void)fwrite(s->p, 1, s->len, stdout);
	(void)putchar('\n');
	return g->mark;
}

static void
gen_modify(uint64_t file, uint64_t blob)
{
	(void)printf("M 100644 :%llu ", (unsigned long long)blob);
	gen_path(file);
	(void)putchar('\n');
}

/* The head of a commit: its mark is the result. */
static uint64_t
gen_commit(struct gen *g, const char *branch, uint64_t from, const char *verb)
{
	unsigned who = (unsigned)gen_below(g, 200);
	long long at = GEN_EPOCH + (long long)g->count * GEN_STEP_S;
	struct str text = STR_INIT;

	str_addf(
	    &text, "%s change %llu\n\n", verb, (unsigned long long)++g->count);
	gen_text(g, &text, 60 + gen_below(g, 160));
	(void)printf("commit refs/heads/%s\nmark :%llu\n"
		     "author Author %u <author%u@example.org> %lld +0000\n"
		     "committer Keeper <keeper@example.org> %lld +0000\n"
		     "data %zu\n",
	    branch, (unsigned long long)++g->mark, who, who, at, at, text.len);
	(void)fwrite(text.p, 1, text.len, stdout);
	(void)putchar('\n');
	str_release(&text);
	if (from != 0)
		(void)printf("from :%llu\n", (unsigned long long)from);
	return g->mark;
}

static void
gen_first(struct gen *g)
{
	uint64_t *blob = xcalloc(g->files, sizeof(*blob));

	for (uint64_t f = 0; f < g->files; f++) {
		gen_text(g, &g->file[f], 1000 + gen_below(g, 6000));
		blob[f] = gen_blob(g, f);
	}
	g->main = gen_commit(g, "main", 0, "First");
	for (uint64_t f = 0; f < g->files; f++)
		gen_modify(f, blob[f]);
	free(blob);
}

/*
 * A file of the side: topic branches keep to every eighth folder, so that a
 * merge never meets an edit of its own.  Work moves through the tree: at one
 * time most of it is in a few folders.
 */
static uint64_t
gen_pick(struct gen *g, bool topic)
{
	uint64_t folders = g->files / GEN_FOLDER / 8;
	uint64_t near = g->count / GEN_SEASON +
	    gen_below(g, GEN_SEASON_FOLDERS);
	uint64_t far = gen_below(g, folders);
	uint64_t lane = topic ? 7 : gen_below(g, 7);
	uint64_t folder = gen_below(g, 8) == 0 ? far : near % folders;

	return (folder * 8 + lane) * GEN_FOLDER + gen_below(g, GEN_FOLDER);
}

static void
gen_change(struct gen *g, bool topic)
{
	uint64_t n = 1 + gen_below(g, GEN_EDITS_MAX);
	uint64_t file[GEN_EDITS_MAX], blob[GEN_EDITS_MAX];
	uint64_t near = gen_pick(g, topic);

	for (uint64_t i = 0; i < n; i++) {
		file[i] = i == 3
		    ? gen_pick(g, topic)
		    : near - near % GEN_FOLDER + gen_below(g, GEN_FOLDER);
		gen_edit(
		    g, file[i], g->text / 2 / n + gen_below(g, g->text) / n);
		blob[i] = gen_blob(g, file[i]);
	}
	if (topic)
		g->topic = gen_commit(g, "next", g->topic, "Topic");
	else
		g->main = gen_commit(g, "main", g->main, "Make");
	for (uint64_t i = 0; i < n; i++) {
		gen_modify(file[i], blob[i]);
		if (topic) {
			g->touched[g->n_touched] = file[i];
			g->blob[g->n_touched++] = blob[i];
		}
	}
}

static void
gen_merge(struct gen *g)
{
	g->main = gen_commit(g, "main", g->main, "Merge");
	(void)printf("merge :%llu\n", (unsigned long long)g->topic);
	for (unsigned i = 0; i < g->n_touched; i++)
		gen_modify(g->touched[i], g->blob[i]);
	g->topic = 0;
	g->n_touched = 0;
}

/* v0.1, v0.2, ...: spread over the history. */
static void
gen_tag(struct gen *g)
{
	unsigned n = (unsigned)++g->tag;

	if (n % 4 == 0) {
		(void)printf("reset refs/tags/build-%u\nfrom :%llu\n\n", n,
		    (unsigned long long)g->main);
		return;
	}
	(void)printf("tag v%u.%u\nfrom :%llu\n"
		     "tagger Keeper <keeper@example.org> %lld +0000\n"
		     "data 15\nRelease %06u\n\n",
	    n / 100, n % 100, (unsigned long long)g->main,
	    GEN_EPOCH + (long long)g->count * GEN_STEP_S, n);
}

static void
gen_history(struct gen *g)
{
	gen_first(g);
	while (g->count < g->commits) {
		if (g->topic == 0 && gen_below(g, 40) == 0) {
			g->topic = g->main;
			g->topic_left = 1 + gen_below(g, GEN_TOPIC_MAX);
		}
		if (g->topic != 0 && g->topic_left == 0) {
			gen_merge(g);
		} else if (g->topic != 0 && gen_below(g, 2) == 0) {
			gen_change(g, true);
			g->topic_left--;
		} else {
			gen_change(g, false);
		}
		if (g->count * g->tags / g->commits > g->tag)
			gen_tag(g);
		if (g->count % GEN_MAINT_EACH == 0)
			(void)printf("reset refs/heads/maint-%llu\n"
				     "from :%llu\n\n",
			    (unsigned long long)(g->count / GEN_MAINT_EACH),
			    (unsigned long long)g->main);
	}
	if (g->topic != 0)
		gen_merge(g);
	(void)printf("done\n");
}

int
main(int argc, char **argv)
{
	struct gen g = { .seed = 1,
		.commits = 52000,
		.files = 2900,
		.text = 900,
		.tags = 1000 };
	const struct opt opts[] = {
		{ 0, "seed", OPT_U64, &g.seed, "N", "another repository" },
		{ 0, "commits", OPT_U64, &g.commits, "N", "default 52000" },
		{ 0, "files", OPT_U64, &g.files, "N", "default 2900" },
		{ 0, "text", OPT_U64, &g.text, "BYTES",
		    "new text of a commit, default 900" },
		{ 0, "tags", OPT_U64, &g.tags, "N", "default 1000" },
		{ 0, NULL, OPT_FLAG, NULL, NULL, NULL },
	};
	struct err e = ERR_INIT;

	if (opt_parse(&argc, &argv, opts, &e) == -1 || argc > 0 ||
	    g.commits < 1 || g.commits > 10000000 || g.files > 1000000 ||
	    g.text < 8 || g.text > 1000000 || g.tags > g.commits) {
		opt_usage(
		    stderr, "gen_repo [OPTION...] | git fast-import", opts);
		return 2;
	}
	/* Whole lanes of folders only. */
	g.files -= g.files % (8 * GEN_FOLDER);
	if (g.files == 0)
		g.files = 8 * GEN_FOLDER;
	g.rnd = g.seed;
	g.file = xcalloc(g.files, sizeof(*g.file));
	gen_history(&g);
	for (uint64_t f = 0; f < g.files; f++)
		str_release(&g.file[f]);
	free(g.file);
	return ferror(stdout) || fflush(stdout) != 0;
}
