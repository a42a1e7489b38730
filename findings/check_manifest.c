/* Manifests line by line: what is new in them, and in which section. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "findings/check_lock.h"
#include "lib/base/alloc.h"

enum {
	CHECK_LINES_MAX = 1 << 16,
	CHECK_SECTION_MAX = 200
};

enum check_manifest_kind {
	CHECK_MANIFEST_NONE,
	CHECK_MANIFEST_NPM,
	CHECK_MANIFEST_CARGO,
	CHECK_MANIFEST_PYPROJECT,
	CHECK_MANIFEST_GOMOD,
	CHECK_MANIFEST_GEMFILE,
	CHECK_MANIFEST_PIPFILE,
	CHECK_MANIFEST_GRADLE, /* and its wrapper */
	CHECK_MANIFEST_RC      /* .npmrc and its like */
};

struct check_manifest {
	struct check_body *b;
	const char *path;
	enum check_manifest_kind kind;
	uint64_t *old; /* hashes of section and line, sorted */
	size_t old_n;
	struct view section, line;
	uint32_t number;
};

static enum check_manifest_kind
check_manifest_kind(const char *path)
{
	static const struct {
		const char *name;
		enum check_manifest_kind kind;
	} kinds[] = {
		{ "package.json", CHECK_MANIFEST_NPM },
		{ "Cargo.toml", CHECK_MANIFEST_CARGO },
		{ "pyproject.toml", CHECK_MANIFEST_PYPROJECT },
		{ "go.mod", CHECK_MANIFEST_GOMOD },
		{ "go.work", CHECK_MANIFEST_GOMOD },
		{ "Gemfile", CHECK_MANIFEST_GEMFILE },
		{ "Pipfile", CHECK_MANIFEST_PIPFILE },
		{ "build.gradle", CHECK_MANIFEST_GRADLE },
		{ "build.gradle.kts", CHECK_MANIFEST_GRADLE },
		{ "settings.gradle", CHECK_MANIFEST_GRADLE },
		{ "settings.gradle.kts", CHECK_MANIFEST_GRADLE },
		{ "gradle-wrapper.properties", CHECK_MANIFEST_GRADLE },
		{ "maven-wrapper.properties", CHECK_MANIFEST_GRADLE },
		{ ".npmrc", CHECK_MANIFEST_RC },
		{ ".yarnrc", CHECK_MANIFEST_RC },
		{ ".yarnrc.yml", CHECK_MANIFEST_RC },
		{ "pip.conf", CHECK_MANIFEST_RC },
		{ "bunfig.toml", CHECK_MANIFEST_RC },
	};
	const char *base = check_path_base(path);

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(base, kinds[i].name) == 0)
			return kinds[i].kind;
	return strstr(path, ".cargo/config") != NULL ? CHECK_MANIFEST_CARGO
						     : CHECK_MANIFEST_NONE;
}

static bool
check_has(struct view v, const char *what)
{
	return v.len > 0 && memmem(v.p, v.len, what, strlen(what)) != NULL;
}

static bool
check_begins(struct view v, const char *what)
{
	size_t n = strlen(what);

	return view_starts(v, what) &&
	    (v.len == n || !isalnum((unsigned char)v.p[n]));
}

static int
check_cut(struct view v)
{
	return (int)(v.len > 120 ? 120 : v.len);
}

static void
check_say_line(struct check_manifest *m, const char *id, const char *what)
{
	finding_add(m->b->out, id, m->path, m->number, "%s: %.*s", what,
	    check_cut(m->line), m->line.p);
}

/* The first quoted text with an address in it, or what is behind a =. */
static void
check_line_origin(struct check_manifest *m)
{
	static const char *const insecure[] = { "http://", "git://" };
	static const char *const near[] = { "http://localhost",
		"http://127.0.0.1" };

	for (size_t i = 0; i < 2; i++)
		if (check_has(m->line, insecure[i]) &&
		    !check_has(m->line, near[0]) &&
		    !check_has(m->line, near[1])) {
			check_say_line(
			    m, "dependency-insecure", "comes without TLS");
			return;
		}
	check_say_line(m, "dependency-source", "not from the registry");
}

static bool
check_in_dependencies(const struct check_manifest *m)
{
	return check_has(m->section, "dependencies");
}

static void
check_cargo_line(struct check_manifest *m)
{
	struct view s = m->section, v = m->line;

	if (check_begins(s, "patch") || check_begins(s, "replace") ||
	    check_begins(s, "source") || check_begins(s, "registries"))
		check_say_line(m, "dependency-source",
		    "packages are put in the place of others");
	else if (view_is(s, "package") &&
	    (check_begins(v, "build") || check_begins(v, "links")))
		check_say_line(m, "build-backend", "something runs at build");
	else if (check_begins(v, "proc-macro"))
		check_say_line(m, "build-backend", "it runs in the compiler");
	else if (check_begins(s, "build") || check_begins(s, "target") ||
	    check_begins(s, "alias") || check_begins(s, "env"))
		check_say_line(m, "build-backend", "how it is built changes");
	else if (check_in_dependencies(m) &&
	    (check_has(v, "git =") || check_has(v, "git=") ||
		check_has(v, "registry =") || check_has(v, "path = \"/") ||
		check_has(v, "../..")))
		check_line_origin(m);
}

