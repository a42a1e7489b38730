#!/bin/sh
# The record of a run at cofferd: there whole or not at all, never changed, and
# gone with its project, as its log and those of the project's jobs are.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
LOGS=$HOME_DIR/logs

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
push_branch checks .coffer/checks.yml 'checks:
  - name: test
    test: "true"'
api POST "$R/pulls" '{"title":"Checks","head":"checks","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge"}'
api POST "$R/issues" '{"title":"Make it work","body":"/fix"}'
ISSUE=$(field .number)
api GET "$C/events?after=0&limit=1000"
EV=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$ISSUE,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
ID=$(field .id)

# part WHAT RANGE FILE
part()
{
	http_t=$AGENTD
	http PATCH "$C/runs/$ID/$1" -H "Content-Range: bytes $2/*" \
	    -H 'Content-Type: application/octet-stream' --data-binary "@$3"
	http_t=
}
whole() { as "${2:-$AGENTD}" api POST "$C/runs/$ID/record" "{\"bytes\":$1,\"sha256\":\"$SHA\"}"; }
seq 1000000 | head -c 600000 >"$T/a"
seq 2000000 3000000 | head -c 400000 >"$T/b"
cat "$T/a" "$T/b" >"$T/all"
SHA=$(sha256sum "$T/all" | cut -d ' ' -f 1)

whole 1000000
tap_is "$STATUS" 409 'nothing is not kept'
part record 0-599999 "$T/a"
tap_is "$STATUS,$(field .next)" 202,600000 'a part'
api GET "$C/runs/$ID/record"
tap_is "$STATUS" 404 'half a record is none'
whole 1000000
tap_is "$STATUS" 409 'nor is it kept'
kill_cofferd()
{
	kill -9 "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	start_cofferd
}
kill_cofferd
part record 0-599999 "$T/a"
tap_is "$STATUS,$(field .next)" 416,600000 'after a kill it goes on where it was'
part record 600000-999999 "$T/b"
tap_is "$STATUS,$(field .next)" 202,1000000 'to its end'
api GET "$C/runs/$ID/record"
tap_is "$STATUS" 404 'which nobody named yet'
whole 1000000 "$RUNNER"
tap_is "$STATUS" 403 'CI makes no records'
OLD=$SHA
SHA=$(printf x | sha256sum | cut -d ' ' -f 1)
whole 1000000
tap_is "$STATUS" 409 'as something else it is not kept'
SHA=$OLD
whole 1000000
tap_is "$STATUS" 409 'and thrown away'
part record 0-599999 "$T/a"
part record 600000-999999 "$T/b"
whole 1000000
tap_is "$STATUS,$(field .sha256)" "201,$SHA" 'as itself it is'
whole 1000000
tap_is "$STATUS" 200 'told again it is the same'
api GET "$C/runs/$ID/record"
tap_ok 'it is given as it came' cmp -s "$BODY" "$T/all"
part record 1000000-1399999 "$T/b"
tap_is "$STATUS" 422 'nothing comes behind it'
part record 0-599999 "$T/a"
tap_is "$STATUS,$(field .next)" 416,1000000 'nor into it'
SHA=$(printf x | sha256sum | cut -d ' ' -f 1)
whole 1000000
api GET "$C/runs/$ID/record"
tap_ok 'nor in its place' cmp -s "$BODY" "$T/all"
tap_is "$(find "$LOGS/runs" -type f -printf '%f %m\n')" "$ID.tar 600" 'one file is left'

# What comes while it is read.
as "$AGENTD" api DELETE "$C/runs/$ID/record"
printf x >"$T/x"
part record 0-0 "$T/x"
truncate -s 120000000 "$LOGS/runs/$ID.tar.part"
SHA=$(sha256sum "$LOGS/runs/$ID.tar.part" | cut -d ' ' -f 1)
(
	BODY=$T/read HEADERS=$T/read.headers
	whole 120000000
	echo "$STATUS" >"$T/whole"
) &
WHOLE=$!
(
	BODY=$T/behind HEADERS=$T/behind.headers
	part record 120000000-120399999 "$T/b"
	echo "$STATUS" >"$T/part"
)
wait "$WHOLE"
case $(cat "$T/whole"),$(cat "$T/part") in
409,202) true ;;
201,416 | 201,422) [ "$(sha256sum "$LOGS/runs/$ID.tar" | cut -d ' ' -f 1)" = "$SHA" ] ;;
*) false ;;
esac
tap_result $? 'no record is longer than what was read of it'
[ "$TAP_FAILED" -eq 0 ] || echo "# $(cat "$T/whole" "$T/part")"

# ---- with the project ----
printf hello >"$T/log"
part log 0-4 "$T/log"
as "$AGENTD" api DELETE "$C/runs/$ID/record"
part record 0-599999 "$T/a"
push_branch "agent/fix-$ISSUE" w.txt one
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"done","message":"done"}'
as "$RUNNER" api POST "$C/ci/poll?wait=10" '{"runner":"r1","slots":1}'
JOB=$(field .id)
http_t=$RUNNER
http PATCH "$C/ci/jobs/$JOB/log" -H "X-Coffer-Lease: $(field .lease)" -H "Content-Range: bytes 0-4/*" \
    -H 'Content-Type: application/octet-stream' --data-binary "@$T/log"
http_t=
tap_is "$(cd "$LOGS" && find runs jobs -type f | LC_ALL=C sort | tr '\n' ' ')" \
    "jobs/$JOB.log runs/$ID.log runs/$ID.tar.part " 'a run and a job have files'
api DELETE "$C/projects/$PROJECT?force=true"
no_files() { [ -z "$(find "$LOGS/runs" "$LOGS/jobs" -type f)" ]; }
tap_ok 'which go with the project' wait_for 10 no_files
[ "$TAP_FAILED" -eq 0 ] || find "$LOGS" -type f | sed 's/^/# /'
tap_done
