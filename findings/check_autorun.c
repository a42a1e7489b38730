#include <fnmatch.h>
#include <string.h>

#include "findings/check_priv.h"

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
	{ CHECK_BASE, ".gitmodules", "gitmodules", "git" },
	{ CHECK_BASE, ".gitattributes", "gitattributes", "git" },
	{ CHECK_BASE, "package-lock.json", "lockfile", "npm" },
	{ CHECK_BASE, "yarn.lock", "lockfile", "yarn" },
	{ CHECK_BASE, "pnpm-lock.yaml", "lockfile", "pnpm" },
	{ CHECK_BASE, "Cargo.lock", "lockfile", "cargo" },
	{ CHECK_BASE, "go.sum", "lockfile", "go" },
	{ CHECK_BASE, "poetry.lock", "lockfile", "poetry" },
	{ CHECK_BASE, "Gemfile.lock", "lockfile", "bundler" },
	{ CHECK_BASE, "npm-shrinkwrap.json", "lockfile", "npm" },
	{ CHECK_BASE, "bun.lock", "lockfile", "npm" },
	{ CHECK_BASE, "bun.lockb", "lockfile", "npm" },
	{ CHECK_BASE, "Pipfile.lock", "lockfile", "pip" },
	{ CHECK_BASE, "pdm.lock", "lockfile", "pip" },
	{ CHECK_BASE, "uv.lock", "lockfile", "pip" },
	{ CHECK_BASE, "composer.lock", "lockfile", "composer" },
	{ CHECK_BASE, "Podfile.lock", "lockfile", "other tools" },
	{ CHECK_BASE, "mix.lock", "lockfile", "other tools" },
	{ CHECK_BASE, "pubspec.lock", "lockfile", "other tools" },
	{ CHECK_BASE, "flake.lock", "lockfile", "other tools" },
	{ CHECK_BASE, "gradle.lockfile", "lockfile", "other tools" },
	{ CHECK_BASE, "packages.lock.json", "lockfile", "other tools" },
	{ CHECK_BASE, "Package.resolved", "lockfile", "other tools" },
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
	{ CHECK_PART, ".windsurf", "agent-config", "Windsurf" },
	{ CHECK_PART, ".clinerules", "agent-config", "Cline" },
	{ CHECK_PART, ".roo", "agent-config", "Roo" },
	{ CHECK_BASE, ".roorules*", "agent-config", "Roo" },
	{ CHECK_BASE, ".roomodes", "agent-config", "Roo" },
	{ CHECK_PART, ".kiro", "agent-config", "Kiro" },
	{ CHECK_PART, ".junie", "agent-config", "Junie" },
	{ CHECK_PART, ".amazonq", "agent-config", "Amazon Q" },
	{ CHECK_PART, ".qwen", "agent-config", "Qwen" },
	{ CHECK_BASE, "QWEN.md", "agent-config", "Qwen" },
	{ CHECK_PART, ".crush", "agent-config", "Crush" },
	{ CHECK_BASE, "CRUSH.md", "agent-config", "Crush" },
	{ CHECK_BASE, "crush.json", "agent-config", "Crush" },
	{ CHECK_BASE, ".crush.json", "agent-config", "Crush" },
	{ CHECK_PART, ".augment", "agent-config", "Augment" },
	{ CHECK_PART, ".trae", "agent-config", "Trae" },
	{ CHECK_BASE, "mcp.json", "agent-config", "agents (MCP servers)" },
	{ CHECK_PATH, ".github/prompts/*", "agent-config", "Copilot" },
	{ CHECK_PATH, ".github/instructions/*", "agent-config", "Copilot" },
	{ CHECK_PATH, ".github/chatmodes/*", "agent-config", "Copilot" },
	{ CHECK_PATH, ".github/hooks/*", "agent-config", "Copilot" },
	{ CHECK_PART, ".claude-plugin", "agent-config", "Claude Code" },
	{ CHECK_PART, ".openhands", "agent-config", "OpenHands" },
	{ CHECK_BASE, "AGENT.md", "agent-config", "agents" },
	{ CHECK_BASE, ".rules", "agent-config", "agents" },
	{ CHECK_BASE, "WARP.md", "agent-config", "Warp" },
	{ CHECK_PART, ".factory", "agent-config", "Factory" },
	{ CHECK_PART, ".amp", "agent-config", "Amp" },
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
	{ CHECK_BASE, ".pre-commit-hooks.y*ml", "hook", "git (pre-commit)" },
	{ CHECK_BASE, ".lintstagedrc*", "hook", "git (lint-staged)" },
	{ CHECK_BASE, "lint-staged.config.*", "hook", "git (lint-staged)" },
	{ CHECK_BASE, ".simple-git-hooks.*", "hook", "git (simple-git-hooks)" },
	{ CHECK_BASE, ".overcommit.yml", "hook", "git (overcommit)" },
	{ CHECK_PART, ".captain", "hook", "git (captain)" },
	{ CHECK_BASE, "gitconfig", "hook", "git" },
	{ CHECK_PATH, "hooks/pre-receive", "hook", "git" },
	{ CHECK_PATH, "hooks/post-receive", "hook", "git" },
	{ CHECK_PATH, "hooks/proc-receive", "hook", "git" },
	{ CHECK_PATH, "hooks/reference-transaction", "hook", "git" },
	{ CHECK_PATH, "hooks/sendemail-validate", "hook", "git" },
	{ CHECK_PATH, "hooks/push-to-checkout", "hook", "git" },
	{ CHECK_PATH, ".vscode/*", "editor-config", "VS Code" },
	{ CHECK_PART, ".idea", "editor-config", "JetBrains" },
	{ CHECK_PART, ".fleet", "editor-config", "JetBrains" },
	{ CHECK_PART, ".zed", "editor-config", "Zed" },
	{ CHECK_PART, ".devcontainer", "editor-config", "dev containers" },
	{ CHECK_BASE, ".devcontainer.json", "editor-config", "dev containers" },
	{ CHECK_BASE, "*.code-workspace", "editor-config", "VS Code" },
	{ CHECK_BASE, ".envrc", "editor-config", "direnv" },
	{ CHECK_BASE, "mise.toml", "editor-config", "mise" },
	{ CHECK_BASE, ".mise.toml", "editor-config", "mise" },
	{ CHECK_BASE, ".vimrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".nvimrc", "editor-config", "Neovim" },
	{ CHECK_BASE, ".nvim.lua", "editor-config", "Neovim" },
	{ CHECK_BASE, ".exrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".dir-locals*.el", "editor-config", "Emacs" },
	{ CHECK_BASE, ".gdbinit", "editor-config", "gdb" },
	{ CHECK_BASE, ".lldbinit", "editor-config", "lldb" },
	{ CHECK_BASE, "_vimrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".gvimrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".lvimrc", "editor-config", "Vim" },
	{ CHECK_BASE, ".vimrc.local", "editor-config", "Vim" },
	{ CHECK_PART, ".nvim", "editor-config", "Neovim" },
	{ CHECK_PART, ".vs", "editor-config", "Visual Studio" },
	{ CHECK_BASE, "*.sublime-project", "editor-config", "Sublime Text" },
	{ CHECK_BASE, ".bashrc", "editor-config", "shells" },
	{ CHECK_BASE, ".bash_profile", "editor-config", "shells" },
	{ CHECK_BASE, ".profile", "editor-config", "shells" },
	{ CHECK_BASE, ".zshrc", "editor-config", "shells" },
	{ CHECK_BASE, ".zshenv", "editor-config", "shells" },
	{ CHECK_BASE, ".zprofile", "editor-config", "shells" },
	{ CHECK_BASE, ".inputrc", "editor-config", "shells" },
	{ CHECK_BASE, "gdbinit", "editor-config", "gdb" },
	{ CHECK_BASE, "*-gdb.py", "editor-config", "gdb" },
	{ CHECK_BASE, "*-gdb.gdb", "editor-config", "gdb" },
	{ CHECK_BASE, "*-gdb.scm", "editor-config", "gdb" },
	{ CHECK_PART, ".direnv", "editor-config", "direnv" },
	{ CHECK_PART, ".mise", "editor-config", "mise" },
	{ CHECK_BASE, ".tmux.conf", "editor-config", "tmux" },
	{ CHECK_BASE, "mise.local.toml", "editor-config", "mise" },
	{ CHECK_BASE, ".mise.local.toml", "editor-config", "mise" },
	{ CHECK_PATH, ".config/mise.toml", "editor-config", "mise" },
	{ CHECK_PATH, ".config/mise/*", "editor-config", "mise" },
	{ CHECK_PART, ".helix", "editor-config", "Helix" },
	{ CHECK_PART, ".vim", "editor-config", "Vim" },
	{ CHECK_PATH, ".config/nvim/*", "editor-config", "Neovim" },
	{ CHECK_BASE, ".luarc.json*", "editor-config", "Lua language servers" },
	{ CHECK_BASE, "hie.yaml", "editor-config", "Haskell language servers" },
	{ CHECK_BASE, ".ghci", "editor-config", "ghci" },
	{ CHECK_BASE, ".formatter.exs", "editor-config",
	    "Elixir language servers" },
	{ CHECK_BASE, "config.nims", "editor-config", "nim" },
	{ CHECK_BASE, ".gitpod.yml", "editor-config", "Gitpod" },
	{ CHECK_PART, ".codesandbox", "editor-config", "CodeSandbox" },
	{ CHECK_PART, ".idx", "editor-config", "Firebase Studio" },
	{ CHECK_BASE, ".replit", "editor-config", "Replit" },
	{ CHECK_PART, ".coffer", "ci-file", "Cofferdam's own checks" },
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
	{ CHECK_BASE, "buildspec.y*ml", "ci-file", "AWS" },
	{ CHECK_BASE, ".cirrus.*", "ci-file", "Cirrus" },
	{ CHECK_PART, ".semaphore", "ci-file", "Semaphore" },
	{ CHECK_PART, ".tekton", "ci-file", "Tekton" },
	{ CHECK_PART, ".teamcity", "ci-file", "TeamCity" },
	{ CHECK_PART, ".gitlab", "ci-file", "GitLab" },
	{ CHECK_BASE, "codemagic.yaml", "ci-file", "Codemagic" },
	{ CHECK_BASE, "netlify.toml", "ci-file", "Netlify" },
	{ CHECK_BASE, "vercel.json", "ci-file", "Vercel" },
	{ CHECK_BASE, ".renovaterc*", "ci-file", "Renovate" },
	{ CHECK_BASE, "renovate.json5", "ci-file", "Renovate" },
	{ CHECK_PATH, ".github/dependabot.y*ml", "ci-file", "GitHub" },
	{ CHECK_PATH, ".github/settings.y*ml", "ci-file", "GitHub" },
	{ CHECK_BASE, "codecov.y*ml", "ci-file", "codecov" },
	{ CHECK_BASE, ".codecov.y*ml", "ci-file", "codecov" },
	{ CHECK_BASE, ".build.yml", "ci-file", "concourse" },
	{ CHECK_PART, ".builds", "ci-file", "sourcehut" },
	{ CHECK_BASE, ".appveyor.yml", "ci-file", "AppVeyor" },
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
	{ CHECK_PART, ".yarn", "build-file", "yarn" },
	{ CHECK_BASE, ".pnp.cjs", "build-file", "yarn" },
	{ CHECK_BASE, ".pnp.loader.mjs", "build-file", "yarn" },
	{ CHECK_BASE, "pnpm-workspace.yaml", "build-file", "pnpm" },
	{ CHECK_BASE, ".pnpmfile.*", "build-file", "pnpm" },
	{ CHECK_BASE, "deno.json", "build-file", "deno" },
	{ CHECK_BASE, "deno.jsonc", "build-file", "deno" },
	{ CHECK_BASE, "lerna.json", "build-file", "npm" },
	{ CHECK_BASE, "nx.json", "build-file", "npm" },
	{ CHECK_BASE, "turbo.json", "build-file", "npm" },
	{ CHECK_BASE, "gulpfile.*", "build-file", "npm" },
	{ CHECK_BASE, "Gruntfile.*", "build-file", "npm" },
	{ CHECK_BASE, "rollup.config.*", "build-file", "rollup" },
	{ CHECK_BASE, "esbuild.config.*", "build-file", "esbuild" },
	{ CHECK_BASE, "tsup.config.*", "build-file", "esbuild" },
	{ CHECK_BASE, "next.config.*", "build-file", "next" },
	{ CHECK_BASE, "nuxt.config.*", "build-file", "nuxt" },
	{ CHECK_BASE, "svelte.config.*", "build-file", "svelte" },
	{ CHECK_BASE, "astro.config.*", "build-file", "astro" },
	{ CHECK_BASE, "postcss.config.*", "build-file", "postcss" },
	{ CHECK_BASE, ".postcssrc*", "build-file", "postcss" },
	{ CHECK_BASE, "tailwind.config.*", "build-file", "postcss" },
	{ CHECK_BASE, "prettier.config.*", "build-file", "prettier" },
	{ CHECK_BASE, ".prettierrc*", "build-file", "prettier" },
	{ CHECK_BASE, "stylelint.config.*", "build-file", "stylelint" },
	{ CHECK_BASE, ".stylelintrc*", "build-file", "stylelint" },
	{ CHECK_BASE, "commitlint.config.*", "build-file", "commitlint" },
	{ CHECK_BASE, ".commitlintrc*", "build-file", "commitlint" },
	{ CHECK_BASE, "playwright.config.*", "build-file", "playwright" },
	{ CHECK_BASE, "cypress.config.*", "build-file", "cypress" },
	{ CHECK_BASE, "metro.config.*", "build-file", "metro" },
	{ CHECK_BASE, ".babelrc*", "build-file", "babel" },
	{ CHECK_BASE, "ecosystem.config.*", "build-file", "node" },
	{ CHECK_BASE, "requirements*.txt", "build-file", "pip" },
	{ CHECK_BASE, "constraints*.txt", "build-file", "pip" },
	{ CHECK_BASE, "pip.conf", "build-file", "pip" },
	{ CHECK_BASE, "Pipfile", "build-file", "pip" },
	{ CHECK_BASE, "uv.toml", "build-file", "pip" },
	{ CHECK_BASE, "pytest.ini", "build-file", "pytest" },
	{ CHECK_BASE, ".pylintrc", "build-file", "pylint" },
	{ CHECK_BASE, "pylintrc", "build-file", "pylint" },
	{ CHECK_BASE, "mypy.ini", "build-file", "mypy" },
	{ CHECK_BASE, ".mypy.ini", "build-file", "mypy" },
	{ CHECK_BASE, ".pdbrc", "build-file", "Python" },
	{ CHECK_BASE, ".pythonrc*", "build-file", "Python" },
	{ CHECK_BASE, "fabfile.py", "build-file", "Python" },
	{ CHECK_BASE, "*.gemspec", "build-file", "bundler" },
	{ CHECK_PART, ".bundle", "build-file", "bundler" },
	{ CHECK_BASE, ".rspec", "build-file", "rspec" },
	{ CHECK_BASE, ".irbrc", "build-file", "irb" },
	{ CHECK_BASE, ".pryrc", "build-file", "irb" },
	{ CHECK_BASE, "composer.json", "build-file", "composer" },
	{ CHECK_BASE, "phpunit.xml*", "build-file", "composer" },
	{ CHECK_BASE, ".php-cs-fixer*", "build-file", "composer" },
	{ CHECK_PART, ".mvn", "build-file", "maven" },
	{ CHECK_BASE, "build.xml", "build-file", "ant" },
	{ CHECK_BASE, "*.sbt", "build-file", "sbt" },
	{ CHECK_BASE, "*.props", "build-file", "dotnet" },
	{ CHECK_BASE, "*.fsproj", "build-file", "dotnet" },
	{ CHECK_BASE, "*.vbproj", "build-file", "dotnet" },
	{ CHECK_BASE, "*.vcxproj", "build-file", "dotnet" },
	{ CHECK_BASE, "nuget.config", "build-file", "dotnet" },
	{ CHECK_BASE, "Directory.Build.*", "build-file", "dotnet" },
	{ CHECK_BASE, "BUILD", "build-file", "bazel" },
	{ CHECK_BASE, "WORKSPACE", "build-file", "bazel" },
	{ CHECK_BASE, "WORKSPACE.bazel", "build-file", "bazel" },
	{ CHECK_BASE, "MODULE.bazel", "build-file", "bazel" },
	{ CHECK_BASE, "*.bzl", "build-file", "bazel" },
	{ CHECK_BASE, "SConstruct", "build-file", "scons" },
	{ CHECK_BASE, "SConscript", "build-file", "scons" },
	{ CHECK_BASE, "wscript", "build-file", "waf" },
	{ CHECK_BASE, "justfile", "build-file", "just" },
	{ CHECK_BASE, ".justfile", "build-file", "just" },
	{ CHECK_BASE, "Taskfile.y*ml", "build-file", "task" },
	{ CHECK_BASE, "flake.nix", "build-file", "nix" },
	{ CHECK_BASE, "shell.nix", "build-file", "nix" },
	{ CHECK_BASE, "default.nix", "build-file", "nix" },
	{ CHECK_BASE, "Package.swift", "build-file", "swift" },
	{ CHECK_BASE, "Podfile", "build-file", "cocoapods" },
	{ CHECK_BASE, "*.podspec", "build-file", "cocoapods" },
	{ CHECK_BASE, "Fastfile", "build-file", "fastlane" },
	{ CHECK_BASE, "build.zig*", "build-file", "zig" },
	{ CHECK_BASE, "go.work", "build-file", "go" },
	{ CHECK_BASE, "*.spec", "build-file", "rpm" },
	{ CHECK_BASE, "PKGBUILD", "build-file", "arch" },
	{ CHECK_BASE, "*.postinst", "build-file", "dpkg" },
	{ CHECK_BASE, "*.preinst", "build-file", "dpkg" },
	{ CHECK_BASE, "*.prerm", "build-file", "dpkg" },
	{ CHECK_BASE, "*.postrm", "build-file", "dpkg" },
	{ CHECK_PATH, "debian/postinst", "build-file", "dpkg" },
	{ CHECK_PATH, "debian/preinst", "build-file", "dpkg" },
	{ CHECK_PATH, "debian/prerm", "build-file", "dpkg" },
	{ CHECK_PATH, "debian/postrm", "build-file", "dpkg" },
	{ CHECK_PATH, "debian/control", "build-file", "dpkg" },
	{ CHECK_BASE, "snapcraft.yaml", "build-file", "snap" },
	{ CHECK_BASE, "*.timer", "build-file", "systemd" },
	{ CHECK_BASE, "*.socket", "build-file", "systemd" },
	{ CHECK_PATH, "cron.d/*", "build-file", "cron" },
	{ CHECK_PATH, "cron.daily/*", "build-file", "cron" },
	{ CHECK_PATH, "cron.hourly/*", "build-file", "cron" },
	{ CHECK_BASE, "*.desktop", "build-file", "autostart" },
	{ CHECK_BASE, ".Rprofile", "build-file", "R" },
	{ CHECK_BASE, ".Renviron", "build-file", "R" },
	{ CHECK_BASE, "Makefile.PL", "build-file", "perl" },
	{ CHECK_BASE, "Build.PL", "build-file", "perl" },
	{ CHECK_BASE, ".proverc", "build-file", "perl" },
	{ CHECK_BASE, "meson_options.txt", "build-file", "meson" },
	{ CHECK_BASE, "meson.options", "build-file", "meson" },
	{ CHECK_BASE, "Makefile.am", "build-file", "automake" },
	{ CHECK_BASE, "Makefile.in", "build-file", "automake" },
	{ CHECK_BASE, "*.m4", "build-file", "automake" },
	{ CHECK_BASE, "*.tf", "build-file", "terraform" },
	{ CHECK_BASE, "Chart.yaml", "build-file", "helm" },
	{ CHECK_BASE, ".rubocop*.yml", "build-file", "rubocop" },
	{ CHECK_BASE, "gradle.properties", "build-file", "gradle" },
	{ CHECK_PART, "buildSrc", "build-file", "gradle" },
	{ CHECK_BASE, "tsconfig*.json", "build-file", "TypeScript" },
	{ CHECK_BASE, "project.pbxproj", "build-file", "Xcode" },
	{ CHECK_BASE, "CMakePresets.json", "build-file", "cmake" },
	{ CHECK_BASE, "CMakeUserPresets.json", "build-file", "cmake" },
	{ CHECK_BASE, "ansible.cfg", "build-file", "ansible" },
	{ CHECK_BASE, "rebar.config*", "build-file", "rebar" },
	{ CHECK_BASE, ".user.ini", "build-file", "PHP" },
	{ CHECK_BASE, ".htaccess", "build-file", "Apache" },
	{ CHECK_BASE, "devbox.json", "build-file", "devbox" },
	{ CHECK_BASE, "tasks.py", "build-file", "invoke" },
	{ CHECK_BASE, "go.mod", "build-file", "go" },
	{ CHECK_BASE, ".env*", "tool-config", "shells and tools" },
	{ CHECK_BASE, ".tool-versions", "tool-config", "asdf" },
	{ CHECK_BASE, ".ripgreprc", "tool-config", "ripgrep" },
	{ CHECK_BASE, ".python-version", "tool-config", "pyenv" },
	{ CHECK_BASE, ".nvmrc", "tool-config", "nvm" },
	{ CHECK_BASE, ".editorconfig", "tool-config", "editors" },
	{ CHECK_BASE, ".ruby-version", "tool-config", "ruby" },
	{ CHECK_BASE, ".node-version", "tool-config", "node" },
	{ CHECK_BASE, ".sdkmanrc", "tool-config", "sdkman" },
};

static const char *
check_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

bool
check_base_is(const char *path, const char *name)
{
	return strcasecmp(check_base(path), name) == 0;
}

static bool
check_match(const char *pattern, const char *s)
{
	if (strpbrk(pattern, "*?[") == NULL)
		return strcasecmp(pattern, s) == 0;
	return fnmatch(pattern, s, FNM_CASEFOLD) == 0;
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
		if (check_match(pattern, p))
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
	const char *verb = c->status == 'A' ? "added" : "changed";
	const char *base = check_base(c->path);

	/* That a file goes away runs nothing. */
	if (c->status == 'D')
		return;
	for (size_t i = 0; i < sizeof(check_places) / sizeof(check_places[0]);
	     i++) {
		const struct check_place *p = &check_places[i];
		bool hit = p->where == CHECK_BASE
		    ? check_match(p->pattern, base)
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
		if (check_match(names[i], check_base(path)))
			return true;
	return false;
}
