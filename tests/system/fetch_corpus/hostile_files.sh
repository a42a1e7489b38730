# shellcheck shell=sh
# hostile_files.sh: files that something obeys by itself, by their names, each
# deep in the tree; what must be found in names, as in hostile.sh.

hostile files-agent 'agent-config=block@a/[.]claude/commands/x[.]md agent-config=block@a/[.]mcp[.]json agent-config=block@a/CLAUDE[.]md agent-config=block@a/CLAUDE[.]local[.]md agent-config=block@a/AGENTS[.]md agent-config=block@a/AGENTS[.]override[.]md agent-config=block@a/[.]codex/config[.]toml agent-config=block@a/[.]opencode/agent/x[.]md agent-config=block@a/opencode[.]json agent-config=block@a/opencode[.]jsonc agent-config=block@a/[.]agents/x[.]md agent-config=block@a/[.]goosehints agent-config=block@a/[.]goose/x agent-config=block@a/[.]cursor/rules/x[.]mdc agent-config=block@a/[.]cursorrules agent-config=block@a/[.]windsurfrules agent-config=block@a/[.]gemini/settings[.]json agent-config=block@a/GEMINI[.]md agent-config=block@a/[.]github/copilot-instructions[.]md agent-config=block@a/[.]github/agents/x[.]md agent-config=block@a/[.]aider[.]conf[.]yml agent-config=block@a/[.]continue/config[.]json agent-config=block@a/skills/x/SKILL[.]md' 'each file that a coding agent obeys' <<'EOF'
for f in .claude/commands/x.md .mcp.json CLAUDE.md CLAUDE.local.md AGENTS.md \
    AGENTS.override.md .codex/config.toml .opencode/agent/x.md opencode.json \
    opencode.jsonc .agents/x.md .goosehints .goose/x .cursor/rules/x.mdc \
    .cursorrules .windsurfrules .gemini/settings.json GEMINI.md \
    .github/copilot-instructions.md .github/agents/x.md .aider.conf.yml \
    .continue/config.json skills/x/SKILL.md; do
	mkdir -p "a/$(dirname $f)" && echo x >"a/$f"
done
EOF
hostile files-agent-case 'agent-config=block@a/claude[.]md agent-config=block@a/Agents[.]md agent-name=note@docs/agents/AGENTS[.]MD agent-name=note@docs/Gemini[.]md' 'names of an agent in other letters, which file systems without case read' <<'EOF'
mkdir -p a docs/agents
for f in a/claude.md a/Agents.md docs/agents/AGENTS.MD docs/Gemini.md; do
	echo x >$f
done
EOF
hostile files-editor 'editor-config=block@a/[.]vscode/launch[.]json editor-config=block@a/[.]vscode/settings[.]json editor-config=block@a/[.]vscode/extensions[.]json (editor|tool)-config=(ask|block)@a/[.]idea/workspace[.]xml (editor|tool)-config=(ask|block)@a/[.]env=? (editor|tool)-config=(ask|block)@a/[.]env[.]local (editor|tool)-config=(ask|block)@a/[.]tool-versions (editor|tool)-config=(ask|block)@a/mise[.]toml (editor|tool)-config=(ask|block)@a/[.]zed/settings[.]json (editor|tool)-config=(ask|block)@a/x[.]code-workspace (editor|tool)-config=(ask|block)@a/[.]vimrc (editor|tool)-config=(ask|block)@a/[.]exrc editor-style=note@a/[.]editorconfig (editor|tool)-config=(ask|block)@a/[.]dir-locals[.]el (editor|tool)-config=(ask|block)@a/[.]lldbinit' 'each file that an editor, shell or debugger obeys' <<'EOF'
for f in .vscode/launch.json .vscode/settings.json .vscode/extensions.json \
    .idea/workspace.xml .env .env.local .tool-versions mise.toml \
    .zed/settings.json x.code-workspace .vimrc .exrc .editorconfig \
    .dir-locals.el .lldbinit; do
	mkdir -p "a/$(dirname $f)" && echo x >"a/$f"
