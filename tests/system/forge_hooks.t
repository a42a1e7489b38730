#!/bin/sh
# Webhooks: made, told, signed, logged, retried; and what they may not reach.
. "$(dirname "$0")/lib.sh"

dead() { ! kill -0 "$COFFERD_PID" 2>/dev/null || grep -q '^State:.*Z' "/proc/$COFFERD_PID/status"; }
SINK=$T/sink
mkdir -p "$SINK"
start "$T/sink.log" perl "$SYSTEM_DIR/hook_sink.pl" "$SINK"
wait_for 5 test -s "$SINK/port" || tap_bail 'no receiver'
PORT=$(cat "$SINK/port")
TO=http://127.0.0.1:$PORT
coffer_home
coffer_conf <<CONF
allow_file_upstream = yes
min_free = 1
$(lib_router_ids)
webhook_allow = localhost, 127.0.0.1/32
webhook_retry = 100ms
CONF
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
L=/api/coffer/v1/repos/$PROJECT/hooks
BOB=$(make_user bob)
api PUT "$R/collaborators/bob" '{"permission":"write"}'

# hook PATH EVENTS [MORE]: a hook; HOOK is its id.
hook()
{
	api POST "$R/hooks" "{\"type\":\"gitea\",\"config\":{\"url\":\"$TO$1\",\
\"content_type\":\"json\",\"secret\":\"s3cret\"},\"events\":$2,\"active\":true\
${3:+,$3}}"
	HOOK=$(field .id)
}

# told N: the Nth request has come.  Its parts: head N NAME, and at N JQ.
told() { wait_for 10 test -s "$SINK/$1.head"; }
head_of()
{
	tr -d '\r' <"$SINK/$1.head" | sed -n "s/^$2: //Ip"
}
at() { jq -r "$2" "$SINK/$1.body"; }
# The numbers of all requests, the newest first.
requests()
{
	for f in "$SINK"/*.head; do
		f=${f##*/}
		echo "${f%.head}"
	done | sort -rn
}
# find_told EVENT JQ: the number of the newest request of that event for which
# the expression is true.
find_told()
{
	for n in $(requests); do
		[ "$(head_of "$n" X-Gitea-Event-Type)" = "$1" ] || continue
		jq -e "$2" "$SINK/$n.body" >/dev/null || continue
		echo "$n"
		return 0
	done
	return 1
}
tells() { wait_for 5 find_told "$@"; }

as "$BOB" api GET "$R/hooks"
tap_is "$STATUS" 403 'who may write does not see hooks'
as "$BOB" api POST "$R/hooks" '{"type":"gitea","config":{}}'
tap_is "$STATUS" 403 'nor makes them'
api POST "$R/hooks" '{"type":"slack","config":{"url":"http://x","content_type":"json"}}'
tap_is "$STATUS" 422 'a type that is not served'
api POST "$R/hooks" '{"type":"gitea","config":{"content_type":"json"}}'
tap_is "$STATUS,$(field .message)" '422,Missing config option: url' 'a url is needed'
api POST "$R/hooks" '{"type":"gitea","config":{"url":"ftp://x","content_type":"json"}}'
tap_like "$STATUS,$(field .message)" '422,config.url*' 'of http'
hook /ok '["create","push","pull_request","repository","delete","release"]' \
    '"authorization_header":"Bearer zzz","branch_filter":""'
OK=$HOOK
tap_is "$STATUS,$(field '.events | join(" ")'),$(field .config.url)" \
    "201,create push pull_request repository delete release,$TO/ok" \
    'events are echoed as they came'
tap_not 'what is secret is not shown' grep -E 's3cret|zzz' "$BODY"
api POST "$R/hooks" "{\"type\":\"gogs\",\"config\":{\"url\":\"$TO/off\",\"content_type\":\"form\"}}"
tap_is "$STATUS,$(field .active),$(field '.events[0]')" '201,false,push' \
    'without events it is push; and inactive'
api GET "$R/hooks"
tap_is "$(field length),$(grep -ci '^link:' "$HEADERS")" '2,0' 'the list has no Link'
api DELETE "$R/hooks/$(field '.[1].id')"
tap_is "$STATUS" 204 'one is deleted'

