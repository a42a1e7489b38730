#!/bin/sh
# Runs of an agent as agentd reports them.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

event_of()
{
	api GET "$C/events?after=0&limit=1000"
	jq "[.events[] | select(.kind == \"$1\")][-1].seq" "$BODY"
}

api POST "$R/issues" '{"title":"Make it work","body":"/fix"}'
EV=$(event_of issue.opened)
RUN="{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":1,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"

api POST "$C/runs" "$RUN"
tap_is "$STATUS" 201 'an admin may make a run'
ID=$(field .id)
as "$AGENTD" api POST "$C/runs" "$RUN"
tap_is "$STATUS,$(field .id)" "200,$ID" 'an event has one run'
tap_is "$(field .branch) $(field .base) $(field .state) $(field .item)" \
    'agent/fix-1 main queued 1' 'which knows its branch'
tap_ok 'and the base it starts from' jq -e '.base_sha | length == 40' "$BODY"
as "$RUNNER" api POST "$C/runs" "$RUN"
tap_is "$STATUS" 403 'ci makes no runs'
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":\"$PROJECT\",\"item\":1,\"command\":\"../x\",\"access\":\"write\"}"
tap_is "$STATUS" 422 'a command is a name'
as "$AGENTD" api POST "$C/runs" "{\"event\":99999,\"project\":\"$PROJECT\",\"item\":1,\"command\":\"fix\",\"access\":\"write\"}"
tap_is "$STATUS" 422 'an unknown event is refused'
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":\"$PROJECT\",\"item\":1,\"command\":\"fix\",\"access\":\"root\"}"
tap_is "$STATUS" 422 'an unknown access is refused'

as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
tap_is "$STATUS,$(field .state)" 200,preparing 'queued to preparing'
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
tap_is "$STATUS" 409 'not in from: conflict'
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"preparing","state":"done"}'
tap_is "$STATUS" 422 'a move that does not exist'
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"preparing","state":"running"}'
tap_is "$(field .state)" running 'preparing to running'
tap_ok 'it has a time of its start' jq -e '.started_at != null' "$BODY"

as "$AGENTD" api POST "$C/runs/$ID/token"
TOK=$(field .token)
tap_is "${#TOK}" 40 'the run gets a token'
as "$AGENTD" api POST "$C/runs/$ID/token"
TOK2=$(field .token)
tap_ok 'and another, which replaces it' test "$TOK" != "$TOK2"
as "$TOK2" api GET "$R/issues/1"
tap_is "$STATUS" 401 'a run token is no good on TCP'

part()
{
	http_t=$AGENTD
	printf '%s' "$2" >"$T/part"
	http PATCH "$C/runs/$ID/log" -H "Content-Range: bytes $1/*" \
	    -H 'Content-Type: application/octet-stream' --data-binary "@$T/part"
	http_t=
}
part 0-4 hello
tap_is "$STATUS,$(field .next)" 202,5 'a part of the log'
part 0-4 hello
tap_is "$STATUS,$(field .next)" 416,5 'the same part again says where to go on'
part 5-6 abc
tap_is "$STATUS" 400 'the range is as long as the part'
part '' abc
tap_is "$STATUS" 400 'a broken range is refused'
printf 'header = "Authorization: Bearer %s"\n' "$ADMIN" >"$T/follow.rc"
start "$T/follow.out" curl -sS -N -K "$T/follow.rc" "$URL$C/runs/$ID/log?follow=1"
FOLLOW=$PID
part 5-10 ' world'
api GET "$C/runs/$ID/log"
tap_is "$(cat "$BODY")" 'hello world' 'the log is read'
api GET "$C/runs/$ID/log?offset=6"
tap_is "$(cat "$BODY")" world 'from an offset'

push_branch agent/fix-1 fix.txt fixed
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"running","why":"","message":""}'
tap_is "$STATUS" 422 'an end is an end'
as "$AGENTD" api POST "$C/runs/$ID/finish" \
    '{"state":"done","why":"","message":"I fixed it.","exit_code":0,"record":{"cost":1}}'
tap_is "$STATUS,$(field .state)" 200,done 'the run is finished'
PULL=$(field .pull)
COMMENT=$(field .comment)
cp "$BODY" "$T/first"
tap_is "$(field .exit_code),$(field .record.cost)" 0,1 'with its exit code and record'
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"failed","why":"again","message":""}'
tap_is "$STATUS,$(field .pull),$(field .comment),$(field .state)" \
    "200,$PULL,$COMMENT,done" 'a repeat answers the same'
