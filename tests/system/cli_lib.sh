# shellcheck shell=sh disable=SC2034
# cli_lib.sh: a canned server for tests of the command line (cli_server.pl).
# Sourced after lib.sh.

COFFER_TOKEN=secret-of-the-test
COFFER_HOME=$T/none
export COFFER_TOKEN COFFER_HOME
CANNED=$T/canned

# canned METHOD PATH STATUS [BODY]
canned()
{
	mkdir -p "$CANNED/api"
	printf '%s\n%s' "$3" "${4:-}" >"$CANNED/api/$1$(echo "$2" | tr / ,)"
}

start_canned()
{
	mkdir -p "$CANNED"
	start "$T/canned.log" perl "$SYSTEM_DIR/cli_server.pl" "$CANNED"
	wait_for 10 test -s "$CANNED/port" || tap_bail 'cli_server.pl'
	COFFER_URL=http://127.0.0.1:$(cat "$CANNED/port")
	export COFFER_URL
}

coffer() { "$O/bin/coffer" "$@"; }

# run ARGUMENT...: coffer with these; RC, $T/out, $T/err.
run()
{
	coffer "$@" >"$T/out" 2>"$T/err" </dev/null
	RC=$?
}

out_has() { grep -q -e "$1" "$T/out"; }
err_has() { grep -q -e "$1" "$T/err"; }
