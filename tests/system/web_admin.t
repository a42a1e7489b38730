#!/bin/sh
# The administrators' pages: users, runners, health; for nobody else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
A=/-/admin
U=/api/v1/admin/users
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
secret() { sed -n 's/.*<code id="secret">\([0-9a-f]*\)<.*/\1/p' "$BODY"; }
runner_is() { api GET /api/coffer/v1/ci/runners; field ".[] | select(.name == \"$1\") | $2"; }

sign_in admin "$ADMIN"
page GET /
tap_ok 'an administrator is led there' shows "href=\"$A\""
for at in '' /runners /health; do
	page GET "$A$at"
	tap_is "$STATUS" 200 "there is a page admin$at"
	tap_ok 'it is sound' sound
done

# ---- users ----
page GET "$A"
send "$A/users" username=bob email=bob@example.org password=first-Pass-1 must_change=
tap_is "$STATUS,$(location)" "303,$A/users/bob" 'a user is made'
sign_in bob first-Pass-1
page GET /
tap_is "$STATUS" 200 'and signs in'
tap_not 'is not led to administration' shows "href=\"$A\""
for at in '' /runners /health /users/bob; do
	page GET "$A$at"
	tap_is "$STATUS" 404 "and has no page admin$at"
done
page GET /-/account
FORM=$(form_value)
export FORM
for at in /users /users/bob /users/bob/password /users/admin/delete /users/bob/tokens /runners /runners/edit; do
	send "$A$at" username=more login=x password=other-Pass-1 admin=1 active=1 confirm=admin id=1 act=remove name=r slots=1
	tap_is "$STATUS" 404 "nor sends a form to admin$at"
done
unset FORM
api GET "$U?q=bob"
tap_is "$(field '.[0].is_admin')" false 'nothing of it was done'

sign_in admin "$ADMIN"
page GET "$A"
send "$A/users" of=new username=bob email=typed@example.org password=Typed-Pass-1 bot=1
tap_is "$STATUS" 409 'a name is for one user'
tap_ok 'the page comes again and says so' test -n "$(refused)"
tap_ok 'with what was typed' shows 'value="typed@example.org"'
tap_not 'but the password' shows Typed-Pass-1
tap_ok 'it is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
page GET "$A"
send "$A/users" username=../x
tap_is "$STATUS" 422 'a name that may not be is refused'
page GET "$A/users/bob"
tap_ok 'the page of one is sound' sound
send "$A/users/bob" "full_name=$XSS" email=bob@example.org active=1 admin=1
tap_is "$STATUS,$(location)" "303,$A/users/bob" 'a user is changed'
api GET "$U?q=bob"
tap_is "$(field '.[0].is_admin,.[0].active' | tr '\n' ,)" true,true, 'as it was written'
page GET "$A/users/bob"
tap_ok 'whatever his name is the page is sound' sound
tap_not 'and no tag' shows '<script>alert'
page GET "$A?q=bob"
tap_ok 'so is the list' sound
tap_ok 'one is found' shows "href=\"$A/users/bob\""
page GET "$A?q=nobody-here"
tap_ok 'or not' shows 'Nobody is called so'
page GET "$A/users/bob"
send "$A/users/bob" full_name=Bob email=bob@example.org active=1
page GET "$A/users/bob"
send "$A/users/bob/password" password=second-Pass-2 must_change=1
tap_is "$STATUS" 303 'a password is set'
api GET "$U?q=bob"
mv "$JAR" "$T/admin.jar"
sign_in bob second-Pass-2
tap_is "$STATUS" 403 'it must be changed first'
mv "$T/admin.jar" "$JAR"
as "$ADMIN" api POST /api/v1/users/bob/tokens '{"name":"of-bob"}'
BOB=$(field .sha1)
page GET "$A/users/bob"
tap_ok 'his tokens are listed' shows '>of-bob<'
ID=$(grep -o 'name="id" value="[0-9]*"' "$BODY" | head -n 1 | tr -dc 0-9)
send "$A/users/bob/tokens" "id=$ID"
tap_is "$STATUS,$(location)" "303,$A/users/bob" 'one is deleted'
as "$BOB" api GET /api/v1/user
tap_is "$STATUS" 401 'and good for nothing'
page GET "$A/users/bob"
send "$A/users/bob" full_name=Bob email=bob@example.org
page GET "$A"
tap_ok 'who is deactivated is shown so' shows '>deactivated<'
page GET "$A/users/agent"
tap_not 'a user that the server needs has no form' shows "$A/users/agent/delete"
page GET "$A/users/bob"
send "$A/users/bob/delete" of=delete confirm=eve purge=1
tap_is "$STATUS" 422 'a wrong name removes nobody'
tap_ok 'and says so where it was written' test -n "$(refused)"
tap_ok 'with what was ticked' shows 'name="purge" value="1" checked'
page GET "$A/users/bob"
send "$A/users/bob/delete" confirm=bob
tap_is "$STATUS,$(location)" "303,$A" 'the right one does'
page GET "$A/users/bob"
tap_is "$STATUS" 404 'he is gone'

