#!/bin/sh
# Runs that a person asks for without an item: POST /projects/{o}/{p}/runs.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
P=$C/projects/$PROJECT

api POST "$P/runs" '{"task":"Tidy the parser\nand its tests","access":"write","wall_s":60,"budget":250000,"env":{"FOO":"s3cret-value","BAR":"x"}}'
tap_is "$STATUS,$(field .state),$(field .item),$(field .command)" 201,queued,null,task 'a run without an item'
ID=$(field .id)
EV=$(field .event)
tap_is "$(field .branch),$(field .base),$(field .wall_s),$(field .budget)" "agent/task-run-$EV,main,60,250000" 'has a branch of its own and its limits'
tap_ok 'its environment is told to nobody' sh -c "! grep -q s3cret '$BODY'"
api GET "$C/runs/$ID"
tap_ok 'nor later' sh -c "! grep -q s3cret '$BODY'"
api GET "$C/events?after=0&limit=1000"
tap_is "$(jq -r '[.events[] | select(.kind == "run.asked")] | length, .[0].data.task' "$BODY" | head -n 1)" 1 'its order is one event'
tap_is "$(jq -c '[.events[] | select(.kind == "run.asked" or .kind == "run.created") | .kind]' "$BODY")" '["run.asked","run.created"]' 'before the run'
tap_ok 'that has no environment either' sh -c "! grep -q s3cret '$BODY'"
as "$AGENTD" api GET "$C/runs/$ID/orders"
tap_is "$(field '.events | length'),$(field '.events[0].data.task' | head -n 1)" '1,Tidy the parser' 'the run answers it'
as "$AGENTD" api POST "$C/runs/$ID/token" '{}'
tap_is "$(field .env.FOO),$(field .env.BAR)" s3cret-value,x 'agentd gets the environment with the token'
tap_is "$(grep -rlE 's3cret-value' "$HOME_DIR" | sed 's|/[^/]*$||')" "$HOME_DIR/secrets/runs" 'its values are in a file of their own alone'
tap_is "$(find "$HOME_DIR/secrets/runs" -type f -perm 600 | wc -l)" 1 'the server'"'"'s'
api POST "$P/runs" '{"task":"Look around","access":"read"}'
tap_is "$STATUS,$(field .branch)" 201,null 'another one, which may not write'
TWO=$(field .id)
tap_ok 'is another run' test "$TWO" != "$ID"
as "$AGENTD" api POST "$C/runs/$TWO/token" '{}'
tap_is "$(field .env)" null 'and has no environment'

# ---- the end of the first ----
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"preparing","state":"running"}'
push_branch "agent/task-run-$EV" tidy.txt tidy
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"done","why":"","message":"Done so.","exit_code":0}'
tap_is "$STATUS,$(field .state),$(field .comment)" 200,done,null 'it ends without a comment'
no_values() { ! grep -rq s3cret-value "$HOME_DIR"; }
tap_ok 'with a pull request' jq -e '.pull > 0' "$BODY"
PULL=$(field .pull)
tap_is "$(field .message)" 'Done so.' 'its answer is its own'
api GET "$R/pulls/$PULL"
tap_is "$(field .title)" 'Tidy the parser' 'which is called as the task begins'

tap_ok 'its environment goes with it' wait_for 10 no_values

# ---- a next try has it again ----
api POST "$P/runs" '{"task":"Try","access":"scratch","base":"main","env":{"FOO":"again-value"}}'
ID=$(field .id)
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"failed","why":"away","message":"","passing":true}'
api GET "$C/runs?project=$PROJECT&state=queued"
NEXT=$(jq -r "[.[] | select(.retry_of == $ID)][0].id" "$BODY")
as "$AGENTD" api POST "$C/runs/$NEXT/token" '{}'
tap_is "$(field .env.FOO)" again-value 'a next try has the environment again'

as "$AGENTD" api POST "$C/runs/$NEXT/finish" '{"state":"cancelled","why":"","message":""}'
no_files() { [ -z "$(ls "$HOME_DIR/secrets/runs")" ]; }
tap_ok 'until the last has ended' wait_for 10 no_files

# ---- the same order again ----
ask_once() { api POST "$P/runs" "$1"; RUNS="$RUNS $STATUS:$(field .id)"; }
RUNS=
ask_once '{"task":"Once","access":"read","key":"my.key-1","env":{"FOO":"one"}}'
ID=$(field .id)
ask_once '{"task":"Once","access":"read","key":"my.key-1","env":{"FOO":"two"}}'
tap_is "$RUNS" " 201:$ID 200:$ID" 'a key is one run'
api POST "$P/runs" '{"task":"Twice","access":"read","key":"my.key-1"}'
tap_is "$STATUS" 409 'and no other'
ADA=$(make_user ada)
api PUT "$R/collaborators/ada" '{"permission":"write"}'
as "$ADA" api POST "$P/runs" '{"task":"Once","access":"read","key":"my.key-1"}'
tap_is "$STATUS" 201 'of another account it is another'
stop_cofferd
start_cofferd
api POST "$P/runs" '{"task":"Once","access":"read","key":"my.key-1","env":{"FOO":"one"}}'
tap_is "$STATUS,$(field .id)" "200,$ID" 'it outlives cofferd'
as "$AGENTD" api POST "$C/runs/$ID/token" '{}'
tap_is "$(field .env.FOO)" one 'as the environment does'

# ---- what is refused ----
refused() { api POST "$P/runs" "$1"; tap_is "$STATUS" 422 "$2"; }
refused '{"access":"read"}' 'no task'
refused '{"task":"x","access":"root"}' 'an unknown access'
refused '{"task":"x","command":"../x"}' 'a command that is none'
refused '{"task":"x","base":"nowhere"}' 'a base that is not there'
refused '{"task":"x","env":{"PATH":"/tmp"}}' 'PATH is not the caller'"'"'s'
refused '{"task":"x","env":{"LD_PRELOAD":"/tmp/x"}}' 'nor what the loader reads'
refused '{"task":"x","env":{"COFFER_OUT":"/tmp/x"}}' 'nor what the run says itself'
refused '{"task":"x","env":{"A B":"x"}}' 'a name is a name'
refused '{"task":"x","env":{"A":"x\ny"}}' 'a value is one line'
refused '{"task":"x","env":{"A":1}}' 'and a text'
refused '{"task":"x","key":"a b"}' 'a key is a word'
refused '{"task":"x","key":""}' 'and one of a letter at least'
refused '{"task":"x","budget":0}' 'a budget of nothing'
EVE=$(make_user eve)
as "$EVE" api POST "$P/runs" '{"task":"x"}'
tap_is "$STATUS" 404 'a stranger sees no project'
as "$AGENTD" api POST "$P/runs" '{"task":"x"}'
tap_is "$STATUS" 403 'agentd asks for nothing'
as "$RUNNER" api POST "$P/runs" '{"task":"x"}'
tap_is "$STATUS" 403 'nor does ci'
api PATCH "$P" '{"settings":{"max_day_runs":1}}'
api POST "$P/runs" '{"task":"x"}'
tap_is "$STATUS" 403 'no more than a day may have'
tap_done
