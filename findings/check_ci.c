/* Lines of CI's files and of Dockerfiles. */
#include <ctype.h>
#include <string.h>

#include "findings/check_body.h"

enum {
	CHECK_SHA1_HEX = 40,
	CHECK_SHA256_HEX = 64
};

/* The value of `KEY: value` (also as an item of a list), without quotes. */
static bool
check_yaml(struct view line, const char *key, struct view *value)
{
	struct view v = view_trim(line);

	if (view_starts(v, "- "))
		v = view_trim(view_from(v, 2));
	if (!view_starts(v, key) || v.len <= strlen(key) ||
	    v.p[strlen(key)] != ':')
		return false;
	v = view_trim(view_from(v, strlen(key) + 1));
	for (size_t i = 1; i < v.len; i++)
		if (v.p[i] == '#' && v.p[i - 1] == ' ')
			v.len = i - 1;
	v = view_trim(v);
	if (v.len >= 2 && (v.p[0] == '"' || v.p[0] == '\'')) {
		v.p++;
		v.len -= 2;
	}
	*value = v;
	return v.len > 0;
}

static bool
check_is_hex(struct view v, size_t want)
{
	if (v.len != want)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (!isxdigit((unsigned char)v.p[i]))
			return false;
	return true;
}

static bool
check_is_pinned(struct view v)
{
	const char *at = memrchr(v.p, '@', v.len);
	struct view ref;

	if (at == NULL)
		return false;
	ref = view_from(v, (size_t)(at + 1 - v.p));
	return check_is_hex(ref, CHECK_SHA1_HEX) ||
	    (view_starts(ref, "sha256:") &&
		check_is_hex(view_from(ref, 7), CHECK_SHA256_HEX));
}

static void
check_pin(struct check_body *b, struct view v, const char *id, const char *what)
{
	bool pinned = check_is_pinned(v);

	b->pins[b->line->kind == '+'] += pinned;
	if (!pinned && b->line->kind == '+')
		check_note(b, id, b->file->path, b->line->line,
		    "%s without a digest: %.*s", what,
		    (int)(v.len > 100 ? 100 : v.len), v.p);
}

/* NAME: ${{ ... }} alone: a variable of the environment, the safe way. */
static bool
check_is_env(struct view line)
{
	struct view v = view_trim(line);
	size_t i = 0;

	while (i < v.len &&
	    (isupper((unsigned char)v.p[i]) || isdigit((unsigned char)v.p[i]) ||
		v.p[i] == '_'))
		i++;
	return i > 0 && i < v.len && v.p[i] == ':';
}

static bool
check_view_has(struct view v, const char *what)
{
	return v.len > 0 && memmem(v.p, v.len, what, strlen(what)) != NULL;
}

/* What somebody outside writes, put into a command. */
static void
check_template(struct check_body *b)
{
	static const char *const theirs[] = { "github.event.issue.title",
		"github.event.issue.body", "github.event.pull_request.title",
		"github.event.pull_request.body",
		"github.event.pull_request.head.ref",
		"github.event.pull_request.head.label",
		"github.event.comment.body", "github.event.review.body",
		"github.event.head_commit", "github.event.commits",
		"github.event.pages", "github.event.discussion",
		"github.event.inputs", "github.head_ref",
		"github.event.workflow_run.head_branch" };
	struct view v = b->line->text, value;

	if (!check_view_has(v, "${{"))
		return;
	for (size_t i = 0; i < sizeof(theirs) / sizeof(theirs[0]); i++)
		if (check_view_has(v, theirs[i]) && !check_is_env(v) &&
		    !check_yaml(v, "if", &value) &&
		    !check_yaml(v, "group", &value)) {
			check_say(b, "ci-injection", b->line->line,
			    "%s is put into a command as it is", theirs[i]);
			return;
		}
	if (check_yaml(v, "ref", &value) &&
	    check_view_has(value, "pull_request.head"))
		check_say(b, "ci-checkout-head", b->line->line,
		    "a pull request's code is checked out");
}

static void
check_docker(struct check_body *b)
{
	struct view v = view_trim(b->line->text), rest, word;

	if (v.len > 5 && strncasecmp(v.p, "from ", 5) == 0) {
		rest = view_trim(view_from(v, 5));
		while (rest.len > 0 && view_split(&rest, ' ', &word))
			if (word.len > 0 && !view_starts(word, "--"))
				break;
		/* A stage of this file, or nothing at all. */
		if (view_is(word, "scratch") ||
		    (memchr(word.p, ':', word.len) == NULL &&
			memchr(word.p, '/', word.len) == NULL &&
			memchr(word.p, '@', word.len) == NULL &&
			!check_view_has(rest, "as ") &&
			!check_view_has(rest, "AS ")))
			return;
		check_pin(b, word, "image-unpinned", "an image");
	} else if (b->line->kind == '+' && v.len > 4 &&
	    strncasecmp(v.p, "add ", 4) == 0 && check_view_has(v, "://") &&
	    !check_view_has(v, "--checksum="))
		check_say(b, "remote-add", b->line->line,
		    "a download goes into the image");
}

/* A line of a job that tests or looks at something, by its words. */
static bool
check_is_step(struct view line)
{
	static const char *const words[] = { "test", "check", "lint", "scan",
		"audit" };
	struct view v = view_trim(line);

	if (v.len == 0 || v.p[0] == '#')
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (check_view_has(v, words[i]) &&
		    !check_view_has(v, "checkout"))
			return true;
	return false;
}

void
check_line_ci(struct check_body *b)
{
	struct view v;

	b->steps[b->line->kind == '+'] += !(b->traits & CHECK_IS_DOCKER) &&
	    check_is_step(b->line->text);

	if (b->traits & CHECK_IS_DOCKER) {
		check_docker(b);
		return;
	}
	if (check_yaml(b->line->text, "uses", &v)) {
		if (!view_starts(v, "./"))
			check_pin(b, v, "ci-unpinned", "an action");
	} else if (check_yaml(b->line->text, "image", &v) &&
	    !view_starts(v, "$")) {
		check_pin(b, v, "image-unpinned", "an image");
	} else if (b->line->kind == '+') {
		check_template(b);
	}
}