done
EOF
hostile files-tool '(editor-config|tool-config|build-file)=(ask|block)@a/[.]bazelrc (editor-config|tool-config|build-file)=(ask|block)@a/[.]cargo/config (editor-config|tool-config|build-file)=(ask|block)@a/[.]cargo/config[.]toml (editor-config|tool-config|build-file)=(ask|block)@a/rust-toolchain (editor-config|tool-config|build-file)=(ask|block)@a/rust-toolchain[.]toml (editor-config|tool-config|build-file)=(ask|block)@a/[.]python-version (editor-config|tool-config|build-file)=(ask|block)@a/[.]nvmrc (editor-config|tool-config|build-file)=(ask|block)@a/[.]yarnrc (editor-config|tool-config|build-file)=(ask|block)@a/[.]yarnrc[.]yml (editor-config|tool-config|build-file)=(ask|block)@a/[.]pnpmfile[.]cjs (editor-config|tool-config|build-file)=(ask|block)@a/bunfig[.]toml (editor-config|tool-config|build-file)=(ask|block)@a/[.]ripgreprc' 'each file that a tool obeys in its folder' <<'EOF'
for f in .bazelrc .cargo/config .cargo/config.toml rust-toolchain \
    rust-toolchain.toml .python-version .nvmrc .yarnrc .yarnrc.yml \
    .pnpmfile.cjs bunfig.toml .ripgreprc; do
	mkdir -p "a/$(dirname $f)" && echo x >"a/$f"
done
EOF
hostile files-build "$(for f in setup[.]py setup[.]cfg conftest[.]py usercustomize[.]py x[.]pth tox[.]ini noxfile[.]py x[.]mk configure x[.]cmake meson[.]build x[.]gradle x[.]gradle[.]kts gradlew gradle/wrapper/gradle-wrapper[.]properties pom[.]xml mvnw x[.]csproj x[.]targets Rakefile Gemfile extconf[.]rb mix[.]exs x[.]cabal Setup[.]hs Containerfile compose[.]yml compose[.]prod[.]yaml docker-compose[.]yml Vagrantfile Procfile x[.]service crontab debian/rules x[.]spec jest[.]config[.]js vite[.]config[.]ts webpack[.]config[.]js babel[.]config[.]js [.]eslintrc[.]js eslint[.]config[.]mjs [.]mocharc[.]js karma[.]conf[.]js; do printf '(build-file|build-rules|build-backend|tool-config|editor-config)=(note|ask|block)@a/%s ' "$f"; done)" 'each file that a build or test tool runs' <<'EOF'
for f in setup.py setup.cfg conftest.py usercustomize.py x.pth tox.ini \
    noxfile.py x.mk configure x.cmake meson.build x.gradle x.gradle.kts \
    gradlew gradle/wrapper/gradle-wrapper.properties pom.xml mvnw x.csproj \
    x.targets Rakefile Gemfile extconf.rb mix.exs x.cabal Setup.hs \
    Containerfile compose.yml compose.prod.yaml docker-compose.yml \
    Vagrantfile Procfile x.service crontab debian/rules x.spec \
    jest.config.js vite.config.ts webpack.config.js babel.config.js \
    .eslintrc.js eslint.config.mjs .mocharc.js karma.conf.js; do
	mkdir -p "a/$(dirname $f)" && echo x >"a/$f"
