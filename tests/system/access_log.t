#!/bin/sh
# A line of the log for a request: which of them have one, what is in it, and
# that its id is that of the reply, the audit log and the event.
. "$(dirname "$0")/lib.sh"

# with LINE...: these settings beside the others
with() {
	printf '%s\n' 'allow_file_upstream = yes' 'min_free = 1' "$(lib_router_ids)" "$@" | coffer_conf
}
LOG=$T/cofferd.log
# line ID: how many lines that request has
line() { grep -c "http request req=$1 " "$LOG"; }
there() { [ "$(line "$1")" = 1 ]; }
# ask ID METHOD PATH [CURL-ARGUMENT...]: as admin
ask() {
	ask_id=$1
	shift
	http_t=${TOKEN:-$ADMIN}
	http "$@" -H "X-Request-Id: $ask_id"
	http_t=
}

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
BOB=$(make_user bob)
ask read-1 GET "$R"
ask write-1 POST "$R/issues" -H 'Content-Type: application/json' -d '{"title":"One"}'
tap_ok 'what changes something has a line' wait_for 10 there write-1
tap_is "$(line read-1)" 0 'what reads has none'
tap_like "$(grep 'req=write-1 ' "$LOG")" "* info http request req=write-1 method=POST path=$R/issues status=201 ms=* who=admin run=0 from=127.0.0.1" 'with what one wants to know'
as "$BOB" ask refused-1 GET "$R"
tap_is "$STATUS" 404 'what is refused'
tap_ok 'has one, too' wait_for 10 there refused-1
ask secret-1 POST "$R/issues?token=very-secret" -H 'Content-Type: application/json' -d '{"title":"Two"}'
tap_ok 'one with a query' wait_for 10 there secret-1
tap_not 'which is not in the log' grep -q very-secret "$LOG"
http GET /nothing -H 'X-Request-Id: nobody-1'
as "$AGENTD" ask agentd-1 PUT /api/coffer/v1/cursors/agentd -H 'Content-Type: application/json' -d '{"seq":1}'
tap_is "$STATUS" 200 'agentd keeps a cursor'
push_branch one one.txt one
tap_ok 'a push has one' wait_for 10 grep -q "http request .*path=/$PROJECT.git/git-receive-pack status=200 .* who=admin" "$LOG"
tap_not 'a fetch has none' grep -q 'http request .*git-upload-pack' "$LOG"
ask last-1 POST "$R/issues" -H 'Content-Type: application/json' -d '{"title":"Three"}'
wait_for 10 there last-1
tap_is "$(line nobody-1),$(line agentd-1)" 0,0 'nor has who is nobody, nor what agentd does all day'

# One id from the reply to the event and the audit log.
ask chain-1 POST "$R/issues" -H 'Content-Type: application/json' -d '{"title":"Chain","body":"/fix"}'
tap_like "$(grep -i '^x-request-id' "$HEADERS")" '*: chain-1*' 'the reply has the id'
api GET '/api/coffer/v1/events?after=0&limit=1000'
tap_is "$(field '[.events[] | select(.request == "chain-1") | .kind] | unique | join(",")')" issue.opened 'the event has it'
ask chain-2 PATCH "/api/coffer/v1/projects/$PROJECT" -H 'Content-Type: application/json' -d '{"settings":{"approvals":0}}'
api GET '/api/coffer/v1/audit?limit=50'
tap_ok 'a row of the audit log, too' jq -e '[.rows[] | select(.request == "chain-2")] | length > 0' "$BODY"

stop_cofferd
with 'access_log = all'
start_cofferd
ask read-2 GET "$R"
tap_ok 'with all, what reads has a line' wait_for 10 there read-2
http GET /nothing -H 'X-Request-Id: nobody-2'
tap_ok 'and who is nobody' wait_for 10 there nobody-2
ask "bad
id" GET "$R"
http GET '/a%0Ab' -H 'X-Request-Id: lines-2'
tap_ok 'a path' wait_for 10 there lines-2
tap_is "$(grep -c '^b' "$LOG")" 0 'makes no line of its own'
stop_cofferd
with 'access_log = off'
start_cofferd
ask write-3 POST "$R/issues" -H 'Content-Type: application/json' -d '{"title":"Four"}'
stop_cofferd
tap_is "$STATUS,$(line write-3)" 201,0 'with off, nothing has'
with 'access_log = some'
"$O/bin/cofferd" --home "$HOME_DIR" -n 2>"$T/err"
tap_is "$?" 2 'another word is refused'
tap_ok 'with its line' grep -q 'coffer.conf:[0-9]*: access_log: use off, changes or all' "$T/err"
tap_done
