# shellcheck shell=sh disable=SC2034,SC2154
# mirror_lib.sh: what the tests of mirroring share; after lib.sh.  The upstream
# is tests/system/upstream.pl, which serves $T/up and does what `mode` says.

UPDIR=$T/up

# up COMMAND...: in the upstream's working clone.
up() { (cd "$WORK" && "$@") >/dev/null 2>&1; }
uprev() { git --git-dir="$UPDIR/calc.git" rev-parse -q --verify "$1"; }
rev() { git --git-dir="$R" rev-parse -q --verify "$1" || echo none; }
kept() { git --git-dir="$R" for-each-ref --format='%(objectname)' refs/coffer/kept; }

# up_commit TEXT [BRANCH]: one more commit there.
up_commit()
{
	up sh -c "git checkout -q ${2:-main} && echo '$1' >>a.txt && git add a.txt && git commit -qm '$1' && git push -q origin ${2:-main}"
}

# mode LINE...: what the upstream does from now on; no line: everything well.
mode()
{
	: >"$UPDIR/mode.new"
	for mode_l; do printf '%s\n' "$mode_l" >>"$UPDIR/mode.new"; done
	mv "$UPDIR/mode.new" "$UPDIR/mode"
}

# start_upstream: UPURL is where calc.git is served.
start_upstream()
{
	make_upstream
	mode
	start "$T/upstream.log" perl "$SYSTEM_DIR/upstream.pl" "$UPDIR"
	UPSTREAM_PID=$PID
	wait_for 10 test -s "$UPDIR/port" || tap_bail 'upstream.pl does not start'
	UPPORT=$(cat "$UPDIR/port")
	UPURL=http://127.0.0.1:$UPPORT/calc.git
}

# project_of URL NAME: a project, not waited for; R is its repository.
project_of()
{
	api POST /api/coffer/v1/projects "{\"upstream\":\"$1\",\"name\":\"$2\"}"
	[ "$STATUS" = 201 ] || tap_bail "project: $STATUS $(cat "$BODY")"
	PROJECT=$(field .full_name)
	PROJECT_ID=$(field .id)
	R=$HOME_DIR/repos/$PROJECT_ID.git
}

sync() { api POST "/api/coffer/v1/projects/${1:-$PROJECT}/sync?wait=${2:-30}"; }
look() { api GET "/api/coffer/v1/projects/${1:-$PROJECT}"; }
# state: "ok", or "failed/kind"
state() { field '.mirror | if .state == "ok" then "ok" else .state + "/" + (.error_kind // "") end'; }
is_ok() { look "$@" && [ "$(state)" = ok ]; }

# events KIND: how many of this project.
events()
{
	api GET "/api/coffer/v1/events?after=0&limit=1000&project=$PROJECT_ID"
	field "[.events[] | select(.kind==\"$1\")] | length"
}

# asked [KIND]: how many requests upstream has seen.
asked() { grep -Ec "^(${1:-info|ls|fetch}) " "$UPDIR/log"; }

# whole: nothing half is left in the repository.
whole()
{
	[ -z "$(find "$R/objects" "$R/refs" -name 'tmp_*' -o -name '*.lock')" ] &&
	    git --git-dir="$R" fsck --no-dangling >/dev/null
}
