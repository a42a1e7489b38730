#!/bin/sh
# Who may ask, and what a wrong question is answered with.
. "$(dirname "$0")/lib.sh"

coffer_home
start_cofferd
make_project
R=/api/v1/repos/$PROJECT
C=/api/coffer/v1

http GET /api/v1/version
tap_is "$STATUS,$(field .version)" '200,1.24.0+cofferd' 'the version is for everyone'
http GET /api/v1/user
tap_is "$STATUS,$(field .message)" '401,token is required' 'nothing else without a token'
BAD=0123456789012345678901234567890123456789
as "$BAD" api GET /api/v1/user
tap_is "$STATUS,$(field .message)" '401,invalid username, password or token' 'an unknown token'
as "$BAD" api GET /api/v1/version
tap_is "$STATUS" 401 'is refused even where none is needed'
http GET /api/v1/user -H "Authorization: token $ADMIN"
tap_is "$STATUS,$(field .login)" 200,admin 'scheme token'
http GET /api/v1/user -H "Authorization: BEARER $ADMIN"
tap_is "$STATUS" 200 'schemes have no case'
http GET /api/v1/user -u "x:$ADMIN"
tap_is "$STATUS" 200 'Basic with the token as password'
http GET /api/v1/user -u "$ADMIN:"
tap_is "$STATUS" 200 'or as user name'
http GET /api/v1/user -H 'Authorization: Negotiate abc'
tap_is "$STATUS" 401 'another scheme'
http GET "/api/v1/user?token=$ADMIN"
tap_is "$STATUS" 401 'not in the address'

BOB=$(make_user bob)
as "$BOB" api GET /api/v1/user
tap_is "$(field .login),$(field .kind)" bob,user 'a user has a token of his own'
as "$BOB" api GET "$R"
tap_is "$STATUS" 404 'what he may not see is not there'
as "$BOB" api GET "$C/projects"
tap_is "$(cat "$BODY")" '[]' 'nor listed'
as "$BOB" api POST "$C/projects" "{\"upstream\":\"$UPSTREAM\",\"name\":\"x\"}"
tap_is "$STATUS" 403 'he makes no projects'
as "$BOB" api GET /api/v1/admin/users
tap_is "$STATUS" 403 'and does not see the users'
as "$BOB" api POST /api/v1/users/admin/tokens '{"name":"t"}'
tap_is "$STATUS" 403 'nor makes tokens of others'
api PUT "$R/collaborators/bob" '{"permission":"read"}'
as "$BOB" api GET "$R"
tap_is "$STATUS,$(field .private),$(field .mirror)" 200,true,false 'a reader sees it'
as "$BOB" api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":0}}'
tap_is "$STATUS" 403 'but does not change it'
as "$BOB" api POST "$C/projects/$PROJECT/sync"
tap_is "$STATUS" 403 'nor syncs it'
api PUT "$R/collaborators/bob" '{"permission":"owner"}'
tap_is "$STATUS" 422 'roles are read and write'
api DELETE "$R/collaborators/bob"
as "$BOB" api GET "$R"
tap_is "$STATUS" 404 'without a role it is gone again'
as "$BOB" api POST /api/v1/users/bob/tokens '{"name":"second"}'
tap_is "$STATUS,$(field .message)" '401,auth required' 'a token makes no tokens'
api POST /api/v1/users/bob/tokens '{"name":"second"}'
SECOND=$(field .sha1)
SID=$(field .id)
tap_is "$STATUS" 201 'but an admin does'
api GET /api/v1/users/bob/tokens
tap_is "$(field '[.[].sha1] | join("")')" '' 'secrets are shown once'
api DELETE "/api/v1/users/bob/tokens/$SID"
tap_is "$STATUS" 204 'and removes them'
as "$SECOND" api GET /api/v1/user
tap_is "$STATUS" 401 'a removed token is no good'
api DELETE /api/v1/admin/users/bob
tap_is "$STATUS" 204 'a user is removed'
as "$BOB" api GET /api/v1/user
tap_is "$STATUS" 401 'with his tokens'
api DELETE /api/v1/admin/users/agent
tap_is "$STATUS" 422 'what the server needs stays'
as "$RUNNER" api POST "$C/runs" '{}'
tap_is "$STATUS" 403 'ci is not the service'
as "$AGENTD" api POST "$C/ci/poll" '{"runner":"x"}'
tap_is "$STATUS" 403 'the service is not ci'
as "$AGENTD" api POST "$R/issues" '{"title":"x"}'
tap_is "$STATUS" 403 'nor a person'

# STATUS METHOD PATH [BODY]
while read -r want method path body; do
	if [ -n "$body" ]; then api "$method" "$path" "$body"; else api "$method" "$path"; fi
	tap_is "$STATUS" "$want" "$method $path $body"