done
EOF
hostile files-ci "$(for f in [.]github/workflows/x[.]yaml [.]github/actions/x/index[.]js sub/action[.]yml sub/action[.]yaml [.]gitea/workflows/x[.]yml [.]forgejo/workflows/x[.]yml [.]gitlab-ci[.]yml [.]woodpecker[.]yml [.]woodpecker/x[.]yml [.]drone[.]yml Jenkinsfile [.]buildkite/pipeline[.]yml azure-pipelines[.]yml azure-pipelines-x[.]yml [.]circleci/config[.]yml [.]travis[.]yml appveyor[.]yml [.]appveyor[.]yml bitbucket-pipelines[.]yml cloudbuild[.]yaml renovate[.]json [.]github/dependabot[.]yml CODEOWNERS docs/CODEOWNERS; do printf 'ci-file=(ask|block)@%s ' "$f"; done)" 'each file that CI or a forge obeys' <<'EOF'
for f in .github/workflows/x.yaml .github/actions/x/index.js sub/action.yml \
    sub/action.yaml .gitea/workflows/x.yml .forgejo/workflows/x.yml \
    .gitlab-ci.yml .woodpecker.yml .woodpecker/x.yml .drone.yml Jenkinsfile \
    .buildkite/pipeline.yml azure-pipelines.yml azure-pipelines-x.yml \
    .circleci/config.yml .travis.yml appveyor.yml .appveyor.yml \
    bitbucket-pipelines.yml cloudbuild.yaml renovate.json \
    .github/dependabot.yml CODEOWNERS docs/CODEOWNERS; do
	mkdir -p "$(dirname $f)" && echo x >"$f"
