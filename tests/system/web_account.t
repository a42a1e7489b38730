#!/bin/sh
# One's own pages: access tokens, which are made once more sure of who asks,
# and the password.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
A=/-/account
api POST /api/v1/admin/users '{"username":"bob","password":"first-Pass-1","must_change_password":false}'
make_user eve >"$T/eve"
api PUT "/api/v1/repos/$PROJECT/collaborators/bob" '{"permission":"write"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
secret() { sed -n 's/.*<code id="secret">\([0-9a-f]*\)<.*/\1/p' "$BODY"; }

sign_in bob first-Pass-1
for at in '' /tokens /password; do
	page GET "$A$at"
	tap_is "$STATUS" 200 "there is a page account$at"
	tap_ok 'it is sound' sound
done
page GET "$A/tokens"
tap_ok 'who has no token is told what one is' shows 'You have none'
send "$A/tokens" name=one days=30 issue=write repository=read confirm=wrong-Pass-1
tap_is "$STATUS" 403 'a session alone makes no token'
page GET "$A/tokens"
send "$A/tokens" name=one days=30 issue=write repository=read confirm=first-Pass-1
tap_is "$STATUS" 200 'with the password one is made'
tap_ok 'its page is sound' sound
tap_is "$(header Cache-Control)" no-store 'and kept nowhere'
ONE=$(secret)
page GET "$A/tokens"
OLD=$(form_value)
page GET "$A/tokens" -H 'Accept-Encoding: gzip'
tap_is "$(header Content-Encoding)" gzip 'the list may be packed'
page POST "$A/tokens" -H "Origin: $URL" -H 'Accept-Encoding: gzip' -d "form=$OLD&name=two&days=30&issue=write&confirm=first-Pass-1"
tap_is "$STATUS,$(header Content-Encoding)" 200, 'a page with a token never is, and the form of an older page is good'
tap_ok 'it has it' test "$(secret | wc -c)" -gt 30
as "$ONE" api GET /api/v1/token
tap_is "$(field '.scopes|sort|join("+")')" 'read:repository+write:issue' 'it may what was said'
tap_is "$(field '(.expires_at[0:10])')" "$(date -u -d '+30 days' +%Y-%m-%d)" 'for as long as was said'
page GET "$A/tokens"
tap_ok 'it is in the list' shows ">one<"
tap_not 'and not shown again' shows "$ONE"
tap_ok 'soundly' sound
send "$A/tokens" name=one days=0 issue=read confirm=first-Pass-1
tap_is "$STATUS" 409 'a name is for one token'
page GET "$A/tokens"
send "$A/tokens" of=new name=typed-name days=7 repo=typed/project status= confirm=wrong-Pass-1 issue=write
tap_ok 'a wrong password makes none' test "$STATUS" != 303 -a "$STATUS" != 200
tap_ok 'what was typed is still there' shows 'value="typed/project"'
tap_ok 'and what was chosen' shows '<option value="write" selected>'
tap_not 'but no password' shows wrong-Pass-1
tap_ok 'soundly' sound
page GET "$A/tokens"
send "$A/tokens" name=none days=0 confirm=first-Pass-1
tap_is "$STATUS" 422 'one that may nothing is refused'
page GET "$A/tokens"
send "$A/tokens" "name=$XSS" days=0 all=1 "repo=$PROJECT" confirm=first-Pass-1
BOUND=$(secret)
as "$BOUND" api GET /api/v1/token
tap_ok 'one may be for a project alone' jq -e --arg r "repo:$PROJECT" '.scopes | index($r) != null' "$BODY"
page GET "$A/tokens"
tap_ok 'whatever it is called the list is sound' sound
send "$A/tokens" name=more days=0 all=1 "confirm=$ONE"
tap_is "$STATUS" 403 'a token in the place of the password makes none that may more'
page GET "$A/tokens"
send "$A/tokens" name=eve days=0 issue=read "confirm=$(cat "$T/eve")"
tap_is "$STATUS" 403 "and another's is of no use"
page GET "$A/tokens"
ID=$(grep -o 'name="id" value="[0-9]*"' "$BODY" | head -n 1 | tr -dc 0-9)
send "$A/tokens/delete" "id=$ID"
tap_is "$STATUS,$(location)" "303,$A/tokens" 'one is deleted'
as "$ONE" api GET /api/v1/token
tap_is "$STATUS" 401 'and good for nothing'
as "$(cat "$T/eve")" api GET /api/v1/token
EVE_ID=$(field .id)
page GET "$A/tokens"
send "$A/tokens/delete" "id=$EVE_ID"
tap_is "$STATUS" 404 "another's is not there"

# ---- the password ----
page GET "$A/password"
send "$A/password" old=first-Pass-1 new=second-Pass-2 again=other-Pass-2
tap_is "$STATUS" 422 'a new password is written twice the same'
page GET "$A/password"
send "$A/password" old=wrong-Pass-0 new=second-Pass-2 again=second-Pass-2
tap_is "$STATUS" 403 'the old one is asked for'
page GET "$A/password"
send "$A/password" old=first-Pass-1 new=second-Pass-2 again=second-Pass-2
tap_is "$STATUS,$(location)" '303,/-/sign-in' 'it is changed'
page GET "$A"
tap_not 'and the session is over' test "$STATUS" = 200
sign_in bob second-Pass-2
page GET "$A"
tap_is "$STATUS" 200 'the new one signs in'
sign_in admin "$ADMIN"
page GET "$A/password"
tap_ok 'who has none is told so' shows 'You have none yet'
page GET "$A/tokens"
send "$A/tokens" name=by-token days=0 all=1 "confirm=$ADMIN"
tap_is "$STATUS" 200 'who signed in by a token gives that'
tap_done
