#!/bin/sh
# What takes a sandbox away is refused while something would be lost with it:
# cofferd asks agentd, whom this test plays.
. "$(dirname "$0")/lib.sh"

tap_plan 30
coffer_home
start_cofferd
make_project
C=/api/coffer/v1
P=$C/projects/$PROJECT
EMPTY='{"clones":[],"files":0,"more":false,"error":""}'
WORK='{"clones":[{"path":"calc","branch":"main","uncommitted":1,"unpushed":2,"stashes":0}],"files":3,"more":false,"error":""}'
said() { as "$AGENTD" api "$@"; }
sandbox_is() { said PUT "$P/sandbox" "{\"state\":\"$1\",\"reason\":\"\",\"address\":\"\"}"; }

# agentd is heard of, or nobody is asked.
there() { said PUT "$C/sandboxes/use" '{"uses":[]}'; }
# later METHOD PATH [JSON]: a call that waits; its end in $T/later.*
later() {
	there
	curl -sS -m 60 -X "$1" -H "Authorization: Bearer $ADMIN" -H 'Content-Type: application/json' \
	    ${3:+--data "$3"} -o "$T/later.body" -w '%{http_code}' "$URL$2" >"$T/later.status" &
	LATER=$!
}
asked() { api GET "$C/events?after=$SEQ&project=$PROJECT_ID&limit=100"; jq -e '.events[] | select(.kind == "sandbox.asked")' "$BODY"; }
# looked JSON: what agentd saw when it was last asked.
looked() {
	asked >"$T/asked"
	said PUT "$P/sandbox/work" "$(echo "$1" | jq -c --argjson n "$(jq -s '.[-1].seq' "$T/asked")" '.asked = $n')"
}
seq_now() { api GET "$C/events?after=0&project=$PROJECT_ID&limit=1000"; SEQ=$(field '.events[-1].seq'); }
ended() { wait "$LATER"; STATUS=$(cat "$T/later.status"); cp "$T/later.body" "$BODY"; }

sandbox_is running
api GET "$P"
tap_is "$(field .sandbox.state),$(field .sandbox.served)" running,false 'agentd was not heard of yet'
api DELETE "$P"
tap_is "$STATUS,$(field .lost)" 409,null 'without agentd nobody can look: refused'
tap_like "$(field .message)" '*coffer-agentd is not there*' 'with the reason'
api DELETE "/api/v1/repos/$PROJECT"
tap_is "$STATUS" 409 "the forge's call as well"
said PUT "$C/sandboxes/use" '{"uses":[]}'
api GET "$P"
tap_is "$(field .sandbox.served),$(field .sandbox.use)" true,null 'agentd is there; of the sandbox nothing is known'

seq_now
later DELETE "$P"
tap_ok 'agentd is asked' wait_for 10 asked
looked "$WORK"
tap_is "$STATUS,$(field .awaited)" 200,true 'and answers'
ended
tap_is "$STATUS,$(field .lost.files),$(field '.lost.clones[0].unpushed')" 409,3,2 'what would be lost is told'
api GET "$P"
tap_is "$(field .state)" active 'nothing was removed'

seq_now
later PATCH "$P" '{"sandbox":{"renew":true}}'
tap_ok 'a sandbox made anew is looked into, too' wait_for 10 asked
looked '{"clones":[],"files":0,"more":false,"error":"no such mount"}'
ended
tap_is "$STATUS" 409 'what cannot be looked into stays'
tap_like "$(field .message)" '*no such mount*' 'with the reason'
api GET "$P"
tap_is "$(field .sandbox.generation)" 0 'and is the old one'
seq_now
later PATCH "$P" '{"settings":{"memory":268435456},"sandbox":{"renew":true}}'
wait_for 10 asked
looked "$EMPTY"
ended
tap_is "$STATUS,$(field .sandbox.generation),$(field .settings.memory)" 200,1,268435456 'one without work is made anew'
api PATCH "$P" '{"sandbox":{"renew":true,"force":true}}'
tap_is "$STATUS,$(field .sandbox.generation)" 200,2 'with force nobody looks'

