#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "cli/fetch/checks.h"
#include "cli/fetch/unicode.h"
#include "lib/base/auto.h"

enum {
	CHECKS_PART_MAX = 255
};

enum checks_where {
	CHECKS_BASE, /* the last part of the path */
	CHECKS_PART, /* any folder on the way */
	CHECKS_PATH  /* the end of the path, from a part's start */
};

struct checks_place {
	enum checks_where where;
	const char *pattern; /* fnmatch(3), without case */
	const char *id;
	const char *what;
};

/* Files that something runs or obeys by their mere presence. */
static const struct checks_place checks_places[] = {
	{ CHECKS_PART, ".claude", "agent-config", "Claude Code" },
	{ CHECKS_BASE, ".mcp.json", "agent-config", "agents (MCP servers)" },
	{ CHECKS_BASE, ".claude.json", "agent-config", "Claude Code" },
	{ CHECKS_BASE, "CLAUDE*.md", "agent-config", "Claude Code" },
	{ CHECKS_BASE, "AGENTS*.md", "agent-config", "agents" },
	{ CHECKS_PART, ".codex", "agent-config", "Codex" },
	{ CHECKS_PART, ".opencode", "agent-config", "OpenCode" },
	{ CHECKS_BASE, "opencode.json*", "agent-config", "OpenCode" },
	{ CHECKS_PART, ".agents", "agent-config", "agents" },
	{ CHECKS_BASE, ".goosehints", "agent-config", "Goose" },
	{ CHECKS_PART, ".goose", "agent-config", "Goose" },
	{ CHECKS_PART, ".cursor", "agent-config", "Cursor" },
	{ CHECKS_BASE, ".cursorrules", "agent-config", "Cursor" },
	{ CHECKS_BASE, ".windsurfrules", "agent-config", "Windsurf" },
	{ CHECKS_PART, ".gemini", "agent-config", "Gemini CLI" },
	{ CHECKS_BASE, "GEMINI.md", "agent-config", "Gemini CLI" },
	{ CHECKS_PATH, ".github/copilot-instructions.md", "agent-config",
	    "Copilot" },
	{ CHECKS_PATH, ".github/agents/*", "agent-config", "Copilot" },
	{ CHECKS_BASE, ".aider*", "agent-config", "Aider" },
	{ CHECKS_PART, ".continue", "agent-config", "Continue" },
	{ CHECKS_BASE, "SKILL.md", "agent-config", "agents" },
	{ CHECKS_PART, ".coffer", "ci-file", "Cofferdam's own checks" },
	{ CHECKS_PATH, ".vscode/*", "editor-config", "VS Code" },
	{ CHECKS_PART, ".idea", "editor-config", "JetBrains" },
	{ CHECKS_PART, ".fleet", "editor-config", "JetBrains" },
	{ CHECKS_PART, ".zed", "editor-config", "Zed" },
	{ CHECKS_PART, ".devcontainer", "editor-config", "dev containers" },
	{ CHECKS_BASE, ".devcontainer.json", "editor-config",
	    "dev containers" },
	{ CHECKS_BASE, "*.code-workspace", "editor-config", "VS Code" },
	{ CHECKS_BASE, ".envrc", "editor-config", "direnv" },
	{ CHECKS_BASE, ".env*", "editor-config", "shells and tools" },
	{ CHECKS_BASE, ".tool-versions", "editor-config", "asdf" },
	{ CHECKS_BASE, "mise.toml", "editor-config", "mise" },
	{ CHECKS_BASE, ".mise.toml", "editor-config", "mise" },
	{ CHECKS_BASE, ".vimrc", "editor-config", "Vim" },
	{ CHECKS_BASE, ".nvimrc", "editor-config", "Neovim" },
	{ CHECKS_BASE, ".nvim.lua", "editor-config", "Neovim" },
	{ CHECKS_BASE, ".exrc", "editor-config", "Vim" },
	{ CHECKS_BASE, ".dir-locals*.el", "editor-config", "Emacs" },
	{ CHECKS_BASE, ".gdbinit", "editor-config", "gdb" },
	{ CHECKS_BASE, ".lldbinit", "editor-config", "lldb" },
	{ CHECKS_BASE, ".ripgreprc", "editor-config", "ripgrep" },
	{ CHECKS_PART, ".githooks", "hook", "git" },
	{ CHECKS_PART, ".husky", "hook", "git (husky)" },
	{ CHECKS_BASE, ".huskyrc*", "hook", "git (husky)" },
	{ CHECKS_PART, ".git-hooks", "hook", "git" },
	{ CHECKS_PATH, "hooks/pre-*", "hook", "git" },
	{ CHECKS_PATH, "hooks/post-*", "hook", "git" },
	{ CHECKS_PATH, "hooks/commit-msg", "hook", "git" },
	{ CHECKS_PATH, "hooks/prepare-commit-msg", "hook", "git" },
	{ CHECKS_PATH, "hooks/applypatch-msg", "hook", "git" },
	{ CHECKS_PATH, "hooks/update", "hook", "git" },
	{ CHECKS_PATH, "hooks/fsmonitor*", "hook", "git" },
	{ CHECKS_BASE, "lefthook.y*ml", "hook", "git (lefthook)" },
	{ CHECKS_BASE, ".lefthook.y*ml", "hook", "git (lefthook)" },
	{ CHECKS_BASE, ".pre-commit-config.y*ml", "hook", "git (pre-commit)" },
	{ CHECKS_BASE, ".gitconfig", "hook", "git" },
	{ CHECKS_BASE, "package.json", "build-file", "npm" },
	{ CHECKS_BASE, ".npmrc", "build-file", "npm" },
	{ CHECKS_BASE, ".yarnrc*", "build-file", "yarn" },
	{ CHECKS_BASE, ".pnpmfile.cjs", "build-file", "pnpm" },
	{ CHECKS_BASE, "bunfig.toml", "build-file", "bun" },
	{ CHECKS_BASE, "binding.gyp", "build-file", "npm" },
	{ CHECKS_BASE, "setup.py", "build-file", "pip" },
	{ CHECKS_BASE, "setup.cfg", "build-file", "pip" },
	{ CHECKS_BASE, "pyproject.toml", "build-file", "pip" },
	{ CHECKS_BASE, "conftest.py", "build-file", "pytest" },
	{ CHECKS_BASE, "sitecustomize.py", "build-file", "Python" },
	{ CHECKS_BASE, "usercustomize.py", "build-file", "Python" },
	{ CHECKS_BASE, "*.pth", "build-file", "Python" },
	{ CHECKS_BASE, "tox.ini", "build-file", "tox" },
	{ CHECKS_BASE, "noxfile.py", "build-file", "nox" },
	{ CHECKS_BASE, ".python-version", "build-file", "pyenv" },
	{ CHECKS_BASE, ".nvmrc", "build-file", "nvm" },
	{ CHECKS_BASE, "Makefile*", "build-file", "make" },
	{ CHECKS_BASE, "GNUmakefile", "build-file", "make" },
	{ CHECKS_BASE, "*.mk", "build-file", "make" },
	{ CHECKS_BASE, "configure", "build-file", "configure" },
	{ CHECKS_BASE, "configure.*", "build-file", "autoconf" },
	{ CHECKS_BASE, "CMakeLists.txt", "build-file", "cmake" },
	{ CHECKS_BASE, "*.cmake", "build-file", "cmake" },
	{ CHECKS_BASE, "meson.build", "build-file", "meson" },
	{ CHECKS_BASE, "build.rs", "build-file", "cargo" },
	{ CHECKS_BASE, "Cargo.toml", "build-file", "cargo" },
	{ CHECKS_PART, ".cargo", "build-file", "cargo" },
	{ CHECKS_BASE, "rust-toolchain*", "build-file", "rustup" },
	{ CHECKS_BASE, ".bazelrc", "build-file", "bazel" },
	{ CHECKS_BASE, "BUILD.bazel", "build-file", "bazel" },
	{ CHECKS_BASE, "*.gradle*", "build-file", "gradle" },
	{ CHECKS_BASE, "gradlew*", "build-file", "gradle" },
	{ CHECKS_BASE, "gradle-wrapper.*", "build-file", "gradle" },
	{ CHECKS_BASE, "pom.xml", "build-file", "maven" },
	{ CHECKS_BASE, "mvnw*", "build-file", "maven" },
	{ CHECKS_BASE, "*.csproj", "build-file", "dotnet" },
	{ CHECKS_BASE, "*.targets", "build-file", "dotnet" },
	{ CHECKS_BASE, "Rakefile", "build-file", "rake" },
	{ CHECKS_BASE, "Gemfile", "build-file", "bundler" },
	{ CHECKS_BASE, "extconf.rb", "build-file", "gem" },
	{ CHECKS_BASE, "mix.exs", "build-file", "mix" },
	{ CHECKS_BASE, "*.cabal", "build-file", "cabal" },
	{ CHECKS_BASE, "Setup.hs", "build-file", "cabal" },
	{ CHECKS_BASE, "Dockerfile*", "build-file", "docker" },
	{ CHECKS_BASE, "Containerfile*", "build-file", "podman" },
	{ CHECKS_BASE, "*compose*.y*ml", "build-file", "compose" },
	{ CHECKS_BASE, "Vagrantfile", "build-file", "vagrant" },
	{ CHECKS_BASE, "Procfile", "build-file", "foreman" },
	{ CHECKS_BASE, "*.service", "build-file", "systemd" },
	{ CHECKS_BASE, "crontab", "build-file", "cron" },
	{ CHECKS_PATH, "debian/rules", "build-file", "dpkg" },
	{ CHECKS_BASE, "jest.config.*", "build-file", "jest" },
	{ CHECKS_BASE, "vite*.config.*", "build-file", "vite" },
	{ CHECKS_BASE, "webpack.config.*", "build-file", "webpack" },
	{ CHECKS_BASE, "babel.config.*", "build-file", "babel" },
	{ CHECKS_BASE, "eslint.config.*", "build-file", "eslint" },
	{ CHECKS_BASE, ".eslintrc*", "build-file", "eslint" },
	{ CHECKS_BASE, ".mocharc*", "build-file", "mocha" },
	{ CHECKS_BASE, "karma.conf*", "build-file", "karma" },
	{ CHECKS_PATH, ".github/workflows/*", "ci-file", "GitHub" },
	{ CHECKS_PATH, ".github/actions/*", "ci-file", "GitHub" },
	{ CHECKS_BASE, "action.y*ml", "ci-file", "GitHub" },
	{ CHECKS_PART, ".gitea", "ci-file", "Gitea" },
	{ CHECKS_PART, ".forgejo", "ci-file", "Forgejo" },
	{ CHECKS_BASE, ".gitlab-ci.y*ml", "ci-file", "GitLab" },
	{ CHECKS_BASE, ".woodpecker*", "ci-file", "Woodpecker" },
	{ CHECKS_PART, ".woodpecker", "ci-file", "Woodpecker" },
	{ CHECKS_BASE, ".drone.y*ml", "ci-file", "Drone" },
	{ CHECKS_BASE, "Jenkinsfile*", "ci-file", "Jenkins" },
	{ CHECKS_PART, ".buildkite", "ci-file", "Buildkite" },
	{ CHECKS_BASE, "azure-pipelines*", "ci-file", "Azure" },
	{ CHECKS_PART, ".circleci", "ci-file", "CircleCI" },
	{ CHECKS_BASE, ".travis.y*ml", "ci-file", "Travis" },
	{ CHECKS_BASE, "appveyor*", "ci-file", "AppVeyor" },
	{ CHECKS_BASE, "bitbucket-pipelines*", "ci-file", "Bitbucket" },
	{ CHECKS_BASE, "cloudbuild*", "ci-file", "Cloud Build" },
	{ CHECKS_BASE, "renovate.json*", "ci-file", "Renovate" },
	{ CHECKS_BASE, "dependabot.y*ml", "ci-file", "Dependabot" },
	{ CHECKS_BASE, "CODEOWNERS", "ci-file", "reviews" },
	{ CHECKS_BASE, ".gitmodules", "gitmodules", "git" },
	{ CHECKS_BASE, ".gitattributes", "gitattributes", "git" },
	{ CHECKS_BASE, "package-lock.json", "lockfile", "npm" },
	{ CHECKS_BASE, "yarn.lock", "lockfile", "yarn" },
	{ CHECKS_BASE, "pnpm-lock.yaml", "lockfile", "pnpm" },
	{ CHECKS_BASE, "Cargo.lock", "lockfile", "cargo" },
	{ CHECKS_BASE, "go.sum", "lockfile", "go" },
	{ CHECKS_BASE, "poetry.lock", "lockfile", "poetry" },
	{ CHECKS_BASE, "Gemfile.lock", "lockfile", "bundler" },
};

