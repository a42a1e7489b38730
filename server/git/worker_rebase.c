#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "server/domain/merge_text.h"
#include "server/git/worker_merge_priv.h"

/* The head's own commits, oldest first. */
struct worker_own {
	git_oid at[WORKER_REBASE_MAX];
	size_t n;
};

static int
worker_own_read(struct worker_call *c, const struct worker_pair *p,
    struct worker_own *own, struct err *e)
{
	AUTO_WALK git_revwalk *walk = NULL;
	git_oid id;
	int rc = git_revwalk_new(&walk, c->repo);

	own->n = 0;
	if (rc == 0)
		rc = git_revwalk_sorting(
		    walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE);
	if (rc == 0)
		rc = git_revwalk_push(walk, git_commit_id(p->head));
	if (rc == 0)
		rc = git_revwalk_hide(walk, git_commit_id(p->base));
	while (rc == 0 && (rc = git_revwalk_next(&id, walk)) == 0) {
		if (own->n == WORKER_REBASE_MAX)
			return err_set(e, ERR_LIMIT,
			    "more than %d commits: use the style merge",
			    WORKER_REBASE_MAX);
		(void)git_oid_cpy(&own->at[own->n++], &id);
	}
	return rc == GIT_ITEROVER ? 0 : worker_fail(e, rc, "walk history");
}

/* One commit on top of *tip, which it becomes unless it brings nothing. */
static int
worker_rebase_one(struct worker_call *c, git_commit *commit,
    const git_signature *committer, git_commit **tip, git_index **conflict,
    struct err *e)
{
	AUTO_INDEX git_index *index = NULL;
	AUTO_TREE git_tree *tree = NULL;
	const git_commit *parents[1] = { *tip };
	git_merge_options opts;
	git_oid id;
	int rc = git_merge_options_init(&opts, GIT_MERGE_OPTIONS_VERSION);

	if (rc == 0)
		rc = git_cherrypick_commit(
		    &index, c->repo, commit, *tip, 0, &opts);
	if (rc < 0)
		return worker_fail(e, rc, "rebase");
	if (git_index_has_conflicts(index)) {
		*conflict = STEAL(index);
		return 0;
	}
	rc = git_index_write_tree_to(&id, index, c->repo);
	if (rc == 0 && git_oid_equal(&id, git_commit_tree_id(*tip)))
		return 0;
	if (rc == 0)
		rc = git_tree_lookup(&tree, c->repo, &id);
	if (rc == 0)
		rc = git_commit_create(&id, c->repo, NULL,
		    git_commit_author(commit), committer,
		    git_commit_message_encoding(commit),
		    git_commit_message_raw(commit), tree, 1, parents);
	if (rc < 0)
		return worker_fail(e, rc, "write commit");
	git_commit_free(*tip);
	*tip = NULL;
	rc = git_commit_lookup(tip, c->repo, &id);
	return rc < 0 ? worker_fail(e, rc, "rebase") : 0;
}

static int
worker_rebase_all(struct worker_call *c, const struct worker_own *own,
    const git_signature *committer, git_commit **tip, git_index **conflict,
    struct err *e)
{
	for (size_t i = 0; i < own->n && *conflict == NULL; i++) {
		AUTO_COMMIT git_commit *commit = NULL;
		int rc = git_commit_lookup(&commit, c->repo, &own->at[i]);

		if (rc < 0)
			return worker_fail(e, rc, "rebase");
		if (git_commit_parentcount(commit) > 1)
			continue;
		if (worker_rebase_one(c, commit, committer, tip, conflict, e) ==
		    -1)
			return -1;
	}
	return 0;
}

/* Is the head a straight line of commits on the base? */
static int
worker_own_is_line(struct worker_call *c, const struct worker_own *own,
    bool *line, struct err *e)
{
	*line = true;
	for (size_t i = 0; i < own->n && *line; i++) {
		AUTO_COMMIT git_commit *commit = NULL;
		int rc = git_commit_lookup(&commit, c->repo, &own->at[i]);

		if (rc < 0)
			return worker_fail(e, rc, "rebase");
		*line = git_commit_parentcount(commit) == 1;
	}
	return 0;
}

int
worker_rebase(struct worker_call *c, const struct worker_pair *p,
    const git_signature *committer, git_oid *tip, git_index **conflict,
    struct err *e)
{
	AUTO_FREE struct worker_own *own = xcalloc(1, sizeof(*own));
	AUTO_COMMIT git_commit *at = NULL;
	bool line = false;
	int rc;

