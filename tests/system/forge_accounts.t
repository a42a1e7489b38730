#!/bin/sh
# Users, passwords, tokens and their scopes, as Gitea's clients use them.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

# basic USER:PASSWORD METHOD PATH [JSON]
basic()
{
	b_u=$1 b_m=$2 b_p=$3
	if [ $# -gt 3 ]; then
		http "$b_m" "$b_p" -u "$b_u" -H 'Content-Type: application/json' -d "$4"
	else
		http "$b_m" "$b_p" -u "$b_u"
	fi
}

# wait_gone PID SECONDS: it ends by itself
gone()
{
	! kill -0 "$1" 2>/dev/null
}

# ---- users
api POST /api/v1/admin/users '{"username":"alice","email":"Alice@example.org","password":"correct horse","must_change_password":false,"full_name":"Alice L","send_notify":false,"source_id":0,"login_name":""}'
tap_is "$STATUS,$(field '[.login,.login_name,.full_name,.email,.is_admin,.active,.prohibit_login,.type,.visibility,.avatar_url] | map(tostring) | join("|")')" \
    '201,alice||Alice L|Alice@example.org|false|true|false|individual|limited|' 'a user with an address and a password'
tap_is "$(field .html_url),$(field '.id > 0'),$(field '.created | length > 10')" "$URL/alice,true,true" 'has id, page and time'
api POST /api/v1/admin/users '{"username":"ALICE"}'
tap_is "$STATUS,$(field .message)" '422,user already exists: ALICE' 'a name is taken whatever its case'
api POST /api/v1/admin/users '{"username":"al2","email":"alice@EXAMPLE.org"}'
tap_like "$STATUS,$(field .message)" '422,e-mail already in use*' 'and so is an address'
make_user bob >"$T/bob.token"
BOB=$(cat "$T/bob.token")
as "$BOB" api GET /api/v1/users/alice
tap_is "$STATUS,$(field .email),$(field .is_admin),$(field .last_login)" \
    '200,alice@noreply.127.0.0.1,false,0001-01-01T00:00:00Z' 'others see no address'
as "$BOB" api GET /api/v1/users/nobody
tap_is "$STATUS" 404 'who is not there'
while read -r want body; do
	api POST /api/v1/admin/users "$body"
	tap_is "$STATUS" "$want" "new user $body"
done <<-TABLE
422 {"username":"x1","password":"short"}
422 {"username":"x1","password":"0123456789012345678901234567890123456789"}
422 {"username":"x1","email":"nowhere"}
422 {"username":"x1","email":"a@b c"}
422 {"username":"x1","full_name":7}
422 {"username":"x1","full_name":"a\u0001b"}
422 {"username":"x1","visibility":"secret"}
422 {"username":"x1","source_id":3}
422 {"username":"x1","type":"robot"}
422 {"username":"api"}
422 {"username":"upstream"}
422 {"username":"x1","type":"bot","password":"correct horse"}
TABLE
api GET '/api/v1/users/search?q=lic'
tap_is "$(field .ok),$(field '.data | map(.login) | join(" ")'),$(grep -ic '^x-total-count: 1' "$HEADERS")" true,alice,1 'search finds by a part of the name'
api GET '/api/v1/users/search?uid=999'
tap_is "$(field .ok),$(field '.data | length')" true,0 'or nobody'
api GET '/api/v1/admin/users?sort=id&order=desc&limit=1'
tap_is "$(field '.[0].login'),$(grep -c 'rel="next",' "$HEADERS")" bob,1 'the list is sorted and paged'
api GET '/api/v1/admin/users?is_admin=true'
tap_is "$(field 'map(.login) | join(" ")')" admin 'and filtered'
api GET '/api/v1/admin/users?q=example.org'
tap_is "$(field 'map(.login) | join(" ")')" alice 'an admin finds by address'
api PATCH /api/v1/admin/users/bob '{"login_name":"bob","source_id":0,"full_name":"Bob B","website":"https://b.example","location":"here"}'
tap_is "$STATUS,$(field .full_name),$(field .website),$(field .location),$(field .email)" '200,Bob B,https://b.example,here,bob@noreply.127.0.0.1' 'an admin edits'
api PATCH /api/v1/admin/users/bob '{"login_name":"bob","source_id":0,"description":"d"}'
tap_is "$STATUS,$(field .full_name),$(field .description)" '200,Bob B,d' 'what is absent stays'
as "$BOB" api PATCH /api/v1/user/settings '{"location":"there","theme":"dark","hide_email":false}'
tap_is "$STATUS,$(field .location),$(field .full_name),$(field .hide_email)" '200,there,Bob B,true' 'one edits oneself'
as "$BOB" api GET /api/v1/user/emails
tap_is "$STATUS,$(cat "$BODY")" '200,[]' 'no address, no list'
for p in /user/orgs /user/keys /users/bob/orgs /orgs; do
	as "$BOB" api GET "/api/v1$p"
	tap_is "$STATUS,$(cat "$BODY")" '200,[]' "$p is empty"
done
for p in /orgs/bob /orgs/bob/repos /orgs/bob/hooks /orgs/bob/labels /orgs/bob/members/bob /users/bob/orgs/x/permissions /users/nobody/orgs; do
	as "$BOB" api GET "/api/v1$p"
	tap_is "$STATUS,$(field '.message | length > 0')" '404,true' "$p is not there"
done
http GET /api/v1/settings/api
tap_is "$(field .max_response_items),$(field .default_git_trees_per_page)" 50,1000 'the numbers of paging'
http GET /api/v1/settings/repository
tap_is "$STATUS,$(field .mirrors_disabled),$(field .lfs_disabled)" 200,false,true 'what repositories can'

http GET /api/v1/settings/attachment
tap_is "$STATUS,$(field .enabled),$(field .max_size),$(field '.allowed_types | length > 0')" 200,true,100,true 'what may be attached'
http GET /api/v1/settings/ui
tap_is "$(field '.allowed_reactions | join(" ")'),$(field '.custom_emojis | length')" '+1 -1 laugh hooray confused heart rocket eyes,0' 'what may be felt'

# ---- passwords
basic 'alice:correct horse' GET /api/v1/user
tap_is "$STATUS,$(field .login),$(field .email)" '200,alice,Alice@example.org' 'Basic with a password'
basic 'ALICE:correct horse' GET /api/v1/user
tap_is "$STATUS" 200 'the name has no case'
basic 'alice:wrong horse' GET /api/v1/user
tap_is "$STATUS,$(field .message)" '401,invalid username, password or token' 'a wrong one'
basic 'nobody:wrong horse' GET /api/v1/user
tap_is "$STATUS,$(field .message)" '401,invalid username, password or token' 'an unknown name is told the same'
basic 'alice:wrong horse' GET /api/v1/version
tap_is "$STATUS" 401 'also where none is needed'
basic 'ci:correct horse' GET /api/v1/user
tap_is "$STATUS" 401 'programs have no password'
api GET /api/v1/users/alice
tap_like "$(field .last_login)" '20*Z' 'an admin sees when she came'
http POST "$R/issues" -u 'alice:correct horse' -H 'Content-Type: application/json' -d '{"title":"x"}'
tap_is "$STATUS" 404 'a body waits for the verdict; what she may not see is not there'
api PUT "$R/collaborators/alice" '{"permission":"write"}'
head -c 700000 /dev/zero | tr '\0' a >"$T/a"
{ printf '{"title":"x","body":"'; head -c 60000 "$T/a"; printf '"}'; } >"$T/big"
api PATCH /api/v1/admin/users/alice '{"login_name":"alice","source_id":0,"password":"correct horse 2"}'
tap_is "$STATUS" 200 'an admin sets another'
basic 'alice:correct horse' GET /api/v1/user
tap_is "$STATUS" 401 'the old one is forgotten at once'
http POST "$R/issues" -u 'alice:correct horse 2' -H 'Content-Type: application/json' --data-binary "@$T/big"
tap_is "$STATUS,$(field .user.login),$(field '.body | length')" '201,alice,60000' 'a body of 60 KB waits, too'
basic 'alice:correct horse 2' PUT "$C/user/password" '{"old":"nonsense","new":"battery staple"}'
tap_is "$STATUS" 403 'her own she changes by the old one'
basic 'alice:correct horse 2' PUT "$C/user/password" '{"old":"correct horse 2","new":"battery staple"}'
tap_is "$STATUS" 204 'so'
tap_ok 'git by a password' git clone -q "http://alice:battery%20staple@${URL#http://}/$PROJECT.git" "$T/clone"
tap_ok 'again, from memory' git -C "$T/clone" fetch -q
tap_not 'git by a wrong one' git clone -q "http://alice:nonsense@${URL#http://}/$PROJECT.git" "$T/clone2"
api POST /api/v1/admin/users '{"username":"carol","email":"carol@example.org","password":"first password"}'
basic 'carol:first password' GET /api/v1/user
tap_is "$STATUS" 200 'a new user sees who she is'
basic 'carol:first password' GET "/api/v1/repos/search"
tap_is "$STATUS" 403 'and must change her password first'
basic 'carol:first password' PUT "$C/user/password" '{"old":"first password","new":"second password"}'
basic 'carol:second password' GET /api/v1/repos/search
tap_is "$STATUS" 200 'then she may'

# ---- tokens
T1=/api/v1/users/alice/tokens
basic 'alice:battery staple' POST $T1 '{"name":"t1","scopes":["read:repository","read:user"]}'
READ=$(field .sha1)
RID=$(field .id)
tap_is "$STATUS,${#READ},$(field .token_last_eight),$(field '.scopes | join(" ")')" \
    "201,40,$(printf %s "$READ" | tail -c 8),read:repository read:user" 'a token by password'
tap_is "$(grep -ic '^cache-control: no-store' "$HEADERS")" 1 'which nobody keeps'
basic 'alice:battery staple' POST $T1 '{"name":"t1","scopes":["all"]}'
tap_is "$STATUS,$(field .message)" '400,access token name has been used already' 'names are unique'
basic 'alice:battery staple' POST $T1 '{"name":"t2"}'
tap_is "$STATUS,$(field .message)" '400,access token must have a scope' 'no scope'
basic 'alice:battery staple' POST $T1 '{"name":"t2","scopes":["read:everything"]}'
tap_is "$STATUS" 400 'an unknown scope'
basic 'alice:battery staple' POST $T1 '{"name":"t2","scopes":["all"],"expires_at":"2020-01-01T00:00:00Z"}'
tap_is "$STATUS" 422 'an end in the past'
as "$READ" api GET $T1
tap_is "$STATUS,$(field .message)" '401,auth required' 'a token lists no tokens'
basic 'bob:x' GET $T1
tap_is "$STATUS" 401 'nor does a stranger'
basic 'carol:second password' GET $T1
tap_is "$STATUS" 403 'nor somebody else'
basic 'alice:battery staple' GET "$T1?limit=5"
tap_is "$(field '.[0].sha1'),$(field '.[0].token_last_eight'),$(field '.[0].scopes | join(" ")')" ",$(printf %s "$READ" | tail -c 8),read:repository read:user" 'a list shows no secret'
as "$READ" api GET "$R"
tap_is "$STATUS" 200 'read:repository reads'
as "$READ" api GET "$R/issues"
tap_is "$STATUS,$(field .message)" '403,token does not have at least one of required scope(s), required=[read:issue], token scope=read:repository,read:user' 'but no issues'
as "$READ" api PATCH "$R" '{"description":"x"}'
tap_is "$STATUS" 403 'and does not write'
tap_ok 'it fetches' git -C "$T/clone" -c "http.extraHeader=Authorization: token $READ" fetch -q "$URL/$PROJECT.git"
tap_not 'it does not push' git -C "$T/clone" push -q "http://x:$READ@${URL#http://}/$PROJECT.git" HEAD:refs/heads/by-token
basic 'alice:battery staple' POST $T1 '{"name":"ci","scopes":["status"]}'
STATUSES=$(field .sha1)
SHA=$(git -C "$T/clone" rev-parse HEAD)
as "$STATUSES" api POST "$R/statuses/$SHA" '{"state":"success","context":"lint"}'
tap_is "$STATUS" 201 'a status token posts statuses'
as "$STATUSES" api GET "$R/commits/$SHA/status"
tap_is "$STATUS" 200 'and reads'
as "$STATUSES" api GET "$R/hooks"
tap_is "$STATUS" 403 'no hooks'
as "$STATUSES" api GET "$C/events?wait=0"
tap_is "$STATUS" 403 'no events'
as "$STATUSES" api POST "$R/issues" '{"title":"x"}'
tap_is "$STATUS" 403 'and nothing else'
MAIN=$PROJECT
make_project other
OTHER=$PROJECT
api PUT "/api/v1/repos/$OTHER/collaborators/alice" '{"permission":"write"}'
basic 'alice:battery staple' POST $T1 "{\"name\":\"bound\",\"scopes\":[\"all\",\"repo:$MAIN\"]}"
BOUND=$(field .sha1)
tap_is "$STATUS,$(field '.scopes | join(" ")')" "201,all repo:$MAIN" 'a token for one repository'
as "$BOUND" api GET "$R/issues"
tap_is "$STATUS" 200 'sees it'
as "$BOUND" api GET "$C/repos/$MAIN/pulls/99/gate"
tap_is "$STATUS,$(field .message)" '404,pull request does not exist' 'by our own paths too'
as "$BOUND" api GET "/api/v1/repos/$OTHER"
tap_is "$STATUS" 404 'and no other'
as "$BOUND" api GET /api/v1/repos/search
tap_is "$STATUS" 403 'nor lists of others'
as "$BOUND" api GET /api/v1/token
tap_is "$(field .name),$(field '.scopes[-1]'),$(field .user.login)" "bound,repo:$MAIN,alice" 'it says what it is'
tap_not 'git neither' git ls-remote "http://x:$BOUND@${URL#http://}/$OTHER.git"
tap_ok 'but its own' git ls-remote "http://x:$BOUND@${URL#http://}/$MAIN.git"
basic 'alice:battery staple' POST $T1 '{"name":"b2","scopes":["all","repo:admin/nothing"]}'
tap_is "$STATUS" 422 'a repository that is not there'
soon=$(date -u -d '+2 seconds' +%Y-%m-%dT%H:%M:%SZ)
api POST $T1 "{\"name\":\"short\",\"scopes\":[\"all\"],\"expires_at\":\"$soon\"}"
SHORT=$(field .sha1)
tap_is "$STATUS,$(field .expires_at)" "201,$soon" 'an admin makes one that ends'
# Three that wait: by a token that ends, one that goes, and one whose user goes.
listen()
{
	curl -sN -m 300 -H 'Accept: text/event-stream' -H "Authorization: token $1" "$URL$C/events" >/dev/null 2>&1 &
	PIDS="$PIDS $!"
	LISTENER=$!
}
listen "$SHORT"; L1=$LISTENER
basic 'alice:battery staple' POST $T1 '{"name":"stream","scopes":["all"]}'
STREAM=$(field .sha1)
listen "$STREAM"; L2=$LISTENER
listen "$BOB"; L3=$LISTENER
sleep 0.3
tap_ok 'they listen' kill -0 "$L1" "$L2" "$L3"
as "$STREAM" api DELETE /api/v1/token
tap_is "$STATUS" 204 'a token ends itself'
tap_ok 'its stream is cut' wait_for 3 gone "$L2"
as "$STREAM" api GET /api/v1/user
tap_is "$STATUS" 401 'and it is no good'
api DELETE /api/v1/admin/users/bob
tap_is "$STATUS" 204 'a user is removed'
tap_ok 'his stream is cut' wait_for 3 gone "$L3"
tap_ok 'an expired token loses its stream' wait_for 5 gone "$L1"
basic 'alice:battery staple' DELETE "$T1/t1"
tap_is "$STATUS" 204 'a token goes by name'
basic 'alice:battery staple' DELETE "$T1/$RID"
tap_is "$STATUS" 404 'once'
basic 'alice:battery staple' DELETE "$T1/ci"
api POST /api/v1/users/alice/tokens '{"name":"by-admin"}'
tap_is "$STATUS,$(field '.scopes | join(" ")')" 201,all 'what coffer does'
ALICE=$(field .sha1)
api POST /api/v1/users/admin/tokens '{"name":"weak","scopes":["write:user"]}'
WEAK=$(field .sha1)
as "$WEAK" api POST /api/v1/users/admin/tokens '{"name":"strong","scopes":["all"]}'
tap_is "$STATUS" 403 'nobody gives more than he has'
soon=$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)
api POST /api/v1/users/admin/tokens "{\"name\":\"hour\",\"scopes\":[\"all\"],\"expires_at\":\"$soon\"}"
HOUR=$(field .sha1)
as "$HOUR" api POST /api/v1/users/admin/tokens '{"name":"ever","scopes":["all"]}'
tap_is "$STATUS" 403 'nor for longer'
as "$HOUR" api POST /api/v1/users/admin/tokens "{\"name\":\"as long\",\"scopes\":[\"all\"],\"expires_at\":\"$soon\"}"
tap_is "$STATUS" 201 'but for as long'
make_user fay >"$T/fay.token"
api POST /api/v1/users/fay/tokens '{"name":"some","scopes":["write:user"]}'
as "$(field .sha1)" api PUT "$C/user/password" '{"new":"fays password"}'
tap_is "$STATUS" 403 'a token with some scopes sets no first password'
api POST /api/v1/users/fay/tokens "{\"name\":\"hour\",\"scopes\":[\"all\"],\"expires_at\":\"$soon\"}"
as "$(field .sha1)" api PUT "$C/user/password" '{"new":"fays password"}'
tap_is "$STATUS" 403 'nor one that ends'
as "$(cat "$T/fay.token")" api PUT "$C/user/password" '{"new":"fays password"}'
tap_is "$STATUS" 204 'one that has all does'
api POST /api/v1/users/fay/tokens '{"name":"repo","scopes":["read:repository"]}'
as "$(field .sha1)" api GET "$C/events?wait=0"
tap_is "$STATUS" 403 'events have the words of issues'
api PUT "$R/collaborators/fay" '{"permission":"read"}'
api POST "$R/issues" '{"title":"Work"}'
N=$(field .number)
api GET "$C/events?after=0&limit=1000"
EV=$(jq '[.events[] | select(.kind == "issue.opened")][-1].seq' "$BODY")
as "$AGENTD" api POST "$C/runs" "{\"event\":$EV,\"project\":1,\"item\":$N,\"command\":\"fix\",\"access\":\"read\",\"agent\":\"command\",\"network\":\"none\",\"wall_s\":60}"
RUN=$(field .id)
curl -sN -m 300 -H "Authorization: token $(cat "$T/fay.token")" -D "$T/log.head" "$URL$C/runs/$RUN/log?follow=true" >/dev/null 2>&1 &
PIDS="$PIDS $!"
LISTENER=$!
tap_ok 'a log is followed' wait_for 5 grep -q ' 200 ' "$T/log.head"
api DELETE "$R/collaborators/fay"
tap_is "$STATUS" 204 'a collaborator is removed'
tap_ok 'she follows no more' wait_for 5 gone "$LISTENER"
as "$ALICE" api POST $T1 '{"name":"child","scopes":["read:user"]}'
tap_is "$STATUS,$(field .message)" '401,auth required' 'a token makes no tokens'

