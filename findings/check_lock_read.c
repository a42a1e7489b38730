/* Lock files line by line; none of these formats needs more. */
#include <stdlib.h>
#include <string.h>

#include "findings/check_lock.h"
#include "lib/base/alloc.h"
#include "lib/wire/json.h"

enum check_lock_kind
check_lock_kind(const char *path)
{
	static const struct {
		const char *name;
		enum check_lock_kind kind;
	} kinds[] = {
		{ "package-lock.json", CHECK_LOCK_NPM },
		{ "npm-shrinkwrap.json", CHECK_LOCK_NPM },
		{ "composer.lock", CHECK_LOCK_COMPOSER },
		{ "Pipfile.lock", CHECK_LOCK_PIPFILE },
		{ "yarn.lock", CHECK_LOCK_YARN },
		{ "pnpm-lock.yaml", CHECK_LOCK_PNPM },
		{ "Cargo.lock", CHECK_LOCK_TOML },
		{ "poetry.lock", CHECK_LOCK_TOML },
		{ "pdm.lock", CHECK_LOCK_TOML },
		{ "uv.lock", CHECK_LOCK_TOML },
		{ "go.sum", CHECK_LOCK_GO },
		{ "Gemfile.lock", CHECK_LOCK_GEM },
	};
	const char *base = check_path_base(path);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(base, kinds[i].name) == 0)
			return kinds[i].kind;
	return strncasecmp(base, "requirements", 12) == 0 &&
		check_has_ext(base, ".txt")
	    ? CHECK_LOCK_PIP
	    : CHECK_LOCK_NONE;
}

struct check_pin *
check_lock_add(struct check_lock *l, struct view name)
{
	if (l->n == CHECK_LOCK_MAX) {
		l->unread = true;
		l->n--; /* the last one is written over */
	}
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 256 : 2 * l->cap;
		l->list = xrealloc(l->list, l->cap * sizeof(*l->list));
	}
	l->list[l->n] = (struct check_pin){ .name = name };
	return &l->list[l->n++];
}

void
check_lock_sum(struct check_pin *p, struct view sum)
{
	if (sum.len > 0 && p->sums_n < CHECK_LOCK_SUMS)
		p->sums[p->sums_n++] = check_hash(sum);
}

void
check_lock_release(struct check_lock *l)
{
	free(l->list);
	json_free(l->root);
	*l = (struct check_lock){ .list = NULL };
}

/* Without quotes and a comma or colon at the end. */
static struct view
check_bare(struct view v)
{
	v = view_trim(v);
	while (v.len > 0 && strchr(",:;", v.p[v.len - 1]) != NULL)
		v.len--;
	if (v.len >= 2 && (v.p[0] == '"' || v.p[0] == '\'') &&
	    v.p[v.len - 1] == v.p[0]) {
		v.p++;
		v.len -= 2;
	}
	return v;
}

/* The value behind KEY and blanks, : or =. */
static bool
check_field(struct view line, const char *key, struct view *value)
{
	struct view v = view_trim(line);
	size_t n = strlen(key);

	if (!view_starts(v, key) || v.len <= n || strchr(" :=", v.p[n]) == NULL)
		return false;
	v = view_from(v, n);
	while (v.len > 0 && strchr(" :=", v.p[0]) != NULL)
		v = view_from(v, 1);
	*value = check_bare(v);
	return true;
}

/* The quoted or bare text behind a word anywhere in the line. */
static bool
check_inner(struct view line, const char *word, struct view *value)
{
	const char *at = line.len == 0
	    ? NULL
	    : memmem(line.p, line.len, word, strlen(word));
	size_t n = 0;

	if (at == NULL)
		return false;
	*value = view_from(line, (size_t)(at - line.p) + strlen(word));
	while (value->len > 0 && strchr(" \"'", value->p[0]) != NULL)
		*value = view_from(*value, 1);
	while (n < value->len && strchr(" \"',}\\\r", value->p[n]) == NULL)
		n++;
	value->len = n;
	return n > 0;
}