api POST "$R/hooks/$OK/tests"
tap_is "$STATUS" 204 'a test is sent'
tap_ok 'and arrives' told 1
tap_is "$(head_of 1 Content-Type)" application/json 'as JSON, to the letter'
SIG=$(openssl dgst -sha256 -hmac s3cret <"$SINK/1.body" | sed 's/.*= //')
SIG1=$(openssl dgst -sha1 -hmac s3cret <"$SINK/1.body" | sed 's/.*= //')
tap_is "$(head_of 1 X-Gitea-Signature) $(head_of 1 X-Gogs-Signature)" "$SIG $SIG" 'signed as Gitea does'
tap_is "$(head_of 1 X-Hub-Signature-256) $(head_of 1 X-Hub-Signature)" \
    "sha256=$SIG sha1=$SIG1" 'and as GitHub does'
tap_is "$(head_of 1 X-Gitea-Event),$(head_of 1 X-GitHub-Event),$(head_of 1 X-Gogs-Event-Type)" \
    push,push,push 'the event is named'
tap_is "$(head_of 1 Authorization),$(head_of 1 X-Gitea-Hook-Installation-Target-Type)" \
    'Bearer zzz,repository' 'with the authorization of the hook'
tap_is "$(at 1 '.ref, .total_commits, .head_commit.added[0], .repository.full_name' | tr '\n' ' ')" \
    "refs/heads/main 1 a.txt $PROJECT " 'a push of the newest commit'

push_branch topic b.txt two
tap_ok 'a new branch is told' tells create '.ref == "topic"'
N=$(find_told create .sha)
tap_is "$(at "$N" '.ref_type + " " + .sender.login')" 'branch admin' 'with a short name'
tap_ok 'and pushed' tells push '.ref == "refs/heads/topic"'
N=$(find_told push .after)
tap_is "$(at "$N" '.before, .after, (.commits | length), .commits[0].author.email, .pusher.login' | tr '\n' ' ')" \
    "0000000000000000000000000000000000000000 $SHA 1 test@example.org admin " 'with what it brought'
api POST "$R/pulls" '{"title":"Change","head":"topic","base":"main","body":"x"}'
tap_ok 'a pull request is told' tells pull_request '.action == "opened"'
N=$(find_told pull_request .number)
api GET "$R/pulls/1"
tap_is "$(at "$N" '.pull_request | {number, title, state, head: .head.ref, u: .user} | tojson')" \
    "$(field '{number, title, state, head: .head.ref, u: .user} | tojson')" 'in the shape of the API'
push_branch topic c.txt three
tap_ok 'its new head is told' tells pull_request_sync ".action == \"synchronized\" and .after == \"$SHA\""
api PATCH "$R/pulls/1" '{"state":"closed"}'
tap_ok 'its end' tells pull_request '.action == "closed" and .pull_request.merged == false'
git_as "$ADMIN" -C "$WORK" push -q "$URL/$PROJECT.git" :refs/heads/topic 2>/dev/null
tap_ok 'and that of a branch' tells delete '.ref == "topic" and .pusher_type == "user"'
(cd "$WORK" && git checkout -q main && printf 'up\n' >up.txt && git add up.txt &&
    git commit -q -m Up && git push -q origin main)
api POST "/api/coffer/v1/projects/$PROJECT/sync?wait=30"
tap_ok 'what a mirror brings is a push' tells push '.ref == "refs/heads/main" and .head_commit.message == "Up\n"'