# ---- flags
api PATCH /api/v1/admin/users/alice '{"login_name":"alice","source_id":0,"active":false}'
tap_is "$(field .active)" false 'a user is deactivated'
as "$ALICE" api GET /api/v1/user
tap_is "$STATUS" 403 'her token is barred'
basic 'alice:battery staple' GET /api/v1/user
tap_is "$STATUS" 403 'and her password'
api PATCH /api/v1/admin/users/alice '{"login_name":"alice","source_id":0,"active":true}'
as "$ALICE" api GET /api/v1/user
tap_is "$STATUS" 200 'until she is back'
api POST /api/v1/admin/users/alice/rename '{"new_username":"alix"}'
tap_is "$STATUS" 204 'she is renamed'
as "$ALICE" api GET /api/v1/user
tap_is "$(field .login)" alix 'and keeps her tokens'
api POST /api/v1/admin/users/alix/rename '{"new_username":"carol"}'
tap_is "$STATUS" 422 'not to a name that is taken'
api POST /api/v1/admin/users/admin/rename '{"new_username":"root"}'
tap_is "$STATUS" 422 'what the server needs keeps its name'
api PATCH /api/v1/admin/users/alix '{"login_name":"","source_id":0,"admin":true}'
as "$ALICE" api GET /api/v1/admin/users
tap_is "$STATUS" 200 'she becomes an admin'
as "$ALICE" api PATCH /api/v1/admin/users/alix '{"login_name":"","source_id":0,"admin":false}'
tap_is "$STATUS" 422 'nobody takes rights from himself'
as "$ALICE" api DELETE /api/v1/admin/users/alix
tap_is "$STATUS" 422 'nor removes himself'
api PATCH /api/v1/admin/users/admin '{"login_name":"","source_id":0,"active":false}'
tap_is "$STATUS" 422 'the first admin stays'
as "$ALICE" api POST "$C/projects" "{\"upstream\":\"$UPSTREAM\",\"name\":\"hers\"}"
tap_is "$STATUS,$(field .owner)" 201,alix 'she owns a project'
api POST /api/v1/admin/users/alix/rename '{"new_username":"alice"}'
api GET /api/v1/repos/alice/hers
tap_is "$STATUS,$(field .owner.login)" 200,alice 'which goes by her name'
api GET "/api/v1/repos/ALIX/hers/branches?limit=3"
tap_is "$STATUS,$(grep -i '^location:' "$HEADERS" | tr -d '\r' | cut -d ' ' -f 2)" \
    '307,/api/v1/repos/alice/hers/branches?limit=3' 'her old name leads there'
