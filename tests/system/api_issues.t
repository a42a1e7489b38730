#!/bin/sh
# Issues, comments, and the events that tell of them.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1
BOB=$(make_user bob)
EVE=$(make_user eve)
api PUT "$R/collaborators/bob" '{"permission":"read"}'

api POST "$R/issues" '{"title":"One","body":"first"}'
tap_is "$STATUS,$(field .number),$(field .user.login),$(field .state)" \
    '201,1,admin,open' 'an issue is opened'
as "$BOB" api POST "$R/issues" '{"title":"Two"}'
tap_is "$STATUS,$(field .number),$(field .body)" '201,2,' 'by a reader too'
as "$EVE" api POST "$R/issues" '{"title":"Three"}'
tap_is "$STATUS" 404 'not by a stranger'
as "$BOB" api PATCH "$R/issues/1" '{"title":"Mine"}'
tap_is "$STATUS" 403 'a reader does not change what others wrote'
as "$BOB" api PATCH "$R/issues/2" '{"title":"Two!","state":"closed"}'
tap_is "$STATUS,$(field .title),$(field .state)" '201,Two!,closed' 'but what he wrote'
tap_ok 'a closed issue has a time' jq -e '.closed_at != null' "$BODY"
api GET "$R/issues"
tap_is "$(field '[.[].number] | join(" ")')" 1 'the list shows what is open'
api GET "$R/issues?state=all&limit=1"
tap_is "$(field '.[0].number')" 2 'newest first'
tap_like "$(grep -i '^Link:' "$HEADERS")" '*page=2&limit=1&state=all>; rel="next"*' 'with a link to the next page'
tap_like "$(grep -i '^X-Total-Count:' "$HEADERS")" '*2*' 'and the total'
api GET "$R/issues?state=all&created_by=bob"
tap_is "$(field length)" 1 'by author'
api GET "$R/issues?state=all&q=first"
tap_is "$(field '.[0].number')" 1 'by text'
api GET "$R/issues?state=all&type=pulls"
tap_is "$(cat "$BODY")" '[]' 'an empty list is []'
api GET "$R/issues?since=2999-01-01T00:00:00Z"
tap_is "$(field length)" 0 'by time'

api POST "$R/issues/1/comments" '{"body":"hello"}'
tap_is "$STATUS,$(field .body),$(field .run)" '201,hello,null' 'a comment'
CID=$(field .id)
as "$BOB" api POST "$R/issues/1/comments" '{"body":"world"}'
BID=$(field .id)
api GET "$R/issues/1/comments"
tap_is "$(field '[.[].body] | join(" ")')" 'hello world' 'comments ascend'
api GET "$R/issues/1/comments?page=2"
tap_is "$(field length)" 0 'a second page without a limit is empty'
api GET "$R/issues/1/comments?limit=1&page=2"
tap_is "$(field '.[0].body')" world 'with one it is a page'
as "$BOB" api PATCH "$R/issues/comments/$CID" '{"body":"x"}'
tap_is "$STATUS" 403 "another's comment is not changed"
as "$BOB" api PATCH "$R/issues/comments/$BID" '{"body":"World"}'
tap_is "$STATUS,$(field .body)" 200,World "one's own is"
api DELETE "$R/issues/comments/$BID"
tap_is "$STATUS" 204 'an admin removes any'
api GET "$R/issues/comments/$BID"
tap_is "$STATUS" 404 'which is gone then'
api GET "$R/issues/1"
tap_is "$(field .comments)" 1 'the count follows'

api GET "$C/events?after=0&limit=1000"
tap_is "$(field '[.events[] | select(.item != null) | .kind] | join(" ")')" \
    'issue.opened issue.opened issue.edited issue.closed comment.created comment.created comment.edited comment.deleted' \
    'each change is an event'
tap_is "$(field '[.events[] | select(.kind == "issue.opened")][1].actor | [.login, .kind, .role] | join(" ")')" \
    'bob user reader' 'with who did it and his role then'
LAST=$(field .last)
as "$EVE" api GET "$C/events?after=0"
tap_is "$(field '.events | length')" 0 'a stranger sees none'
as "$BOB" api GET "$C/events?after=0&project=$PROJECT_ID&limit=1"
tap_is "$(field '.events | length')" 1 'a reader sees his project'
as "$EVE" api GET "$C/events?project=$PROJECT_ID"
tap_is "$STATUS" 404 'and nobody else'
api GET "$C/events?after=0&limit=2"
api GET "$C/events?after=$(field .last)&limit=2"
tap_is "$(field '.events[0].seq')" 3 'last is where to go on'

# Long poll and stream.
printf 'header = "Authorization: Bearer %s"\n' "$ADMIN" >"$T/rc"
start "$T/poll.json" curl -sS -K "$T/rc" "$URL$C/events?after=$LAST&wait=20"
POLL=$PID
start "$T/sse" curl -sS -N -K "$T/rc" -H 'Accept: text/event-stream' \
    -H "Last-Event-ID: $LAST" "$URL$C/events"
SSE=$PID
sleep 0.3
api POST "$R/issues/1/comments" '{"body":"wake"}'
tap_ok 'a waiting reader is woken' wait_for 5 test -s "$T/poll.json"
tap_is "$(jq -r '.events[0].data.body' "$T/poll.json")" wake 'by what it waited for'
tap_ok 'a stream gets it too' wait_for 5 grep -q '^event: comment.created' "$T/sse"
tap_is "$(sed -n 's/^id: //p' "$T/sse")" "$((LAST + 1))" 'once, with its number'
tap_is "$(sed -n 's/^data: //p' "$T/sse" | jq -r .data.body)" wake 'and its data'
stop_pid "$POLL"
stop_pid "$SSE"
START=$(date +%s)
api GET "$C/events?after=999999&wait=1"
tap_is "$STATUS,$(field '.events | length')" 200,0 'a wait ends empty'
tap_ok 'after its time' test $(($(date +%s) - START)) -ge 1
api GET "$C/events?wait=61"
tap_is "$STATUS" 422 'a wait is at most 60 s'

api GET "$C/cursors/me"
tap_is "$(field .seq)" 0 'a cursor begins at 0'
api PUT "$C/cursors/me" '{"seq":7}'
api GET "$C/cursors/me"
tap_is "$(field .seq)" 7 'and is kept'
as "$BOB" api GET "$C/cursors/me"
tap_is "$(field .seq)" 0 'for each user'

# Nothing is lost over a restart.
stop_cofferd
tap_is "$?" 0 'cofferd ends'
start_cofferd
api GET "$C/events?after=$LAST"
tap_is "$(field '.events[0].data.body')" wake 'the event is there'
api GET "$C/cursors/me"
tap_is "$(field .seq)" 7 'and the cursor'
# agentd answers a call for an unknown command; it opens no issue.
as "$AGENTD" api POST "/api/v1/repos/$PROJECT/issues/1/comments" '{"body":"no such command"}'
tap_is "$STATUS" 201 'agentd may comment'
as "$AGENTD" api POST "/api/v1/repos/$PROJECT/issues" '{"title":"x"}'
tap_is "$STATUS" 403 'agentd may not open an issue'

tap_done
