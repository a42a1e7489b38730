#!/bin/sh
# The door for sandboxes: who may come, and what a run's token may.
. "$(dirname "$0")/lib.sh"

command -v perl >/dev/null || tap_skip_all 'no perl'
coffer_home
start_cofferd
make_project
ONE=$PROJECT
ONE_ID=$PROJECT_ID
make_project other
OTHER=$PROJECT
OTHER_ID=$PROJECT_ID
C=/api/coffer/v1
SOCK=$HOME_DIR/run/front/cofferd.sock
ROUTER=64102
[ "$(id -u)" -eq 0 ] || ROUTER=$(id -u)

front() { perl "$SYSTEM_DIR/front.pl" "$SOCK" "$@" 2>&1; }
code() { front "$ROUTER" "$@" | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p'; }

api POST "/api/v1/repos/$ONE/issues" '{"title":"Work"}'
api GET "$C/events?after=0&limit=1000"
EV=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$ONE_ID,\"item\":1,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
RUN=$(field .id)
as "$AGENTD" api POST "$C/runs/$RUN/token"
TOK=$(field .token)

tap_is "$(code "$ONE_ID" GET /api/v1/version)" 200 'the router is let in'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$ONE/issues/1" "$TOK")" 200 'a run reads its issues'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$ONE/pulls" "$TOK")" 200 'and pull requests'
tap_is "$(code "$OTHER_ID" GET "/api/v1/repos/$ONE/issues/1" "$TOK")" 401 'not from another sandbox'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$OTHER/issues" "$TOK")" 404 'nor of another project'
tap_is "$(code "$ONE_ID" POST "/api/v1/repos/$ONE/issues" "$TOK")" 403 'it writes nothing'
tap_is "$(code "$ONE_ID" GET "$C/events" "$TOK")" 403 'and sees no events'
tap_is "$(code "$ONE_ID" GET "$C/projects/$ONE" "$TOK")" 403 'nor settings'
tap_is "$(code "$ONE_ID" POST "$C/runs/$RUN/cancel" "$TOK")" 403 'nor runs'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$ONE/issues/1" "$ADMIN")" 401 'an admin token is no good here'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$ONE/issues/1")" 401 'nor none'
for p in / /-/sign-in /-/app.js "/$ONE" "/-/runs/$RUN/log" /-/events; do
	tap_is "$(code "$ONE_ID" GET "$p" "$TOK")" 404 "pages are not for sandboxes: $p"
done
tap_is "$(code "$ONE_ID" GET "/$ONE.git/info/refs?service=git-upload-pack" "$TOK")" 200 'git is served to it'
tap_is "$(front "$ROUTER" - GET /api/v1/version)" '' 'no PROXY header: closed'
tap_is "$(front "$ROUTER" '' GET /api/v1/version)" '' 'a header without a project: closed'
tap_is "$(front "$ROUTER" x7 GET /api/v1/version)" '' 'one with another label: closed'
START=$(date +%s)
tap_is "$(front "$ROUTER" partial)" '' 'half a header'
tap_ok 'is waited for 5 s' test $(($(date +%s) - START)) -ge 4
if [ "$(id -u)" -eq 0 ]; then
	tap_is "$(front 0 "$ONE_ID" GET /api/v1/version)" '' 'root is not the router'
	tap_like "$(front 12345 "$ONE_ID" GET /api/v1/version)" '*Permission denied*' 'others do not reach the socket'
	tap_is "$(stat -c '%a %u %g' "$HOME_DIR/run/front")" '2710 64101 64102' 'by the mode of its folder'
fi
http GET /api/v1/version --haproxy-protocol
tap_is "$STATUS" 400 'the listener takes no PROXY header'
as "$AGENTD" api POST "$C/runs/$RUN/finish" '{"state":"done","message":"done"}'
tap_is "$(code "$ONE_ID" GET "/api/v1/repos/$ONE/issues/1" "$TOK")" 401 'a token dies with its run'

# The session of a project.
as "$ADMIN" api POST "$C/projects/$ONE/session-token"
tap_is "$STATUS" 200 'an admin may make a session token'
S1=$(field .token)
as "$RUNNER" api POST "$C/projects/$ONE/session-token"
tap_is "$STATUS" 403 'ci may not'
as "$AGENTD" api POST "$C/projects/$ONE/session-token"
S2=$(field .token)
tap_is "$STATUS,${#S2}" 200,40 'agentd makes another'
code2() { code "$ONE_ID" "$@"; }
tap_is "$(code2 GET "/api/v1/repos/$ONE/issues/1" "$S1")" 401 'the earlier one is dead'
tap_is "$(code2 GET "/api/v1/repos/$ONE/issues/1" "$S2")" 200 'the new one reads issues'
tap_is "$(code "$OTHER_ID" GET "/api/v1/repos/$ONE/issues/1" "$S2")" 401 'in its own project alone'
as "$S2" api GET "/api/v1/repos/$ONE/issues/1"
tap_is "$STATUS" 401 'and not on TCP'
tap_is "$(code2 POST "/api/v1/repos/$ONE/issues" "$S2")" 403 'it opens no issue'
tap_is "$(code2 POST "/api/v1/repos/$ONE/issues/1/comments" "$S2")" 403 'writes no comment'
PROJECT=$ONE
WORK=$T/up/calc-work
push_branch agent/by-hand c.txt three
push_branch topic d.txt four
pull() { front "$ROUTER" "$ONE_ID" POST "/api/v1/repos/$ONE/pulls" "$S2" "$1"; }
tap_like "$(pull '{"title":"By hand","head":"topic","base":"main"}')" '*403*agent/*' 'proposes nothing but agent/'
pull '{"title":"By hand","head":"agent/by-hand","base":"main"}' >"$T/pull"
tap_like "$(cat "$T/pull")" 'HTTP/1.1 201*"login":"agent"*' 'but that, as the agent'
N=$(sed -n 's/.*"number":\([0-9]*\).*/\1/p' "$T/pull" | head -n 1)
tap_is "$(code2 POST "/api/v1/repos/$ONE/pulls/$N/reviews" "$S2")" 403 'it approves nothing'
tap_is "$(code2 POST "/api/v1/repos/$ONE/pulls/$N/merge" "$S2")" 403 'and merges nothing'
as "$AGENTD" api PUT "$C/projects/$ONE/sandbox" '{"state":"running"}'
tap_is "$(code2 GET "/api/v1/repos/$ONE/issues/1" "$S2")" 200 'it lives while the sandbox runs'
as "$AGENTD" api PUT "$C/projects/$ONE/sandbox" '{"state":"stopped"}'
tap_is "$(code2 GET "/api/v1/repos/$ONE/issues/1" "$S2")" 401 'and dies when it stops'
tap_not 'no session token is in the log' grep -qE "$S1|$S2" "$T/cofferd.log"
tap_not 'no secret is in the log' grep -qE "$TOK|$ADMIN" "$T/cofferd.log"
tap_done
