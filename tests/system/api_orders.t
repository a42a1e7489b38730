#!/bin/sh
# Orders on their way to runs, as agentd hands them over: joined, held back,
# answered and tried again, each once.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

api GET "$C/events?after=0&limit=1000"
SEEN=$(field '.events[-1].seq')
# last KIND: the newest event of that kind.
last()
{
	api GET "$C/events?after=$SEEN&limit=1000"
	jq "[.events[] | select(.kind == \"$1\")][-1].seq" "$BODY"
}
# say ITEM TEXT [TOKEN]: a comment; EV is its event, SAID its id.
say()
{
	as "${3:-$ADMIN}" api POST "$R/issues/$1/comments" "$(jq -n --arg b "$2" '{body: $b}')"
	SAID=$(field .id)
	EV=$(last comment.created)
}
# order EVENT ITEM COMMAND ACCESS
order()
{
	as "$AGENTD" api POST "$C/runs" "{\"event\":$1,\"project\":$PROJECT_ID,\"item\":$2,\"command\":\"$3\",\"access\":\"$4\"}"
}
act()
{
	as "$AGENTD" api POST "$C/orders/$1" "$(jq -n --argjson p "$PROJECT_ID" --argjson i "$2" --arg a "$3" --arg t "$4" \
	    '{project: $p, item: $i, act: $a} + if $t == "" then {} else {text: $t} end')"
}
move() { as "$AGENTD" api PATCH "$C/runs/$1" "{\"from\":\"$2\",\"state\":\"$3\"}"; }
finish() { as "$AGENTD" api POST "$C/runs/$1/finish" "$2"; }
comments() { api GET "$R/issues/$1/comments"; field length; }
newest() { api GET "$R/issues/$1/comments"; field '.[-1].body'; }
settings() { api PATCH "$C/projects/$PROJECT" "{\"settings\":$1}"; }

api POST "$R/issues" '{"title":"One","body":"x"}'
api POST "$R/issues" '{"title":"Two","body":"x"}'

# Joined.
say 1 '/fix one'
FIRST=$EV
order "$EV" 1 fix write
RUN=$(field .id)
tap_is "$STATUS,$(field .verdict),$(field .attempt)" 201,taken,1 'an order is a run'
api GET "$R/issues/comments/$SAID/reactions"
tap_is "$(field '.[0].content'),$(field length)" eyes,1 'and is seen'
say 1 '/fix two'
order "$EV" 1 fix write
tap_is "$STATUS,$(field .verdict),$(field .id)" "200,joined,$RUN" 'one of the same sort joins it while it waits'
order "$EV" 1 fix write
tap_is "$STATUS,$(field .verdict),$(field .id)" "200,joined,$RUN" 'once'
say 2 '/fix other'
order "$EV" 2 fix write
OTHER=$(field .id)
tap_is "$STATUS,$(field .verdict)" 201,taken 'another item is another run'
say 1 '/plan three'
order "$EV" 1 plan read
PLAN=$(field .id)
tap_is "$STATUS,$(field .verdict)" 201,taken 'another command waits for its turn'
say 1 '/fix four'
order "$EV" 1 fix write
LATER=$(field .id)
tap_is "$STATUS,$(field .verdict)" 201,taken 'and what comes behind it does not overtake it'
as "$AGENTD" api GET "$C/runs/$RUN/orders"
tap_is "$(field '[.events[].data.body] | join(";")')" '/fix one;/fix two' 'a run has all its orders, in order'
order "$FIRST" 1 fix write
tap_is "$STATUS,$(field .id)" "200,$RUN" 'the first event again is the first run'
move "$RUN" queued preparing
say 1 '/fix five'
order "$EV" 1 fix write
tap_is "$(field .verdict),$(field .id)" "joined,$LATER" 'what began takes no more, what waits does'
as "$RUNNER" api GET "$C/runs/$RUN/orders"
tap_is "$STATUS" 403 'ci reads no orders'

# Answers.
say 1 '/status'
act "$EV" 1 status ''
tap_is "$STATUS" 200 'a question is answered'
tap_like "$(newest 1)" "*\`/fix\` (run $RUN): preparing*Within 24 hours: 3 of 20 runs*" 'with what there is'
N=$(comments 1)
act "$EV" 1 status ''
tap_is "$(comments 1)" "$N" 'once'
say 1 '/dance'
act "$EV" 1 answer 'There is no dance.'
tap_is "$(newest 1)" 'There is no dance.' 'a text is said'
say 1 '/stop'
act "$EV" 1 stop ''
tap_like "$(newest 1)" "Told to stop: *run $LATER, queued*run $PLAN*run $RUN, preparing*" 'all of an item is stopped'
api GET "$C/events?after=$SEEN&limit=1000"
tap_is "$(field '[.events[] | select(.kind == "run.cancel")] | length')" 3 'by an event each'
api GET "$C/runs/$OTHER"
tap_is "$(field .cancel)" false 'and nothing of another'
say 1 '/stop'
for r in $RUN $PLAN $LATER; do finish "$r" '{"state":"cancelled","why":"","message":""}'; done
act "$EV" 1 stop ''
tap_is "$(newest 1)" 'There is nothing to stop here.' 'nothing left to stop'