/* NAME of NAME@RANGE, @SCOPE/NAME@RANGE; *rest: behind the @. */
static struct view
check_at(struct view v, struct view *rest)
{
	const char *at = v.len < 2 ? NULL : memchr(v.p + 1, '@', v.len - 1);

	*rest = (struct view){ v.p, 0 };
	if (at == NULL)
		return v;
	*rest = view_from(v, (size_t)(at - v.p) + 1);
	return (struct view){ v.p, (size_t)(at - v.p) };
}

static void
check_read_yarn(struct check_lock *l, struct view line, struct check_pin **p)
{
	struct view v, rest, other;
	const char *hash;

	if (line.len == 0 || line.p[0] == '#')
		return;
	if (line.p[0] != ' ') {
		struct view first = check_bare(line);

		(void)view_split(&first, ',', &v);
		v = check_bare(v);
		if (v.len > 0 && v.p[0] == '"')
			v = view_from(v, 1);
		*p = check_lock_add(l, check_at(v, &rest));
		if (view_starts(rest, "npm:") && rest.len > 5) {
			v = check_at(view_from(rest, 4), &other);
			if (other.len > 0)
				(*p)->actual = v;
		}
		return;
	}
	if (*p == NULL)
		return;
	if (check_field(line, "version", &v)) {
		(*p)->version = v;
	} else if (check_field(line, "resolved", &v)) {
		hash = v.len == 0 ? NULL : memchr(v.p, '#', v.len);
		(*p)->source = v;
		if (hash != NULL && memmem(v.p, v.len, ".git", 4) == NULL) {
			(*p)->source.len = (size_t)(hash - v.p);
			check_lock_sum(
			    *p, view_from(v, (size_t)(hash - v.p) + 1));
		}
	} else if (check_field(line, "resolution", &v)) {
		(void)check_at(v, &rest);
		if (!view_starts(rest, "npm:") &&
		    !view_starts(rest, "workspace:") &&
		    !view_starts(rest, "patch:"))
			(*p)->source = rest;
	} else if (check_field(line, "integrity", &v) ||
	    check_field(line, "checksum", &v)) {
		(*p)->sums_n = 0;
		check_lock_sum(*p, v);
		(*p)->weak = view_starts(v, "sha1-");
	}
}

static void
check_read_pnpm(struct check_lock *l, struct view line, struct check_pin **p)
{
	struct view v = view_trim(line), rest;

	/* Two blanks, a key, a colon: /a@1.0.0: or 'a@1.0.0': or /a/1.0.0: */
	if (line.len > 3 && view_starts(line, "  ") && line.p[2] != ' ' &&
	    v.len > 1 && v.p[v.len - 1] == ':') {
		v = check_bare(v);
		if (v.len > 0 && v.p[0] == '/')
			v = view_from(v, 1);
		*p = check_lock_add(l, check_at(v, &rest));
		(*p)->version = rest;
		return;
	}
	if (*p == NULL)
		return;
	if (check_inner(line, "integrity:", &v)) {
		check_lock_sum(*p, v);
		(*p)->weak = view_starts(v, "sha1-");
	}
	if (check_inner(line, "tarball:", &v) || check_inner(line, "repo:", &v))
		(*p)->source = v;
	if (check_field(line, "requiresBuild", &v))
		(*p)->script = view_is(v, "true");
}

static void
check_read_toml(struct check_lock *l, struct view line, struct check_pin **p)
{
	static const char *const inner[] = { "registry =", "url =", "git =" };
	struct view v = view_trim(line);

	if (view_starts(v, "[[")) {
		*p = view_is(v, "[[package]]")
		    ? check_lock_add(l, (struct view){ v.p, 0 })
		    : NULL;
		return;
	}
	if (*p == NULL)
		return;
	if (check_inner(line, "hash =", &v) || check_inner(line, "hash:", &v))
		check_lock_sum(*p, v);
	if (check_field(line, "name", &v) && (*p)->name.len == 0)
		(*p)->name = v;
	else if (check_field(line, "version", &v) && (*p)->version.len == 0)
		(*p)->version = v;
	else if (check_field(line, "checksum", &v))
		check_lock_sum(*p, v);
	else if (check_field(line, "source", &v) && v.len > 0 && v.p[0] != '{')
		(*p)->source = v;
	for (size_t i = 0; i < sizeof(inner) / sizeof(inner[0]); i++)
		if ((*p)->source.len == 0 && check_inner(line, inner[i], &v))
			(*p)->source = v;
}

