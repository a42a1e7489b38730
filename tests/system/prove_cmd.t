#!/bin/sh
# `coffer prove`: rows about a real sandbox, a verdict that is signed and kept,
# and what a hostile sandbox makes of it.
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/attack_lib.sh"
. "$SYSTEM_DIR/web_lib.sh"

[ "$(id -u)" -eq 0 ] || tap_skip_all 'sandboxes need root'
[ -x /usr/sbin/runc ] || [ -x /usr/bin/runc ] || tap_skip_all 'runc is absent'

attack_start alpha beta
prove() { coffer prove "$@" --json >"$T/verdict" 2>"$T/prove.err"; RC=$?; }
row() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .result' "$T/verdict"; }
evidence() { jq -r --arg id "$1" '.rows[] | select(.id == $id) | .evidence' "$T/verdict"; }
kept=$HOME_DIR/sandboxes/1/prove.json

prove alpha
tap_is "$RC" 0 'nothing fails'
tap_is "$(jq -r '.result' "$T/verdict")" pass 'it is proven'
tap_is "$(jq -r '[.rows[] | select(.result == "fail")] | length' "$T/verdict")" 0 'no row failed'
tap_is "$(jq -r '.passed + .failed + .untestable - (.rows | length)' "$T/verdict")" 0 'each row is counted once'
tap_is "$(row unlisted)" untestable 'what the mode lets is untestable'
# rows PREFIX: a line of TAP for each row that could be tried
rows()
{
	for r in $(jq -r '.rows[].id' "$T/verdict"); do
		case $(row "$r") in
		untestable) tap_skip "$1row $r" "$(evidence "$r" | tr '#' ' ')" ;;
		*) tap_is "$(row "$r")" pass "$1row $r" ;;
		esac
		[ "$(row "$r")" != fail ] || echo "# $(evidence "$r")"
	done
}
rows ''
tap_like "$(evidence host)" '*router refused*' 'the evidence is from outside'
coffer status alpha >"$T/status"
tap_ok 'status shows it' grep -q 'barriers *proven, .* 0 failed' "$T/status"
told() { api GET /api/coffer/v1/projects/admin/alpha; [ "$(jq -r .prove.at "$BODY")" = "$(jq -r .at "$T/verdict")" ]; }
tap_ok 'cofferd is told' wait_for 10 told
tap_is "$(jq -c '[.prove | .result, .stale, .failed, .passed, .network, .driver, .failed_rows]' "$BODY")" \
    "$(jq -c '[.result, false, .failed, .passed, .network, .driver, []]' "$T/verdict")" 'the same, without its rows'
tap_ok 'the list of projects shows it' sh -c "'$O/bin/coffer' status | grep -q 'admin/alpha .* proven '"
sign_in admin "$ADMIN"
page GET /admin/alpha
tap_ok 'and the page of the project' grep -q "data-kind=\"good\">pass.*$(jq .passed "$T/verdict") barriers held, 0 failed" "$BODY"
tap_is "$(stat -c %a:%u "$kept") $(stat -c %a:%u "$HOME_DIR/secrets/prove.key")" '644:0 600:0' \
    'all may read it, root alone may sign'
tap_not 'no probe is left' coffer exec alpha -- pgrep -f coffer-probe

make_upstream sealed
coffer create "$UPSTREAM" --network none --wait >"$T/create.log" 2>&1 || tap_bail "$(cat "$T/create.log")"
prove sealed
tap_is "$RC" 0 'nothing fails in mode none'
rows 'none: '

# It is about the sandbox that was tried.
coffer recreate sealed --yes --force >/dev/null 2>&1
coffer status sealed >"$T/status"
tap_ok 'of one made anew it is outdated' grep -q 'barriers *proven, .*another one now' "$T/status"
prove sealed
again() { coffer status sealed >"$T/status" && ! grep -q 'another one now' "$T/status"; }
tap_ok 'until that one is tried' wait_for 10 again

# A verdict that somebody has touched.
sed -i 's/\\"failed\\":0/\\"failed\\":1/' "$kept"
coffer status alpha >"$T/status"
tap_ok 'a changed one is told' grep -q 'barriers *the verdict: the signature' "$T/status"

# The agent kills whatever looks like the probe.
coffer exec alpha -- sh -c 'setsid perl -e "while (1) { system(q(pkill -9 -f [c]offer-probe)); select(undef, undef, undef, 0.02) }" >/dev/null 2>&1 &' >/dev/null 2>&1
prove alpha
tap_not 'an agent that kills the probe proves nothing' test "$RC" -eq 0
coffer exec alpha -- pkill -9 perl >/dev/null 2>&1
coffer stop alpha --wait >/dev/null 2>&1 || coffer stop alpha >/dev/null 2>&1
prove alpha
tap_ok 'a sandbox that does not run is no verdict' test "$RC" -eq 1
[ "$TAP_FAILED" -eq 0 ] || tail -n 20 "$T/prove.err" "$HOME_DIR"/log/*.log | sed 's/^/# /'
tap_done