# A bot has no orders to give.
make_user robot >/dev/null
api PUT "$R/collaborators/robot" '{"permission":"write"}'
api PATCH /api/v1/admin/users/robot '{"type":"bot"}'
tap_is "$STATUS" 200 'an account of a program'
api POST /api/v1/users/robot/tokens '{"name":"t2"}'
ROBOT=$(field .sha1)
say 2 '/fix' "$ROBOT"
N=$(comments 2)
order "$EV" 2 fix write
tap_is "$(field .verdict),$(field .id),$(comments 2)" "bot,null,$N" 'orders nothing'
say 2 '/status' "$ROBOT"
act "$EV" 2 status ''
tap_is "$(comments 2)" "$((N + 1))" 'and is not answered'

# Tries.
settings '{"max_retries":2,"retry_s":1}'
move "$OTHER" queued preparing
finish "$OTHER" '{"state":"failed","why":"the model is away","message":"","passing":true}'
tap_like "$(newest 2)" 'The run `fix` failed: the model is away*tried again in 1 s (try 2)*' 'a failure that passes is tried again'
api GET "$C/runs?project=$PROJECT&item=2&state=queued"
TRY=$(field '.[0].id')
tap_is "$(field '.[0].attempt'),$(field '.[0].retry_of'),$(field '.[0].not_before != null')" "2,$OTHER,true" 'after a pause'
as "$AGENTD" api GET "$C/runs/$TRY/orders"
tap_is "$(field '.events[0].data.body')" '/fix other' 'with the same orders'
finish "$OTHER" '{"state":"failed","why":"again","message":"","passing":true}'
api GET "$C/runs?project=$PROJECT&item=2"
tap_is "$(field length)" 2 'once'
finish "$TRY" '{"state":"failed","why":"the model is away","message":"","passing":true}'
tap_like "$(newest 2)" '*tried again in 4 s (try 3)*' 'after a longer pause'
api GET "$C/runs?project=$PROJECT&item=2&state=queued"
TRY=$(field '.[0].id')
finish "$TRY" '{"state":"failed","why":"the model is away","message":"","passing":true}'
tap_like "$(newest 2)" '*That was try 3, the last*' 'the last says so'
api GET "$R/issues/2"
tap_is "$(field '[.labels[].name] | join(",")')" agent-stopped 'and so does a label'
api GET "$C/runs?project=$PROJECT&item=2&state=queued"
tap_is "$(field length)" 0 'nothing waits'
say 2 '/retry with the other model'
act "$EV" 2 retry ''
AGAIN=$(field .run)
tap_ok 'a person starts it again' test "$AGAIN" -gt "$TRY"
api GET "$C/runs/$AGAIN"
tap_is "$(field .attempt),$(field .command),$(field .access)" 1,fix,write 'from the first try'
as "$AGENTD" api GET "$C/runs/$AGAIN/orders"
tap_is "$(field '[.events[].data.body] | join(";")')" '/fix other;/retry with the other model' 'with what was said'
api GET "$R/issues/2"
tap_is "$(field '.labels | length')" 0 'the label is gone'
act "$EV" 2 retry ''
tap_is "$(field .run)" "$AGAIN" 'once'
move "$AGAIN" queued preparing
say 2 /retry
act "$EV" 2 retry ''
tap_like "$(newest 2)" '*is still going on*' 'not beside one that goes on'
finish "$AGAIN" '{"state":"failed","why":"no","message":""}'
tap_like "$(newest 2)" '*failed: no*`/retry` starts it again.' 'another failure is not tried again'

# A pause is over when a person speaks.
say 2 '/fix'
order "$EV" 2 fix write
RUN=$(field .id)
finish "$RUN" '{"state":"failed","why":"away","message":"","passing":true}'
api GET "$C/runs?project=$PROJECT&item=2&state=queued"
TRY=$(field '.[0].id')
say 2 '/fix and hurry'
order "$EV" 2 fix write
tap_is "$(field .verdict),$(field .id),$(field .not_before)" "joined,$TRY,null" 'an order ends the pause'
finish "$TRY" '{"state":"done","why":"","message":""}'

