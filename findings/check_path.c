#include <ctype.h>
#include <fnmatch.h>
#include <string.h>

#include "findings/check_priv.h"
#include "findings/unicode.h"
#include "lib/base/auto.h"

enum {
	CHECK_PART_MAX = 255
};

enum check_where {
	CHECK_BASE, /* the last part of the path */
	CHECK_PART, /* any folder on the way */
	CHECK_PATH  /* the end of the path, from a part's start */
};

struct check_place {
	enum check_where where;
	const char *pattern; /* fnmatch(3), without case */
	const char *id;
	const char *what;
};

/* Files that something runs or obeys by their mere presence. */
static const struct check_place check_places[] = {
	{ CHECK_PART, ".claude", "agent-config", "Claude Code" },
	{ CHECK_BASE, ".mcp.json", "agent-config", "agents (MCP servers)" },
	{ CHECK_BASE, ".claude.json", "agent-config", "Claude Code" },
	{ CHECK_BASE, "CLAUDE*.md", "agent-config", "Claude Code" },
	{ CHECK_BASE, "AGENTS*.md", "agent-config", "agents" },
	{ CHECK_PART, ".codex", "agent-config", "Codex" },
	{ CHECK_PART, ".opencode", "agent-config", "OpenCode" },
	{ CHECK_BASE, "opencode.json*", "agent-config", "OpenCode" },
	{ CHECK_PART, ".agents", "agent-config", "agents" },
	{ CHECK_BASE, ".goosehints", "agent-config", "Goose" },
	{ CHECK_PART, ".goose", "agent-config", "Goose" },
	{ CHECK_PART, ".cursor", "agent-config", "Cursor" },
	{ CHECK_BASE, ".cursorrules", "agent-config", "Cursor" },
	{ CHECK_BASE, ".windsurfrules", "agent-config", "Windsurf" },
	{ CHECK_PART, ".gemini", "agent-config", "Gemini CLI" },
	{ CHECK_BASE, "GEMINI.md", "agent-config", "Gemini CLI" },
	{ CHECK_PATH, ".github/copilot-instructions.md", "agent-config",
	    "Copilot" },
	{ CHECK_PATH, ".github/agents/*", "agent-config", "Copilot" },
	{ CHECK_BASE, ".aider*", "agent-config", "Aider" },
	{ CHECK_PART, ".continue", "agent-config", "Continue" },
	{ CHECK_BASE, "SKILL.md", "agent-config", "agents" },
	{ CHECK_PART, ".coffer", "ci-file", "Cofferdam's own checks" },
	{ CHECK_PATH, ".vscode/*", "editor-config", "VS Code" },
	{ CHECK_PART, ".idea", "editor-config", "JetBrains" },
	{ CHECK_PART, ".fleet", "editor-config", "JetBrains" },
	{ CHECK_PART, ".zed", "editor-config", "Zed" },
	{ CHECK_PART, ".devcontainer", "editor-config", "dev containers" },
	{ CHECK_BASE, ".devcontainer.json", "editor-config", "dev containers" },
	{ CHECK_BASE, "*.code-workspace", "editor-config", "VS Code" },
	{ CHECK_BASE, ".envrc", "editor-config", "direnv" },
	{ CHECK_BASE, ".env*", "editor-config", "shells and tools" },
	{ CHECK_BASE, ".tool-versions", "editor-config", "asdf" },
	{ CHECK_BASE, "mise.toml", "editor-config", "mise" },
	{ CHECK_BASE, ".mise.toml", "editor-config", "mise" },
	{ CHECK_BASE, ".vimrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".nvimrc", "editor-config", "Neovim" },
	{ CHECK_BASE, ".nvim.lua", "editor-config", "Neovim" },
	{ CHECK_BASE, ".exrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".dir-locals*.el", "editor-config", "Emacs" },
	{ CHECK_BASE, ".gdbinit", "editor-config", "gdb" },
	{ CHECK_BASE, ".lldbinit", "editor-config", "lldb" },
	{ CHECK_BASE, ".ripgreprc", "editor-config", "ripgrep" },
	{ CHECK_PART, ".githooks", "hook", "git" },
	{ CHECK_PART, ".husky", "hook", "git (husky)" },
	{ CHECK_BASE, ".huskyrc*", "hook", "git (husky)" },
	{ CHECK_PART, ".git-hooks", "hook", "git" },
	{ CHECK_PATH, "hooks/pre-*", "hook", "git" },
	{ CHECK_PATH, "hooks/post-*", "hook", "git" },
	{ CHECK_PATH, "hooks/commit-msg", "hook", "git" },
	{ CHECK_PATH, "hooks/prepare-commit-msg", "hook", "git" },
	{ CHECK_PATH, "hooks/applypatch-msg", "hook", "git" },
	{ CHECK_PATH, "hooks/update", "hook", "git" },
	{ CHECK_PATH, "hooks/fsmonitor*", "hook", "git" },
	{ CHECK_BASE, "lefthook.y*ml", "hook", "git (lefthook)" },
	{ CHECK_BASE, ".lefthook.y*ml", "hook", "git (lefthook)" },
	{ CHECK_BASE, ".pre-commit-config.y*ml", "hook", "git (pre-commit)" },
	{ CHECK_BASE, ".gitconfig", "hook", "git" },
	{ CHECK_BASE, "package.json", "build-file", "npm" },
	{ CHECK_BASE, ".npmrc", "build-file", "npm" },
	{ CHECK_BASE, ".yarnrc*", "build-file", "yarn" },
	{ CHECK_BASE, ".pnpmfile.cjs", "build-file", "pnpm" },
	{ CHECK_BASE, "bunfig.toml", "build-file", "bun" },
	{ CHECK_BASE, "binding.gyp", "build-file", "npm" },
	{ CHECK_BASE, "setup.py", "build-file", "pip" },
	{ CHECK_BASE, "setup.cfg", "build-file", "pip" },
	{ CHECK_BASE, "pyproject.toml", "build-file", "pip" },
	{ CHECK_BASE, "conftest.py", "build-file", "pytest" },
	{ CHECK_BASE, "sitecustomize.py", "build-file", "Python" },
	{ CHECK_BASE, "usercustomize.py", "build-file", "Python" },
	{ CHECK_BASE, "*.pth", "build-file", "Python" },
	{ CHECK_BASE, "tox.ini", "build-file", "tox" },
	{ CHECK_BASE, "noxfile.py", "build-file", "nox" },
	{ CHECK_BASE, ".python-version", "build-file", "pyenv" },
	{ CHECK_BASE, ".nvmrc", "build-file", "nvm" },
	{ CHECK_BASE, "Makefile*", "build-file", "make" },
	{ CHECK_BASE, "GNUmakefile", "build-file", "make" },
	{ CHECK_BASE, "*.mk", "build-file", "make" },
	{ CHECK_BASE, "configure", "build-file", "configure" },
	{ CHECK_BASE, "configure.*", "build-file", "autoconf" },
	{ CHECK_BASE, "CMakeLists.txt", "build-file", "cmake" },
	{ CHECK_BASE, "*.cmake", "build-file", "cmake" },
	{ CHECK_BASE, "meson.build", "build-file", "meson" },
	{ CHECK_BASE, "build.rs", "build-file", "cargo" },
	{ CHECK_BASE, "Cargo.toml", "build-file", "cargo" },
	{ CHECK_PART, ".cargo", "build-file", "cargo" },
	{ CHECK_BASE, "rust-toolchain*", "build-file", "rustup" },
	{ CHECK_BASE, ".bazelrc", "build-file", "bazel" },
	{ CHECK_BASE, "BUILD.bazel", "build-file", "bazel" },
	{ CHECK_BASE, "*.gradle*", "build-file", "gradle" },
	{ CHECK_BASE, "gradlew*", "build-file", "gradle" },
	{ CHECK_BASE, "gradle-wrapper.*", "build-file", "gradle" },
	{ CHECK_BASE, "pom.xml", "build-file", "maven" },
	{ CHECK_BASE, "mvnw*", "build-file", "maven" },
	{ CHECK_BASE, "*.csproj", "build-file", "dotnet" },
	{ CHECK_BASE, "*.targets", "build-file", "dotnet" },
	{ CHECK_BASE, "Rakefile", "build-file", "rake" },
	{ CHECK_BASE, "Gemfile", "build-file", "bundler" },
	{ CHECK_BASE, "extconf.rb", "build-file", "gem" },
	{ CHECK_BASE, "mix.exs", "build-file", "mix" },
	{ CHECK_BASE, "*.cabal", "build-file", "cabal" },
	{ CHECK_BASE, "Setup.hs", "build-file", "cabal" },
	{ CHECK_BASE, "Dockerfile*", "build-file", "docker" },
	{ CHECK_BASE, "Containerfile*", "build-file", "podman" },
	{ CHECK_BASE, "*compose*.y*ml", "build-file", "compose" },
	{ CHECK_BASE, "Vagrantfile", "build-file", "vagrant" },
	{ CHECK_BASE, "Procfile", "build-file", "foreman" },
	{ CHECK_BASE, "*.service", "build-file", "systemd" },
	{ CHECK_BASE, "crontab", "build-file", "cron" },
	{ CHECK_PATH, "debian/rules", "build-file", "dpkg" },
	{ CHECK_BASE, "jest.config.*", "build-file", "jest" },
	{ CHECK_BASE, "vite*.config.*", "build-file", "vite" },
	{ CHECK_BASE, "webpack.config.*", "build-file", "webpack" },
	{ CHECK_BASE, "babel.config.*", "build-file", "babel" },
	{ CHECK_BASE, "eslint.config.*", "build-file", "eslint" },
	{ CHECK_BASE, ".eslintrc*", "build-file", "eslint" },
	{ CHECK_BASE, ".mocharc*", "build-file", "mocha" },
	{ CHECK_BASE, "karma.conf*", "build-file", "karma" },
	{ CHECK_PATH, ".github/workflows/*", "ci-file", "GitHub" },
	{ CHECK_PATH, ".github/actions/*", "ci-file", "GitHub" },
	{ CHECK_BASE, "action.y*ml", "ci-file", "GitHub" },
	{ CHECK_PART, ".gitea", "ci-file", "Gitea" },
	{ CHECK_PART, ".forgejo", "ci-file", "Forgejo" },
	{ CHECK_BASE, ".gitlab-ci.y*ml", "ci-file", "GitLab" },
	{ CHECK_BASE, ".woodpecker*", "ci-file", "Woodpecker" },
	{ CHECK_PART, ".woodpecker", "ci-file", "Woodpecker" },
	{ CHECK_BASE, ".drone.y*ml", "ci-file", "Drone" },
	{ CHECK_BASE, "Jenkinsfile*", "ci-file", "Jenkins" },
	{ CHECK_PART, ".buildkite", "ci-file", "Buildkite" },
	{ CHECK_BASE, "azure-pipelines*", "ci-file", "Azure" },
	{ CHECK_PART, ".circleci", "ci-file", "CircleCI" },
	{ CHECK_BASE, ".travis.y*ml", "ci-file", "Travis" },
	{ CHECK_BASE, "appveyor*", "ci-file", "AppVeyor" },
	{ CHECK_BASE, "bitbucket-pipelines*", "ci-file", "Bitbucket" },
	{ CHECK_BASE, "cloudbuild*", "ci-file", "Cloud Build" },
	{ CHECK_BASE, "renovate.json*", "ci-file", "Renovate" },
	{ CHECK_BASE, "dependabot.y*ml", "ci-file", "Dependabot" },
	{ CHECK_BASE, "CODEOWNERS", "ci-file", "reviews" },
	{ CHECK_BASE, ".gitmodules", "gitmodules", "git" },
	{ CHECK_BASE, ".gitattributes", "gitattributes", "git" },
	{ CHECK_BASE, "package-lock.json", "lockfile", "npm" },
	{ CHECK_BASE, "yarn.lock", "lockfile", "yarn" },
	{ CHECK_BASE, "pnpm-lock.yaml", "lockfile", "pnpm" },
	{ CHECK_BASE, "Cargo.lock", "lockfile", "cargo" },
	{ CHECK_BASE, "go.sum", "lockfile", "go" },
	{ CHECK_BASE, "poetry.lock", "lockfile", "poetry" },
	{ CHECK_BASE, "Gemfile.lock", "lockfile", "bundler" },
};

static const char *
check_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
check_match(const char *pattern, const char *s, int flags)
{
	return fnmatch(pattern, s, flags | FNM_CASEFOLD) == 0;
}

/* Folders only: the last part is a file. */
static bool
check_has_folder(const char *path, const char *name)
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
check_has_end(const char *path, const char *pattern)
{
	for (const char *p = path; p != NULL;) {
		if (check_match(pattern, p, 0))
			return true;
		p = strchr(p, '/');
		if (p != NULL)
			p++;
	}
	return false;
}

void
check_autorun(const struct scan_change *c, struct findings *out)
{
	static const char *const verbs[] = { "changed", "added", "deleted" };
	const char *verb = verbs[c->status == 'A' ? 1
		: c->status == 'D'                ? 2
						  : 0];

	/* That a file goes away runs nothing. */
	if (c->status == 'D')
		return;
	for (size_t i = 0; i < sizeof(check_places) / sizeof(check_places[0]);
	     i++) {
		const struct check_place *p = &check_places[i];
		bool hit = p->where == CHECK_BASE
		    ? check_match(p->pattern, check_base(c->path), 0)
		    : p->where == CHECK_PART
		    ? check_has_folder(c->path, p->pattern)
		    : check_has_end(c->path, p->pattern);

		if (hit) {
			finding_add(out, p->id, c->path, 0,
			    "a file that %s obeys is %s", p->what, verb);
			return;
		}
	}
}

bool
check_is_test(const char *path)
{
	static const char *const folders[] = { "test", "tests", "spec", "specs",
		"__tests__", "testing" };
	static const char *const names[] = { "test_*", "*_test.*", "*.test.*",
		"*_spec.*", "*.spec.*", "*Test.java", "*Tests.cs", "*.t" };

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (check_has_folder(path, folders[i]))
			return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (check_match(names[i], check_base(path), 0))
			return true;
	return false;
}

/* Names that some file system takes for .git. */
static bool
check_is_git(struct view part)
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
check_is_reserved(struct view part)
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
check_part_why(struct view part)
{
	if (part.len == 0 || view_is(part, ".") || view_is(part, ".."))
		return "a part that is empty, . or ..";
	if (check_is_git(part))
		return "a part that means .git somewhere";
	if (part.len > CHECK_PART_MAX)
		return "a part over 255 bytes";
	if (part.p[part.len - 1] == ' ' || part.p[part.len - 1] == '.')
		return "a blank or dot at its end";
	if (memchr(part.p, '\\', part.len) != NULL)
		return "a backslash";
	return NULL;
}

void
check_name(const struct scan_change *c, struct findings *out)
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
		const char *why = check_part_why(part);

		if (why == NULL && check_is_reserved(part))
			why = "a name that Windows reserves";
		if (why != NULL)
			finding_add(out, "bad-name", c->path, 0,
			    "its name has %s", why);
	}
}
