/* The commits of a change: who made them, what they say, and what they bring
 * into the history that the result does not have any more. */
#include <stdlib.h>
#include <string.h>

#include "findings/check_body.h"
#include "findings/check_priv.h"
#include "findings/policy.h"
#include "findings/unicode.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/map.h"
#include "lib/base/secret.h"
#include "lib/base/utf8.h"

enum {
	HISTORY_DAY = 24 * 60 * 60,
	HISTORY_ZONE_MAX = 14 * 60,
	HISTORY_KNOWN_MAX = 10000,
	HISTORY_MAIL_MAX = 300,
	HISTORY_MESSAGE_MAX = 64 << 10,
	HISTORY_LINKS_MAX = 10000,
	HISTORY_ID = 12 /* digits shown */
};

struct check_history {
	struct findings *out;
	struct map *known; /* address: its newest commit is signed, or not */
	size_t base, commits;
	int64_t newer; /* date of the commit that came before */
	/* The file of a commit whose lines come, and what is found in it. */
	struct check_body *body;
	struct check_file file;
	bool garbled; /* it is not UTF-8 */
	char commit[SCAN_ID + 1];
	struct findings was;
	struct map *links; /* COMMIT:PATH */
};

static char history_signed[] = "signed", history_plain[] = "plain";

struct check_history *
check_history_new(struct findings *out)
{
	struct check_history *h = xcalloc(1, sizeof(*h));

	h->out = out;
	h->known = map_new();
	h->links = map_new();
	return h;
}

void
check_history_free(struct check_history *h)
{
	if (h == NULL)
		return;
	check_body_free(h->body);
	findings_release(&h->was);
	map_free(h->known);
	map_free(h->links);
	free(h);
}

/* Addresses are the same whatever their case; NULL: none that can be kept. */
static char *
history_mail(const struct check_person *p)
{
	char *key;

	if (p->mail.len == 0 || p->mail.len > HISTORY_MAIL_MAX ||
	    memchr(p->mail.p, '\0', p->mail.len) != NULL)
		return NULL;
	key = view_dup(p->mail);
	for (char *c = key; *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 0x20);
	return key;
}

static void
history_know(
    struct check_history *h, const struct check_person *p, bool is_signed)
{
	AUTO_FREE char *mail = history_mail(p);

	if (mail != NULL && map_count(h->known) < HISTORY_KNOWN_MAX &&
	    map_get(h->known, mail) == NULL)
		(void)map_put(
		    h->known, mail, is_signed ? history_signed : history_plain);
}

void
check_history_base(struct check_history *h, const struct check_commit *c)
{
	h->base++;
	history_know(h, &c->committer, c->is_signed);
	history_know(h, &c->author, false);
}

static void
history_person(struct check_history *h, const struct check_commit *c,
    const struct check_person *p, const char *what)
{
	AUTO_FREE char *mail = history_mail(p);
	struct unicode_hit name = unicode_scan(p->name);
	struct unicode_hit address = unicode_scan(p->mail);

	if (name.kind > UNICODE_MALFORMED || address.kind > UNICODE_MALFORMED)
		finding_add(h->out, "commit-message", "", 0,
		    "commit %.*s: the %s's name has U+%04X, which is not seen",
		    HISTORY_ID, c->id, what,
		    name.kind > UNICODE_MALFORMED ? name.cp : address.cp);
	if (check_injection(p->name) || check_injection(p->mail))
		finding_add(h->out, "prompt-injection", "", 0,
		    "commit %.*s: the %s's name talks to a reviewer",
		    HISTORY_ID, c->id, what);
	if (h->base == 0)
		return;
	if (mail == NULL || map_get(h->known, mail) == NULL)
		finding_add(h->out, "new-identity", "", 0,
		    "commit %.*s: its %s %s is not among those of the base",
		    HISTORY_ID, c->id, what, mail == NULL ? "(none)" : mail);
	else if (what[0] == 'c' && !c->is_signed &&
	    map_get(h->known, mail) == history_signed)
		finding_add(h->out, "signature-lost", "", 0,
		    "commit %.*s is not signed; the last one of %s is",
		    HISTORY_ID, c->id, mail);
	if (mail != NULL && map_count(h->known) < HISTORY_KNOWN_MAX)
		(void)map_put(h->known, mail, history_plain);
}

