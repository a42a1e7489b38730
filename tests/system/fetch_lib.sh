# shellcheck shell=sh disable=SC2034
# fetch_lib.sh: a served repository and a clone of it, for tests of coffer
# fetch.  Sourced after cli_lib.sh.

XDG_CONFIG_HOME=$T/xdg
export XDG_CONFIG_HOME
SRV=$CANNED/acme/calc.git
SEED=$T/seed
CLONE=$T/clone
FETCH=$CLONE/.git/coffer/fetch

# fetch_world: main with hello.txt, src/main.c, src/old.c, setup.py.
fetch_world()
{
	start_canned
	canned GET /api/coffer/v1/projects/acme/calc 200 \
	    '{"id":7,"owner":"acme","name":"calc","full_name":"acme/calc"}'
	canned GET /api/coffer/v1/runs 200 '[]'
	canned POST /api/coffer/v1/projects/acme/calc/fetches 201 \
	    '{"id":41,"pull":null}'
	mkdir -p "$CANNED/acme"
	git init -q --bare "$SRV"
	git clone -q "$SRV" "$SEED" 2>/dev/null
	git -C "$SEED" checkout -q -b main 2>/dev/null
	mkdir "$SEED/src"
	printf 'hello\n' >"$SEED/hello.txt"
	printf 'int main(void)\n{\n\treturn 0;\n}\n' >"$SEED/src/main.c"
	printf 'int old;\n' >"$SEED/src/old.c"
	printf 'all:\n\ttrue\n' >"$SEED/setup.py"
	git -C "$SEED" add . && git -C "$SEED" commit -q -m First
	git -C "$SEED" push -q origin main
	git clone -q "$SRV" "$CLONE"
	git -C "$CLONE" remote remove origin
	git -C "$CLONE" config coffer.project acme/calc
	git -C "$CLONE" config coffer.url "$COFFER_URL"
}

branch() { git -C "$SEED" checkout -q -B "$1" main; }
publish()
{
	git -C "$SEED" add -A && git -C "$SEED" commit -q -m x &&
	    git -C "$SEED" push -q -f origin HEAD
}

# fix_branch: agent/fix changes, adds, deletes, makes executable; steers make.
fix_branch()
{
	branch agent/fix
	printf 'hello world\n' >"$SEED/hello.txt"
	mkdir -p "$SEED/lib/deep"
	printf 'new\n' >"$SEED/lib/deep/new.c"
	git -C "$SEED" rm -q src/old.c
	printf '#!/bin/sh\nexit 0\n' >"$SEED/run.sh"
	chmod +x "$SEED/run.sh"
	printf 'all:\n\tfalse\n' >"$SEED/setup.py"
	publish
	HEAD_SHA=$(git -C "$SEED" rev-parse HEAD)
}

# state: everything of the clone that a fetch could have changed.
state()
{
	(cd "$CLONE" && git status --porcelain --ignored &&
	    git for-each-ref && git symbolic-ref -q HEAD
	git ls-files -s
	find . -path ./.git -prune -o \( -type f -o -type l \) \
	    -printf '%p %#m %l\n' | LC_ALL=C sort
	find . -path ./.git -prune -o -type f -print0 | sort -z |
	    xargs -0 sha1sum)
}
fetch() { cd "$CLONE" && run fetch "$@"; }
# record FILTER: of the newest record.
record()
{
	jq -r "$1" "$(find "$FETCH" -maxdepth 1 -name '2*.json' | sort |
	    tail -n 1)"
}