api GET /api/v1/users/alix
tap_is "$STATUS,$(grep -i '^location:' "$HEADERS" | tr -d '\r' | cut -d ' ' -f 2)" 307,/api/v1/users/alice 'and to herself'
api POST "/api/coffer/v1/projects/alice/hers/sync?wait=30"
tap_ok 'git follows' git_as "$ADMIN" ls-remote -q --exit-code "$URL/alix/hers.git" main
api POST /api/v1/admin/users '{"username":"alix"}'
api GET /api/v1/users/alix
tap_is "$STATUS,$(field .login)" 200,alix 'until another has that name'
api GET /api/v1/repos/alix/hers
tap_is "$STATUS" 404 'then it means him'
api DELETE /api/v1/admin/users/alice
tap_like "$STATUS,$(field .message)" '422,user still has ownership*' 'an owner is not removed'
api DELETE '/api/v1/admin/users/alice?purge=true'
tap_is "$STATUS" 204 'but with all that is hers'
api GET /api/v1/repos/alice/hers
tap_is "$STATUS" 404 'which is gone'
api POST /api/v1/admin/users '{"username":"robot","type":"bot"}'
tap_is "$STATUS,$(field .type)" 201,bot 'a bot'
api PATCH /api/v1/admin/users/robot '{"login_name":"","source_id":0,"password":"correct horse"}'
tap_is "$STATUS" 422 'has no password'