static void
check_read_go(struct check_lock *l, struct view line, struct check_pin **p)
{
	struct view rest = view_trim(line), name, version;

	if (rest.len == 0 || !view_split(&rest, ' ', &name) ||
	    !view_split(&rest, ' ', &version))
		return;
	*p = check_lock_add(l, name);
	(*p)->version = version;
	check_lock_sum(*p, view_trim(rest));
}

static void
check_read_gem(struct check_lock *l, struct view line, struct check_pin **p,
    struct view *remote)
{
	struct view v = view_trim(line), value;
	const char *open = v.len == 0 ? NULL : memchr(v.p, '(', v.len);
	size_t blanks = 0;

	while (blanks < line.len && line.p[blanks] == ' ')
		blanks++;
	if (blanks == 0)
		remote->len = 0;
	if (check_field(line, "remote", &value)) {
		*remote = value;
	} else if (blanks == 4 && open != NULL && v.p[v.len - 1] == ')') {
		*p = check_lock_add(
		    l, view_trim((struct view){ v.p, (size_t)(open - v.p) }));
		(*p)->version = (struct view){ open + 1,
			(size_t)(v.p + v.len - 1 - (open + 1)) };
		(*p)->source = *remote;
	}
}

static void
check_read_hashes(struct check_pin *p, struct view v)
{
	struct view value;

	while (p != NULL && check_inner(v, "--hash=", &value)) {
		check_lock_sum(p, value);
		v = view_from(v, (size_t)(value.p + value.len - v.p));
	}
}

static void
check_read_pip(struct check_lock *l, struct view line, struct check_pin **p)
{
	struct view v = view_trim(line), value;
	size_t n = 0;

	if (v.len == 0 || v.p[0] == '#')
		return;
	if (view_starts(v, "--")) {
		check_read_hashes(*p, v);
		return;
	}
	if (view_starts(v, "-e "))
		v = view_trim(view_from(v, 3));
	if (v.p[0] == '-')
		return;
	while (n < v.len && strchr(" =<>!~;[@\\", v.p[n]) == NULL)
		n++;
	*p = check_lock_add(l, (struct view){ v.p, n });
	if (check_inner(v, "==", &value))
		(*p)->version = value;
	if (check_inner(v, "@ ", &value))
		(*p)->source = value;
	if (memmem(v.p, v.len, "://", 3) != NULL && (*p)->source.len == 0)
		(*p)->source = (*p)->name = v;
	check_read_hashes(*p, v);
}

void
check_lock_read(
    struct check_lock *l, enum check_lock_kind kind, struct view text)
{
	struct view rest = text, line, remote = { text.p, 0 };
	struct check_pin *p = NULL;

	*l = (struct check_lock){ .kind = kind };
	if (text.len == 0)
		return;
	if (kind == CHECK_LOCK_NPM || kind == CHECK_LOCK_COMPOSER ||
	    kind == CHECK_LOCK_PIPFILE) {
		check_lock_json(l, kind, text);
		return;
	}
	while (view_split(&rest, '\n', &line)) {
		if (kind == CHECK_LOCK_YARN)
			check_read_yarn(l, line, &p);
		else if (kind == CHECK_LOCK_PNPM)
			check_read_pnpm(l, line, &p);
		else if (kind == CHECK_LOCK_TOML)
			check_read_toml(l, line, &p);
		else if (kind == CHECK_LOCK_GO)
			check_read_go(l, line, &p);
		else if (kind == CHECK_LOCK_GEM)
			check_read_gem(l, line, &p, &remote);
		else if (kind == CHECK_LOCK_PIP)
			check_read_pip(l, line, &p);
	}
}