static void
check_pyproject_line(struct check_manifest *m)
{
	struct view s = m->section, v = m->line;

	if (view_is(s, "build-system") || check_has(s, "cmdclass") ||
	    check_has(s, "hooks") || check_has(s, "build."))
		check_say_line(
		    m, "build-backend", "what runs at build changes");
	else if (check_has(s, "source") || check_has(s, "index"))
		check_say_line(
		    m, "extra-index", "packages may come from another place");
	else if (check_has(s, "scripts") || check_has(s, "entry-points"))
		check_note(m->b, "script-changed", m->path, m->number,
		    "a command: %.*s", check_cut(v), v.p);
	else if (check_has(v, "git+") || check_has(v, "git = \"") ||
	    check_has(v, " @ ") || check_has(v, "url = \""))
		check_line_origin(m);
}

static void
check_gomod_line(struct check_manifest *m)
{
	struct view v = m->line;

	if (check_begins(v, "replace") || check_has(v, "=>"))
		check_say_line(m, "dependency-source",
		    "one module in the place of another");
	else if (check_begins(v, "toolchain") || check_begins(v, "tool"))
		check_say_line(m, "build-backend", "what builds it changes");
}

static void
check_gem_line(struct check_manifest *m)
{
	struct view v = m->line;

	if (check_begins(v, "source") || check_begins(v, "git_source"))
		check_say_line(
		    m, "extra-index", "packages may come from another place");
	else if (check_has(v, "git:") || check_has(v, "github:") ||
	    check_has(v, ":git =>") || check_has(v, ":github =>") ||
	    check_has(v, "path:") || check_has(v, ":path =>"))
		check_line_origin(m);
}

static void
check_gradle_line(struct check_manifest *m)
{
	struct view v = m->line;

	if (check_begins(v, "distributionUrl"))
		check_say_line(m, "build-backend", "what builds it changes");
	else if (check_has(v, "maven") && check_has(v, "://"))
		check_say_line(
		    m, "extra-index", "packages may come from another place");
	else if (check_has(v, "url") && check_has(v, "http:"))
		check_line_origin(m);
	else if (check_has(v, "allowInsecureProtocol"))
		check_say_line(m, "tls-off",
		    "the other side of a connection is not proven any more");
}

static void
check_rc_line(struct check_manifest *m)
{
	struct view v = m->line;

	if (check_has(v, "registry") || check_has(v, "index") ||
	    check_has(v, "npmRegistryServer"))
		check_say_line(
		    m, "extra-index", "packages may come from another place");
	else if (check_begins(v, "script-shell") ||
	    check_begins(v, "node-options") || check_begins(v, "yarnPath") ||
	    check_begins(v, "yarn-path") || check_begins(v, "plugins") ||
	    check_begins(v, "preload") || check_begins(v, "git") ||
	    check_has(v, "onload-script"))
		check_say_line(m, "build-backend", "a program is set here");
	else if (check_begins(v, "ignore-scripts") ||
	    check_begins(v, "enableScripts"))
		check_say_line(m, "install-script",
		    "whether packages run scripts changes");
}

static void
check_pipfile_line(struct check_manifest *m)
{
	if (check_has(m->section, "source"))
		check_say_line(
		    m, "extra-index", "packages may come from another place");
	else if (check_has(m->line, "git =") || check_has(m->line, "path ="))
		check_line_origin(m);
}

static void
check_manifest_line(struct check_manifest *m)
{
	static void (*const lines[])(struct check_manifest *) = {
		[CHECK_MANIFEST_CARGO] = check_cargo_line,
		[CHECK_MANIFEST_PYPROJECT] = check_pyproject_line,
		[CHECK_MANIFEST_GOMOD] = check_gomod_line,
		[CHECK_MANIFEST_GEMFILE] = check_gem_line,
		[CHECK_MANIFEST_PIPFILE] = check_pipfile_line,
		[CHECK_MANIFEST_GRADLE] = check_gradle_line,
		[CHECK_MANIFEST_RC] = check_rc_line,
	};

	if (lines[m->kind] != NULL)
		lines[m->kind](m);
}