hook /issues '["issues_only","issue_comment","status","pull_request_review"]'
ISSUES=$HOOK
api POST "$R/issues" '{"title":"One","body":"first"}'
NUM=$(field .number)
[ "$STATUS" = 201 ] || tap_bail "issue: $STATUS"
tap_ok 'an issue is told' tells issues '.action == "opened" and .issue.title == "One"'
api POST "$R/issues/$NUM/comments" '{"body":"hello"}'
CID=$(field .id)
tap_ok 'a comment' tells issue_comment '.action == "created" and .comment.body == "hello" and .is_pull == false'
api PATCH "$R/issues/comments/$CID" '{"body":"hello!"}'
tap_ok 'its edition' tells issue_comment '.action == "edited" and .comment.body == "hello!"'
api DELETE "$R/issues/comments/$CID"
tap_ok 'its end' tells issue_comment ".action == \"deleted\" and .comment.id == $CID"
api PATCH "$R/issues/$NUM" '{"state":"closed"}'
tap_ok 'an issue that is closed' tells issues '.action == "closed" and .issue.state == "closed"'
MAIN=$(git -C "$WORK" rev-parse main)
api POST "$R/statuses/$MAIN" '{"state":"success","context":"lint","description":"fine"}'
tap_ok 'a status' tells status ".context == \"lint\" and .state == \"success\" and .commit.id == \"$MAIN\""
push_branch other d.txt four
api POST "$R/pulls" '{"title":"Other","head":"other","base":"main"}'
OTHER=$(field .number)
as "$BOB" api POST "$R/pulls/$OTHER/reviews" '{"event":"APPROVED","body":"good"}'
tap_ok 'a review' tells pull_request_review_approved '.action == "reviewed" and .review.content == "good"'
N=$(find_told pull_request_review_approved .number)
tap_is "$(head_of "$N" X-Gitea-Event)" pull_request_approved 'under its group'
api PATCH "$R/hooks/$ISSUES" '{"events":["issues","pull_request"]}'
api POST "$R/labels" '{"name":"bug","color":"ff0000"}'
api POST "$R/issues/$NUM/labels" '{"labels":["bug"]}'
tap_ok 'a label' tells issue_label '.action == "label_updated" and .changes.added_labels[0].name == "bug" and .issue.labels[0].name == "bug"'
api DELETE "$R/issues/$NUM/labels"
tap_ok 'none any more' tells issue_label '.action == "label_cleared"'
api PATCH "$R/issues/$NUM" '{"assignees":["bob"]}'
tap_ok 'who works on it' tells issue_assign '.action == "assigned" and .issue.assignees[0].login == "bob"'
api POST "$R/milestones" '{"title":"v1"}'
api PATCH "$R/issues/$NUM" "{\"milestone\":$(field .id)}"
tap_ok 'for when' tells issue_milestone '.action == "milestoned" and .issue.milestone.title == "v1"'
api PATCH "$R/issues/$NUM" '{"title":"Uno"}'
tap_ok 'its old title' tells issues '.action == "edited" and .changes.title.from == "One"'
api POST "$R/pulls/$OTHER/requested_reviewers" '{"reviewers":["bob"]}'
tap_ok 'who is asked' tells pull_request_review_request '.action == "review_requested" and .requested_reviewer.login == "bob"'
api PATCH "$R/hooks/$ISSUES" '{"active":false}'
tap_is "$STATUS,$(field .active),$(field '.events[0]')" '200,false,issues' 'what is not named stays'

