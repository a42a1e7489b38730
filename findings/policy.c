#include "findings/policy.h"

#include <stdlib.h>
#include <string.h>

#include "findings/rule.h"
#include "findings/sarif.h"
#include "lib/base/alloc.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/esc.h"
#include "lib/base/num.h"
#include "lib/base/utf8.h"

enum {
	POLICY_FILES = 4,
	POLICY_OFF = -1 /* below FINDING_NOTE */
};

#define POLICY_LIMIT_MAX ((uint64_t)4 << 30)

enum policy_kind {
	POLICY_RULE,
	POLICY_LIMIT,
	POLICY_LOCK
};

struct policy_line {
	struct findings_policy_line shown;
	enum policy_kind kind;
	size_t file; /* which one it is from */
	char *id, *glob, *text;
	int level; /* enum finding_severity or POLICY_OFF */
	enum findings_limit limit;
	uint64_t size;
};

struct findings_policy {
	char *files[POLICY_FILES];
	size_t files_n;
	struct policy_line *lines;
	size_t n, cap;
};

struct findings_policy *
findings_policy_new(void)
{
	return xcalloc(1, sizeof(struct findings_policy));
}

static void
policy_line_release(struct policy_line *l)
{
	free(l->id);
	free(l->glob);
	free(l->text);
}

void
findings_policy_free(struct findings_policy *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < p->n; i++)
		policy_line_release(&p->lines[i]);
	for (size_t i = 0; i < p->files_n; i++)
		free(p->files[i]);
	free(p->lines);
	free(p);
}

/* The next word of the line, empty at its end. */
static struct view
policy_word(struct view *rest)
{
	struct view word;

	*rest = view_trim(*rest);
	word = *rest;
	for (size_t i = 0; i < rest->len; i++)
		if (rest->p[i] == ' ' || rest->p[i] == '\t') {
			word.len = i;
			break;
		}
	*rest = view_from(*rest, word.len);
	return word;
}

static int
policy_level(struct view word, int *level, struct err *e)
{
	if (view_is(word, "off")) {
		*level = POLICY_OFF;
		return 0;
	}
	for (int s = FINDING_NOTE; s <= FINDING_BLOCK; s++)
		if (view_is(word,
			finding_severity_name((enum finding_severity)s))) {
			*level = s;
			return 0;
		}
	return err_set(
	    e, ERR_INVALID, "after the rule comes block, ask, note or off");
}

static int
policy_parse_rule(struct view rest, struct policy_line *l, struct err *e)
{
	const struct finding_rule *rule;
	struct view word;

	l->kind = POLICY_RULE;
	l->id = view_dup(policy_word(&rest));
	rule = finding_rule_get(l->id);
	if (rule == NULL && !sarif_id_ok(l->id))
		return err_set(e, ERR_INVALID,
		    "there is no rule %.60s; `coffer fetch rules` lists them",
		    l->id);
	if (rule != NULL && (rule->flags & RULE_FIXED) != 0)
		return err_set(e, ERR_INVALID,
		    "%s cannot be weighed: nothing was looked at", l->id);
	if (policy_level(policy_word(&rest), &l->level, e) == -1)
		return -1;
	word = policy_word(&rest);
	if (view_is(word, "path")) {
		word = policy_word(&rest);
		if (word.len == 0 || word.len > FINDINGS_POLICY_GLOB ||
		    word.p[0] == '/')
			return err_set(e, ERR_INVALID,
			    "path is a pattern from the top of the tree, at "
			    "most %d bytes",
			    (int)FINDINGS_POLICY_GLOB);
		l->glob = view_dup(word);
		word = policy_word(&rest);
	}
	if (word.len > 0 && !view_is(word, "reason"))
		return err_set(e, ERR_INVALID,
		    "only `path GLOB` and `reason TEXT` may follow");
	if (word.len > 0 && view_trim(rest).len == 0)
		return err_set(e, ERR_INVALID, "the reason is empty");
	return 0;
}

