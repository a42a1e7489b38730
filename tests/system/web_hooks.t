#!/bin/sh
# The pages of webhooks, without JavaScript: one is made, tested, told, looked
# at, sent again and removed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

SINK=$T/sink
mkdir -p "$SINK"
start "$T/sink.log" perl "$SYSTEM_DIR/hook_sink.pl" "$SINK"
wait_for 5 test -s "$SINK/port" || tap_bail 'no receiver'
TO=http://127.0.0.1:$(cat "$SINK/port")
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
BOB=$(make_user bob)
R=/api/v1/repos/$PROJECT
S=/$PROJECT/settings/hooks
api PUT "$R/collaborators/bob" '{"permission":"write"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }
# ended N: N deliveries of the hook are at an end
ended() { api GET "/api/coffer/v1/repos/$PROJECT/hooks/$HOOK/deliveries"; [ "$(field '[.[] | select(.state != "waiting")] | length')" = "$1" ]; }

sign_in admin "$ADMIN"
page GET "$S"
tap_is "$STATUS" 200 'there is a page of webhooks'
tap_ok 'it is sound' sound
tap_ok 'and says what they are for' shows 'Nobody is told yet'
send "$S" "url=$TO/ok?a=1" content_type=json secret=s3cret-word authorization='Bearer hidden-word' events='push issues' branch_filter=ma* active=1 act=put
tap_is "$STATUS" 303 'a webhook is made'
tap_like "$(location)" "$S/*" 'and shown'
HOOK=$(location | sed 's#.*/##')
api GET "$R/hooks/$HOOK"
tap_is "$(field '[.config.url,.config.content_type,(.events|join("+")),.branch_filter,.active] | map(tostring) | join(",")')" \
    "$TO/ok?a=1,json,push+issues,ma*,true" 'as it was written'
page GET "$S/$HOOK"
tap_ok 'its page is sound' sound
tap_not 'no secret of it is there' grep -qE 's3cret-word|hidden-word' "$BODY"
tap_ok 'nothing was told yet' shows 'Nothing yet'
send "$S/$HOOK" act=test
tap_is "$STATUS,$(location)" "303,$S/$HOOK" 'a test is sent'
wait_for 10 ended 1
tap_is "$(jq -r .ref "$SINK/1.body")" refs/heads/main 'it is a push of the default branch'
tap_ok 'with both secrets in their place' grep -qi '^Authorization: Bearer hidden-word' "$SINK/1.head"
page GET "$S/$HOOK"
tap_ok 'the log has it' shows '>delivered</span> 200'
tap_ok 'soundly' sound
D=$(sed -n "s#.*href=\"$S/$HOOK/deliveries/\([0-9]*\)\".*#\1#p" "$BODY" | head -n 1)
page GET "$S/$HOOK/deliveries/$D"
tap_ok 'one delivery is sound' sound
tap_ok 'it shows what was sent' shows 'refs/heads/main'
tap_ok 'and its head' shows 'X-Gitea-Event: push'
tap_ok 'in lines' test "$(grep -c 'X-Gitea-Delivery: ' "$BODY")" -gt 0
tap_not 'that are not written out' shows 'U+000A'
tap_not 'but no secret' grep -qE 's3cret-word|hidden-word' "$BODY"
send "$S/$HOOK/deliveries/$D"
tap_is "$STATUS,$(location)" "303,$S/$HOOK" 'it is sent again'
wait_for 10 ended 2
tap_is "$(grep -i '^X-Gitea-Delivery' "$SINK/2.head")" "$(grep -i '^X-Gitea-Delivery' "$SINK/1.head")" 'under the same id'

# ---- changes ----
page GET "$S/$HOOK"
send "$S/$HOOK" "url=$TO/ok" content_type=form events=push branch_filter= act=put
tap_is "$STATUS" 303 'it is changed'
api GET "$R/hooks/$HOOK"
tap_is "$(field '[.config.url,.config.content_type,(.events|join("+")),.active] | map(tostring) | join(",")')" \
    "$TO/ok,form,push,false" 'a tick that is not set is off'