static void
history_dates(
    struct check_history *h, const struct check_commit *c, int64_t now)
{
	const char *why = NULL;

	if (now != 0 &&
	    (c->author.when > now + HISTORY_DAY ||
		c->committer.when > now + HISTORY_DAY))
		why = "is of the future";
	else if (c->author.when <= 0 || c->committer.when <= 0)
		why = "has no date";
	else if (c->author.when > c->committer.when + HISTORY_DAY)
		why = "was committed before it was written";
	else if (h->newer != 0 && c->committer.when > h->newer + HISTORY_DAY)
		why = "is younger than one that came after it";
	else if (abs(c->author.offset) > HISTORY_ZONE_MAX ||
	    abs(c->committer.offset) > HISTORY_ZONE_MAX)
		why = "is of no time zone";
	if (why != NULL)
		finding_add(h->out, "commit-date", "", 0, "commit %.*s %s",
		    HISTORY_ID, c->id, why);
	h->newer = c->committer.when;
}

static void
history_message_line(
    struct check_history *h, const struct check_commit *c, struct view line)
{
	struct unicode_hit hit = unicode_scan(line);
	bool key = false;
	const char *secret = secret_find(line, &key);

	if (hit.kind > UNICODE_MALFORMED)
		finding_add(h->out, "commit-message", "", 0,
		    "commit %.*s: its message has U+%04X, which is not seen",
		    HISTORY_ID, c->id, hit.cp);
	if (secret != NULL)
		finding_add(h->out, key ? "private-key" : "secret", "", 0,
		    "commit %.*s: its message has what looks like a %s",
		    HISTORY_ID, c->id, secret);
	if (check_injection(line))
		finding_add(h->out, "prompt-injection", "", 0,
		    "commit %.*s: its message talks to a reviewer", HISTORY_ID,
		    c->id);
}

static void
history_message(struct check_history *h, const struct check_commit *c)
{
	struct view rest = c->message, line;

	if (rest.len > HISTORY_MESSAGE_MAX) {
		finding_add(h->out, "commit-message", "", 0,
		    "commit %.*s: its message has %zu bytes, which are not "
		    "all read",
		    HISTORY_ID, c->id, rest.len);
		rest.len = HISTORY_MESSAGE_MAX;
	}
	while (rest.len > 0 && view_split(&rest, '\n', &line))
		history_message_line(h, c, line);
}

void
check_history_commit(
    struct check_history *h, const struct check_commit *c, int64_t now)
{
	h->commits++;
	history_dates(h, c, now);
	history_person(h, c, &c->committer, "committer");
	history_person(h, c, &c->author, "author");
	history_message(h, c);
	if (c->parents > 1 && c->adds_own)
		finding_add(h->out, "evil-merge", "", 0,
		    "commit %.*s is a merge whose result is not what its "
		    "parents give",
		    HISTORY_ID, c->id);
	else if (c->parents > 1 && c->conflicted)
		finding_add(h->out, "merge-resolution", "", 0,
		    "commit %.*s is a merge in which conflicts were resolved",
		    HISTORY_ID, c->id);
}

static bool
history_has(const struct findings *f, const char *id, const char *file)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->list[i].id, id) == 0 &&
		    strcmp(f->list[i].file, file) == 0)
			return true;
	return false;
}

/* What is refused, and not said of the result already. */
static void
history_tell(
    struct check_history *h, const char *commit, const struct findings *was)
{
	for (size_t i = 0; i < was->n; i++) {
		const struct finding *f = &was->list[i];

		if (f->severity == FINDING_BLOCK &&
		    !history_has(h->out, f->id, f->file))
			finding_add(h->out, "history-hidden", f->file, 0,
			    "commit %.*s has it in line %u, the result has "
			    "not: %s: %s",
			    HISTORY_ID, commit, f->line, f->id, f->message);
	}
}