tap_ok 'the follower ended with the run' wait_for 10 sh -c "! kill -0 $FOLLOW 2>/dev/null"
tap_is "$(cat "$T/follow.out")" 'hello world' 'and saw everything'
api GET "$R/issues/1/comments"
tap_is "$(field length),$(field '.[0].user.login'),$(field '.[0].body'),$(field '.[0].run')" \
    "1,agent,I fixed it.,$ID" 'its comment is by agent'
api GET "$R/pulls/$PULL"
tap_is "$(field .user.login),$(field .head.ref),$(field .run),$(field .title)" \
    "agent,agent/fix-1,$ID,Make it work" 'its pull request too'
tap_like "$(field .body)" '*Fixes #1*' 'which fixes the issue'
tap_is "$(field .mergeable)" true 'and can be merged'
as "$AGENTD" api POST "$C/runs/$ID/token"
tap_is "$STATUS" 409 'no token after the end'

# A second run on the pull request works on its branch and opens no other.
api POST "$R/issues/$PULL/comments" '{"body":"/fix more"}'
EV=$(event_of comment.created)
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$PULL,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
ID=$(field .id)
tap_is "$(field .branch),$(field .is_pull)" agent/fix-1,true 'a run on a pull request has its head'
as "$AGENTD" api POST "$C/runs/$ID/cancel"
tap_is "$STATUS" 403 'agentd cancels nothing'
api POST "$C/runs/$ID/cancel"
tap_is "$STATUS" 202 'a maintainer does'
api POST "$C/runs/$ID/cancel"
api GET "$C/events?after=0&limit=1000"
tap_is "$(jq '[.events[] | select(.kind == "run.cancel")] | length' "$BODY")" 1 'with one event'
as "$AGENTD" api POST "$C/runs/$ID/finish" '{"state":"cancelled","why":"by admin","message":""}'
tap_is "$(field .pull),$(field .state)" null,cancelled 'and no pull request'
api GET "$R/issues/$PULL/comments"
tap_is "$(field '.[-1].body')" 'The run `fix` was cancelled: by admin' 'and a comment that says why'

api POST "$R/issues/1/comments" '{"body":"/plan"}'
EV=$(event_of comment.created)
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":1,\"command\":\"plan\",\"access\":\"read\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
tap_is "$(field .branch)" null 'a run that may not write has no branch'
api GET "$C/runs?project=$PROJECT&state=queued"
tap_is "$(field length)" 1 'runs are listed by state'
api GET "$C/runs?project=$PROJECT"
tap_is "$(field length)" 3 'and by project'
listed() { api GET "$C/runs?project=$PROJECT&$1"; field length; }
tap_is "$(listed branch=agent%2Ffix-1) $(listed "pull=$PULL") $(listed "branch=nosuch&pull=$PULL") $(listed branch=nosuch)" \
    '2 1 1 0' 'by their branch, the pull request that they made, and either'
EVE=$(make_user eve)
as "$EVE" api GET "$C/runs/$ID"
tap_is "$STATUS" 404 'a stranger sees no run'
as "$EVE" api GET "$C/runs"
tap_is "$STATUS,$(field length)" 200,0 'nor a list of them'
as "$EVE" api GET "$C/runs?project=$PROJECT"
tap_is "$STATUS" 404 'nor the project'

# Tickets.
api POST "$C/tickets" "{\"project\":\"$PROJECT\",\"verb\":\"attach\"}"
TICKET=$(field .ticket)
tap_ok 'a maintainer gets a ticket' test "${#TICKET}" = 40
as "$AGENTD" api POST "$C/tickets/redeem" "{\"ticket\":\"$TICKET\"}"
tap_is "$STATUS,$(field .user),$(field .verb),$(field .project.full_name)" \
    "200,admin,attach,$PROJECT" 'agentd redeems it'
as "$AGENTD" api POST "$C/tickets/redeem" "{\"ticket\":\"$TICKET\"}"
tap_is "$STATUS" 404 'once'
api POST "$C/tickets" "{\"project\":\"$PROJECT\",\"verb\":\"root\"}"
tap_is "$STATUS" 422 'an unknown verb is refused'
as "$EVE" api POST "$C/tickets" "{\"project\":\"$PROJECT\",\"verb\":\"exec\"}"
tap_is "$STATUS" 404 'a stranger gets none'
as "$EVE" api POST "$C/tickets/redeem" "{\"ticket\":\"$TICKET\"}"
tap_is "$STATUS" 403 'and redeems none'
# An agent that says itself what it fixes is not repeated.
api POST "$R/issues" '{"title":"Say it once","body":"/fix"}'
N=$(field .number)
EV=$(event_of issue.opened)
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$N,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
ID=$(field .id)
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"preparing","state":"running"}'
push_branch "agent/fix-$N" once.txt once
as "$AGENTD" api POST "$C/runs/$ID/finish" \
    "{\"state\":\"done\",\"why\":\"\",\"message\":\"Done.\\n\\nCloses #$N\",\"exit_code\":0}"
