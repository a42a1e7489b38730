#!/bin/sh
# What keep_logs and keep_records say is forgotten: the files of runs and jobs
# that ended longer ago, nothing else, and the home is whole afterwards.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
LOGS=$HOME_DIR/logs
DB=$HOME_DIR/db/coffer.db

api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
push_branch checks .coffer/checks.yml 'checks:
  - name: test
    test: "true"'
api POST "$R/pulls" '{"title":"Checks","head":"checks","base":"main"}'
api POST "$R/pulls/$(field .number)/merge" '{"Do":"merge"}'
printf hello >"$T/log"
# part WHAT: of $ID
part() {
	http_t=$AGENTD
	http PATCH "$C/runs/$ID/$1" -H 'Content-Range: bytes 0-4/*' \
	    -H 'Content-Type: application/octet-stream' --data-binary "@$T/log"
	http_t=
}
# run END: a run with a log and a record; $ID
run() {
	api POST "$R/issues" '{"title":"Work","body":"/fix"}'
	run_item=$(field .number)
	api GET "$C/events?after=0&limit=1000"
	run_ev=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
	api POST "$C/runs" "{\"event\":$run_ev,\"project\":$PROJECT_ID,\"item\":$run_item,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
	ID=$(field .id)
	part log
	part record
	as "$AGENTD" api POST "$C/runs/$ID/record" "{\"bytes\":5,\"sha256\":\"$(sha256sum "$T/log" | cut -d ' ' -f 1)\"}"
	[ -z "$1" ] || as "$AGENTD" api POST "$C/runs/$ID/finish" "{\"state\":\"$1\",\"message\":\"x\"}"
}
run failed
OLD=$ID
run failed
NEW=$ID
run failed
JUDGED=$ID
run ''
ALIVE=$ID
push_branch job j.txt one
api POST "$R/pulls" '{"title":"Job","head":"job","base":"main"}'
PULL=$(field .number)
as "$RUNNER" api POST "$C/ci/poll?wait=10" '{"runner":"r1","slots":1}'
JOB=$(field .id)
LEASE=$(field .lease)
http_t=$RUNNER
http PATCH "$C/ci/jobs/$JOB/log" -H "X-Coffer-Lease: $LEASE" -H 'Content-Range: bytes 0-4/*' \
    -H 'Content-Type: application/octet-stream' --data-binary "@$T/log"
http_t=
files() { (cd "$LOGS" && find runs jobs -type f | LC_ALL=C sort | tr '\n' ' '); }
OPEN="runs/$JUDGED.log runs/$JUDGED.tar"
ALL="jobs/$JOB.log runs/$OLD.log runs/$OLD.tar runs/$NEW.log runs/$NEW.tar $OPEN runs/$ALIVE.log runs/$ALIVE.tar "
tap_is "$(files)" "$ALL" 'runs and a job with files'
# again LINES: a cofferd with these settings has swept once
again() {
	stop_cofferd
	printf '%s\n' 'allow_file_upstream = yes' 'min_free = 1' 'log_level = debug' "$(lib_router_ids)" "$@" | coffer_conf
	start_cofferd
}
# What ended two days ago, one of it with a pull request that is open.
stop_cofferd
sqlite3 "$DB" "UPDATE run SET ended_at = ended_at - 172800000 WHERE id IN ($OLD, $JUDGED); UPDATE run SET pull = $PULL WHERE id = $JUDGED; UPDATE job SET state = 3, ended_at = created_at - 172800000 WHERE id = $JOB"
start_cofferd
tap_is "$(files)" "$ALL" 'nothing is forgotten unless it is asked for'
gone() { for gone_f in "$@"; do [ ! -e "$LOGS/$gone_f" ] || return 1; done; }
again 'keep_logs = 1d'
tap_ok 'old logs go' wait_for 10 gone "runs/$OLD.log"
# noted WHAT: how many of these went, as the audit log says
noted() { api GET "/api/coffer/v1/audit?newest=true&what=records.pruned" && [ "$(field ".rows[0].new | fromjson | .$1")" -ge 1 ]; }
tap_ok 'which the audit log says' wait_for 10 noted logs
tap_is "$(files)" "jobs/$JOB.log runs/$OLD.tar runs/$NEW.log runs/$NEW.tar $OPEN runs/$ALIVE.log runs/$ALIVE.tar " \
    'and nothing else: what an open pull request is judged by stays'
again 'keep_records = 1d'
tap_ok 'old records go' wait_for 10 gone "runs/$OLD.tar"
tap_ok 'which it says, too' wait_for 10 noted records
tap_ok 'but not those of an open pull request' [ -e "$LOGS/runs/$JUDGED.tar" ]
api PATCH "$R/pulls/$PULL" '{"state":"closed"}'
again 'keep_logs = 1d' 'keep_records = 1d'
tap_ok 'once it is closed they go' wait_for 10 gone "runs/$JUDGED.log" "runs/$JUDGED.tar" "jobs/$JOB.log"
zero() { [ "$(sqlite3 "$DB" "SELECT (SELECT log_bytes FROM run WHERE id = $OLD) + (SELECT log_bytes FROM job WHERE id = $JOB)")" = 0 ]; }
tap_ok 'their rows know' wait_for 10 zero
api GET "$C/runs/$OLD"
tap_is "$STATUS,$(field .state)" 200,failed 'the run is there still'
http_t=$ADMIN
http GET "$C/runs/$OLD/log"
http_t=
tap_is "$STATUS,$(wc -c <"$BODY")" 200,0 'with an empty log'
api GET "$C/runs/$NEW/log"
tap_is "$STATUS,$(cat "$BODY")" 200,hello 'a younger one has its own'
tap_is "$(files)" "runs/$NEW.log runs/$NEW.tar runs/$ALIVE.log runs/$ALIVE.tar " 'and nothing else'
api GET "$C/runs/$OLD/record"
tap_is "$STATUS" 404 'as one that was never made'
"$O/bin/coffer" --home "$HOME_DIR" --json admin check >"$T/check"
tap_is "$(jq -r '[.findings[] | select(.kind == "log")] | length' "$T/check")" 0 'no log is missing'
tap_done