done <<-TABLE
400 POST $R/issues {"title":
400 POST $R/issues []
400 POST $R/issues "x"
400 POST $R/issues {"title":"a"}{}
400 POST $R/issues {"title":"a","title":"b"}
422 POST $R/issues {}
422 POST $R/issues {"title":7}
422 POST $R/issues {"title":""}
422 POST $R/issues {"title":"a\r\nb"}
422 POST $R/issues {"title":"a","body":[]}
422 POST $R/issues/1/comments {"body":""}
422 PATCH $R/issues/1 {"state":"gone"}
404 POST $R/issues/999/comments {"body":"x"}
404 GET $R/issues/999
404 GET $R/issues/0
404 GET $R/issues/abc
404 GET $R/pulls/1
422 GET $R/issues?state=maybe
422 GET $R/issues?limit=x
422 GET $R/issues?page=x
422 GET $R/issues?since=yesterday
422 GET $C/events?after=-1
404 GET $C/nothing
401 GET /
404 GET /api/v1/repos/admin/..
404 GET /api/v1/repos/admin/%2e%2e
400 GET /api/v1/repos/admin/%00
404 GET /api/v1/repos/admin/a%0d%0ab
404 GET /api/v1/repos//calc
200 GET /api/v1/repos/admin/calc/
404 DELETE /api/v1/repos/admin/calc/
404 GET /api/v1/repos/admin/calc//
405 DELETE /api/v1/version
405 PUT $R/issues
422 POST $C/projects {"upstream":"gopher://x/y"}
422 POST $C/projects {"upstream":"https://u:p@example.org/x.git"}
422 POST $C/projects {"upstream":"-oProxyCommand=x"}
422 POST $C/projects {"upstream":"$UPSTREAM","name":"../x"}
422 POST $C/projects {"upstream":"$UPSTREAM","name":".x"}
422 POST $C/projects {"upstream":"$UPSTREAM","name":"a\r\nb"}
422 POST $C/projects {"upstream":"$UPSTREAM","name":"y","settings":{"network":"wide"}}
422 POST $C/projects {"upstream":"$UPSTREAM","name":"y","settings":{"approvals":-1}}
422 POST $C/projects {"upstream":"$UPSTREAM","name":"y","settings":{"agent_command":"sh"}}
409 POST $C/projects {"upstream":"$UPSTREAM"}
422 PATCH $C/projects/$PROJECT {"settings":{"memory":1}}
422 PATCH $C/projects/$PROJECT {"settings":7}
422 PATCH $C/projects/$PROJECT {"sandbox":{"want":"gone"}}
422 PUT $C/projects/$PROJECT/upstream-token {}
422 PUT $C/cursors/a%2fb {"seq":1}
422 POST /api/v1/admin/users {"username":"../x"}
422 POST /api/v1/admin/users {"username":"admin"}
422 POST /api/v1/admin/users {"username":"z","kind":"admin"}
TABLE
api PUT "$R/issues"
tap_like "$(grep -i '^Allow:' "$HEADERS")" '*GET, POST*' '405 says what is allowed'
deep=$(printf '%33s' '' | sed 's/ /[/g')$(printf '%33s' '' | sed 's/ /]/g')
api POST "$R/issues" "{\"title\":\"x\",\"x\":$deep}"
tap_is "$STATUS" 400 '33 levels are too deep'
{ printf '{"title":"x","body":"'; head -c 2097152 /dev/zero | tr '\0' a; printf '"}'; } >"$T/big"
http_t=$ADMIN
http POST "$R/issues" -H 'Content-Type: application/json' --data-binary "@$T/big"
tap_is "$STATUS" 413 '2 MiB are too much'
http POST "$R/issues" -H 'Content-Type: application/x-www-form-urlencoded' -d '{"title":"x"}'
tap_is "$STATUS" 415 'JSON says so'
http POST "$R/issues" -H 'Content-Type: text/plain;charset=UTF-8' -d '{"title":""}'
tap_is "$STATUS" 422 'or nothing much, with a token'
http_t=
http POST "$R/issues" -u "x:$ADMIN" -H 'Content-Type: text/plain' -d '{"title":"x"}'
tap_is "$STATUS" 415 'but not by Basic, which a page of another site could have sent'
http_t=
api GET "$R/issues?state=all"
tap_is "$(field length)" 0 'nothing of that did anything'

# What a project holds.
api PATCH "$C/projects/$PROJECT" '{"settings":{"approvals":2,"network":"none","agent_command":["/bin/sh","-c","true"]},"sandbox":{"want":"stopped"}}'
tap_is "$STATUS,$(field .settings.approvals),$(field .settings.network),$(field '.settings.agent_command | length'),$(field .sandbox.want)" \
    '200,2,none,3,stopped' 'settings are changed'
as "$AGENTD" api PUT "$C/projects/$PROJECT/sandbox" '{"state":"running","reason":"","address":"10.214.1.1"}'
tap_is "$STATUS" 204 'agentd reports the sandbox'
api PUT "$C/projects/$PROJECT/upstream-token" '{"token":"s3cret-upstream"}'
tap_is "$STATUS" 204 'an upstream token is set'
tap_is "$(stat -c %a "$HOME_DIR/secrets/upstream/$PROJECT_ID.token")" 600 'readable by the server alone'
api GET "$C/projects/$PROJECT"
tap_is "$(field .sandbox.state),$(field .sandbox.address)" running,10.214.1.1 'which the project shows'
tap_not 'and never the token' grep -q s3cret "$BODY"
api DELETE "$C/projects/$PROJECT?force=true"
tap_is "$STATUS" 202 'a project is removed'
api GET "$C/projects/$PROJECT"
tap_is "$STATUS,$(field .state)" 200,deleting 'once its sandbox is'
api POST "$R/issues" '{"title":"late"}'
tap_is "$STATUS" 409 'nothing new begins in it'
as "$AGENTD" api PUT "$C/projects/$PROJECT/sandbox" '{"state":"absent","reason":"","address":""}'
api GET "$C/projects/$PROJECT"
tap_is "$STATUS" 404 'then it is gone'
tap_ok 'with its token' test ! -e "$HOME_DIR/secrets/upstream/$PROJECT_ID.token"
tap_ok 'and its repository' wait_for 5 test ! -e "$HOME_DIR/repos/$PROJECT_ID.git"
api GET "$C/events?after=0&limit=1000"
tap_is "$(field '.events[-1].kind'),$(field '.events[-1].project.full_name')" \
    "project.deleted,$PROJECT" 'and its events say so'
tap_not 'no secret is in the log' grep -qE "$ADMIN|$AGENTD|$RUNNER|s3cret" "$T/cofferd.log"
tap_done