# ---- runners ----
page GET "$A/runners"
tap_ok 'without a runner the page says what that means' shows 'checks wait until one is'
page POST "$A/runners" -H "Origin: $URL" -H 'Accept-Encoding: gzip' -d "form=$(form_value)&name=build1&labels=big%20gpu&slots=3"
tap_is "$STATUS" 200 'a runner is invited'
tap_is "$(header Content-Encoding)" '' 'on a page that is never packed'
tap_ok 'the page is sound' sound
tap_is "$(header Cache-Control)" no-store 'and kept nowhere'
TOKEN_OF=$(secret)
page GET "$A/runners"
tap_not 'the invitation is not shown again' shows "$TOKEN_OF"
http_t='' http POST /api/coffer/v1/ci/register -H 'Content-Type: application/json' --data-binary "{\"token\":\"$TOKEN_OF\",\"version\":\"$(printf '<script>')\"}"
tap_is "$STATUS" 201 'the runner registers with it'
tap_is "$(runner_is build1 '[.slots,(.labels|join("+"))]|map(tostring)|join(",")')" 3,big+gpu 'as it was invited'
ID=$(runner_is build1 .id)
page GET "$A/runners"
tap_ok 'what it says of itself is text' sound
send "$A/runners/edit" "id=$ID" act=pause
tap_is "$STATUS,$(location)" "303,$A/runners" 'it is paused'
tap_is "$(runner_is build1 .state)" paused 'so it takes no jobs'
page GET "$A/runners"
send "$A/runners/edit" "id=$ID" act=resume
tap_not 'and goes on' test "$(runner_is build1 .state)" = paused
page GET "$A/runners"
send "$A/runners" name=build1 slots=1
tap_is "$STATUS" 409 'a name is for one runner'
page GET "$A/runners"
send "$A/runners" of=new name=b2 'labels=BIG!' slots=3
tap_ok 'the number stays' shows 'name="slots" type="number" value="3"'
tap_is "$STATUS" 422 'a label that may not be is refused'
page GET "$A/runners"
send "$A/runners/edit" "id=$ID" act=remove
tap_is "$STATUS" 303 'it is removed'
tap_is "$(runner_is build1 .id)" '' 'and gone'

# ---- health ----
page GET "$A/health"
tap_ok 'health says that nobody serves sandboxes' shows '>not heard lately<'
tap_ok 'and what to do then' shows 'Start it (coffer up)'
tap_ok 'how much room there is' grep -q 'are left' "$BODY"
tap_ok 'which cofferd it is' grep -q 'cofferd [0-9]*\.[0-9]' "$BODY"
tap_ok 'and how large its database' grep -Eq 'Database</dt><dd>[0-9.]+ [KM]iB' "$BODY"
tap_ok 'it is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
tap_ok 'that no backup was made here' shows 'none was made here'
tap_ok 'and what waits to be looked at' grep -q 'Looks</dt><dd>0 pull requests wait' "$BODY"
as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use '{"driver":"oci","uses":[]}'
page GET "$A/health"
tap_not 'a version that nobody told is not there' shows 'Its version'
tap_ok 'a router that is away is bad' grep -q 'coffer-router</dt><dd><span class="badge" data-kind="bad">' "$BODY"
OURS=$("$O/bin/cofferd" --version | sed 's/.* //')
as "$AGENTD" api PUT /api/coffer/v1/sandboxes/use '{"driver":"oci","version":"0.0.1<b>","uses":[],"figures":{"router":{"up":1},"router_version":"0.0.1<b>","gateway":{"tokens":1},"gateway_version":"'"$OURS"'"}}'
"$O/bin/cofferd" --home "$HOME_DIR" --admin backup 2>"$T/backup.err" >"$T/backup.tar" || tap_bail "backup: $(cat "$T/backup.err")"
page GET "$A/health"
tap_ok 'one that answers is good' grep -q 'coffer-router</dt><dd><span class="badge" data-kind="good">' "$BODY"
tap_ok 'so is the gateway' grep -q 'coffer-gateway</dt><dd><span class="badge" data-kind="good">' "$BODY"
tap_ok "with the router's version, which is another" grep -q 'answers agentd</span> 0.0.1&lt;b&gt;, another than cofferd' "$BODY"
tap_ok "and the gateway's, which is ours" grep -q "answers agentd</span> $OURS<" "$BODY"
tap_ok 'a version that is not ours is told' grep -q 'data-kind="bad">another</span> 0.0.1&lt;b&gt;' "$BODY"
tap_ok 'and when the last backup was written' shows 'the last was written '
tap_ok 'soundly' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
tap_ok 'or that somebody does' shows '>heard lately<'
tap_not 'with nothing to do' shows 'Start it (coffer up)'
make_project
echo broken >"$(find "$HOME_DIR/repos/$PROJECT_ID.git/refs" "$HOME_DIR/repos/$PROJECT_ID.git/objects" -type f | grep -E '/objects/../|\.pack$' | head -n 1)"
kept() { "$O/bin/cofferd" --home "$HOME_DIR" --admin backup 2>"$T/backup.err" >"$T/backup.tar"; }
kept
tap_is $? 3 'a backup without a damaged repository is made'
page GET "$A/health"
tap_ok 'and called so' grep -q 'Backup</dt><dd><span class="badge" data-kind="bad">not whole</span>' "$BODY"
tap_ok 'with how much it lacks' grep -Eq "of $(cat "$HOME_DIR/db/backup.last") things? it says" "$BODY"
tap_is "$(cat "$HOME_DIR/db/backup.last")" "$(grep -c 'backup: .*: ' "$T/backup.err")" 'which is what it named'
tap_ok 'and what to do' shows 'coffer admin check'
tap_ok 'soundly, too' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
rm -rf "$HOME_DIR/repos/$PROJECT_ID.git"
tap_done