	*conflict = NULL;
	if (worker_own_read(c, p, own, e) == -1 ||
	    (p->fast_forward && worker_own_is_line(c, own, &line, e) == -1))
		return -1;
	if (line) {
		(void)git_oid_cpy(tip, git_commit_id(p->head));
		return 0;
	}
	rc = git_commit_dup(&at, p->base);
	if (rc < 0)
		return worker_fail(e, rc, "rebase");
	if (worker_rebase_all(c, own, committer, &at, conflict, e) == -1)
		return -1;
	(void)git_oid_cpy(tip, git_commit_id(at));
	return 0;
}

struct worker_people {
	char *line[WORKER_AUTHORS_MAX]; /* "NAME <EMAIL>" */
	size_t n;
};

static void
worker_people_release(struct worker_people *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->line[i]);
}

/* "<EMAIL>" of such a line. */
static struct view
worker_people_email(const char *line)
{
	const char *at = strrchr(line, '<');

	return view_of(at != NULL ? at : line);
}

static bool
worker_same_email(struct view a, struct view b)
{
	return a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

/* Once each, in order; takes the line, which a terminal is to show as one. */
static void
worker_people_add(struct worker_people *p, char *line)
{
	bool known = p->n == WORKER_AUTHORS_MAX;
	struct view email;

	merge_text_clean_line(line);
	email = worker_people_email(line);
	for (size_t i = 0; i < p->n && !known; i++)
		known = worker_same_email(
		    worker_people_email(p->line[i]), email);
	if (known)
		free(line);
	else
		p->line[p->n++] = line;
}

static const char worker_co_author[] = "co-authored-by:";

/* Those whom a message names, or the same lines of ours. */
static void
worker_people_named(struct worker_people *p, const char *message)
{
	struct view rest = view_of(message), line;

	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		size_t n = sizeof(worker_co_author) - 1;

		if (line.len <= n || line.len > 400 ||
		    strncasecmp(line.p, worker_co_author, n) != 0)
			continue;
		line = view_trim(view_from(line, n));
		if (line.len > 2 && line.p[line.len - 1] == '>' &&
		    memchr(line.p, '<', line.len) != NULL)
			worker_people_add(p, view_dup(line));
	}
}

static int
worker_people_read(struct worker_call *c, const struct worker_own *own,
    struct worker_people *p, git_signature **author, struct err *e)
{
	for (size_t i = 0; i < own->n; i++) {
		AUTO_COMMIT git_commit *commit = NULL;
		int rc = git_commit_lookup(&commit, c->repo, &own->at[i]);
		const git_signature *who;

		if (rc < 0)
			return worker_fail(e, rc, "authors");
		if (git_commit_parentcount(commit) > 1)
			continue;
		who = git_commit_author(commit);
		if (*author == NULL && git_signature_dup(author, who) < 0)
			return worker_fail(e, -1, "authors");
		worker_people_add(
		    p, xasprintf("%.200s <%.254s>", who->name, who->email));
		worker_people_named(p, git_commit_message(commit));
	}
	return 0;
}

/* Does the text end in a block of "Word: text" lines already? */
static bool
worker_ends_in_trailers(struct view text)
{
	size_t from, colon;

	text = view_trim(text);
	for (from = text.len; from > 0 && text.p[from - 1] != '\n'; from--)
		;
	if (from == 0)
		return false;
	text = view_from(text, from);
	for (colon = 0; colon < text.len && text.p[colon] != ':'; colon++)
		if (text.p[colon] == ' ')
			return false;
	return colon > 0 && colon + 1 < text.len && text.p[colon + 1] == ' ';
}

int
worker_squash_people(struct worker_call *c, const struct worker_pair *p,
    git_signature **author, struct str *message, struct err *e)
{
	AUTO_FREE struct worker_own *own = xcalloc(1, sizeof(*own));
	struct worker_people people = { .n = 0 }, said = { .n = 0 };
	bool first = true;
	int rc = worker_own_read(c, p, own, e);

	if (rc == -1 && e->code == ERR_LIMIT) {
		/* Too many to name: the person who merges stands alone. */
		*e = ERR_INIT;
		return 0;
	}
	if (rc == 0)
		rc = worker_people_read(c, own, &people, author, e);
	worker_people_named(&said, str_cstr(message));
	while (message->len > 0 && message->p[message->len - 1] == '\n')
		message->p[--message->len] = '\0';
	for (size_t i = 1; rc == 0 && i < people.n; i++) {
		size_t before = said.n;

		worker_people_add(&said, xstrdup(people.line[i]));
		if (said.n == before)
			continue;
		if (first && !worker_ends_in_trailers(str_view(message)))
			str_addc(message, '\n');
		first = false;
		str_addf(message, "\nCo-authored-by: %s", people.line[i]);
	}
	str_addc(message, '\n');
	worker_people_release(&people);
	worker_people_release(&said);
	return rc;
}