static int
policy_parse_limit(struct view rest, struct policy_line *l, struct err *e)
{
	struct view which = policy_word(&rest);
	AUTO_FREE char *size = view_dup(policy_word(&rest));

	l->kind = POLICY_LIMIT;
	l->id = xstrdup("too-large");
	if (!view_is(which, "file") && !view_is(which, "total"))
		return err_set(
		    e, ERR_INVALID, "a limit is of a `file` or of the `total`");
	l->limit = view_is(which, "file") ? FINDINGS_LIMIT_FILE
					  : FINDINGS_LIMIT_TOTAL;
	if (num_size(size, 1, POLICY_LIMIT_MAX, &l->size, e) == -1)
		return err_set(e, ERR_INVALID,
		    "a size is a number with k, M or G, at most 4G");
	if (view_trim(rest).len > 0)
		return err_set(e, ERR_INVALID, "nothing may follow the size");
	return 0;
}

static int
policy_parse_lock(struct view rest, struct policy_line *l, struct err *e)
{
	l->kind = POLICY_LOCK;
	l->id = view_dup(policy_word(&rest));
	if (finding_rule_get(l->id) == NULL && !sarif_id_ok(l->id))
		return err_set(e, ERR_INVALID,
		    "there is no rule %.60s; `coffer fetch rules` lists them",
		    l->id);
	if (view_trim(rest).len > 0)
		return err_set(e, ERR_INVALID, "nothing may follow the rule");
	return 0;
}

static int
policy_plain(struct view line, struct err *e)
{
	if (line.len > FINDINGS_POLICY_LINE)
		return err_set(e, ERR_INVALID, "a line of over %d bytes",
		    (int)FINDINGS_POLICY_LINE);
	while (line.len > 0) {
		uint32_t c;
		size_t n = utf8_decode(line, &c);

		if (n == 0)
			return err_set(e, ERR_INVALID, "it is not UTF-8");
		if (c != '\t' && esc_unseen(c))
			return err_set(e, ERR_INVALID,
			    "U+%04X is a character that is not seen",
			    (unsigned)c);
		line = view_from(line, n);
	}
	return 0;
}

static bool
policy_is_locked(const struct findings_policy *p, const char *id, size_t file)
{
	for (size_t i = 0; i < p->n && p->lines[i].file < file; i++)
		if (p->lines[i].kind == POLICY_LOCK &&
		    strcmp(p->lines[i].id, id) == 0)
			return true;
	return false;
}

static int
policy_parse(struct view line, struct policy_line *l, struct err *e)
{
	struct view rest = line, verb = policy_word(&rest);

	if (view_is(verb, "rule"))
		return policy_parse_rule(rest, l, e);
	if (view_is(verb, "limit"))
		return policy_parse_limit(rest, l, e);
	if (view_is(verb, "lock"))
		return policy_parse_lock(rest, l, e);
	return err_set(
	    e, ERR_INVALID, "a line begins with rule, limit, lock or #");
}

static int
policy_add(
    struct findings_policy *p, struct view line, uint32_t number, struct err *e)
{
	struct policy_line l = { .file = p->files_n - 1 };

	if (policy_plain(line, e) == -1)
		return -1;
	line = view_trim(line);
	if (line.len == 0 || line.p[0] == '#')
		return 0;
	if (p->n == FINDINGS_POLICY_LINES)
		return err_set(e, ERR_LIMIT, "more than %d lines",
		    (int)FINDINGS_POLICY_LINES);
	if (policy_parse(line, &l, e) == -1) {
		policy_line_release(&l);
		return -1;
	}
	l.text = view_dup(line);
	l.shown = (struct findings_policy_line){ .from = p->files[l.file],
		.number = number,
		.text = l.text,
		.locked = policy_is_locked(p, l.id, l.file) };
	if (p->n == p->cap) {
		p->cap = p->cap == 0 ? 16 : 2 * p->cap;
		p->lines = xrealloc(p->lines, p->cap * sizeof(*p->lines));
	}
	p->lines[p->n++] = l;
	return 0;
}