static const char *
checks_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
checks_match(const char *pattern, const char *s, int flags)
{
	return fnmatch(pattern, s, flags | FNM_CASEFOLD) == 0;
}

/* Folders only: the last part is a file. */
static bool
checks_has_folder(const char *path, const char *name)
{
	struct view rest = view_of(path), part;
	size_t len = strlen(name);

	while (view_split(&rest, '/', &part))
		if (rest.len > 0 && part.len == len &&
		    strncasecmp(part.p, name, len) == 0)
			return true;
	return false;
}

static bool
checks_has_end(const char *path, const char *pattern)
{
	for (const char *p = path; p != NULL;) {
		if (checks_match(pattern, p, 0))
			return true;
		p = strchr(p, '/');
		if (p != NULL)
			p++;
	}
	return false;
}

void
checks_autorun(const struct scan_change *c, struct findings *out)
{
	static const char *const verbs[] = { "changed", "added", "deleted" };
	const char *verb = verbs[c->status == 'A' ? 1
		: c->status == 'D'                ? 2
						  : 0];

	/* That a file goes away runs nothing. */
	if (c->status == 'D')
		return;
	for (size_t i = 0; i < sizeof(checks_places) / sizeof(checks_places[0]);
	     i++) {
		const struct checks_place *p = &checks_places[i];
		bool hit = p->where == CHECKS_BASE
		    ? checks_match(p->pattern, checks_base(c->path), 0)
		    : p->where == CHECKS_PART
		    ? checks_has_folder(c->path, p->pattern)
		    : checks_has_end(c->path, p->pattern);

		if (hit) {
			finding_add(out, p->id, c->path, 0,
			    "a file that %s obeys is %s", p->what, verb);
			return;
		}
	}
}