# ---- coffer
coffer()
{
	COFFER_URL=$URL COFFER_TOKEN=$ADMIN COFFER_HOME=$T/none "$O/bin/coffer" "$@"
}
tap_ok 'coffer user add' sh -c "echo 'dave password' | COFFER_URL=$URL COFFER_TOKEN=$ADMIN $O/bin/coffer user add dave --email dave@example.org --password"
basic 'dave:dave password' GET /api/v1/user
tap_is "$STATUS,$(field .email)" 200,dave@example.org 'makes one with a password'
tap_ok 'coffer user password' sh -c "echo 'dave password 2' | COFFER_URL=$URL COFFER_TOKEN=$ADMIN $O/bin/coffer user password dave"
basic 'dave:dave password 2' GET /api/v1/repos/search
tap_is "$STATUS" 200 'sets another'
api PUT "/api/v1/repos/$MAIN/collaborators/dave" '{"permission":"read"}'
coffer token new cli --user dave --scope read:user,status --repo "$MAIN" --expires 1h >"$T/cli.token" 2>/dev/null
as "$(cat "$T/cli.token")" api GET /api/v1/token
tap_is "$(field '.scopes | join(" ")'),$(field '.expires_at | length')" "read:user status repo:$MAIN,20" 'coffer token new with scopes, repository and end'
tap_ok 'coffer user remove' coffer user remove dave
tap_not 'is once' coffer user remove dave