# What was refused is not made when nobody thinks of it any more.
as "$AGENTD" api PUT "$P/sandbox" '{"state":"running","cause":"refused","reason":"no such profile","address":"","generation":1,"kept":0}'
api GET "$P"
tap_is "$(field .sandbox.generation)" 2 'what was refused is not what is wanted now'
as "$AGENTD" api PUT "$P/sandbox" '{"state":"running","cause":"refused","reason":"no such profile!","address":"","generation":2,"kept":0}'
api GET "$P"
tap_is "$(field .sandbox.generation),$(field .sandbox.cause)" 0,refused 'it is, and is taken back'
tap_is "$(field .settings.memory)" 2147483648 'with what it was to be made of'

# What it is made of stands for the next start, but for what somebody changed.
old() { api GET "$P"; jq -c '.settings | [.profile, .memory, .pids, .entrypoint, .network]' "$BODY"; }
refused() { as "$AGENTD" api PUT "$P/sandbox" '{"state":"running","cause":"refused","reason":"no such profile","address":"","generation":1,"kept":0}'; }
was=$(old)
api PATCH "$P" '{"settings":{"profile":"nope","memory":536870912,"pids":99,"entrypoint":["/bin/x"],"network":"none"},"sandbox":{"renew":true,"force":true}}'
api PATCH "$P" '{"settings":{"pids":300}}'
tap_is "$(old)" '["nope",536870912,300,["/bin/x"],"none"]' 'it is to be made of other things'
refused
tap_is "$(old)" "$(echo "$was" | jq -c '.[2] = 300 | .[4] = "none"')" \
    'refused: it is made of what it was, a limit set since and the network stay'
api PATCH "$P" '{"settings":{"memory":536870912},"sandbox":{"renew":true,"force":true}}'
as "$AGENTD" api PUT "$P/sandbox" '{"state":"running","cause":"","reason":"","address":"","generation":1}'
api PATCH "$P" '{"sandbox":{"renew":true,"force":true}}'
as "$AGENTD" api PUT "$P/sandbox" '{"state":"running","cause":"refused","reason":"x","address":"","generation":2,"kept":1}'
tap_is "$(old | jq '.[1]')" 536870912 'what one was made of stays when the next is refused'

# Who may not do it learns nothing, and agentd is not asked.
BOB=$(make_user bob)
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
seq_now
as "$BOB" api DELETE "$P"
tap_is "$STATUS" 403 'a maintainer removes nothing'
tap_not 'nor has it looked into' asked

api POST "$P/sandbox/work"
wait_for 10 asked
looked "$EMPTY"
tap_is "$STATUS,$(field .awaited)" 200,false 'who only asks takes nothing away'

# Who leaves does not want it any more.
there
http_t=$ADMIN
http DELETE "$P" -m 1
http_t=
looked "$EMPTY"
sleep 0.2
api GET "$P"
tap_is "$(field .state)" active 'the caller hung up before the answer'

seq_now
later DELETE "$P"
wait_for 10 asked
OLD=$(asked | jq -s '.[-1].seq')
said PUT "$P/sandbox/work" "$(echo "$EMPTY" | jq -c --argjson n $((OLD - 1)) '.asked = $n')"
tap_ok 'a look that began before is no answer' kill -0 "$LATER"
api GET "$P"
tap_is "$(field .state)" active 'nothing was removed by it'
looked "$EMPTY"
ended
tap_is "$STATUS" 202 'one without work is removed'
make_project other
P=$C/projects/$PROJECT
sandbox_is running
api DELETE "$P?force=true"
tap_is "$STATUS" 202 'or by force'
make_project third
api DELETE "$C/projects/$PROJECT"
tap_is "$STATUS" 202 'one without a sandbox has nothing to lose'
tap_done
