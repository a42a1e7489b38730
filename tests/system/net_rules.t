#!/bin/sh
# `coffer net`: rules as a person gives them, through cofferd and agentd to the
# router; judged from inside the sandbox and at the other end.
[ -n "${NET_INSIDE-}" ] || exec env NET_INSIDE=1 unshare -n -- "$0"
. "$(dirname "$0")/lib.sh"
. "$SYSTEM_DIR/net_lib.sh"
net_start calc
net() { run net calc "$@"; }
# Rules arrive by an event: soon, not at once.
soon() { [ "$(dial calc "$1" "$2")" = "$3" ]; }

tap_is "$(name_of calc ok.test)" none 'locked: no name without a rule'
tap_is "$(dial calc 203.0.113.5 22)" refused 'and no address'
net allow ok.test --port 22
tap_is "$RC" 0 'allow'
tap_ok 'opens it' wait_for 10 soon ok.test 22 connected
tap_ok 'at the other end, too' wait_for 5 grep -q '203.0.113.5:22' "$SINK"
tap_is "$(dial calc other.test 22)" refused 'another name stays closed'
net rules --json
tap_is "$(jq -r '.allow[0] | .domain + " " + (.ports | tostring) + " " + .by' "$T/out")" \
    'ok.test [22] admin' 'who allowed it is kept'

net deny ok.test
tap_is "$RC" 0 'deny'
tap_ok 'closes it' wait_for 10 soon ok.test 22 refused
net rules --json
tap_is "$(jq -r '.allow | length' "$T/out")" 0 'and takes the other rule back'
net forget ok.test
net rules --json
tap_is "$(jq -r '(.allow + .deny) | length' "$T/out")" 0 'forget'
net forget ok.test
tap_is "$RC" 4 'once more: there is none'

net allow other.test --port 22 --for 6s
tap_ok 'allow --for opens' wait_for 5 soon other.test 22 connected
tap_ok 'and ends' wait_for 10 soon other.test 22 refused
net rules --json
tap_is "$(jq -r '.allow | length' "$T/out")" 0 'without a trace'

net allow '*.github.io'
tap_is "$RC" 1 'a wildcard that many share is refused'
tap_ok 'with the reason' grep -q 'anybody' "$T/err"
net allow '*.github.io' --force
tap_is "$RC" 0 'and taken by force'
net allow 203.0.113.5
tap_is "$RC" 1 'an address is no name'
net allow ok.test --port 53
tap_is "$RC" 1 'port 53 is the resolver'
net allow '*.test'
tap_is "$RC" 1 'a wildcard below one label is refused'
net allow '*.wild.test' ok.test --port 22
tap_ok 'a wildcard' wait_for 10 soon a.wild.test 22 connected

net lockdown
tap_is "$RC" 0 'lockdown'
tap_ok 'closes all' wait_for 10 soon ok.test 22 refused
tap_is "$(name_of calc ok.test)" none 'and names'
tap_is "$(inside calc 'git ls-remote http://coffer/admin/calc.git >/dev/null && echo yes')" \
    yes 'but cofferd'
coffer pause calc >/dev/null && net unlock
locked_is() { perl "$NET" ask "$HOME_DIR/run/router.sock" '{"op":"projects"}' | jq -e ".projects[0].lockdown == $1"; }
tap_ok 'a sandbox that is paused has its rules at once' wait_for 10 locked_is null
net lockdown
tap_ok 'not when it goes on' wait_for 10 locked_is true
coffer unpause calc >/dev/null
tap_ok 'it goes on by them' wait_for 10 soon ok.test 22 refused
net unlock
tap_ok 'unlock' wait_for 10 soon ok.test 22 connected
net mode web
tap_is "$RC" 0 'mode'
mode_is() { [ "$(dial calc 203.0.113.6 443)" = "$1" ]; }
tap_ok 'web reaches any address' wait_for 10 mode_is connected
net mode locked
tap_ok 'locked does not' wait_for 10 mode_is refused