# ---- too many
n=0
while [ $n -lt 12 ]; do
	basic "carol:wrong $n" GET /api/v1/user
	[ "$STATUS" = 429 ] && break
	n=$((n + 1))
done
tap_is "$STATUS" 429 'guessing is throttled'
tap_like "$(grep -i '^retry-after:' "$HEADERS" | tr -d '\r' | tr 'R' 'r')" 'retry-[Aa]fter: [1-9]*' 'and says for how long'
basic 'carol:second password' GET /api/v1/user
tap_is "$STATUS" 200 'who was right a moment ago is not'
stop_cofferd
sed -i 's/^\[server\]$/[server]\nrate = 5/' "$HOME_DIR/coffer.conf"
start_cofferd
i=0
while [ $i -lt 60 ]; do
	printf 'url = "%s/api/v1/version"\noutput = "/dev/null"\nheader = "Authorization: token %s"\nwrite-out = "%%{http_code}\\n"\n' "$URL" "$WEAK"
	i=$((i + 1))
done >"$T/many"
curl -s -K "$T/many" | sort | uniq -c >"$T/codes"
tap_ok 'a token has a rate' grep -q ' 429' "$T/codes"
api GET /api/v1/user
tap_is "$STATUS" 200 'which is its own'
api POST /api/v1/admin/users '{"username":"gus","password":"gus horse","must_change_password":false}'
# Others are in the queue before him, so that he is checked later.
for n in 1 2 3 4 5 6 7 8; do
	curl -s -u "nobody$n:horse $n" "$URL/api/v1/user" >/dev/null 2>&1 &
	PIDS="$PIDS $!"