int
findings_policy_read(struct findings_policy *p, struct view text,
    const char *from, struct err *e)
{
	struct view rest = text, line;
	uint32_t number = 0;

	if (p->files_n == POLICY_FILES)
		return err_set(e, ERR_LIMIT, "more than %d policy files",
		    (int)POLICY_FILES);
	if (text.len > FINDINGS_POLICY_MAX)
		return err_set(e, ERR_LIMIT, "%.120s: over %d bytes", from,
		    (int)FINDINGS_POLICY_MAX);
	p->files[p->files_n++] = xstrdup(from);
	while (rest.len > 0 && view_split(&rest, '\n', &line)) {
		number++;
		if (line.len > 0 && line.p[line.len - 1] == '\r')
			line.len--;
		if (policy_add(p, line, number, e) == -1)
			return err_wrap(e, "%.120s:%u", from, number);
	}
	return 0;
}

/* The last line of that file that is about it. */
static const struct policy_line *
policy_last(const struct findings_policy *p, size_t file, const char *id,
    const char *path)
{
	for (size_t i = p->n; i-- > 0;) {
		const struct policy_line *l = &p->lines[i];

		if (l->file != file || l->kind != POLICY_RULE ||
		    strcmp(l->id, id) != 0)
			continue;
		if (l->glob == NULL ||
		    (path != NULL && findings_glob(l->glob, path)))
			return l;
	}
	return NULL;
}

static const struct policy_line *
policy_decide(const struct findings_policy *p, const struct finding_rule *rule,
    const char *id, const char *path, int *level)
{
	const struct policy_line *by = NULL;
	int least = rule != NULL && (rule->flags & RULE_KEPT) != 0 ? *level
								   : POLICY_OFF;

	if (p == NULL || (rule != NULL && (rule->flags & RULE_FIXED) != 0))
		return NULL;
	for (size_t file = 0; file < p->files_n; file++) {
		const struct policy_line *l = policy_last(p, file, id, path);
		int floor = policy_is_locked(p, id, file) ? *level : least;

		if (l == NULL || (l->level < floor && *level == floor))
			continue;
		*level = l->level < floor ? floor : l->level;
		by = l;
	}
	return by;
}

bool
findings_policy_weigh(const struct findings_policy *p,
    const struct finding_rule *rule, const char *id, const char *file,
    enum finding_severity *severity)
{
	int level = (int)*severity;

	(void)policy_decide(p, rule, id, file, &level);
	if (level == POLICY_OFF)
		return false;
	*severity = (enum finding_severity)level;
	return true;
}

const struct findings_policy_line *
findings_policy_why(const struct findings_policy *p,
    const struct finding_rule *rule, const char *file)
{
	int level = (int)rule->severity;
	const struct policy_line *l = policy_decide(
	    p, rule, rule->id, file, &level);

	return l == NULL ? NULL : &l->shown;
}

uint64_t
findings_limit(const struct findings_policy *p, enum findings_limit which)
{
	static const uint64_t defaults[] = {
		[FINDINGS_LIMIT_FILE] = 10 << 20,
		[FINDINGS_LIMIT_TOTAL] = 100 << 20,
	};
	uint64_t size = defaults[which];

	for (size_t i = 0; p != NULL && i < p->n; i++) {
		const struct policy_line *l = &p->lines[i];

		if (l->kind != POLICY_LIMIT || l->limit != which ||
		    (l->size > size && l->shown.locked))
			continue;
		size = l->size;
	}
	return size;
}

size_t
findings_policy_count(const struct findings_policy *p)
{
	return p->n;
}

const struct findings_policy_line *
findings_policy_at(const struct findings_policy *p, size_t i)
{
	return &p->lines[i].shown;
}
