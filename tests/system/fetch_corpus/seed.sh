# shellcheck shell=sh
# seed.sh: the tree of main that every branch of the corpus begins with.
mkdir -p src tests/__snapshots__ docs scripts data .github/workflows \
    fixtures/bare/objects fixtures/bare/refs web
cat >README.md <<'EOF'
# calc

A small calculator.  See docs/guide.md.
EOF
cat >src/main.c <<'EOF'
/*
 * Copyright (c) 2024 The calc authors
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

int is_admin(const char *user);

int
main(void)
{
	if (is_admin("root"))
		puts("hello");
	return 0;
}
EOF
cat >src/calc.py <<'EOF'
# Copyright (c) 2024 The calc authors
# SPDX-License-Identifier: MIT


def add(a, b):
    return a + b


def scope(name):
    return name.lower()
EOF
cat >web/admin.js <<'EOF'
export function isAdmin(user) {
  return user.role === "admin";
}
EOF
cat >tests/test_calc.py <<'EOF'
from calc import add, scope


def test_add():
    assert add(1, 2) == 3
    assert add(-1, 1) == 0
    assert add(0, 0) == 0


def test_scope():
    assert scope("A") == "a"
    assert scope("") == ""
EOF
cat >tests/admin.test.js <<'EOF'
import { isAdmin } from "../web/admin.js";

test("admins are admins", () => {
  expect(isAdmin({ role: "admin" })).toBe(true);
  expect(isAdmin({ role: "user" })).toBe(false);
});
EOF
printf 'exports[`page 1`] = `<p>hello</p>`;\n' >tests/__snapshots__/page.snap
cat >jest.config.js <<'EOF'
module.exports = { coverageThreshold: { global: { lines: 90 } } };
EOF
cat >package.json <<'EOF'
{
  "name": "calc",
  "version": "1.0.0",
  "scripts": { "test": "jest" },
  "dependencies": { "left-pad": "1.3.0", "chalk": "5.3.0" }
}
EOF
cat >package-lock.json <<'EOF'
{
  "name": "calc",
  "version": "1.0.0",
  "lockfileVersion": 3,
  "packages": {
    "": { "name": "calc", "version": "1.0.0", "dependencies": { "left-pad": "1.3.0", "chalk": "5.3.0" } },
    "node_modules/chalk": {
      "version": "5.3.0",
      "resolved": "https://packages.example.test/chalk/-/chalk-5.3.0.tgz",
      "integrity": "sha512-dLitG79d+GV1Nb/VYcCDFivJeK1hiukt9QjRNVOsUtTy1rR1YJsmpGGTZ3qJos+uw7WmWF4wUwBd9jxjocFC2w=="
    },
    "node_modules/left-pad": {
      "version": "1.3.0",
      "resolved": "https://packages.example.test/left-pad/-/left-pad-1.3.0.tgz",
      "integrity": "sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA=="
    }
  }
}
EOF
printf 'requests==2.31.0\nflask==3.0.0\n' >requirements.txt
cat >go.mod <<'EOF'
module example.test/calc

go 1.21

require example.test/lib/text v1.2.0
EOF
cat >go.sum <<'EOF'
example.test/lib/text v1.2.0 h1:q1bFkFPtC9xDzZ1YKnPUJ8mF5MAXY2gKqX0cYXk0d7E=
example.test/lib/text v1.2.0/go.mod h1:Yv9CqLhxA0Nq0mC5cWgY1u0m4o1QkUq5ZpX2vQ8vW8M=
EOF
cat >Cargo.toml <<'EOF'
[package]
name = "calc"
version = "1.0.0"

[dependencies]
serde = "1.0.190"
EOF
cat >Makefile <<'EOF'
all: calc
calc: src/main.c
	$(CC) -o $@ $<
EOF
cat >Dockerfile <<'EOF'
FROM images.example.test/debian@sha256:2f3b1a7c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a
COPY . /src
EOF
cat >.github/workflows/ci.yml <<'EOF'
name: ci
on: [push, pull_request]
permissions:
  contents: read
jobs:
  test:
    runs-on: ubuntu-22.04
    steps:
      - uses: actions/checkout@b4ffde65f46336ab88eb53be808477a3936bae11
      - run: make test
EOF
printf '#!/bin/sh\nset -eu\nmake\n' >scripts/build.sh
chmod +x scripts/build.sh
printf '*.txt text\n' >.gitattributes
printf 'calc\n*.o\n' >.gitignore
printf '# Guide\n\nType a sum.\n' >docs/guide.md
printf 'MIT License\n\nCopyright (c) 2024 The calc authors\n' >LICENSE
echo keep >fixtures/bare/objects/keep
echo keep >fixtures/bare/refs/keep
base64 -d >data/logo.png <<'EOF'
iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==
EOF
mkdir -p third_party/lib config data/old
echo '{ "name": "old" }' >data/old/package.json
printf 'package lib\n\nfunc One() int { return 1 }\n' >third_party/lib/lib.go
printf 'TOKEN = "ghp_%s"\n' 9876543210abcdefghijABCDEFGHIJ654321 >config/old.py
printf '[tool.coverage.report]\nfail_under = 90\n' >pyproject.toml