done
sleep 0.1
curl -sN -m 300 -u 'gus:gus horse' -D "$T/gus.head" "$URL$C/events?wait=60" >/dev/null 2>&1 &
LISTENER=$!
PIDS="$PIDS $LISTENER"
sleep 0.1
api PATCH /api/v1/admin/users/gus '{"login_name":"","source_id":0,"active":false}'
tap_is "$STATUS" 200 'a user goes while his password is checked'
tap_ok 'he does not get in' wait_for 10 gone "$LISTENER"

# ---- git is counted too, and ends with who does it
HAL=$(make_user hal)
api PUT "/api/v1/repos/$MAIN/collaborators/hal" '{"permission":"write"}'
i=0
while [ $i -lt 70 ]; do
	printf 'url = "%s/%s.git/info/refs?service=git-upload-pack"\noutput = "/dev/null"\nheader = "Authorization: token %s"\nwrite-out = "%%{http_code}\\n"\n' "$URL" "$MAIN" "$HAL"
	i=$((i + 1))
done >"$T/many"
curl -s -D "$T/many.head" -K "$T/many" | sort | uniq -c >"$T/codes"
tap_ok 'git has a rate' grep -q ' 429' "$T/codes"
tap_ok 'and is served below it' grep -q ' 200' "$T/codes"
tap_ok 'it says for how long' grep -qi '^retry-after: [1-9]' "$T/many.head"
stop_cofferd
sed -i '/^rate = 5$/d' "$HOME_DIR/coffer.conf"
start_cofferd
git clone -q "http://hal:$HAL@${URL#http://}/$MAIN.git" "$T/large" 2>"$T/clone.err"
(cd "$T/large" && head -c 30000000 /dev/urandom >big.bin && git add big.bin && git commit -q -m Big && git push -q origin HEAD:refs/heads/big) 2>"$T/push.err" ||
    tap_bail "big: $(cat "$T/clone.err" "$T/push.err")"