bool
checks_is_test(const char *path)
{
	static const char *const folders[] = { "test", "tests", "spec", "specs",
		"__tests__", "testing" };
	static const char *const names[] = { "test_*", "*_test.*", "*.test.*",
		"*_spec.*", "*.spec.*", "*Test.java", "*Tests.cs", "*.t" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (checks_has_folder(path, folders[i]))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (checks_match(names[i], checks_base(path), 0))
			return true;
	return false;
}

/* Names that some file system takes for .git. */
static bool
checks_is_git(struct view part)
{
	char plain[16];
	size_t n = 0;

	for (size_t i = 0; i < part.len; i++) {
		unsigned char c = (unsigned char)part.p[i];

		if (c >= 0x80)
			continue; /* code points that HFS+ ignores */
		if (c == ':')
			break; /* NTFS streams */
		if (n == sizeof(plain) - 1)
			return false;
		plain[n++] = (char)tolower(c);
	}
	while (n > 0 && (plain[n - 1] == '.' || plain[n - 1] == ' '))
		n--;
	plain[n] = '\0';
	return strcmp(plain, ".git") == 0 || strncmp(plain, "git~", 4) == 0;
}

static bool
checks_is_reserved(struct view part)
{
	static const char *const names[] = { "con", "prn", "aux", "nul", "com1",
		"com2", "com3", "com4", "lpt1", "lpt2", "lpt3" };
	size_t n = 0;

	while (n < part.len && part.p[n] != '.')
		n++;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (n == strlen(names[i]) &&
		    strncasecmp(part.p, names[i], n) == 0)
			return true;
	return false;
}

static const char *
checks_part_why(struct view part)
{
	if (part.len == 0 || view_is(part, ".") || view_is(part, ".."))
		return "a part that is empty, . or ..";
	if (checks_is_git(part))
		return "a part that means .git somewhere";
	if (part.len > CHECKS_PART_MAX)
		return "a part over 255 bytes";
	if (part.p[part.len - 1] == ' ' || part.p[part.len - 1] == '.')
		return "a blank or dot at its end";
	if (memchr(part.p, '\\', part.len) != NULL)
		return "a backslash";
	return NULL;
}

void
checks_name(const struct scan_change *c, struct findings *out)
{
	struct view path = view_of(c->path), rest = path, part;
	struct unicode_hit hit = unicode_scan(path);

	if (c->status == 'D')
		return;
	if (c->path[0] == '-')
		finding_add(out, "bad-name", c->path, 0,
		    "a name that begins with - is taken for an option");
	if (hit.kind > UNICODE_MIXED)
		finding_add(out, "bad-name", c->path, 0,
		    "U+%04X in a name is not seen", hit.cp);
	else if (hit.kind == UNICODE_MIXED)
		finding_add(out, "mixed-scripts", c->path, 0,
		    "a name mixes letters that look alike");
	while (view_split(&rest, '/', &part)) {
		const char *why = checks_part_why(part);

		if (why == NULL && checks_is_reserved(part))
			why = "a name that Windows reserves";
		if (why != NULL)
			finding_add(out, "bad-name", c->path, 0,
			    "its name has %s", why);
	}
}