PULL=$(field .pull)
api GET "$R/pulls/$PULL"
tap_is "$(field .body)" "Done.

Closes #$N" 'what the agent says it fixes is said once'

# What a run says of lines is a review of the commit that it saw.
push_branch looked-at look.txt 'one line'
api POST "$R/pulls" '{"title":"Look","head":"looked-at","base":"main"}'
N=$(field .number)
# reviewed COMMIT: a run of that pull request ends with two comments
reviewed()
{
	api POST "$R/issues/$N/comments" '{"body":"/review"}'
	EV=$(event_of comment.created)
	as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$N,\"command\":\"review\",\"access\":\"read\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
	ID=$(field .id)
	as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
	as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"preparing","state":"running"}'
	as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"running","state":"finishing"}'
	REVIEW="{\"state\":\"done\",\"why\":\"\",\"message\":\"In short.\",\"exit_code\":0,\"review\":{\"commit\":\"$1\",\"comments\":[{\"path\":\"look.txt\",\"line\":1,\"side\":\"new\",\"body\":\"P1: odd\"},{\"path\":\"a.txt\",\"line\":1,\"body\":\"P2: elsewhere\"}]}}"
	as "$AGENTD" api POST "$C/runs/$ID/finish" "$REVIEW"
}
answer() { api GET "$R/issues/comments/$COMMENT" && field .body; }

reviewed "$SHA"
COMMENT=$(field .comment)
tap_is "$STATUS,$(field .state)" 200,done 'a run ends with a review'
api GET "$R/pulls/$N/reviews"
tap_is "$(field 'map("\(.user.login) \(.state) \(.commit_id) \(.comments_count)") | join(",")')" "agent COMMENT $SHA 1" 'by the agent, of that commit'
REV=$(field '.[0].id')
api GET "$R/pulls/$N/reviews/$REV/comments"
tap_is "$(field 'map("\(.path) \(.position) \(.body)") | join(",")')" 'look.txt 1 P1: odd' 'with the line that the diff shows'
tap_like "$(answer)" 'In short.*\`a.txt\` line 1:*P2: elsewhere' 'the other one stands in the comment'
as "$AGENTD" api POST "$C/runs/$ID/finish" "$REVIEW"
api GET "$R/pulls/$N/reviews"
tap_is "$(field length)" 1 'told again it is not there twice'
OLD=$SHA
push_branch looked-at look.txt 'another line'
reviewed "$OLD"
COMMENT=$(field .comment)
tap_like "$STATUS $(answer)" '200 *\`look.txt\` line 1:*P1: odd*P2: elsewhere' 'of an old head all stands in the comment'
api GET "$R/pulls/$N/reviews"
tap_is "$(field length)" 1 'and nothing is a review'

# The issue was deleted meanwhile: the run ends, with nowhere to say so.
deleted()
{
	api POST "$R/issues" '{"title":"Not for long","body":"/fix"}'
	N=$(field .number)
	EV=$(event_of issue.opened)
	as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":$PROJECT_ID,\"item\":$N,\"command\":\"fix\",\"access\":\"write\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
	ID=$(field .id)
	as "$AGENTD" api PATCH "$C/runs/$ID" '{"from":"queued","state":"preparing"}'
	push_branch "agent/fix-$N" "gone-$N.txt" text
	api DELETE "$R/issues/$N"
	as "$AGENTD" api POST "$C/runs/$ID/finish" "$1"
}
for end in 'done' failed; do
	deleted "{\"state\":\"$end\",\"why\":\"x\",\"message\":\"Done.\",\"exit_code\":0,\"passing\":true,\"report\":\"r\"}"
	tap_is "$STATUS,$(field .state),$(field .comment),$(field .pull)" "200,$end,null,null" "a run of a deleted issue is $end"
	as "$AGENTD" api POST "$C/runs/$ID/token"
	tap_is "$STATUS" 409 'and gets no token any more'
	api GET "$C/runs?project=$PROJECT&item=$N"
	tap_is "$(field length)" 1 'and not tried again'
done

tap_not 'no secret is in the log' grep -qE "$TOK|$TOK2|$TICKET|$ADMIN" "$T/cofferd.log"
tap_done
