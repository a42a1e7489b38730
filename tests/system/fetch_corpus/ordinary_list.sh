# shellcheck shell=sh
# ordinary_list.sh: what looks like something of hostile_*.sh and is none; as
# ordinary.sh.

ordinary agents-text note 'a text about agents, in the documents' <<'EOF'
printf '# Agents\n\nHow agents work here.\n' >docs/agents.md
printf '# The skill of sums\n' >docs/skills.md
printf '# Gemini\n\nA constellation.\n' >docs/about-gemini.md
EOF
ordinary picture-twice note 'a picture that is drawn, and drawn again in a later commit' <<'EOF'
cp data/logo.png docs/logo.png && commit Add
rm docs/logo.png && echo x >src/x.py && commit Remove
EOF
ordinary weights-thrice ask 'a large binary of data that several commits write' <<'EOF'
for i in 1 2 3; do
	{ printf '\0\1'; random 30000 "6$i"; } >data/table.bin && commit "Table $i"
done
EOF
ordinary lock-first ask 'a first lock file of a folder, from the registry in use' <<'EOF'
cp package.json web/package.json && cp package-lock.json web/package-lock.json
EOF
ordinary makefile-plain note 'a rule for one more source' <<'EOF'
printf 'calc.o: src/calc.c\n\t$(CC) -c -o $@ $<\n' >>Makefile
EOF
ordinary cmake-plain note 'one more source for CMake' <<'EOF'
printf 'add_executable(calc src/main.c src/max.c)\n' >CMakeLists.txt
EOF
ordinary dependency-removed ask 'a dependency that is no longer needed' <<'EOF'
sed -i 's/"left-pad": "1.3.0", //' package.json package-lock.json
sed -i '/node_modules.left-pad/,/^    }/d; s/^    },$/    }/' package-lock.json
EOF
ordinary pipe-to-filter ask 'a download over lines that is read, not run' <<'EOF'
printf 'curl -fsSL https://docs.example.test/x.json |\n\tjq -r .version\n' >>scripts/build.sh
EOF
ordinary pipe-with-shells ask 'downloads whose lines name a shell, and a table that does' <<'EOF'
printf 'curl -fsSL https://get.example.test/list | grep -c bash\ncurl -fsSL https://get.example.test/k | base64 -d | sudo tee /etc/keys/bash\nbase64 -d <cert >k.pem; openssl x509 -in k.pem\n' >>scripts/build.sh
printf '\n| option | `base64 -d` | what bash does with it |\n' >>docs/guide.md
EOF
ordinary hooks-react note 'hooks of a program in TypeScript' <<'EOF'
mkdir -p web/hooks && printf 'export const usePosts = () => [];\n' | tee web/hooks/post-list.ts web/hooks/pre-fetch.tsx >web/hooks/useAdmin.ts
EOF
ordinary links-usual ask 'links called tools, .config and renv' <<'EOF'
mkdir data/tools && echo x >data/tools/x && ln -s data/tools tools && ln -s data .config && ln -s data renv
EOF
ordinary tests-renamed note 'a file of tests under another name' <<'EOF'
git mv tests/test_calc.py tests/test_sums.py
EOF
ordinary editor-style note 'how editors write files' <<'EOF'
printf 'root = true\n\n[*]\nindent_style = tab\n' >.editorconfig
EOF
ordinary instructions note 'instructions for people, among the documents' <<'EOF'
printf '# Build\n\nType make.\n' >docs/build.instructions.md
EOF
ordinary macro-lines note 'a macro over lines in C' <<'EOF'
printf '#define CALC_MAX(a, b) \\\n\t((a) > (b) ? (a) : \\\n\t(b))\n' >>src/main.c
EOF
ordinary names-alike note 'names that differ in a digit, or in the end' <<'EOF'
echo 'x = 1' >src/file1.py && echo 'x = 1' >src/filel.py && echo 'x' >src/rn.py
echo 'x' >src/m.py && echo 'int x;' >src/main.h && echo 'x' >src/o0.py && echo x >src/oo.py
EOF
ordinary name-greek note 'a document named in Greek and one in Russian' <<'EOF'
bytes '# x\n' >"$(bytes 'docs/\0316\0277\0316\0264\0316\0267\0316\0263\0317\0214\0317\0202.md')"
bytes '# x\n' >"$(bytes 'docs/\0320\0277\0321\0200\0320\0270\0320\0262\0320\0265\0321\0202.md')"
EOF
ordinary identifiers note 'numbers that are no keys: UUIDs, sums, colours' <<'EOF'
cat >src/ids.py <<'X'
USER = "6f1c2a54-4a1b-4f0e-9d3e-0c8f6f3a2b1d"
SUM = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
COLOUR = "#a0b1c2"
KEY_PATH = "/etc/calc/key.pem"
TOKEN_LENGTH = 40
X
EOF
ordinary style-picture note 'a small picture in a style sheet' <<'EOF'
printf '.x { background: url(data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciLz4=); }\n' >web/x.css
EOF
ordinary not-executable note 'a script that is executable no more' <<'EOF'
chmod -x scripts/build.sh
EOF
ordinary snapshot-with-source note 'a picture of a page that changes with the page' <<'EOF'
sed -i 's/hello/good day/' tests/__snapshots__/page.snap
printf 'export const page = "good day";\n' >web/page.js
EOF
ordinary name-of-person ask 'names of people in their own letters' <<'EOF'
bytes '\n## Thanks\n\n- \0346\0270\0241\0351\0202\0211\0363\0240\0204\0200\n- Zo\0303\0253, \0305\0201ukasz, \0320\0236\0320\0273\0320\0265\0320\0272\0321\0201\0320\0260\0320\0275\0320\0264\0321\0200\n' >>README.md
EOF
