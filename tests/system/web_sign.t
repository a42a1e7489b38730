#!/bin/sh
# Signing in to the pages and out: who may, how long, and that no other site's
# page and no other's token gets in between.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project

page GET /
tap_is "$STATUS,$(location)" '303,/-/sign-in?next=%2F' 'who is not signed in is asked to'
http GET "/$PROJECT" -H 'Accept: application/json'
tap_is "$STATUS" 401 'a script is told so'
http GET / -H "Authorization: Bearer $ADMIN" -H 'Accept: text/html'
tap_is "$STATUS" 303 'a token in the header is no session'
page GET /api/nothing
tap_is "$STATUS" 404 'what is no page stays none'

page GET '/-/sign-in' -L
tap_is "$STATUS" 200 'the form is there'
tap_like "$(header Content-Security-Policy)" "default-src 'none';*frame-ancestors 'none'*" 'under a policy that lets in nothing of others'
tap_is "$(header X-Content-Type-Options),$(header X-Frame-Options),$(header Cache-Control)" nosniff,DENY,no-store 'with the other headers'
tap_not 'without a script or style of its own' grep -Eq '<style|style=|<script>|javascript:| on[a-z]+=' "$BODY"
send /-/sign-in login=admin password=wrong
tap_is "$STATUS" 403 'a wrong password is refused'
tap_ok 'with a word' shows 'is not right'
send /-/sign-in login=admin password=
tap_is "$STATUS" 422 'so is none'
FORM=0123456789abcdef0123456789abcdef send /-/sign-in login=admin "password=$ADMIN"
tap_is "$STATUS" 403 'a form of another session is refused'
page GET '/-/sign-in' -L
ORIGIN=http://evil.example send /-/sign-in login=admin "password=$ADMIN"
tap_is "$STATUS" 403 'and one of another site'
page GET '/-/sign-in' -L
page POST /-/sign-in --data-urlencode "form=$(form_value)" --data-urlencode "password=$ADMIN"
tap_is "$STATUS" 403 'and one that does not say where it is from'

sign_in admin "$ADMIN" "/$PROJECT?x=1"
tap_is "$STATUS,$(location)" "303,/$PROJECT?x=1" 'the token in the place of a password signs in, and leads on'
tap_like "$(grep -i '^set-cookie: coffer_session' "$HEADERS")" '*; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict*' 'by a cookie that no script and no other site has'
SESSION=$(sed -n 's/.*coffer_session	//p' "$JAR")
http GET /api/v1/user -H "Authorization: Bearer $SESSION"
tap_is "$STATUS" 401 'which is no token for the API'
http GET /api/v1/user -H "Cookie: coffer_session=$SESSION"
tap_is "$STATUS" 401 'nor is the cookie'
git_as "$SESSION" ls-remote "$URL/$PROJECT.git" >"$T/git.out" 2>&1
tap_not 'nor for git' grep -q HEAD "$T/git.out"
http GET / -H "Cookie: coffer_session=$ADMIN" -H 'Accept: text/html'
tap_is "$STATUS" 303 'and a token is no session'
sign_in admin "$ADMIN" https://evil.example/
tap_is "$(location)" / 'it leads to no other server'
sign_in admin "$ADMIN" //evil.example/
tap_is "$(location)" / 'however that is written'

page GET /
tap_is "$STATUS" 200 'the projects are shown'
tap_ok 'with the one there is' shows "href=\"/$PROJECT\""
for p in / /-/approvals /-/runs /-/account "/$PROJECT"; do
	page GET "$p"
	tap_is "$STATUS,$(header Cache-Control)" 200,no-store "$p answers"
done
page GET / -H 'Sec-Fetch-Site: cross-site'
tap_is "$STATUS" 200 'a link from elsewhere leads here'
http GET / -H 'Sec-Fetch-Site: cross-site' -H 'Accept: text/html'
tap_is "$STATUS,$(header Refresh)" 200,0 'and without its cookie asks once more'

# People.
make_user bob >/dev/null
api PATCH /api/v1/admin/users/bob '{"password":"correct horse","must_change_password":false,"login_name":"bob","source_id":0}'
sign_in bob 'correct horse'
tap_is "$STATUS" 303 'a person signs in with the password'
page GET /
tap_not 'and sees nothing that is not shared' shows "$PROJECT"
page GET "/$PROJECT"
tap_is "$STATUS" 404 'not even that it is there'
cp "$JAR" "$T/bob"
sign_in bob 'correct horse'
page GET /-/account
tap_is "$(grep -o 'by password' "$BODY" | wc -l)" 2 'both of his browsers are listed'
send /-/account/sign-out-others
page GET /
tap_is "$STATUS" 200 'he signs all others out and stays'
JAR=$T/bob page GET /
tap_is "$STATUS" 303 'the other one is out'
JAR=$T/jar
api PATCH /api/v1/admin/users/bob '{"password":"another horse","must_change_password":false,"login_name":"bob","source_id":0}'
page GET /
tap_is "$STATUS" 303 'another password ends the sessions of the old one'
sign_in bob 'another horse'
api PATCH /api/v1/admin/users/bob '{"prohibit_login":true,"login_name":"bob","source_id":0}'
page GET /
tap_is "$STATUS" 303 'so does being kept out'
sign_in bob 'another horse'
tap_is "$STATUS" 403 'who may not sign in does not'