# held NAME TOKEN METHOD PATH [TYPE]: its end is in $T/held.NAME
held()
{
	held_n=$1
	held_t=$2
	shift 2
	start "$T/held.$held_n" perl "$(dirname "$0")/held.pl" "${URL#http://}" "$held_t" "$T/go" "$@"
}
# A fetch and a push whose bodies do not come, an archive and a file that nobody
# reads yet.
held_all()
{
	rm -f "$T"/held.* "$T/go"
	for s in upload receive; do
		held $s "$1" POST "/$MAIN.git/git-$s-pack" "application/x-git-$s-pack-request"
	done
	held archive "$1" GET "/api/v1/repos/$MAIN/archive/big.tar.gz"
	held raw "$1" GET "/api/v1/repos/$MAIN/raw/big.bin?ref=big"
	sleep 1
}
all_told() { [ "$(cat "$T"/held.* | wc -l)" = 4 ]; }
held_all "$HAL"
api DELETE /api/v1/users/hal/tokens/test
tap_is "$STATUS" 204 'a token is revoked'
touch "$T/go"
wait_for 15 all_told
tap_is "$(cat "$T"/held.* | xargs)" 'cut cut cut cut' 'and all its transfers end'
api POST /api/v1/users/hal/tokens "{\"name\":\"short\",\"scopes\":[\"all\"],\"expires_at\":\"$(date -u -d '+3 seconds' +%Y-%m-%dT%H:%M:%SZ)\"}"
held_all "$(field .sha1)"
sleep 2.5
touch "$T/go"
wait_for 15 all_told
tap_is "$(cat "$T"/held.* | xargs)" 'cut cut cut cut' 'and those of one that expires'
api POST /api/v1/users/hal/tokens '{"name":"long","scopes":["all"]}'
LONG=$(field .sha1)
held_all "$LONG"
touch "$T/go"
wait_for 15 all_told
tap_is "$(cat "$T"/held.* | xargs)" 'whole whole open open' 'else they come to their end, or wait'
tap_not 'no secret is in the log' grep -qE 'horse|staple|second password' "$T/cofferd.log"
tap_done