page GET "$S/$HOOK"
send "$S/$HOOK" act=test
wait_for 10 ended 3
tap_ok 'a secret that was not written anew is as it was' grep -qi '^Authorization: Bearer hidden-word' "$SINK/3.head"
page GET "$S"
send "$S" "url=http://x/$XSS" content_type=json events=push act=put
tap_is "$STATUS" 422 'an address that is none is refused'
page GET "$S"
send "$S" of=new url=http://x/typed content_type=form secret=typed-secret 'authorization=Bearer typed-token' 'events=issues
push' 'branch_filter=[' act=put
tap_is "$STATUS" 422 'and a pattern that is none'
tap_is "$(refused)" 'The pattern of branches is none.' 'the page comes again and says so'
tap_ok 'with the address' shows 'value="http://x/typed"'
tap_ok 'what was chosen' shows '<option value="form" selected>'
tap_not 'and not the tick that was taken away' grep -q 'name="active" value="1" checked' "$BODY"
tap_not 'but no secret comes back' grep -qE 'typed-secret|typed-token' "$BODY"
tap_ok 'it is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
page GET "$S"
send "$S" url=http://x/ content_type=json "events=$XSS" act=put
page GET "$S"
tap_ok 'whatever its words are the list is sound' sound
tap_not 'and no tag' shows '<script>alert'
page GET "$S/999999"
tap_is "$STATUS" 404 'another is not there'
page GET "$S/$HOOK/deliveries/999999"
tap_is "$STATUS" 404 'nor another delivery'
page GET "$S/$HOOK"
send "$S/$HOOK" act=remove
tap_is "$STATUS,$(location)" "303,$S" 'one is removed'
api GET "$R/hooks/$HOOK"
tap_is "$STATUS" 404 'and is gone'

# ---- who may not ----
sign_in bob "$BOB"
page GET "$S"
tap_is "$STATUS" 403 'a maintainer does not see them'
page GET "/$PROJECT/settings"
send "$S" url=http://x/ content_type=json events=push act=put
tap_is "$STATUS" 403 'nor makes one'

# ---- one's own ----
O=/-/account/hooks
sign_in admin "$ADMIN"
page GET /-/account
tap_ok 'the account leads to webhooks of its own' shows "href=\"$O\""
page GET "$O"
tap_ok 'the page is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
send "$O" of=new url=nonsense content_type=json events=push act=put
tap_is "$STATUS,$(refused)" '422,The URL must be http:// or https:// and a host.' 'an address that is none is refused there'
page GET "$O"
send "$O" of=new url=http://127.0.0.1:1/own content_type=json events=issues active=1 secret=own-hidden act=put
OWN=$(location)
tap_ok 'one is made' test "$STATUS,${OWN%/*}" = "303,$O"
api GET /api/v1/user/hooks
tap_is "$(field '.[0] | "\(.config.url) \(.events | join("+"))"')" 'http://127.0.0.1:1/own issues' 'as it was written'
page GET "$OWN"
tap_ok 'its page is sound' perl "$SYSTEM_DIR/html_check.pl" "$BODY"
tap_not 'and shows no secret' shows own-hidden
send "$OWN" of=hook url=http://127.0.0.1:1/other content_type=json 'branch_filter=[' act=put
tap_is "$STATUS,$(refused)" '422,The pattern of branches is none.' 'a refused change comes again there'
page GET "$OWN"
send "$OWN" of=hook url=http://127.0.0.1:1/other content_type=json events=issues active=1 act=put
tap_is "$STATUS,$(location)" "303,$OWN" 'one that is right is saved'
api GET /api/v1/user/hooks
tap_is "$(field '.[0] | "\(.config.url) \(.active)"')" 'http://127.0.0.1:1/other true' 'as its form was'
page GET "$OWN"
tap_not 'a test is of a project alone' shows 'value="test"'
api POST "/api/v1/repos/$PROJECT/issues" '{"title":"told"}'
told() { page GET "$OWN"; grep -q "href=\"$OWN/deliveries/[0-9]*\"" "$BODY"; }
tap_ok 'what happens in a project of his is told' wait_for 10 told
page GET "$(grep -o "$OWN/deliveries/[0-9]*" "$BODY" | head -n 1)"
tap_is "$STATUS" 200 'with a page of its own'
page GET "/$PROJECT/settings/hooks/${OWN##*/}"
tap_is "$STATUS" 404 'it is no hook of a project'
make_user wanda >"$T/wanda"
sign_in wanda "$(cat "$T/wanda")"
page GET "$OWN"
tap_is "$STATUS" 404 'and nobody else sees it'
page GET "$O"
send "$OWN" of=hook act=remove
tap_is "$STATUS" 404 'or removes it'
sign_in admin "$ADMIN"
page GET "$OWN"
send "$OWN" of=hook act=remove
tap_is "$STATUS,$(location)" "303,$O" 'but its owner'
api GET /api/v1/user/hooks
tap_is "$(field length)" 0 'then it is gone'
tap_done