# Once let in again he has no session from before, and a bot has none at all.
bob() { api PATCH /api/v1/admin/users/bob "{$1,\"login_name\":\"bob\",\"source_id\":0}"; }
bob '"prohibit_login":false'
page GET /
tap_is "$STATUS" 303 'a session that was kept out is over'
for how in '"must_change_password":true' '"active":false'; do
	sign_in bob 'another horse'
	page GET /
	tap_is "$STATUS" 200 'he is in'
	bob "$how"
	page GET /
	tap_is "$STATUS" 303 "$how ends that"
	bob '"active":true,"must_change_password":false'
	page GET /
	tap_is "$STATUS" 303 'for good'
done
ROBOT=$(make_user robot)
robot() { api PATCH /api/v1/admin/users/robot "{$1,\"login_name\":\"robot\",\"source_id\":0}"; }
robot '"must_change_password":true'
sign_in robot "$ROBOT"
tap_is "$STATUS" 403 'who must change the password first signs in by no token'
robot '"must_change_password":false'
sign_in robot "$ROBOT"
page GET /
tap_is "$STATUS" 200 'else he does'
robot '"type":"bot"'
page GET /
tap_is "$STATUS" 303 'a bot has no session'
sign_in robot "$ROBOT"
tap_is "$STATUS" 403 'and begins none'

# Again, in the same browser.
sign_in admin "$ADMIN"
page GET /
AGO=$(sed -n 's/.*coffer_session	//p' "$JAR")
send /-/sign-in login=admin "password=$ADMIN"
tap_is "$STATUS" 303 'one may sign in again'
http GET / -H "Cookie: coffer_session=$AGO" -H 'Accept: text/html'
tap_is "$STATUS,$(location)" '303,/-/sign-in?next=%2F' 'which ends the session that the browser had'

# A link on another site, over plain HTTP: no cookie comes with the answer.
http GET '/-/sign-in?cookie=1&next=%2Fx' -H 'Accept: text/html'
tap_is "$STATUS,$(header Refresh)" '200,0; url=/-/sign-in?cookie=2&next=%2Fx' 'the form is asked for once more by itself'
tap_not 'before it is said' shows 'keeps no cookies'
http GET '/-/sign-in?cookie=2&next=%2Fx' -H 'Accept: text/html'
tap_ok 'that the browser keeps no cookies' shows 'keeps no cookies'

# Signed out meanwhile: what was typed is not lost.
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"one"}'
I=/$PROJECT/issues/1
sign_in admin "$ADMIN"
page GET "$I"
FORM=$(form_value)
export FORM
cp "$JAR" "$T/was"
send /-/sign-out
for how in gone over; do
	if [ $how = gone ]; then : >"$JAR"; else cp "$T/was" "$JAR"; fi
	send "$I/comments" of=say "body=typed for an hour $XSS"
	tap_is "$STATUS" 403 "the session is $how: nothing is said"
	tap_ok 'what was typed is there to copy' shows 'typed for an hour &quot;&gt;&lt;img'
	tap_ok 'soundly' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
	tap_ok 'with the way to sign in and back' shows "href=\"/-/sign-in?next=$(echo "$I" | sed 's|/|%2F|g')\""
done
: >"$JAR"
page POST "$I/comments" -H "Origin: $URL" -H "Referer: $URL/$PROJECT/issues?page=2" -d body=x
tap_ok 'to the page that it was typed on' shows "issues%3Fpage%3D2\""
for from in https://evil.example//evil.example/x "$URL//evil.example" 'javascript:x' "$URL/-/nothing/here" "$URL/$PROJECT/issues?<b>"; do
	page POST "$I/comments" -H "Origin: $URL" -H "Referer: $from" -d body=x
	tap_ok "to none but a page of this server: $from" shows "next=$(echo "$I" | sed 's|/|%2F|g')\""
