#!/bin/sh
# The inbox of approvals, without JavaScript: what exactly a yes lets, of which
# project and run, what was answered, and answers that are refused.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/web_lib.sh"

coffer_home
start_cofferd
make_project
EVE=$(make_user eve)
R=/api/v1/repos/$PROJECT
api PUT "$R/collaborators/eve" '{"permission":"read"}'
api PATCH "/api/coffer/v1/projects/$PROJECT" '{"settings":{"network":"locked","max_item_runs":100}}'
api POST "$R/issues" '{"title":"one","body":"x"}'
sound() { perl "$SYSTEM_DIR/html_check.pl" "$BODY"; }

web_run fix
web_blocked files.test 'no rule allows it'
api GET '/api/coffer/v1/approvals?state=open'
DOMAIN=$(field '.[0].id')
web_ask command "make $XSS" "$XSS"
COMMAND=$ASK
api POST /api/v1/user/repos '{"name":"other"}'

sign_in admin "$ADMIN"
page GET /-/approvals
tap_ok 'the inbox is sound' sound
tap_is "$(grep -o 'class="group"' "$BODY" | wc -l)" 1 'what one run asks is below one title'
tap_ok 'a name is a rule of the project' shows 'reaches exactly this name'
tap_ok 'a command is that line alone' shows 'lets exactly this line pass, in this run'
tap_ok 'a button says which it answers' shows "request $DOMAIN</span>"
tap_ok 'the count is told' shows 'aria-current="page">Open 2</a>'
page GET "/-/approvals?project=$PROJECT"
tap_ok 'of one project: the same' shows "/-/approvals/$COMMAND/allow"
page GET '/-/approvals?project=admin/other'
tap_ok 'of another: none' shows 'Nobody asks'
page GET '/-/approvals?project=%22%3E%3Cscript%3E'
tap_is "$STATUS" 422 'what is no project is refused'
tap_ok 'soundly' sound

page GET /-/approvals
send "/-/approvals/$DOMAIN/allow" "of=allow-$DOMAIN" for_s=5
tap_is "$STATUS,$(refused)" '422,An approval lasts a minute to a year.' 'a time that may not be is refused beside it'
tap_ok 'soundly' sound
page GET "/-/approvals?project=$PROJECT"
send "/-/approvals/$DOMAIN/allow" "of=allow-$DOMAIN" "project=$PROJECT" for_s=3600
tap_is "$STATUS,$(location)" "303,/-/approvals?project=admin%2F${PROJECT#*/}" 'an answer leads back to the list that it was in'
page GET /-/approvals
send "/-/approvals/$COMMAND/deny" "of=deny-$COMMAND"
tap_is "$STATUS,$(location)" '303,/-/approvals' 'or to all'
page GET /-/approvals
send "/-/approvals/$COMMAND/deny" "of=deny-$COMMAND"
tap_is "$STATUS" 409 'one that was answered is not answered again'
page GET /-/approvals
tap_ok 'none is open then' shows 'Nobody asks'
page GET '/-/approvals?state=answered'
tap_ok 'they are among the answered' shows 'files.test'
tap_ok 'with who said what' grep -q 'data-kind="good">allowed.*>admin<' "$BODY"
tap_ok 'soundly' sound
many()
{
	i=0
	while [ "$i" -lt 26 ]; do
		i=$((i + 1))
		web_ask command "line $i" || return 1
		api POST "/api/coffer/v1/approvals/$ASK/deny"
		[ "$STATUS" = 200 ] || return 1
	done
}
tap_ok 'with more than a page of answers' many
page GET '/-/approvals?state=answered'
tap_ok 'there is a next page' shows '?page=2&amp;state=answered'
page GET '/-/approvals?state=answered&page=2'
tap_ok 'which has the first ones' shows 'files.test'
web_ask command 'more of it'
sign_in eve "$EVE"
page GET /-/approvals
tap_ok 'a reader sees what is asked' shows 'more of it'
tap_ok 'and who answers' shows 'A maintainer answers this'
tap_not 'he does not' shows "/-/approvals/$ASK/allow"
tap_done