done
EOF
hostile files-hooks 'hook=(ask|block)@hooks/pre-commit hook=(ask|block)@lefthook[.]yml hook=(ask|block)@[.]pre-commit-config[.]yaml' 'a folder of hooks, and what installs some' <<'EOF'
mkdir hooks && echo 'id' >hooks/pre-commit
echo 'pre-commit: { commands: { x: { run: id } } }' >lefthook.yml
echo 'repos: []' >.pre-commit-config.yaml
EOF
hostile files-link-agent 'agent-config=block@docs/CLAUDE[.]md' 'a link by the name of an agent, to a text' <<'EOF'
ln -s guide.md docs/CLAUDE.md
EOF
hostile files-moved-into-place 'agent-config=block@AGENTS[.]md' 'a text that is moved to where an agent reads it' <<'EOF'
git mv docs/guide.md AGENTS.md
EOF
hostile name-twin '(homoglyph|odd-name|case-collision|bad-name)=(ask|block)@' 'a file whose whole name reads like one that is there' <<'EOF'
cp src/calc.py src/cop.py && commit Add
bytes 'x = 1\n' >"$(bytes 'src/\0321\0201\0320\0276\0321\0200.py')" && commit Twin
EOF
hostile folder-twin '(homoglyph|odd-name|case-collision|bad-name)=(ask|block)@' 'a folder whose whole name reads like one of the base' <<'EOF'
d=$(bytes '\0324\0201\0320\0276\0321\0201\0321\0225')
mkdir "$d" && echo x >"$d/guide.md"
EOF
hostile folder-twin-width '(homoglyph|odd-name|case-collision|bad-name)=(ask|block)@' 'a folder in full width beside the one in ASCII' <<'EOF'
d=$(bytes '\0357\0275\0223\0357\0275\0222\0357\0275\0203')
mkdir "$d" && echo 'int x;' >"$d/main.c"
EOF
hostile name-long '(bad-name|odd-name|refused)' 'a path longer than systems take' <<'EOF'
n=
i=0
while [ $i -lt 22 ]; do n=$n$(many 200 d)/; i=$((i + 1)); done
echo x | entry 100644 "${n}x"
entry_commit
EOF
hostile link-agent-folder 'agent-config=block@[.]claude' 'a link by the name of a folder that an agent obeys' <<'EOF'
mkdir docs/notes && echo '{"hooks":{}}' >docs/notes/settings.json
ln -s docs/notes .claude
EOF
hostile link-editor-folder 'editor-config=block@web/[.]vscode hook=block@[.]husky ci-file=ask@[.]github/workflows' 'links by the names of folders that editors, hooks and CI are in' <<'EOF'
mkdir docs/notes && echo '{}' >docs/notes/tasks.json
ln -s ../docs/notes web/.vscode && ln -s docs/notes .husky
rm -r .github/workflows && ln -s ../docs/notes .github/workflows
EOF
hostile tests-renamed-away 'test-deleted=ask@tests/test_calc[.]py' 'tests under a name that nobody runs' <<'EOF'
git mv tests/test_calc.py tests/calc_old.py
EOF
hostile hooks-script 'hook=block@hooks/pre-commit hook=block@tools/hooks/post-checkout[.]sh' 'hooks with and without an extension' <<'EOF'
mkdir -p hooks tools/hooks && echo id >hooks/pre-commit && echo id >tools/hooks/post-checkout.sh
EOF
hostile link-tools 'editor-config=block@lib/bazel' 'what a tool obeys behind a link of a usual name' <<'EOF'
mkdir lib && echo id >lib/bazel && ln -s lib tools
EOF
hostile generated 'generated=note@dist/index[.]js generated=note@web/app[.]min[.]js generated=note@src/api[.]go' 'files that reviewers skip' <<'EOF'
mkdir dist && echo 'run();' | tee dist/index.js >web/app.min.js
printf '// Code generated by protoc. DO NOT EDIT.\n\npackage api\n' >src/api.go
EOF
hostile generated-bundle '(generated|long-line)=(note|ask)@web/bundle[.]js' 'a program in one line' <<'EOF'
many 3000 'a(1);' >web/bundle.js
EOF
hostile ci-deleted 'ci-removed=ask@[.]github/workflows/ci[.]yml' 'CI that is deleted' <<'EOF'
git rm -q .github/workflows/ci.yml
EOF
hostile config-deleted 'config-removed=ask@jest[.]config[.]js' 'the settings of the tests that are deleted' <<'EOF'
git rm -q jest.config.js
EOF
hostile lock-beside 'lock-removed=ask@package-lock[.]json' 'a lock file that goes with the manifest of another folder' <<'EOF'
git rm -q package-lock.json data/old/package.json
EOF
hostile lock-emptied 'lock-removed=ask@package-lock[.]json lock-removed=ask@go[.]sum' 'lock files that are emptied, with a change of the manifest' <<'EOF'
echo '{"lockfileVersion":3,"packages":{}}' >package-lock.json
: >go.sum && echo >>go.mod
EOF
hostile lock-deleted 'lock-removed=ask@package-lock[.]json lock-removed=ask@go[.]sum' 'lock files that are deleted, their manifests not' <<'EOF'
git rm -q package-lock.json go.sum
EOF
hostile hooks-local 'hook=block@lefthook-local[.]yml hook=block@[.]lefthook/pre-commit/x[.]sh hook=block@tools/git-hooks/pre-commit hook=block@[.]hooks/pre-push hook=block@githooks/post-checkout' 'hooks in folders of other names' <<'EOF'
for f in lefthook-local.yml .lefthook/pre-commit/x.sh tools/git-hooks/pre-commit .hooks/pre-push githooks/post-checkout; do
	mkdir -p "$(dirname $f)" && echo id >$f
done
EOF
hostile collision-full 'case-collision=block@' 'two names that are one where a sharp s is two' <<'EOF'
echo x | entry 100644 "$(bytes 'docs/stra\0303\0237e.md')"
echo y | entry 100644 'docs/strasse.md'
entry_commit
EOF
hostile attributes-octal 'hidden-from-review=block@src/main[.]c' 'an attribute whose pattern is written in numbers' <<'EOF'
printf '"src/\\155ain.c" -diff\n' >>.gitattributes && echo 'int x;' >>src/main.c
EOF
hostile attributes-many '(hidden-from-review|gitattributes-filter)=block@' 'an attribute behind many that match nothing' <<'EOF'
i=0
while [ $i -lt 70 ]; do echo "none$i -diff"; i=$((i + 1)); done >>.gitattributes
echo 'src/main.c -diff' >>.gitattributes && echo 'int x;' >>src/main.c
EOF