done
send "/$PROJECT/issues" title=my-title body=my-body
tap_ok 'a new issue: its title' shows my-title
tap_ok 'and its text' shows my-body
send "/$PROJECT/settings/checks" text=my-checks
tap_ok 'the text of checks' shows my-checks
send /-/account/password old=my-old-Pass-1 new=my-new-Pass-1 again=my-new-Pass-1 confirm=my-old-Pass-1
tap_not 'passwords are not given back' shows my-
send "/$PROJECT/settings/mirror/token" token=my-token key=my-key secret=my-secret authorization=my-auth url=https://my-user:my-password@h password=my-password
tap_not 'nor is what else is a secret' shows my-
ORIGIN=http://evil.example send "$I/comments" body=my-body
tap_is "$STATUS" 403 'what another site sends is refused'
tap_not 'and not shown' shows my-body
page POST "$I/comments" -H "Origin: $URL" -H 'Content-Type: text/plain' -d body=my-body
tap_is "$STATUS" 403 'so is what is no form'
{ printf 'body=' && head -c 650000 /dev/zero | tr '\0' '"'; } >"$T/much"
page POST "$I/comments" -H "Origin: $URL" --data-binary "@$T/much"
tap_is "$STATUS" 403 'the longest form comes back'
tap_is "$(grep -o '&quot;' "$BODY" | wc -l)" 650000 'all of it'
{ printf 'body=' && head -c 660000 /dev/zero | tr '\0' x; } >"$T/much"
page POST "$I/comments" -H "Origin: $URL" --data-binary "@$T/much"
tap_is "$STATUS" 413 'what is longer does not'
sign_in admin "$ADMIN"
page GET "$I"
FORM=0123456789abcdef0123456789abcdef send "/$PROJECT/issues" title=my-title body=my-body
tap_is "$STATUS" 403 'a form of another session'
tap_ok 'comes back whole, too' shows my-title
unset FORM

# Tokens.
api POST /api/v1/users/admin/tokens '{"name":"narrow","scopes":["read:repository"]}'
sign_in admin "$(field .sha1)"
tap_is "$STATUS" 403 'a token that may less signs nobody in'
sign_in agentd "$AGENTD"
tap_is "$STATUS" 403 'nor does that of a program'
api POST /api/v1/users/admin/tokens '{"name":"whole","scopes":["all"]}'
WHOLE=$(field .sha1)
sign_in admin "$WHOLE"
page GET /
tap_is "$STATUS" 200 'one with all scopes does'
api DELETE /api/v1/users/admin/tokens/whole
page GET /
tap_is "$STATUS" 303 'and the session ends with it'

# Out.
sign_in admin "$ADMIN"
page GET /
OLD=$(sed -n 's/.*coffer_session	//p' "$JAR")
(curl -sS -m 60 -N -H "Cookie: coffer_session=$OLD" -H 'Accept: text/event-stream' "$URL/-/events?after=0" >"$T/stream" 2>&1; echo end >>"$T/stream") &
PIDS="$! $PIDS"
tap_ok 'a page hears of events' wait_for 10 grep -q '^event: ' "$T/stream"
send /-/sign-out
tap_is "$STATUS,$(location)" 303,/-/sign-in 'signing out leads to the form'
http GET / -H "Cookie: coffer_session=$OLD" -H 'Accept: text/html'
tap_is "$STATUS" 303 'the session is over, the cookie of no use'
tap_ok 'and what it listened to is cut' wait_for 10 grep -q '^end' "$T/stream"
http GET '/-/sign-in' -H 'Cookie: coffer_session=zzz; coffer_form=' -H 'Accept: text/html'
tap_is "$STATUS" 303 'a cookie that is none is no harm'
http POST '/-/sign-out' -H "Origin: $URL"
tap_is "$STATUS" 403 'nobody is signed out without a session'

# Behind a proxy with TLS.
stop_cofferd
coffer_conf <<CONF
public_url = https://coffer.example
allow_file_upstream = yes
$(lib_router_ids)
CONF
start_cofferd
http GET /-/sign-in -H 'Accept: text/html'
FORM_COOKIE=$(sed -n 's/^[Ss]et-[Cc]ookie: \(__Host-coffer_form=[0-9a-f]*\); Path=\/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure\r$/\1/p' "$HEADERS")
tap_like "$FORM_COOKIE" '__Host-coffer_form=*' 'behind TLS the cookies are of this host alone, and secure'
http GET '/-/sign-in?cookie=1' -H 'Accept: text/html' -H "Cookie: $FORM_COOKIE"
VALUE=$(form_value)
tls() { http POST /-/sign-in -H "Cookie: $FORM_COOKIE" -H "Origin: $1" --data-urlencode "form=$VALUE" --data-urlencode "password=$ADMIN"; }
tls http://coffer.example
tap_is "$STATUS" 403 'a page without TLS is another'
tls https://coffer.example
tap_is "$STATUS" 303 'one signs in by the public address'
tap_like "$(grep -i '^set-cookie: __Host-coffer_session=' "$HEADERS")" '*; Secure*' 'with a session like that'

tap_done