# Ceilings.
settings '{"max_item_runs":1}'
say 1 /fix
order "$EV" 1 fix write
tap_is "$STATUS,$(field .verdict),$(field .id)" 200,item,null 'an item has its ceiling'
tap_like "$(newest 1)" 'No run was started*max_item_runs*' 'which is said'
N=$(comments 1)
order "$EV" 1 fix write
tap_is "$(field .verdict),$(comments 1)" "item,$N" 'once'
say 1 /status
act "$EV" 1 status ''
tap_like "$(newest 1)" '*3 of 1 runs on this item*' 'questions are answered all the same'
settings '{"max_item_runs":50,"max_day_runs":1}'
say 1 /fix
order "$EV" 1 fix write
tap_is "$(field .verdict),$(field .id)" day,null 'and so has a project'
settings '{"max_day_runs":0}'
tap_is "$STATUS" 422 'none is no ceiling'
settings '{"max_day_runs":100}'

# A review with its lines.
push_branch topic b.txt two
api POST "$R/pulls" '{"title":"T","head":"topic","base":"main","body":""}'
PULL=$(field .number)
api POST "$R/pulls/$PULL/reviews" '{"event":"COMMENT","body":"/fix this","comments":[{"path":"b.txt","new_position":1,"body":"why two?"}]}'
tap_is "$STATUS" 200 'a review with a word on a line'
EV=$(last review.created)
tap_is "$(field '[.events[] | select(.kind == "review.created")][-1].data.of_agent')" false 'not of the agent'
order "$EV" "$PULL" fix write
RUN=$(field .id)
as "$AGENTD" api GET "$C/runs/$RUN/orders"
tap_is "$(field '.comments[0] | "\(.event) \(.path) \(.line) \(.side) \(.body)"')" "$EV b.txt 1 new why two?" 'comes with the run'
tap_like "$(field '.comments[0].hunk')" '*+two*' 'and with the lines'
EVE=$(make_user eve)
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api GET "$R/pulls/$PULL/reviews"
REVIEW=$(field '.[0].id')
api GET "$R/pulls/$PULL/reviews/$REVIEW/comments"
LINE=$(field '.[0].id')
as "$EVE" api POST "$R/pulls/$PULL/comments/$LINE/replies" '{"body":"mine too"}'
tap_is "$STATUS" 201 'a reader answers in the thread'
as "$AGENTD" api GET "$C/runs/$RUN/orders"
tap_is "$(field '[.comments[].body] | join(";")')" 'why two?' 'and orders nothing by it'
THREAD=$RUN

# cofferd dies between the rows and the reply: asked again it says the same.
if grep -q COFFER_FAIL "$O/bin/cofferd"; then
	dies_at()
	{
		stop_cofferd
		COFFER_FAIL=$1
		export COFFER_FAIL
		start_cofferd
		unset COFFER_FAIL
	}
	lives()
	{
		tap_is "$STATUS" 000 "$1: cofferd dies there"
		wait "$COFFERD_PID" 2>/dev/null
		start_cofferd
	}
	api POST "$R/issues" '{"title":"Three","body":"x"}'
	I=$(field .number)
	say "$I" '/plan'
	dies_at order_taken
	order "$EV" "$I" plan read
	lives order_taken
	order "$EV" "$I" plan read
	RUN=$(field .id)
	tap_is "$STATUS,$(field .verdict)" 200,taken 'the order is one run'
	say "$I" '/help'
	dies_at order_answered
	act "$EV" "$I" answer 'Help.'
	lives order_answered
	act "$EV" "$I" answer 'Help.'
	api GET "$R/issues/$I/comments"
	tap_is "$(field '[.[].body | select(. == "Help.")] | length')" 1 'the answer is one comment'
	dies_at run_finished
	finish "$RUN" '{"state":"failed","why":"away","message":"","passing":true}'
	lives run_finished
	finish "$RUN" '{"state":"failed","why":"away","message":"","passing":true}'
	api GET "$C/runs?project=$PROJECT&item=$I"
	tap_is "$(field length),$(field '.[0].retry_of')" "2,$RUN" 'the next try is one run'
fi

# 20 answers of 64 KiB that JSON writes six times as long, and more than fits.
jq -n '{body: ("\u0001" * 65000)}' >"$T/long.json"
LONG=0
while [ $((LONG += 1)) -le 20 ]; do
	http POST "$R/pulls/$PULL/comments/$LINE/replies" -H "Authorization: token $ADMIN" \
	    -H 'Content-Type: application/json' --data-binary "@$T/long.json"
done
tap_is "$STATUS" 201 'a long thread'
as "$AGENTD" api GET "$C/runs/$THREAD/orders"
tap_is "$STATUS,$(field '.comments[0].body')" '200,why two?' 'is cut at its end'
tap_ok 'to what agentd takes' test "$(wc -c <"$BODY")" -lt $((8 << 20))

tap_done