# Presets: ours, and one of the operator's.
mkdir -p "$HOME_DIR/egress"
printf '# mine\nok.test 22 # the one\n*.wild.test 22\n' >"$HOME_DIR/egress/mine.list"
printf 'ok..test\n' >"$HOME_DIR/egress/bad.list"
net forget '*.wild.test' ok.test
run presets --json
tap_is "$(jq -r '.[] | select(.name == "mine") | .allow[1].domain' "$T/out")" '*.wild.test' 'presets lists them'
tap_like "$(jq -r '.[] | select(.name == "bad") | .error' "$T/out")" '*bad.list: line 1*' 'and says what is wrong with one'
tap_ok 'ours are there' jq -e '[.[].name] | contains(["node", "python", "rust", "go", "java", "c", "debian", "claude", "codex", "goose", "opencode", "github"])' "$T/out"
tap_not 'each of them is whole' jq -e '.[] | select(.error != null and .name != "bad")' "$T/out"
net preset add mine
tap_is "$RC" 0 'preset add'
tap_ok 'opens its names' wait_for 10 soon ok.test 22 connected
net preset add bad
tap_is "$RC" 1 'one that is not whole changes nothing'
for p in node python rust go java c debian claude codex goose opencode github; do
	net preset add "$p" || { tap_is "$(cat "$T/err")" '' "preset $p"; break; }
	[ "$RC" -eq 0 ] || { tap_is "$(cat "$T/err")" '' "preset $p"; break; }
done
tap_is "$RC" 0 'all of ours are taken'
tap_ok 'and by the router' wait_for 10 soon ok.test 22 connected
net preset remove mine
tap_ok 'preset remove closes' wait_for 10 soon ok.test 22 refused
net preset remove mine
tap_is "$RC" 4 'once more: it is not there'
net preset add ../../etc/passwd
tap_is "$RC" 1 'a preset is a name'

# What an agent and a run may not.
# shellcheck disable=SC2016
asks() {
	inside calc "curl -s -o /dev/null -w '%{http_code}' -X $1 -H \"\$(git config --system http.http://coffer/.extraHeader)\" -H 'Content-Type: application/json' -d '$3' http://coffer/api/coffer/v1/projects/admin/calc/network$2"
}
tap_is "$(asks POST /rules '{\"domain\":\"*\",\"force\":true}')" 403 "a session's token adds no rule"
tap_is "$(asks PATCH '' '{\"lockdown\":false}')" 403 'nor changes the bounds'
tap_is "$(asks PUT /presets/github '{}')" 403 'nor takes a preset'
TOKEN=$(cat "$HOME_DIR/secrets/agentd.token") api POST /api/coffer/v1/projects/admin/calc/network/rules '{"domain":"a.test"}'
tap_is "$STATUS" 403 "nor does agentd's"

# A restart of agentd and of the router keeps them.
net allow ok.test --port 22
tap_ok 'a rule' wait_for 10 soon ok.test 22 connected
coffer status --json >"$T/status"
AGENTD=$(jq -r '.services[] | select(.name == "agentd") | .pid' "$T/status")
kill -9 "$AGENTD"
again() { coffer status --json | jq -e --arg p "$AGENTD" '.services[] | select(.name == "agentd") | .state == "up" and (.pid | tostring) != $p'; }
tap_ok 'agentd starts again' wait_for 20 again
tap_ok 'the rule holds' wait_for 10 soon ok.test 22 connected
ROUTER=$(jq -r '.services[] | select(.name == "router") | .pid' "$T/status")
kill -9 "$ROUTER"
tap_ok 'so it does after the router' wait_for 20 soon ok.test 22 connected
coffer stop calc >/dev/null && coffer start calc >/dev/null
tap_ok 'and a stop' wait_for 20 soon ok.test 22 connected
tap_done