/* NAME of `NAME = "1"` and of "NAME>=1": a dependency's. */
static struct view
check_dep_name(const struct check_manifest *m)
{
	struct view v = m->line, none = { v.p, 0 };
	size_t n = 0;

	if (!check_in_dependencies(m) &&
	    !(m->kind == CHECK_MANIFEST_PYPROJECT && v.len > 0 &&
		v.p[0] == '"'))
		return none;
	if (v.len > 0 && (v.p[0] == '"' || v.p[0] == '\''))
		v = view_from(v, 1);
	while (n < v.len &&
	    (isalnum((unsigned char)v.p[n]) || strchr("-_.", v.p[n]) != NULL))
		n++;
	return (struct view){ v.p, n };
}

typedef void check_manifest_fn(struct check_manifest *m, void *arg);

static void
check_manifest_walk(struct check_manifest *m, struct view text,
    check_manifest_fn *fn, void *arg)
{
	struct view rest = text, line;

	m->section = (struct view){ text.p, 0 };
	m->number = 0;
	while (text.len > 0 && m->number < CHECK_LINES_MAX &&
	    view_split(&rest, '\n', &line)) {
		m->number++;
		m->line = view_trim(line);
		if (m->line.len == 0 || m->line.p[0] == '#')
			continue;
		if (m->line.p[0] == '[' && m->line.p[m->line.len - 1] == ']') {
			m->section = m->line;
			while (m->section.len > 0 && m->section.p[0] == '[')
				m->section = view_from(m->section, 1);
			while (m->section.len > 0 &&
			    m->section.p[m->section.len - 1] == ']')
				m->section.len--;
		}
		fn(m, arg);
	}
}

static uint64_t
check_line_key(const struct check_manifest *m)
{
	return check_hash(m->section) * 31 + check_hash(m->line);
}

static void
check_on_old(struct check_manifest *m, void *arg)
{
	(void)arg;
	m->old[m->old_n++] = check_line_key(m);
}

static int
check_u64_order(const void *a, const void *b)
{
	uint64_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

struct check_near_arg {
	struct view name, found;
	bool same;
};

static void
check_on_near(struct check_manifest *m, void *arg)
{
	struct check_near_arg *a = arg;
	struct view name = check_dep_name(m);

	if (view_eq(name, a->name))
		a->same = true;
	else if (name.len > 0 && a->found.len == 0 &&
	    check_is_near(a->name, name))
		a->found = name;
}

struct check_new_arg {
	struct view was;
	size_t compared;
};

static void
check_on_new(struct check_manifest *m, void *arg)
{
	struct check_new_arg *a = arg;
	uint64_t key = check_line_key(m);
	struct check_manifest old = { .kind = m->kind };
	struct check_near_arg near = { .name = check_dep_name(m) };

	if (m->old_n > 0 &&
	    bsearch(&key, m->old, m->old_n, sizeof(key), check_u64_order) !=
		NULL)
		return;
	check_manifest_line(m);
	if (near.name.len == 0 || a->was.len == 0 || a->compared++ > 100)
		return;
	check_manifest_walk(&old, a->was, check_on_near, &near);
	if (near.same)
		return;
	check_note(m->b, "dependency-new", m->path, m->number,
	    "%.*s is a new dependency", check_cut(near.name), near.name.p);
	if (near.found.len > 0)
		finding_add(m->b->out, "typosquat", m->path, m->number,
		    "%.*s is new, and nearly %.*s", check_cut(near.name),
		    near.name.p, check_cut(near.found), near.found.p);
}

static void
check_manifest_text(
    struct check_body *b, const char *path, struct view was, struct view is)
{
	struct check_manifest m = {
		.b = b, .path = path, .kind = check_manifest_kind(path)
	};
	struct check_new_arg arg = { .was = was };

	m.old = xcalloc(CHECK_LINES_MAX, sizeof(*m.old));
	check_manifest_walk(&m, was, check_on_old, NULL);
	qsort(m.old, m.old_n, sizeof(*m.old), check_u64_order);
	check_manifest_walk(&m, is, check_on_new, &arg);
	if (m.number == CHECK_LINES_MAX)
		finding_add(b->out, "lock-unread", path, 0,
		    "it has more lines than are read");
	if (m.kind == CHECK_MANIFEST_GRADLE &&
	    check_has(was, "distributionSha256Sum") &&
	    !check_has(is, "distributionSha256Sum"))
		finding_add(b->out, "pin-lost", path, 0,
		    "the checksum of what builds it is gone");
	free(m.old);
}

bool
check_manifest_wants(const char *path)
{
	return check_manifest_kind(path) != CHECK_MANIFEST_NONE;
}

void
check_manifest_both(
    struct check_body *b, const char *path, struct view was, struct view is)
{
	if (is.len == 0)
		return;
	if (check_manifest_kind(path) == CHECK_MANIFEST_NPM)
		check_package_json(b, path, was, is);
	else
		check_manifest_text(b, path, was, is);
}