api POST "$R/hooks" "{\"type\":\"gitea\",\"active\":true,\"branch_filter\":\"rel/*\",\
\"config\":{\"url\":\"$TO/form\",\"content_type\":\"form\"},\"events\":[\"push\"]}"
FORM=$(field .id)
push_branch nope e.txt five
push_branch rel/1 f.txt six
last_form() { grep -l '^POST /form ' "$SINK"/*.head; }
tap_ok 'a form' wait_for 10 last_form
N=$(basename "$(last_form)" .head)
tap_is "$(last_form | wc -l),$(head_of "$N" Content-Type),$(head_of "$N" X-Gitea-Signature)" \
    '1,application/x-www-form-urlencoded,' 'of the one branch that the filter has'
tap_ok 'its payload' grep -q '^payload=%7B.*rel%2F1' "$SINK/$N.body"
api DELETE "$R/hooks/$FORM"

api GET "$L/$OK/deliveries?limit=2"
tap_is "$STATUS,$(field length),$(field '.[0].state'),$(field '.[0].status')" '200,2,delivered,200' 'the log'
ID=$(field '.[0].id') UUID=$(field '.[0].uuid')
api GET "$L/$OK/deliveries/$ID"
tap_is "$(field .response.body),$(field '.response.headers["X-Sink"] | tonumber > 0'),$(field '.request.headers["Authorization"]')" \
    'answer,true,******' 'a delivery with its answer; no secret'
as "$BOB" api GET "$L/$OK/deliveries"
tap_is "$STATUS" 403 'nobody else reads it'
api POST "$L/$OK/deliveries/$ID/redeliver"
tap_is "$STATUS" 202 'once more'
twice() { [ "$(grep -li "X-Gitea-Delivery: $UUID" "$SINK"/*.head | wc -l)" -eq 2 ]; }
tap_ok 'with the same id' wait_for 10 twice

echo 500 >"$SINK/sick"
hook /sick '["issues"]'
SICK=$HOOK
api POST "$R/issues" '{"title":"A"}'
sick_n() { api GET "$L/$SICK/deliveries"; [ "$(field "$1")" = "$2" ]; }
tap_ok 'a failure is tried again' wait_for 5 sick_n '.[0].attempts > 1' true
tap_is "$(field '.[0].state'),$(field '.[0].error')" 'waiting,the receiver answered 500' 'and waits'
echo 204 >"$SINK/sick"
api POST "$R/issues" '{"title":"B"}'
tap_ok 'until it is taken' wait_for 15 sick_n '[.[].state] | join(" ")' 'delivered delivered'
sick_ids() { grep -l '^POST /sick' "$SINK"/*.head | while read -r f; do
	tr -d '\r' <"$f" | sed -n 's/^X-Gitea-Delivery: //p'; done | sort -u | wc -l; }
tap_is "$(sick_ids)" 2 'all attempts have one id'
sick_order() { requests | tac | while read -r n; do
	if grep -q '^POST /sick' "$SINK/$n.head"; then jq -r .issue.title "$SINK/$n.body"; fi
	done | uniq | tr '\n' ' '; }
tap_is "$(sick_order)" 'A B ' 'in order'
echo 404 >"$SINK/sick"
api POST "$R/issues" '{"title":"C"}'
tap_ok 'what would not change is not tried again' wait_for 5 sick_n '.[0].state + " " + (.[0].attempts | tostring)' 'failed 1'
echo 302 >"$SINK/sick"
api POST "$R/issues" '{"title":"D"}'
tap_ok 'a redirect is not followed' wait_for 5 sick_n '.[0].error' 'the receiver answered 302'
for i in 1 2 3 4; do api POST "$R/issues" "{\"title\":\"E$i\"}"; done
breaker() { api GET "$R/hooks/$SICK"; [ "$(field .breaker.open)" = true ]; }
tap_ok 'after six failures the hook rests' wait_for 5 breaker
api GET "$L/$SICK/deliveries"
tap_like "$(field '.[0].error')" '*6 failures in a row: the hook rests until *' 'and says so'
api POST "$R/issues" '{"title":"R"}'
tap_ok 'what comes waits' wait_for 5 sick_n '.[0].state + (.[0].attempts | tostring)' waiting0
echo 200 >"$SINK/sick"
api POST "$L/$SICK/deliveries/$(field '.[0].id')/redeliver"
tap_ok 'a redelivery ends the rest' wait_for 5 sick_n '.[0].state' delivered
api GET "$R/hooks/$SICK"
tap_is "$(field .breaker.open),$(field .breaker.failures)" false,0 'when it is taken'
api DELETE "$R/hooks/$SICK"

echo endless >"$SINK/endless"
hook /endless '["issues"]'
ENDLESS=$HOOK
api POST "$R/issues" '{"title":"E"}'
endless() { api GET "$L/$ENDLESS/deliveries"; [ "$(field '.[0].state')" = delivered ]; }
tap_ok 'an answer without an end is taken' wait_for 4 endless
api GET "$L/$ENDLESS/deliveries/$(field '.[0].id')"
tap_is "$(field '.response.body | length')" 65536 'and cut at 64 KiB'
api DELETE "$R/hooks/$ENDLESS"

echo hang >"$SINK/hang"
hook /hang '["issues"]'
HANG=$HOOK
hook /ok2 '["issues"]'
api POST "$R/issues" '{"title":"F"}'
tap_ok 'a hook that hangs does not hold up others' tells issues '.issue.title == "F"'
stop_pid "$COFFERD_PID"
start_cofferd
api DELETE "$R/hooks/$HANG"

api POST "$R/hooks" '{"type":"gitea","active":true,"config":{"url":"http://127.0.0.2:1/","content_type":"json"},"events":["issues"]}'
FAR=$(field .id)
api POST "$R/issues" '{"title":"G"}'
far() { api GET "$L/$FAR/deliveries"; [ "$(field '.[0].state')" = failed ]; }
tap_ok 'an address that is not listed is not dialled' wait_for 5 far
tap_like "$(field '.[0].error')" '127.0.0.2 is not a public address*webhook_allow*' 'and the log says why'
api PATCH "$R/hooks/$FAR" '{"config":{"url":"http://127.0.0.1:99999/"}}'
api POST "$R/issues" '{"title":"G2"}'
far_url() { far && [ "$(field length)" = 2 ]; }
tap_ok 'what is no URL for libcurl is not tried again' wait_for 5 far_url
tap_is "$(field '.[0].attempts')" 1 'but once'

api POST /api/v1/user/hooks "{\"type\":\"gitea\",\"active\":true,\"config\":{\"url\":\"$TO/user\",\"content_type\":\"json\"},\"events\":[\"issues\"]}"
tap_is "$STATUS" 201 'a hook of a user'
api POST /api/v1/admin/hooks "{\"type\":\"gitea\",\"active\":true,\"config\":{\"url\":\"$TO/system\",\"content_type\":\"json\"},\"events\":[\"issues\"]}"
tap_is "$STATUS" 201 'and of the server'
as "$BOB" api GET /api/v1/admin/hooks
tap_is "$STATUS" 403 'which is for admins'
as "$BOB" api GET /api/v1/user/hooks
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'everybody has his own'
api POST "$R/issues" '{"title":"H"}'
both() { grep -q '^POST /user' "$SINK"/*.head && grep -q '^POST /system' "$SINK"/*.head; }
tap_ok 'both are told' wait_for 10 both

api POST /api/v1/admin/hooks "{\"type\":\"gitea\",\"active\":true,\"config\":{\"url\":\"$TO/model\",\"content_type\":\"json\",\"is_system_webhook\":\"false\"},\"events\":[\"push\"]}"
api GET '/api/v1/admin/hooks?type=default'
tap_is "$(field length),$(field '.[0].is_system_webhook')" 1,false 'a model for new repositories'
P1=$PROJECT
make_project second
has_model() { api GET "/api/v1/repos/$PROJECT/hooks"; [ "$(field '.[0].config.url')" = "$TO/model" ]; }
tap_ok 'of which they get a copy' wait_for 5 has_model
PROJECT=$P1
api GET "/api/v1/user/hooks"
UH=$(field '.[0].id')
api GET "/api/coffer/v1/user/hooks/$UH/deliveries"
tap_is "$STATUS,$(field '.[-1].event')" 200,issues 'the log of a hook of a user'
as "$BOB" api GET "/api/coffer/v1/user/hooks/$UH/deliveries"
tap_is "$STATUS" 404 'is his alone'

# What git cannot tell of one repository holds up no other.
stop_cofferd
COFFER_FAIL=hook_made
export COFFER_FAIL
start_cofferd
unset COFFER_FAIL
api POST "$R/branches" '{"new_branch_name":"sore"}'
wait_for 5 dead
CONFIG=$HOME_DIR/repos/1.git/config
mv "$CONFIG" "$CONFIG.kept"
echo '[broken' >"$CONFIG"
start_cofferd
api POST /api/v1/repos/admin/second/hooks "{\"type\":\"gitea\",\"active\":true,\"config\":{\"url\":\"$TO/well\",\"content_type\":\"json\"},\"events\":[\"issues\"]}"
api POST /api/v1/repos/admin/second/issues '{"title":"well"}'
well() { grep -q '^POST /well' "$SINK"/*.head; }
tap_ok 'a repository that git cannot read holds up no other' wait_for 3 well
tap_ok 'its own hook waits' grep -aq 'hook git event=' "$T/cofferd.log"
mv "$CONFIG.kept" "$CONFIG"
tap_ok 'and is told when it can be' wait_for 20 find_told push '.ref == "refs/heads/sore" and .head_commit.id == .after'

# Killed at any time, nothing is lost and no row is there twice.
hook /crash '["issues"]'
CRASH=$HOOK
for i in 1 2 3 4 5 6; do
	api POST "$R/issues" "{\"title\":\"crash $i\"}"
	kill -KILL "$COFFERD_PID"
	wait "$COFFERD_PID" 2>/dev/null
	PIDS=$(echo " $PIDS " | sed "s/ $COFFERD_PID / /")
	start_cofferd
done
rows() { api GET "$L/$CRASH/deliveries"; [ "$(field '[.[] | select(.state == "delivered")] | length')" = "$1" ]; }
tap_ok 'six kills: six deliveries' wait_for 20 rows 6
tap_is "$(field length)" 6 'and no more rows'
crash_titles() { for f in "$SINK"/*.head; do
	if grep -q '^POST /crash' "$f"; then jq -r .issue.title "${f%.head}.body"; fi
	done | sort -u | wc -l; }
tap_is "$(crash_titles)" 6 'each was told'
N=6
for at in hook_made hook_sent; do
	stop_cofferd
	COFFER_FAIL=$at
	export COFFER_FAIL
	start_cofferd
	unset COFFER_FAIL
	api POST "$R/issues" "{\"title\":\"$at\"}"
	tap_is "$STATUS" 201 "killed at $at"
	wait_for 5 dead
	start_cofferd
	N=$((N + 1))
	tap_ok 'it is delivered' wait_for 20 rows $N
	tap_is "$(field length)" $N 'as one row'
	# The others, too: nothing waits.
	sleep 0.3
done
ids_sent() { grep -l '"title":"hook_sent"' "$SINK"/*.body | while read -r f; do
	tr -d '\r' <"${f%.body}.head" | sed -n 's/^X-Gitea-Delivery: //p'; done; }
tap_ok 'something was on its way' test "$(ids_sent | sort | uniq -d | wc -l)" -ge 1
tap_is "$(ids_sent | sort | uniq -c | awk '$1 > 2' | wc -l)" 0 'what was on its way comes again with its id'
tap_not 'the log has no secret' grep -E 's3cret|zzz' "$T/cofferd.log"
tap_done