/* What is no text is not told what is amiss with its letters. */
static void
history_forgive(struct check_history *h)
{
	static const char *const letters[] = { "bidi", "control-character",
		"homoglyph", "invisible" };

	if (!h->file.binary && !h->garbled)
		return;
	for (size_t i = 0; i < h->was.n; i++)
		for (size_t k = 0; k < sizeof(letters) / sizeof(letters[0]);
		     k++)
			if (strcmp(h->was.list[i].id, letters[k]) == 0)
				h->was.list[i].severity = FINDING_NOTE;
}

static void
history_leave(struct check_history *h)
{
	if (h->body == NULL)
		return;
	check_body_leave(h->body);
	history_forgive(h);
	history_tell(h, h->commit, &h->was);
	findings_release(&h->was);
	h->was.policy = h->out->policy;
	h->commit[0] = '\0';
}

static char *
history_link_key(const char *commit, const char *path)
{
	return xasprintf("%s:%s", commit, path);
}

void
check_history_change(
    struct check_history *h, const char *commit, const struct scan_change *c)
{
	struct findings was = { .policy = h->out->policy };

	history_leave(h);
	if (strcmp(c->path, FINDINGS_POLICY_PATH) == 0 &&
	    !history_has(h->out, "fetch-policy", c->path))
		finding_add(h->out, "fetch-policy", c->path, 0,
		    "commit %.*s changes the policy of these checks",
		    HISTORY_ID, commit);
	/* What goes away came with another one. */
	if (c->status != 'D') {
		check_name(c, &was);
		check_mode(c, &was);
		check_autorun(c, &was);
	}
	if ((c->new_mode & SCAN_MODE_TYPE) == SCAN_MODE_LINK &&
	    map_count(h->links) < HISTORY_LINKS_MAX) {
		AUTO_FREE char *key = history_link_key(commit, c->path);

		(void)map_put(h->links, key, history_plain);
	}
	history_tell(h, commit, &was);
	findings_release(&was);
}

static void
history_enter(
    struct check_history *h, const char *commit, const struct scan_line *l)
{
	AUTO_FREE char *key = history_link_key(commit, l->path);
	size_t n = strnlen(l->path, SCAN_PATH_MAX);
	bool another = strcmp(h->commit, commit) != 0;

	/* It is large, and most changes are one commit. */
	if (h->body == NULL)
		h->body = check_body_new(&h->was);
	history_leave(h);
	if (another)
		check_body_forget(h->body);
	memcpy(h->commit, commit, sizeof(h->commit));
	h->file = (struct check_file){ .kind = 0 };
	h->garbled = false;
	memcpy(h->file.path, l->path, n);
	if (map_get(h->links, key) != NULL)
		h->file.kind = SCAN_MODE_LINK;
	check_body_enter(h->body, &h->file, 'M');
}

/* The first line says what runs a file, and shows most programs. */
static void
history_first(struct check_history *h, const struct scan_line *l)
{
	const struct check_content b = { .size = l->text.len, .head = l->text };

	if (view_starts(l->text, "#!")) {
		h->file.script = true;
		check_body_script(h->body, true);
	}
	h->file.binary = check_binary(&h->file, &b, &h->was);
}

/* As far as its lines tell: what is refused in the result is refused here. */
void
check_history_line(
    struct check_history *h, const char *commit, const struct scan_line *l)
{
	if (l->kind != '+')
		return;
	if (strcmp(h->commit, commit) != 0 ||
	    strcmp(h->file.path, l->path) != 0)
		history_enter(h, commit, l);
	if (h->file.kind == SCAN_MODE_LINK) {
		check_link(l->path, l->text, &h->was);
		return;
	}
	if (l->line == 1 && l->offset == 0)
		history_first(h, l);
	h->garbled = h->garbled || !utf8_valid(l->text);
	check_body_line(h->body, l);
}

void
check_history_end(struct check_history *h, size_t usual)
{
	history_leave(h);
	if (h->commits > usual)
		finding_add(h->out, "many-commits", "", 0,
		    "%zu commits; %zu are usual", h->commits, usual);
}
